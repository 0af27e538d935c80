//! A referee's program, alone on an in-process SVM, and honest traces of the render engine to ask its one about.

#[path = "../../crates/kernels/tests/scenes/mod.rs"]
pub mod scenes;

use kernels::machine::{Flow, Machine};
use kernels::merkle::{Digest, Tree};
use kernels::referee::{self, Begin, Outcome, STATEMENT_BYTES, Statement, wire};
use kernels::render::{Frame, Phase, Render, Scene, SceneImage, State, compile, steps_per_sample};
use litesvm::LiteSVM;
use render_compute_client::{AccountMeta, Address, Instruction, Keypair, Signer};
use solana_account::Account;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction_error::InstructionError;
use solana_message::Message;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;
use std::collections::BTreeMap;
use std::path::Path;

/// Most compute units that one step may cost, with a whole call of another program around it to spare.
pub const STEP_BAR: u64 = 1_000_000;

/// Compute units of a transaction at most.
const MOST_COMPUTE_UNITS: u32 = 1_400_000;

/// Steps that are measured of each phase of each scene.
const STEPS_OF_A_PHASE: usize = 60;

/// What the program said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its return data.
    pub data: Vec<u8>,
    /// What the question cost.
    pub compute_units: u64,
}

/// A referee's program on a chain of its own.
pub struct Referee {
    svm: LiteSVM,
    program: Address,
    payer: Keypair,
    evidence: Address,
}

impl Referee {
    /// The built program of the render engine.
    pub fn new() -> Self {
        Self::of(render_referee::ID, &local_chain::referee_path())
    }

    /// The built program of the probe engine.
    pub fn of_probes() -> Self {
        Self::of(probe_referee::ID, &local_chain::probe_referee_path())
    }

    fn of(program: Address, path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("the referee is built: cargo xtask build");
        let mut svm = LiteSVM::new().with_sigverify(false).with_blockhash_check(false).with_transaction_history(0);
        svm.add_program(program, &bytes).expect("the program can be loaded");
        let payer = Keypair::new_from_array([1; 32]);
        svm.airdrop(&payer.pubkey(), 1_000_000_000_000).expect("SOL out of nothing");
        Self { svm, program, payer, evidence: Address::from([7; 32]) }
    }

    /// Sends instruction data, with the evidence account where there is evidence.
    pub fn ask(&mut self, data: &[u8], evidence: Option<&[u8]>) -> Result<Answer, TransactionError> {
        let mut accounts = Vec::new();
        if let Some(evidence) = evidence {
            let account = Account {
                lamports: 1_000_000_000,
                data: evidence.to_vec(),
                // Whose it is does not matter.
                owner: Address::from([9; 32]),
                executable: false,
                rent_epoch: u64::MAX,
            };
            self.svm.set_account(self.evidence, account).expect("any account can be put");
            accounts.push(AccountMeta::new_readonly(self.evidence, false));
        }
        let limit = ComputeBudgetInstruction::set_compute_unit_limit(MOST_COMPUTE_UNITS);
        let question = Instruction { program_id: self.program, accounts, data: data.to_vec() };
        let payer = self.payer.pubkey();
        let message = Message::new(&[limit, question], Some(&payer));
        let transaction = Transaction::new_unsigned(message);
        let simulated = self.svm.simulate_transaction(transaction).map_err(|failed| failed.err)?;
        let meta = simulated.meta;
        Ok(Answer { data: meta.return_data.data, compute_units: meta.compute_units_consumed })
    }

    /// Asks where a unit's trace begins.
    pub fn begin(&mut self, statement: &Statement, unit: u64) -> Result<Begin, TransactionError> {
        self.begin_of(&statement.to_bytes(), unit)
    }

    /// As [`Referee::begin`], of any engine's statement.
    pub fn begin_of(&mut self, statement: &[u8; STATEMENT_BYTES], unit: u64) -> Result<Begin, TransactionError> {
        let answer = self.ask(&wire::trace_begin(unit, statement), None)?;
        Ok(Begin::from_bytes(answer.data[..].try_into().expect("48 bytes")))
    }

    /// Asks where a unit's trace ends.
    pub fn end(&mut self, statement: &Statement, unit: u64, output: &Digest) -> Result<Digest, TransactionError> {
        self.end_of(&statement.to_bytes(), unit, output)
    }

    /// As [`Referee::end`], of any engine's statement.
    pub fn end_of(
        &mut self,
        statement: &[u8; STATEMENT_BYTES],
        unit: u64,
        output: &Digest,
    ) -> Result<Digest, TransactionError> {
        let answer = self.ask(&wire::trace_end(unit, output, statement), None)?;
        Ok(answer.data[..].try_into().expect("32 bytes"))
    }

    /// Asks what follows a state; also says what that cost.
    pub fn step(
        &mut self,
        statement: &Statement,
        before: &Digest,
        evidence: &[u8],
    ) -> Result<(Outcome, u64), TransactionError> {
        self.step_of(&statement.to_bytes(), before, evidence)
    }

    /// As [`Referee::step`], of any engine's statement.
    pub fn step_of(
        &mut self,
        statement: &[u8; STATEMENT_BYTES],
        before: &Digest,
        evidence: &[u8],
    ) -> Result<(Outcome, u64), TransactionError> {
        let length = u32::try_from(evidence.len()).expect("evidence is short");
        let answer = self.ask(&wire::step(before, 0, length, statement), Some(evidence))?;
        let outcome = Outcome::from_bytes(answer.data[..].try_into().expect("33 bytes"));
        Ok((outcome.expect("the program writes nothing else"), answer.compute_units))
    }
}

impl Default for Referee {
    fn default() -> Self {
        Self::new()
    }
}

/// The refusal with a code of the engine.
pub fn refusal(error: referee::RefereeError) -> TransactionError {
    let code = render_referee::errors::REFEREE_ERROR_OFFSET + error.code();
    // The question is the second instruction, behind the limit of compute units.
    TransactionError::InstructionError(1, InstructionError::Custom(code))
}

/// A job that can be stepped through and proved.
pub struct Case {
    /// The scene's image.
    pub image: SceneImage,
    /// The tree over its leaves.
    pub tree: Tree,
    /// The job.
    pub statement: Statement,
}

impl Case {
    /// A frame of a scene.
    pub fn new(scene: &Scene, frame: Frame) -> Self {
        let image = compile(scene).expect("the scene is valid");
        let tree = Tree::new(image.leaves());
        let statement = Statement::of(&frame, &image);
        Self { image, tree, statement }
    }

    /// Evidence for the step after a state.
    pub fn evidence(&self, state: &State) -> Vec<u8> {
        referee::evidence(&self.image, &self.tree, state).expect("a valid image's steps can be proved")
    }

    /// Steps a unit to its end and shows every state before a step but those of idle runs, of which it shows the first and
    /// the last.
    pub fn walk(&self, unit: u64, mut visit: impl FnMut(&State)) -> State {
        let frame = &self.statement.frame;
        let stride = steps_per_sample(frame.max_bounces, self.statement.pairs, self.statement.triangles);
        let mut state = Render::init(frame, unit).expect("the unit exists");
        loop {
            visit(&state);
            if state.phase() == Phase::Idle && state.position().2 < stride - 1 {
                state.skip_idle(stride - 1);
                visit(&state);
            }
            match Render::step(&mut state, &self.image) {
                Flow::Continue => {}
                Flow::Done => return state,
                Flow::Fault(fault) => panic!("{fault} in {:?}", state.phase()),
            }
        }
    }
}

/// What a step of each phase costs at most, and the questions about the ends of a trace, over states of random scenes and of a
/// larger one.
pub fn measure_steps() -> BTreeMap<String, u64> {
    let mut cases: Vec<Case> = (0..6)
        .map(|seed| {
            let frame = Frame { width: 24, height: 24, tile: 12, samples: 2, max_bounces: 5, seed };
            Case::new(&scenes::random_scene(100 + seed), frame)
        })
        .collect();
    let frame = Frame { width: 16_384, height: 16_384, tile: 8, samples: 2, max_bounces: 8, seed: 5 };
    cases.push(Case::new(&scenes::crowded_scene(3, 20_000), frame));
    let mut referee = Referee::new();
    let mut most = BTreeMap::new();
    let mut note = |name: String, units: u64| {
        let most = most.entry(name).or_insert(0);
        *most = units.max(*most);
    };
    for case in &cases {
        let unit = case.statement.frame.units() / 2;
        let statement = case.statement.to_bytes();
        let begin = referee.ask(&wire::trace_begin(unit, &statement), None).expect("the unit exists");
        note("trace_begin".to_owned(), begin.compute_units);
        let end = referee.ask(&wire::trace_end(unit, &[1; 32], &statement), None).expect("the unit exists");
        note("trace_end".to_owned(), end.compute_units);

        let mut states: BTreeMap<String, Vec<State>> = BTreeMap::new();
        case.walk(unit, |state| states.entry(format!("{:?}", state.phase())).or_default().push(state.clone()));
        for (phase, states) in states {
            // Spread over the whole unit.
            for state in states.iter().step_by(states.len().div_ceil(STEPS_OF_A_PHASE)) {
                let (before, evidence) = (state.hash(), case.evidence(state));
                let (_, units) = referee.step(&case.statement, &before, &evidence).expect("honest evidence");
                note(phase.clone(), units);
            }
        }
    }
    most
}
