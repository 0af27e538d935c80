//! Whole games in memory: the rules of `market_model`, the referees of `kernels`, and an honest side against every kind of liar.

use super::*;
use kernels::{
    attestation::{UnitAttestation, unit_leaf},
    merkle::{self, Digest},
    probe::{
        self, Plan, chain, clock,
        machine::{CHAIN, CLOCK, HASHES, Job, WALK},
        prove::{Processor, Recompute},
        trace::{Units, leaves_of_finals, run},
        walk,
    },
    referee::{self, Begin, Outcome, STATEMENT_BYTES, Statement},
    render::{Frame, Tracer, UnitOutput, compile, render_units},
};
use market_model::dispute::{DisputeRules, Game, Stage, Verdict, moves};
use render_compute::state::Dispute;
use std::{
    ops::Range,
    sync::{Arc, LazyLock},
};

/// 20 units of 36 pixels: more than one division of each tree.
const FRAME: Frame = Frame { width: 30, height: 24, tile: 6, samples: 2, max_bounces: 2, seed: 11 };
const FIRST: u64 = 0;
const UNITS: Range<u64> = FIRST..20;
const RULES: DisputeRules = DisputeRules { turn_seconds: 60 };
const PIXEL: usize = 24;

struct World {
    tracer: Arc<Tracer>,
    statement: Statement,
    result: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let image = compile(&scene::cornell_box()).expect("the project's own scene");
    let statement = Statement::of(&FRAME, &image);
    let tracer = Arc::new(Tracer::new(image).expect("whole"));
    let outputs = render_units(&tracer, &FRAME, UNITS).expect("rendered");
    World { tracer, statement, result: outputs.iter().flat_map(UnitOutput::to_bytes).collect() }
});

fn over(result: Vec<u8>) -> Recomputed {
    Recomputed::new(Arc::clone(&WORLD.tracer), FRAME, UNITS, Some(result.into())).expect("a result of these units")
}

fn honest() -> Recomputed {
    over(WORLD.result.clone())
}

/// A result with one wrong channel, consistent in everything that follows from it.
fn with_a_wrong_pixel(unit: u64, pixel: u64) -> Recomputed {
    let before: u64 = (FIRST..unit).map(|unit| u64::from(FRAME.unit_pixels(unit))).sum();
    let mut result = WORLD.result.clone();
    result[(before + pixel) as usize * PIXEL] ^= 1;
    over(result)
}

/// How a liar bends what it computed.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// Another output over the true trace.
    Output(u64),
    /// One wrong boundary in the true trace.
    Boundary(u64, usize),
    /// Every boundary of a unit wrong.
    Trace(u64),
    /// Wrong states from an offset of a segment on, to lead to a wrong boundary.
    States(u64, u64),
}

struct Liar {
    under: Recomputed,
    lie: Lie,
}

impl Liar {
    fn boxed(lie: Lie) -> Box<dyn Claim> {
        let under = match lie {
            // The wrong states lead to a wrong pixel.
            Lie::States(unit, _) => with_a_wrong_pixel(unit, 17),
            _ => honest(),
        };
        Box::new(Self { under, lie })
    }
}

impl Claim for Liar {
    fn units(&self) -> Range<u64> {
        self.under.units()
    }

    fn unit(&mut self, unit: u64) -> Result<UnitAttestation, ClaimError> {
        let mut attested = self.under.unit(unit)?;
        match self.lie {
            Lie::Output(wrong) if wrong == unit => attested.output[0] ^= 1,
            Lie::Boundary(wrong, _) | Lie::Trace(wrong) if wrong == unit => {
                attested.trace = merkle::root(&self.boundaries(unit)?);
            }
            _ => {}
        }
        Ok(attested)
    }

    fn boundaries(&mut self, unit: u64) -> Result<Vec<Digest>, ClaimError> {
        let mut boundaries = self.under.boundaries(unit)?;
        match self.lie {
            Lie::Boundary(wrong, place) if wrong == unit => boundaries[place][0] ^= 1,
            Lie::Trace(wrong) if wrong == unit => boundaries.iter_mut().for_each(|hash| hash[0] ^= 1),
            _ => {}
        }
        Ok(boundaries)
    }

    fn states(&mut self, unit: u64, segment: u64, offsets: &[u64]) -> Result<Vec<Digest>, ClaimError> {
        let mut states = self.under.states(unit, segment, offsets)?;
        if let Lie::States(_, from) = self.lie {
            for (hash, offset) in states.iter_mut().zip(offsets) {
                if *offset >= from {
                    hash[0] ^= 1;
                }
            }
        }
        Ok(states)
    }

    fn evidence(&mut self, unit: u64, segment: u64, offset: u64) -> Result<Vec<u8>, ClaimError> {
        self.under.evidence(unit, segment, offset)
    }
}

/// What a referee's program answers about one job; `None` where it refuses.
trait Judge {
    fn statement(&self) -> [u8; STATEMENT_BYTES];
    fn begin(&self, unit: u64) -> Option<Begin>;
    fn end(&self, unit: u64, output: Digest) -> Option<Digest>;
    fn step(&self, before: &Digest, evidence: &[u8]) -> Option<Outcome>;
}

impl Judge for Statement {
    fn statement(&self) -> [u8; STATEMENT_BYTES] {
        self.to_bytes()
    }

    fn begin(&self, unit: u64) -> Option<Begin> {
        referee::begin(self, unit).ok()
    }

    fn end(&self, unit: u64, output: Digest) -> Option<Digest> {
        referee::end(self, unit, output).ok()
    }

    fn step(&self, before: &Digest, evidence: &[u8]) -> Option<Outcome> {
        referee::step(self, before, evidence).ok()
    }
}

impl Judge for Job {
    fn statement(&self) -> [u8; STATEMENT_BYTES] {
        self.plan.statement(&self.seed)
    }

    fn begin(&self, unit: u64) -> Option<Begin> {
        probe::referee::begin(self, unit).ok()
    }

    fn end(&self, unit: u64, output: Digest) -> Option<Digest> {
        probe::referee::end(self, unit, output).ok()
    }

    fn step(&self, before: &Digest, evidence: &[u8]) -> Option<Outcome> {
        probe::referee::step(self, before, evidence).ok()
    }
}

/// The account and the rules that the chain changes it by.
struct Board {
    judge: &'static dyn Judge,
    dispute: Dispute,
    now: i64,
}

impl Board {
    fn open(defender: &mut dyn Claim) -> Self {
        Self::before(&WORLD.statement, defender)
    }

    fn before(judge: &'static dyn Judge, defender: &mut dyn Claim) -> Self {
        let units = defender.units();
        let leaves: Vec<Digest> = units
            .clone()
            .map(|unit| {
                let own = defender.unit(unit).expect("computed");
                unit_leaf(unit, &own.output, own.steps, &own.trace)
            })
            .collect();
        let mut dispute: Dispute = bytemuck::Zeroable::zeroed();
        dispute.statement = judge.statement();
        dispute.root = merkle::root(&leaves);
        let game = Game::open(units.start, units.end - units.start, 0, &RULES).expect("units");
        dispute.set_game(&game);
        Self { judge, dispute, now: 0 }
    }

    fn game(&self) -> Game {
        game_of(&self.dispute).expect("a game")
    }

    /// Carries a move out as the program does; false where the program refuses it.
    fn apply(&mut self, next: &Move) -> bool {
        let game = self.game();
        let dispute = &mut self.dispute;
        let after = match next {
            Move::Divide(hashes) => {
                let is_tree = game.stage != Stage::Steps;
                if is_tree && merkle::root(hashes) != dispute.root {
                    return false;
                }
                dispute.hashes[..hashes.len()].copy_from_slice(hashes);
                game.divide(hashes.len() as u64, self.now, &RULES)
            }
            Move::Pick(part) => {
                let posted = game.posted;
                let hash = |index: u8| dispute.hashes.get(usize::from(index)).copied().filter(|_| index < posted);
                let (before, named) = (part.checked_sub(1).and_then(hash), hash(*part));
                match game.stage {
                    Stage::Steps => {
                        dispute.low = before.unwrap_or(dispute.low);
                        dispute.high = named.unwrap_or(dispute.high);
                    }
                    Stage::Segments => {
                        dispute.root = named.unwrap_or(dispute.root);
                        let after = game.pick(u64::from(*part), self.now, &RULES);
                        if after.is_ok_and(|after| after.stage != Stage::Segments) {
                            dispute.high = named.unwrap_or(dispute.high);
                        }
                    }
                    _ => dispute.root = named.unwrap_or(dispute.root),
                }
                game.pick(u64::from(*part), self.now, &RULES)
            }
            Move::Unit { output, trace } => {
                let begin = self.judge.begin(game.unit).expect("a unit");
                let steps = begin.segments * begin.segment_steps;
                if unit_leaf(game.unit, output, steps, trace) != dispute.root {
                    return false;
                }
                dispute.low = begin.start;
                dispute.high = self.judge.end(game.unit, *output).expect("a unit");
                (dispute.output, dispute.trace, dispute.root) = (*output, *trace, *trace);
                game.unit(begin.segments, begin.segment_steps, self.now, &RULES)
            }
            Move::Segment { hash, proof } => {
                let leaf = game.segment - 1;
                if !merkle::verify(&dispute.trace, leaf, game.segments - 1, hash, proof) {
                    return false;
                }
                dispute.low = *hash;
                game.segment(self.now, &RULES)
            }
            Move::Prove(evidence) => match self.judge.step(&dispute.low, evidence) {
                Some(outcome) => game.prove(outcome == Outcome::State(dispute.high), self.now),
                None => return false,
            },
        };
        match after {
            Ok(after) => {
                dispute.moved(&after);
                true
            }
            Err(_) => false,
        }
    }
}

/// Plays to the end; a side that has no move, or only one that is refused, is silent.
fn play(defender: &mut dyn Claim, challenger: &mut dyn Claim) -> Board {
    play_on(Board::open(defender), defender, challenger)
}

fn play_on(mut board: Board, defender: &mut dyn Claim, challenger: &mut dyn Claim) -> Board {
    while let Some(party) = board.game().turn() {
        describe(&board.dispute, board.now).expect("every state can be described");
        let next = match party {
            Party::Defender => next_move(&board.dispute, party, defender),
            Party::Challenger => next_move(&board.dispute, party, challenger),
        };
        let is_made = matches!(next, Ok(Some(next)) if board.apply(&next));
        if !is_made {
            board.now = board.game().deadline + 1;
            let after = board.game().timeout(board.now).expect("a turn was missed");
            board.dispute.set_game(&after);
        }
    }
    let units = defender.units();
    let begins = units.clone().map(|unit| board.judge.begin(unit).expect("a unit"));
    let most = begins.map(|begin| moves(units.end - units.start, begin.segments, begin.segment_steps)).max();
    let most = most.expect("units");
    assert!(board.dispute.moves <= most, "{} of {most} moves", board.dispute.moves);
    describe(&board.dispute, board.now).expect("the end can be described");
    board
}

#[test]
fn an_honest_challenger_proves_a_wrong_pixel_by_its_step() {
    for (unit, pixel) in [(0, 0), (0, 1), (3, 35), (7, 16), (19, 17), (19, 34)] {
        let board = play(&mut with_a_wrong_pixel(unit, pixel), &mut honest());
        assert_eq!(board.game().verdict, Verdict::ChallengerWins, "pixel {pixel} of unit {unit}");
        assert_eq!((board.game().unit, board.game().segment), (unit, pixel));
    }
}

#[test]
fn an_honest_challenger_wins_against_every_kind_of_lie() {
    let lies = [
        Lie::Output(4),
        Lie::Boundary(0, 0),
        Lie::Boundary(9, 20),
        Lie::Boundary(19, 34),
        Lie::Trace(2),
        Lie::States(5, 1),
        Lie::States(5, 40),
    ];
    for lie in lies {
        let board = play(&mut *Liar::boxed(lie), &mut honest());
        assert_eq!(board.game().verdict.winner(), Some(Party::Challenger), "{lie:?}");
    }
}

#[test]
fn an_honest_defender_wins_against_every_kind_of_lie() {
    let mut liars: Vec<(String, Box<dyn Claim>)> = vec![
        ("a wrong pixel".into(), Box::new(with_a_wrong_pixel(6, 12))),
        ("nothing to deny".into(), Box::new(honest())),
    ];
    for lie in [Lie::Output(4), Lie::Boundary(9, 20), Lie::Trace(2), Lie::States(5, 1)] {
        liars.push((format!("{lie:?}"), Liar::boxed(lie)));
    }
    for (name, mut liar) in liars {
        let board = play(&mut honest(), &mut *liar);
        assert_eq!(board.game().verdict.winner(), Some(Party::Defender), "{name}");
    }
}

#[test]
fn a_party_without_a_kept_result_plays_from_what_it_renders_again() {
    let mut rendering =
        Recomputed::new(Arc::clone(&WORLD.tracer), FRAME, UNITS, None).expect("nothing is kept, nothing is wrong");
    assert_eq!(rendering.root().expect("rendered"), honest().root().expect("kept"));
    let board = play(&mut with_a_wrong_pixel(8, 3), &mut rendering);
    assert_eq!(board.game().verdict, Verdict::ChallengerWins);
}

#[test]
fn a_defender_whose_result_is_not_the_one_it_revealed_has_no_move() {
    let board = Board::open(&mut with_a_wrong_pixel(1, 1));
    let error = next_move(&board.dispute, Party::Defender, &mut honest()).expect_err("another root");
    assert!(matches!(error, PlayError::CannotDefend { what: "tree" }), "{error}");
}

#[test]
fn nobody_moves_when_it_is_not_their_turn_or_over() {
    let mut board = Board::open(&mut honest());
    assert_eq!(next_move(&board.dispute, Party::Challenger, &mut honest()).expect("a game"), None);
    board.dispute.stage = Stage::Settled.into();
    for party in [Party::Defender, Party::Challenger] {
        assert_eq!(next_move(&board.dispute, party, &mut honest()).expect("a game"), None);
    }
}

#[test]
fn an_account_that_no_game_reaches_is_no_game() {
    let mut board = Board::open(&mut honest());
    board.dispute.stage = 99;
    assert!(matches!(turn(&board.dispute), Err(PlayError::Malformed(_))));
    assert!(describe(&board.dispute, 0).is_err());
    board.dispute.stage = Stage::Segment.into();
    board.dispute.segment = u64::MAX;
    let next = next_move(&board.dispute, Party::Defender, &mut honest());
    assert!(matches!(next, Err(PlayError::Malformed(_))));
}

#[test]
fn a_result_of_another_length_is_refused() {
    let short = WORLD.result[PIXEL..].to_vec();
    let claim = Recomputed::new(Arc::clone(&WORLD.tracer), FRAME, UNITS, Some(short.into()));
    assert!(matches!(claim, Err(ClaimError::WrongResult)));
}

/// The evidence account as the chain would hold it.
fn account(written: &[u8]) -> crate::chain::RawAccount {
    use anchor_lang::Discriminator;
    let head = [render_compute::state::Evidence::DISCRIMINATOR, &[1; 32], &[2; 32]].concat();
    let data = [head, written.to_vec()].concat();
    crate::chain::RawAccount { lamports: 1, owner: crate::address::PROGRAM, data }
}

#[test]
fn evidence_is_written_once_and_goes_on_where_it_stopped() {
    use crate::instruction::name;
    let (dispute, signer) = (crate::Address::new_from_array([2; 32]), crate::Address::new_from_array([1; 32]));
    let state: Dispute = bytemuck::Zeroable::zeroed();
    let bytes: Vec<u8> = (0..2_500_u32).map(|byte| byte as u8 | 1).collect();
    let next = Move::Prove(bytes.clone());
    let names = |evidence: Option<&crate::chain::RawAccount>| -> Vec<String> {
        let transactions = instructions_for(&dispute, &state, &next, &signer, evidence);
        transactions.concat().iter().map(name).collect()
    };
    let end = ["compute_budget", "dispute_prove", "evidence_close"];
    let whole = ["evidence_open", "evidence_write", "evidence_write", "evidence_write"];
    assert_eq!(names(None), [&whole[..], &end].concat());
    let half = account(&bytes[..1_800]);
    assert_eq!(names(Some(&half)), [&["evidence_write"][..], &end].concat());
    assert_eq!(names(Some(&account(&bytes))), end);
    let other = account(&[0; 3_000]);
    assert_eq!(names(Some(&other)), [&whole[1..], &end].concat());
}

#[test]
fn every_move_fits_a_transaction() {
    let (dispute, signer) = (crate::Address::new_from_array([2; 32]), crate::Address::new_from_array([1; 32]));
    let state: Dispute = bytemuck::Zeroable::zeroed();
    let largest = [
        Move::Divide(vec![[7; 32]; render_compute::constants::STEP_PARTS - 1]),
        Move::Pick(31),
        Move::Unit { output: [7; 32], trace: [7; 32] },
        // A trace of 128 x 128 pixels has 14 levels.
        Move::Segment { hash: [7; 32], proof: vec![[7; 32]; 14] },
        Move::Prove(vec![7; 9_000]),
    ];
    for next in largest {
        for instructions in instructions_for(&dispute, &state, &next, &signer, None) {
            crate::chain::message(&instructions, &signer).unwrap_or_else(|error| panic!("{}: {error}", next.name()));
        }
    }
}

#[test]
fn the_description_says_whose_turn_it_is_and_how_it_ended() {
    let board = Board::open(&mut honest());
    let text = |dispute: &Dispute, now: i64| {
        let lines = describe(dispute, now).expect("a game");
        lines.iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>()
    };
    let open = text(&board.dispute, 10);
    for part in [
        "which unit: 20 of the lease's units, number 0 to 19",
        "turn: defender: show the 10 hashes that the tree divides into",
        "deadline: 60, 50 seconds left",
    ] {
        assert!(open.contains(part), "{part:?} is not in\n{open}");
    }
    assert!(text(&board.dispute, 61).contains("missed 1 seconds ago"));
    let mut over = play(&mut with_a_wrong_pixel(0, 0), &mut honest()).dispute;
    over.stage = Stage::Settled.into();
    (over.bond, over.owed) = (1_000_000_000, 1_250_000_000);
    let end = text(&over, 0);
    for part in ["the challenger was right", "bond: 10 RENDER", "the challenger won; 12.5 RENDER are to be paid out"] {
        assert!(end.contains(part), "{part:?} is not in\n{end}");
    }
}

/// A probe of 3 segments of each kind, small enough to be run in no time.
static PROBE: Job = Job {
    plan: Plan {
        clock: clock::Shape { segments: 40, steps: 3 * HASHES },
        chain: chain::Shape { size: 128, rounds: 6, rounds_per_checkpoint: 2 },
        walk: walk::Shape { walkers: 64, slices: 3, steps: 3, passes: 2, reads: 6 },
    },
    seed: [5; 32],
};

static RUN: LazyLock<Units> = LazyLock::new(|| run(&PROBE).expect("a probe"));

fn honest_probe() -> RecomputedProbe<Processor> {
    RecomputedProbe::new(PROBE, RUN.clone(), Processor::new(PROBE).expect("a probe"))
}

/// Where a cheat's computation differs from the truth by one bit of one byte; all that follows, it computes rightly from there.
#[derive(Clone, Copy, Debug)]
enum Slip {
    /// In the value at the end of a segment.
    Clock(usize),
    /// In a byte of the matrix after a round.
    Chain { round: u32, byte: usize },
    /// In a byte of a cell of a slice, as a pass wrote it.
    Fill { pass: u32, slice: u32, byte: usize },
    /// In a byte of a walker's state after so many reads.
    Walk { walker: u32, reads: u32, byte: usize },
}

impl Slip {
    fn unit(self) -> u64 {
        match self {
            Slip::Clock(_) => CLOCK,
            Slip::Chain { .. } => CHAIN,
            Slip::Fill { .. } | Slip::Walk { .. } => WALK,
        }
    }
}

/// A machine with a slip, which computes everything in the order of the definition and keeps it.
struct Slipped {
    lefts: Vec<Arc<Vec<i8>>>,
    slices: Vec<Arc<Vec<walk::Cell>>>,
    /// Of each walker after each read, from none on.
    states: Vec<Vec<walk::Cell>>,
}

fn flip(cell: &mut walk::Cell, byte: usize) {
    cell[byte / 4] ^= 0x10 << (8 * (byte % 4));
}

impl Slipped {
    fn new(slip: Slip) -> (Self, Units) {
        let Job { plan: Plan { clock, chain, walk }, seed } = PROBE;
        let mut checkpoints = Vec::new();
        let mut value = clock::start(&seed);
        for segment in 0..clock.segments as usize {
            value = clock::advance(value, clock.steps);
            value[9] ^= u8::from(matches!(slip, Slip::Clock(at) if at == segment));
            checkpoints.push(value);
        }

        let keys = chain::Keys::new(&seed);
        let right = chain::matrix(keys.right, chain.size);
        let mut lefts = vec![Arc::new(chain::matrix(keys.left, chain.size))];
        for round in 0..chain.rounds {
            let left = lefts.last().expect("there is a first");
            let product = kernels::tensor::Shape::dense(chain.size, chain.size, chain.size);
            let mut sums = vec![0; left.len()];
            kernels::tensor::gemm_i8(&product, left, &right, &mut sums).expect("a product");
            let mut next = vec![0; left.len()];
            chain::advance(keys.round(round), chain.size, &sums, &mut next);
            if let Slip::Chain { round: at, byte } = slip
                && at == round
            {
                next[byte] ^= 4;
            }
            lefts.push(Arc::new(next));
        }
        let every = chain.rounds_per_checkpoint as usize;
        let roots = lefts.iter().step_by(every).skip(1).map(|left| chain::matrix_root(left)).collect();

        let key = walk::key(&seed);
        let mut memory = vec![[0; 8]; walk.cells() as usize];
        let (mut slices, length) = (Vec::new(), walk.slice_cells() as usize);
        for (pass, slice) in (0..walk.passes).flat_map(|pass| (0..walk.slices).map(move |slice| (pass, slice))) {
            let from = slice as usize * length;
            // In the order of the places, as the step machine writes them: a slip is seen by who reads it later.
            for cell in 0..walk.slice_cells() {
                let walker = (cell % u64::from(walk.walkers)) as u32;
                let own = match cell.checked_sub(u64::from(walk.walkers)) {
                    Some(own) => memory[from + own as usize],
                    None => match walk.entry_place(pass, slice, walker) {
                        Some(place) => memory[place as usize],
                        None => walk::start(key, walker, walk::FILL),
                    },
                };
                let other = walk.other(&own, pass, slice).map_or([0; 8], |place| memory[place as usize]);
                let place = from + cell as usize;
                memory[place] = walk::cell(own, other, memory[place], place as u64);
                if let Slip::Fill { pass: p, slice: s, byte } = slip
                    && (p, s, (byte / 32) as u64) == (pass, slice, cell)
                {
                    flip(&mut memory[place], byte % 32);
                }
            }
            slices.push(Arc::new(memory[from..from + length].to_vec()));
        }
        let mut states = Vec::new();
        for walker in 0..walk.walkers {
            let mut state = walk::start(key, walker, walk::READ);
            let mut all = vec![state];
            for read in 0..walk.reads {
                state = walk::mix(state, memory[walk.chosen(&state) as usize], u64::from(read));
                if let Slip::Walk { walker: w, reads, byte } = slip
                    && (w, reads) == (walker, read + 1)
                {
                    flip(&mut state, byte);
                }
                all.push(state);
            }
            states.push(all);
        }
        let finals: Vec<walk::Cell> = states.iter().map(|all| all[walk.reads as usize]).collect();
        let written = slices.iter().map(|cells| merkle::root_of_bytes(&walk::bytes_of(cells))).collect();
        let units = Units::new(&PROBE.plan, checkpoints, roots, written, leaves_of_finals(&finals));
        (Self { lefts, slices, states }, units.expect("as many as the plan says"))
    }
}

impl Recompute for Slipped {
    type Error = ClaimError;

    fn left(&mut self, round: u32) -> Result<Arc<Vec<i8>>, ClaimError> {
        Ok(Arc::clone(&self.lefts[round as usize]))
    }

    fn slice(&mut self, pass: u32, slice: u32) -> Result<Arc<Vec<walk::Cell>>, ClaimError> {
        Ok(Arc::clone(&self.slices[(pass * PROBE.plan.walk.slices + slice) as usize]))
    }

    fn walked(&mut self, walkers: Range<u32>, reads: u32) -> Result<Vec<walk::Cell>, ClaimError> {
        Ok(walkers.map(|walker| self.states[walker as usize][reads as usize]).collect())
    }
}

fn slipped(slip: Slip) -> RecomputedProbe<Slipped> {
    let (again, units) = Slipped::new(slip);
    RecomputedProbe::new(PROBE, units, again)
}

const SLIPS: [Slip; 14] = [
    Slip::Clock(0),
    Slip::Clock(17),
    Slip::Clock(39),
    Slip::Chain { round: 0, byte: 0 },
    Slip::Chain { round: 1, byte: 5_000 },
    Slip::Chain { round: 2, byte: 16_383 },
    Slip::Chain { round: 5, byte: 16_383 },
    Slip::Fill { pass: 0, slice: 0, byte: 0 },
    Slip::Fill { pass: 0, slice: 2, byte: 64 * 32 + 7 },
    Slip::Fill { pass: 1, slice: 0, byte: 191 * 32 + 31 },
    Slip::Fill { pass: 1, slice: 2, byte: 100 * 32 },
    Slip::Walk { walker: 0, reads: 1, byte: 3 },
    Slip::Walk { walker: 37, reads: 4, byte: 31 },
    Slip::Walk { walker: 63, reads: 6, byte: 0 },
];

#[test]
fn a_machine_without_a_slip_computes_what_the_fast_run_does() {
    // A slip where no segment is.
    assert_eq!(Slipped::new(Slip::Clock(99)).1, *RUN);
    assert_eq!(RecomputedProbe::on_processor(PROBE).expect("a probe").root(), honest_probe().root());
}

#[test]
fn whoever_slips_in_one_byte_of_a_probe_loses_as_defender() {
    for slip in SLIPS {
        let (mut liar, mut honest) = (slipped(slip), honest_probe());
        let board = play_on(Board::before(&PROBE, &mut liar), &mut liar, &mut honest);
        assert_eq!(board.game().verdict, Verdict::ChallengerWins, "{slip:?}");
        assert_eq!(board.game().unit, slip.unit(), "{slip:?}");
    }
}

#[test]
fn whoever_slips_in_one_byte_of_a_probe_loses_as_challenger() {
    for slip in SLIPS {
        let (mut honest, mut liar) = (honest_probe(), slipped(slip));
        let board = play_on(Board::before(&PROBE, &mut honest), &mut honest, &mut liar);
        assert_eq!(board.game().verdict.winner(), Some(Party::Defender), "{slip:?}");
    }
}

#[test]
fn an_honest_probe_is_denied_in_vain() {
    let (mut one, mut other) = (honest_probe(), honest_probe());
    let board = play_on(Board::before(&PROBE, &mut one), &mut one, &mut other);
    assert_eq!(board.game().verdict.winner(), Some(Party::Defender));
}

#[test]
fn a_probe_s_evidence_fits_the_account_that_holds_it() {
    assert!(probe::referee::MOST_EVIDENCE_BYTES <= render_compute::constants::MAX_EVIDENCE as usize);
}
