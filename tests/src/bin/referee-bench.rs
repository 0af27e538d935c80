//! Measures disputes over a lease of more than a thousand million steps: rounds, transactions and the time that finding the first
//! wrong state takes, on the in-process chain; the time from opening to verdict on a real validator, both sides online.
//!
//! Prints one JSON object a line in the format of `cargo xtask bench`.

use faulty_node::{FaultyNode, Mode};
use kernels::{
    referee::{Statement, begin},
    render::Frame,
};
use local_chain::validator::{VALIDATOR, validator};
use market_model::{
    dispute::{Party, Stage, Verdict, rounds},
    lease::LeaseState,
};
use market_tests::{
    dispute::{Court, Lie, Picture},
    real_network::{RealNetwork, key},
    referee::measure_steps,
    world::World,
};
use render_compute::state::{Dispute, Lease};
use render_compute_client::{
    Address, Signer, account, address,
    chain::Chain,
    dispute::{Claim, Recomputed, game_of, instructions_for, next_move},
    instruction,
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Four units in one lease: 128 x 128 pixels of 64 samples of 1,024 steps.
const FRAME: Frame = Frame { width: 128, height: 128, tile: 64, samples: 64, max_bounces: 6, seed: 11 };
/// Where the cheat is wrong.
const LIE: Lie = Lie::Pixel { unit: 2, pixel: 3_001 };
/// Steps that the lease must have at least.
const LEAST_STEPS: u64 = 1_000_000_000;
const MOST_WAIT: Duration = Duration::from_secs(300);

fn main() {
    let game = in_process();
    for (name, value, unit, bar) in [
        ("dispute_rounds", game.rounds as f64, "rounds", 8.0),
        ("dispute_transactions_defender", f64::from(game.defender), "transactions", 30.0),
        ("dispute_transactions_challenger", f64::from(game.challenger), "transactions", 30.0),
        ("first_wrong_state_challenger", game.challenger_times, "x lease time", 2.0),
        ("first_wrong_state_defender", game.defender_times, "x lease time", 2.0),
    ] {
        println!("{}", row(name, Some(value), unit, bar, None));
    }
    let (dearest, units) = dearest_step();
    eprintln!("the dearest step is {dearest}");
    println!("{}", row("step_compute", Some(units), "CU", 1_000_000.0, None));
    let (seconds, why) = match validator() {
        Some(_) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            (Some(runtime.expect("a runtime").block_on(on_validator())), None)
        }
        None => (None, Some(format!("{VALIDATOR} is not set"))),
    };
    println!("{}", row("dispute_seconds", seconds, "s", 60.0, why));
}

fn row(name: &str, value: Option<f64>, unit: &str, bar: f64, why: Option<String>) -> Value {
    json!({
        "area": "referee", "name": name, "value": value, "unit": unit, "bar": bar, "better": "lower", "why": why,
    })
}

/// What one game took.
struct Game {
    rounds: u32,
    defender: u32,
    challenger: u32,
    /// Time of each side's computing, in times of rendering the lease. The challenger's begins with rendering it.
    defender_times: f64,
    challenger_times: f64,
}

fn in_process() -> Game {
    let court = Court::new(World::new(), Picture::new(FRAME), FRAME.units() as u32, 1);
    let statement = Statement::from_bytes(&court.picture.statement()).expect("the statement is the picture's");
    let trace = begin(&statement, 0).expect("unit 0 exists");
    let steps = FRAME.units() * trace.segments * trace.segment_steps;
    assert!(steps >= LEAST_STEPS, "the lease has only {steps} steps");
    eprintln!("a lease of {steps} steps: {} units of {} segments", FRAME.units(), trace.segments);

    let began = Instant::now();
    let whole = court.picture.result(court.units(0));
    let lease_time = began.elapsed();
    drop(whole);
    let holder = court.world.machine("holder");
    let mut lie = court.claim(0, LIE);
    let lease = court.attest(&holder, 0, &mut lie);
    let wallet = court.challenger("challenger");

    let began = Instant::now();
    let mut truth = court.claim(0, Lie::None);
    assert_ne!(truth.root(), court.world.get::<Lease>(&lease).root, "the lie does not show");
    let mut challenger_time = began.elapsed();
    let mut defender_time = Duration::ZERO;
    let dispute = court.challenge(&wallet, &lease);
    let mut sent = [0_u32, 1];
    while let Some(party) = court.turn(&dispute) {
        let began = Instant::now();
        let (claim, signer): (&mut dyn Claim, _) = match party {
            Party::Defender => (&mut lie, &holder.identity),
            Party::Challenger => (&mut truth, &wallet.wallet),
        };
        let next = court.next(&dispute, party, claim).expect("both sides have a move to the end");
        let took = began.elapsed();
        let transactions = court.transactions(&dispute, &next, signer);
        match party {
            Party::Defender => {
                defender_time += took;
                sent[0] += transactions.len() as u32;
            }
            Party::Challenger => {
                challenger_time += took;
                sent[1] += transactions.len() as u32;
            }
        }
        for transaction in &transactions {
            court.world.apply_all(transaction, &[signer]);
        }
    }
    assert_eq!(court.verdict(&dispute), Verdict::ChallengerWins);
    let times = |time: Duration| time.as_secs_f64() / lease_time.as_secs_f64();
    Game {
        rounds: rounds(FRAME.units(), trace.segments, trace.segment_steps),
        defender: sent[0],
        challenger: sent[1],
        defender_times: times(defender_time),
        challenger_times: times(challenger_time),
    }
}

/// Of all kinds of steps, the one that costs most on chain, over random scenes.
fn dearest_step() -> (String, f64) {
    let (phase, units) = measure_steps().into_iter().max_by_key(|(_, units)| *units).expect("steps are measured");
    (phase, units as f64)
}

/// Seconds from the opening of a dispute to its verdict: a cheat that defends itself against a requester that rendered the lease again.
async fn on_validator() -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let network = RealNetwork::start(folder.path()).await;
    let chain: Arc<dyn Chain> = Arc::new(network.chain());
    network.give_render(&*chain, "Ann", 5_000_000_000).await;
    let receipt = network.order(&*chain, "Ann", FRAME, FRAME.units() as u32).await;
    let mut cheat = FaultyNode::new(Mode::FlipBit, Arc::clone(&chain), network.store(), key("node"));
    let defence = tokio::spawn(async move {
        loop {
            if let Err(error) = cheat.step().await {
                eprintln!("the cheat: {error:#}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });

    let scene = render_compute_cli::job::Source::load("cornell", None).expect("the project's own scene");
    let tracer = Arc::new(kernels::render::Tracer::new(scene.image).expect("the scene can be traced"));
    let mut truth = Recomputed::new(tracer, FRAME, 0..FRAME.units(), None).expect("nothing is at hand");
    truth.root().expect("the lease is rendered");
    let lease_address = address::lease(&receipt.address, 0, 0);
    let lease = wait_for(async || {
        let lease: Option<Lease> = account::find(&*chain, &lease_address).await.expect("the validator answers");
        lease.filter(|lease| lease.status == u8::from(LeaseState::Revealed))
    })
    .await;
    let began = Instant::now();
    let ann = key("Ann");
    let market = account::network(&*chain).await.expect("the network");
    let tokens = address::associated_token(&ann.pubkey(), &market.mint);
    let engine = address::engine(&address::RENDER_ENGINE);
    let open = instruction::dispute_open(&market, &ann.pubkey(), &tokens, &engine, &lease);
    chain.send(&[open], &[&ann]).await.expect("the dispute is opened");
    let dispute = address::dispute(&lease_address, lease.disputes);
    play(&*chain, &dispute, &ann, &mut truth).await;
    defence.abort();
    began.elapsed().as_secs_f64()
}

/// Plays the challenger to the verdict, which must be its own.
async fn play(chain: &dyn Chain, address: &Address, wallet: &render_compute_client::Keypair, truth: &mut Recomputed) {
    loop {
        let dispute: Dispute = account::fetch(chain, address).await.expect("the dispute");
        let game = game_of(&dispute).expect("the dispute is one that games reach");
        if game.stage == Stage::Decided {
            assert_eq!(game.verdict, Verdict::ChallengerWins);
            return;
        }
        match next_move(&dispute, Party::Challenger, truth).expect("the truth has a move") {
            Some(next) => {
                for transaction in instructions_for(address, &dispute, &next, &wallet.pubkey(), None) {
                    chain.send(&transaction, &[wallet]).await.expect("the move is made");
                }
            }
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn wait_for<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < MOST_WAIT, "it did not come in {MOST_WAIT:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
