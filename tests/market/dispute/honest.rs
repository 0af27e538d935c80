//! L9: who stands for the truth and answers in time wins, whatever the other side sends. The other side's moves come from a fixed
//! random source: lies that the rules allow, garbage, moves twice, late, out of turn and under wrong keys. The laws are checked after each
//! transaction, with the honest side vouched for.

use super::{Side, Standing};
use market_model::dispute::{Party, Verdict};
use market_tests::{
    Requester,
    dispute::{Court, Lie},
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use render_compute::state::*;
use render_compute_client::{Address, Instruction, Keypair, Signer, instruction};

/// What a dishonest side does when it could move, besides moving.
#[derive(Clone, Copy, Debug)]
enum Trick {
    /// Plays what it stands for.
    Play,
    /// Plays what it stands for in the last second.
    PlayLate,
    /// A division of random hashes.
    Divide(u8),
    /// Names any part.
    Pick(u8),
    /// Shows a unit that is not its own.
    Unit,
    /// Shows a state from nowhere.
    Segment,
    /// Proves with nothing that could be evidence.
    Prove(u32),
    /// Sends its last move again.
    Again,
    /// Signs the other side's move.
    Impostor,
    /// Settles before there is a verdict.
    Settle,
    /// Ends the other side's time before it is over.
    TimeOut,
    /// Says nothing until its time is over.
    Silence,
}

fn tricks() -> impl Strategy<Value = Vec<Trick>> {
    let trick = prop_oneof![
        12 => Just(Trick::Play),
        2 => Just(Trick::PlayLate),
        2 => (0_u8..32).prop_map(Trick::Divide),
        6 => (0_u8..34).prop_map(Trick::Pick),
        1 => Just(Trick::Unit),
        1 => Just(Trick::Segment),
        1 => (0_u32..1_000).prop_map(Trick::Prove),
        2 => Just(Trick::Again),
        1 => Just(Trick::Impostor),
        1 => Just(Trick::Settle),
        1 => Just(Trick::TimeOut),
        1 => Just(Trick::Silence),
    ];
    prop::collection::vec(trick, 80)
}

fn lies() -> impl Strategy<Value = Lie> {
    prop_oneof![
        (0_u64..6, 0_u64..4).prop_map(|(unit, pixel)| Lie::Pixel { unit, pixel }),
        (0_u64..6, 0_u64..4, 0_u64..200).prop_map(|(unit, segment, step)| Lie::Steps { unit, segment, step }),
        (0_u64..6).prop_map(|unit| Lie::Output { unit }),
        (0_u64..6, 0_usize..3).prop_map(|(unit, leaf)| Lie::Trace { unit, leaf }),
        Just(Lie::Samples),
    ]
}

/// A side that does what it likes.
struct Rogue<'a> {
    court: &'a Court,
    dispute: Address,
    party: Party,
    key: &'a Keypair,
    claim: Standing,
    last: Option<Vec<Instruction>>,
}

impl Rogue<'_> {
    /// Sends what may well be refused; the laws hold either way.
    fn try_to(&mut self, instructions: Vec<Instruction>) -> bool {
        let executed = self.court.world.send(&instructions, &[self.key]).is_ok();
        self.last = Some(instructions);
        executed
    }

    /// One trick; says whether the side was silent until its time was over.
    fn play(&mut self, trick: Trick) {
        let world = &self.court.world;
        let (key, dispute) = (self.key.pubkey(), self.dispute);
        let state: Dispute = world.get(&dispute);
        let one = |instruction| vec![instruction];
        let sent = match trick {
            Trick::Play | Trick::PlayLate => {
                if matches!(trick, Trick::PlayLate) {
                    world.warp_to(state.deadline);
                }
                match self.court.next(&dispute, self.party, &mut self.claim) {
                    Some(next) => {
                        for transaction in self.court.transactions(&dispute, &next, self.key) {
                            self.try_to(transaction);
                        }
                        return;
                    }
                    // It does not know how to go on; a pick is always possible.
                    None => one(instruction::dispute_pick(&key, &dispute, 0)),
                }
            }
            Trick::Divide(hashes) => {
                let hashes: Vec<_> = (0..hashes.min(31)).map(|byte| [byte; 32]).collect();
                one(instruction::dispute_divide(&key, &dispute, &hashes))
            }
            Trick::Pick(part) => one(instruction::dispute_pick(&key, &dispute, part)),
            Trick::Unit => one(instruction::dispute_unit(&key, &dispute, &state, [1; 32], [2; 32])),
            Trick::Segment => one(instruction::dispute_segment(&key, &dispute, [3; 32], &[[4; 32]])),
            Trick::Prove(length) => one(instruction::dispute_prove(&dispute, &state, &state.lease, 8, length)),
            Trick::Again => match self.last.clone() {
                Some(last) => last,
                None => return,
            },
            Trick::Impostor => {
                let other = if self.party == Party::Defender { state.challenger_key } else { state.defender_key };
                let mut pick = instruction::dispute_pick(&other, &dispute, 0);
                pick.accounts[0].is_signer = false;
                one(pick)
            }
            Trick::Settle => one(self.court.settling(&dispute)),
            Trick::TimeOut => one(instruction::dispute_timeout(&dispute)),
            Trick::Silence => {
                world.warp_to(state.deadline + 1);
                one(instruction::dispute_timeout(&dispute))
            }
        };
        self.try_to(sent);
    }
}

/// Plays a dispute in which one side is honest and answers at once. Gives the verdict.
fn play_against(rogue: &mut Rogue, honest: &mut Side, tricks: impl IntoIterator<Item = Trick>) -> Verdict {
    let (court, dispute) = (rogue.court, rogue.dispute);
    let mut tricks = tricks.into_iter();
    loop {
        match court.turn(&dispute) {
            None => return court.verdict(&dispute),
            Some(party) if party == rogue.party => match tricks.next() {
                Some(trick) => rogue.play(trick),
                None => drop(court.time_out(&dispute)),
            },
            Some(party) => {
                // Out of its turn the other side may try as well.
                if let Some(trick @ (Trick::Again | Trick::Impostor | Trick::TimeOut | Trick::Settle)) = tricks.next() {
                    rogue.play(trick);
                }
                let next = court.next(&dispute, party, honest.claim).expect("an honest side knows its move");
                court.make(&dispute, &next, honest.key);
            }
        }
    }
}

fn run<S: Strategy>(cases: u32, strategy: S, law: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, random).run(&strategy, |case| {
        law(case);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn settle_and_close(court: &Court, dispute: &Address, challenger: &Requester) {
    court.settle(dispute);
    let owed = court.world.get::<Dispute>(dispute).owed > 0;
    court.close(dispute, owed.then_some(challenger.render));
}

#[test]
fn an_honest_defender_wins_against_anything() {
    // One lease that is challenged again and again: each time its holder wins it has a new window.
    let court = Court::small();
    let defender = court.world.machine("defender");
    court.world.vouch(defender.node);
    let lease = court.attest(&defender, 0, &mut court.claim(0, Lie::None));
    let number = std::cell::Cell::new(0);
    run(32, (lies(), tricks()), |(lie, tricks)| {
        number.set(number.get() + 1);
        let challenger = court.challenger(&format!("challenger {}", number.get()));
        let dispute = court.challenge(&challenger, &lease);
        let mut rogue = Rogue {
            court: &court,
            dispute,
            party: Party::Challenger,
            key: &challenger.wallet,
            claim: court.claim(0, lie),
            last: None,
        };
        let mut claim = court.claim(0, Lie::None);
        let verdict = play_against(&mut rogue, &mut Side { key: &defender.identity, claim: &mut claim }, tricks);
        assert!(matches!(verdict, Verdict::DefenderWins | Verdict::ChallengerSilent), "{verdict:?} against {lie:?}");
        settle_and_close(&court, &dispute, &challenger);
    });
    let node: Node = court.world.get(&defender.node);
    assert_eq!((node.disputes_lost, node.slashed_total), (0, 0));
}

#[test]
fn an_honest_challenger_wins_against_anything() {
    // One lease that a new cheater attests whenever the last one's root was overturned.
    let court = Court::small();
    let number = std::cell::Cell::new(0);
    let honest = court.challenger("honest");
    court.world.vouch(honest.key());
    run(24, (lies(), tricks()), |(lie, tricks)| {
        number.set(number.get() + 1);
        let cheater = court.world.machine(&format!("cheater {}", number.get()));
        // The job goes on as long as the test.
        court.world.alter(&court.job, |job: &mut Job| job.deadline = i64::MAX);
        let lease = court.attest(&cheater, 0, &mut court.claim(0, lie));
        let dispute = court.challenge(&honest, &lease);
        let mut rogue = Rogue {
            court: &court,
            dispute,
            party: Party::Defender,
            key: &cheater.identity,
            claim: court.claim(0, lie),
            last: None,
        };
        let mut claim = court.claim(0, Lie::None);
        let verdict = play_against(&mut rogue, &mut Side { key: &honest.wallet, claim: &mut claim }, tricks);
        assert!(matches!(verdict, Verdict::ChallengerWins | Verdict::DefenderSilent), "{verdict:?} against {lie:?}");
        settle_and_close(&court, &dispute, &honest);
    });
}

#[test]
fn an_honest_auditor_wins_against_anything() {
    run(6, (lies(), tricks()), |(lie, tricks)| {
        let court = Court::audited();
        let (cheater, auditor) = (court.world.machine("cheater"), court.world.machine("auditor"));
        court.world.vouch(auditor.node);
        let (mut lied, mut found) = (court.claim(0, lie), court.claim(0, Lie::None));
        let (lease, audit) = court.attest_audited(&cheater, &mut lied, &auditor, &mut found, 0);
        let dispute = court.contradict(&lease, &audit);
        let mut rogue =
            Rogue { court: &court, dispute, party: Party::Defender, key: &cheater.identity, claim: lied, last: None };
        let verdict = play_against(&mut rogue, &mut Side { key: &auditor.identity, claim: &mut found }, tricks);
        assert!(matches!(verdict, Verdict::ChallengerWins | Verdict::DefenderSilent), "{verdict:?} against {lie:?}");
        court.settle(&dispute);
        court.close(&dispute, None);
    });
}
