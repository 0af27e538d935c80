//! `dispute_prove`.

use super::Bonded;
use kernels::referee::RefereeError;
use market_model::{
    MarketError,
    dispute::{Party, Stage, Verdict},
};
use market_tests::{Reason, dispute::Lie, world::replaced};
use render_compute::{constants::EVIDENCE_HEADER, errors::RenderError, events::*, state::*};
use render_compute_client::{
    Address, Instruction, Signer, address,
    dispute::Move,
    event::Event,
    instruction::{self, ComputeBudgetInstruction},
};
use render_referee::errors::REFEREE_ERROR_OFFSET;

/// A dispute that has come down to one step, with the evidence for it written by the crank.
struct AtStep {
    game: Bonded,
    bytes: Vec<u8>,
    evidence: Address,
}

impl AtStep {
    fn new(defended: Lie, denied: Lie) -> Self {
        let mut game = Bonded::new(defended, denied).reach(Stage::Step, Party::Challenger);
        let Some(Move::Prove(bytes)) = game.court.next(&game.dispute, Party::Challenger, &mut game.denied) else {
            panic!("there is nothing to prove")
        };
        let evidence = Self::write(&game, "somebody", &bytes);
        Self { game, bytes, evidence }
    }

    /// Has somebody write evidence.
    fn write(game: &Bonded, name: &str, bytes: &[u8]) -> Address {
        let world = &game.court.world;
        let author = world.wallet(name);
        let (key, length) = (author.pubkey(), u32::try_from(bytes.len()).unwrap());
        world.apply(instruction::evidence_open(&key, &game.dispute, length), &[&author]);
        for (offset, piece) in (0..).step_by(900).zip(bytes.chunks(900)) {
            world.apply(instruction::evidence_write(&key, &game.dispute, offset, piece), &[&author]);
        }
        address::evidence(&game.dispute, &key)
    }

    /// The proof by a part of the evidence account.
    fn proving(&self, offset: u32, length: u32) -> [Instruction; 2] {
        let state = self.game.court.world.get(&self.game.dispute);
        let prove = instruction::dispute_prove(&self.game.dispute, &state, &self.evidence, offset, length);
        [ComputeBudgetInstruction::set_compute_unit_limit(1_400_000), prove]
    }

    /// The proof by all of it.
    fn whole(&self) -> [Instruction; 2] {
        self.proving(EVIDENCE_HEADER as u32, self.bytes.len() as u32)
    }

    #[track_caller]
    fn refuse(&self, prove: &[Instruction], reason: impl Into<Reason>) {
        self.game.court.world.refuse_all(prove, &[&self.game.court.world.crank], reason);
        assert_eq!(self.game.court.stage(&self.game.dispute), Stage::Step, "nothing has moved");
    }

    fn refusal(error: RefereeError) -> Reason {
        // A code of another program, as those of the token program are.
        Reason::Token(REFEREE_ERROR_OFFSET + error.code())
    }
}

#[test]
fn anyone_can_have_a_false_step_executed() {
    let at = AtStep::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None);
    let world = &at.game.court.world;
    let before: Dispute = world.get(&at.game.dispute);
    let confirmed = world.apply_all(&at.whole(), &[&world.crank]);
    let state: Dispute = world.get(&at.game.dispute);
    assert_eq!((at.game.court.stage(&at.game.dispute), state.moves), (Stage::Decided, before.moves + 1));
    assert_eq!(at.game.court.verdict(&at.game.dispute), Verdict::ChallengerWins);
    let [Event::StepExecuted(executed), decided] = confirmed.events[..] else { panic!("other events") };
    assert_eq!((executed.dispute, executed.before, executed.claimed), (at.game.dispute, before.low, before.high));
    assert_ne!(executed.computed, before.high);
    assert_eq!(executed.is_fault, 0);
    assert_eq!(decided, Event::from(DisputeDecided { dispute: at.game.dispute, verdict: 2 }));
    assert!(confirmed.compute_units < 1_000_000, "{} compute units", confirmed.compute_units);
}

#[test]
fn a_true_step_speaks_for_the_defender_whoever_brings_it() {
    let at = AtStep::new(Lie::None, Lie::Pixel { unit: 3, pixel: 2 });
    let world = &at.game.court.world;
    let confirmed = world.apply_all(&at.whole(), &[&world.crank]);
    assert_eq!(at.game.court.verdict(&at.game.dispute), Verdict::DefenderWins);
    let Some(Event::StepExecuted(executed)) = confirmed.events.first() else { panic!("other events") };
    assert_eq!(executed.computed, executed.claimed);
}

#[test]
fn evidence_that_the_referee_refuses_decides_nothing() {
    let at = AtStep::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None);
    let (header, length) = (EVIDENCE_HEADER as u32, at.bytes.len() as u32);
    at.refuse(&at.proving(header, 563), AtStep::refusal(RefereeError::EvidenceShort));
    at.refuse(&at.proving(header, length - 1), AtStep::refusal(RefereeError::ProofLength));
    at.refuse(&at.proving(header + 1, length - 1), AtStep::refusal(RefereeError::StateHash));
    at.refuse(&at.proving(0, length), AtStep::refusal(RefereeError::StateHash));
    // Beyond the account's end.
    assert!(at.game.court.world.send(&at.proving(header, length + 1), &[&at.game.court.world.crank]).is_err());
    assert!(at.game.court.world.send(&at.proving(u32::MAX, u32::MAX), &[&at.game.court.world.crank]).is_err());
    let mut wrong = at.bytes.clone();
    *wrong.last_mut().unwrap() ^= 1;
    let evidence = AtStep::write(&at.game, "a liar", &wrong);
    let lied = AtStep { evidence, bytes: wrong, game: at.game };
    let last = lied.whole();
    // The last byte belongs to the proof of the leaves, or to a leaf where none needs proving.
    assert!(lied.game.court.world.send(&last, &[&lied.game.court.world.crank]).is_err());
    assert_eq!(lied.game.court.stage(&lied.game.dispute), Stage::Step);
}

#[test]
fn a_step_is_executed_until_the_challengers_deadline() {
    for (after, ok) in [(-1, true), (0, true), (1, false)] {
        let at = AtStep::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None);
        let world = &at.game.court.world;
        world.warp_to(world.get::<Dispute>(&at.game.dispute).deadline + after);
        match ok {
            true => drop(world.apply_all(&at.whole(), &[&world.crank])),
            false => at.refuse(&at.whole(), MarketError::TurnPassed),
        }
    }
}

#[test]
fn a_step_is_executed_once_and_not_before_there_is_one() {
    let at = AtStep::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None);
    let world = &at.game.court.world;
    world.apply_all(&at.whole(), &[&world.crank]);
    world.refuse_all(&at.whole(), &[&world.crank], MarketError::WrongStage);
    let early = Bonded::new(Lie::None, Lie::Samples);
    let world = &early.court.world;
    let prove = instruction::dispute_prove(&early.dispute, &world.get(&early.dispute), &early.lease, 8, 600);
    world.refuse(prove, &[&world.crank], MarketError::WrongStage);
}

#[test]
fn nobody_but_the_engines_referee_is_asked() {
    let at = AtStep::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None);
    let prove = at.whole().map(|instruction| match instruction.program_id == address::PROGRAM {
        true => replaced(instruction, &render_referee::ID, &address::TOKEN_PROGRAM),
        false => instruction,
    });
    at.refuse(&prove, RenderError::WrongDispute);
}

#[test]
fn evidence_may_lie_in_any_account() {
    let at = AtStep::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None);
    let world = &at.game.court.world;
    let forged = world.forge(&at.evidence);
    let prove = at.whole().map(|instruction| match instruction.program_id == address::PROGRAM {
        true => replaced(instruction, &at.evidence, &forged),
        false => instruction,
    });
    world.apply_all(&prove, &[&world.crank]);
    assert_eq!(at.game.court.verdict(&at.game.dispute), Verdict::ChallengerWins);
}
