//! A worker whose right root is denied: it is killed in the middle of the game again and again, and wins from chain and journal.

use crate::on_network;
use kernels::render::{Frame, Tracer};
use market_model::{
    dispute::{Party, Stage, Verdict},
    lease::LeaseState,
};
use market_tests::real_network::{RealNetwork, key, last_lines};
use render_compute::state::{Dispute, JOB_DONE, Job, Lease, Node};
use render_compute_cli::job::Source;
use render_compute_client::{
    Address, Signer, account, address,
    chain::{Chain, RpcChain},
    dispute::{Claim, Move, Recomputed, game_of, instructions_for},
    instruction,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const FRAME: Frame = Frame { width: 32, height: 16, tile: 8, samples: 2, max_bounces: 2, seed: 4 };
const LEASE_TILES: u32 = 4;
const MOST_WAIT: Duration = Duration::from_secs(120);
/// Moves of the challenger after which the worker is killed.
const KILLS: [u32; 3] = [1, 2, 4];

#[test]
fn a_worker_that_is_killed_while_its_root_is_denied_defends_it_and_wins() {
    on_network(async |network| denied(network, "Eve").await);
}

async fn denied(network: &RealNetwork, requester: &str) {
    let chain = network.chain();
    let before = node(&chain).await;
    network.give_render(&chain, requester, 2_000_000_000).await;
    let mut worker = network.worker();
    let receipt = network.order(&chain, requester, FRAME, LEASE_TILES).await;
    let (lease_address, lease) = revealed(network, &chain, &receipt.address).await;
    let dispute_address = challenge(&chain, requester, &lease).await;
    worker.kill().expect("the worker is killed");
    worker = network.worker();

    let tracer =
        Arc::new(Tracer::new(Source::load("cornell", None).expect("the project's own scene").image).expect("whole"));
    let units = lease.range();
    let mut truth = Recomputed::new(tracer, FRAME, units, None).expect("nothing is at hand");
    let wallet = key(requester);
    let (began, mut moves) = (Instant::now(), 0);
    let verdict = loop {
        let dispute: Dispute = account::fetch(&chain, &dispute_address).await.expect("the dispute");
        let game = game_of(&dispute).expect("the dispute is one that games reach");
        if matches!(game.stage, Stage::Decided | Stage::Settled) {
            break game.verdict;
        }
        assert!(
            began.elapsed() < MOST_WAIT,
            "{:?} after {MOST_WAIT:?}\n{}",
            game.stage,
            last_lines(&network.worker_log())
        );
        if game.turn() != Some(Party::Challenger) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        }
        // Denies the first of everything, which is right; the proof must then be the defender's.
        let next = match game.stage {
            Stage::Step => Move::Prove(truth.evidence(game.unit, game.segment, game.first).expect("the step is there")),
            _ => Move::Pick(0),
        };
        for transaction in instructions_for(&dispute_address, &dispute, &next, &wallet.pubkey(), None) {
            chain.send(&transaction, &[&wallet]).await.expect("the move is made");
        }
        moves += 1;
        if KILLS.contains(&moves) {
            worker.kill().expect("the worker is killed");
            worker = network.worker();
        }
    };
    assert_eq!(verdict, Verdict::DefenderWins);

    let done = |job: &Job| job.status == JOB_DONE;
    let what = "the job is done";
    network.job_until(&chain, &mut worker, &receipt.address, MOST_WAIT, what, done).await;
    let lease: Lease = account::fetch(&chain, &lease_address).await.expect("the lease");
    assert_eq!((lease.status, lease.attempt), (u8::from(LeaseState::Accepted), 0));
    worker.kill().expect("the worker is killed");

    // The bond goes: a part to the node's stake, the rest to the burn.
    let market = account::network(&chain).await.expect("the network");
    if let Some(dispute) = account::find::<Dispute>(&chain, &dispute_address).await.expect("read") {
        let close = instruction::dispute_close(&market, &dispute_address, &dispute, None);
        chain.send(&[close], &[&wallet]).await.expect("the dispute is closed");
    }
    let after = node(&chain).await;
    let fee = market.parameters().challenge_bond * market.parameters().finder_fee_bps / 10_000;
    assert_eq!((after.stake, after.slashed_total, after.disputes_lost), (before.stake + fee, 0, 0));
    assert_eq!(account::token_balance(&chain, &address::stake_vault()).await.expect("the vault"), after.stake);
}

async fn node(chain: &dyn Chain) -> Node {
    account::node(chain, &key("node").pubkey()).await.expect("read").expect("the node")
}

/// The first lease of a job whose root is public.
async fn revealed(network: &RealNetwork, chain: &RpcChain, job: &Address) -> (Address, Lease) {
    let began = Instant::now();
    loop {
        let leases = account::leases_of_job(chain, job).await.expect("leases");
        let found = leases.into_iter().find(|(_, lease)| lease.status == u8::from(LeaseState::Revealed));
        if let Some(found) = found {
            return found;
        }
        assert!(
            began.elapsed() < MOST_WAIT,
            "no root is public after {MOST_WAIT:?}\n{}",
            last_lines(&network.worker_log())
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Denies a root with a bond; gives the dispute.
async fn challenge(chain: &RpcChain, name: &str, lease: &Lease) -> Address {
    let (wallet, network) = (key(name), account::network(chain).await.expect("the network"));
    let tokens = address::associated_token(&wallet.pubkey(), &network.mint);
    let engine = address::engine(&address::RENDER_ENGINE);
    let open = instruction::dispute_open(&network, &wallet.pubkey(), &tokens, &engine, lease);
    chain.send(&[open], &[&wallet]).await.expect("the dispute is opened");
    address::dispute(&address::lease(&lease.job, lease.index, lease.replica), lease.disputes)
}
