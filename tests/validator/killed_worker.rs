//! A worker that is killed without warning, wherever it is, and started again.

use super::on_network;
use kernels::render::{Frame, Tracer, UnitOutput, render_units};
use market_model::lease::LeaseState;
use market_tests::real_network::{RealNetwork, key, last_lines};
use render_compute::state::{JOB_DONE, Job, Lease, Node};
use render_compute_cli::job::Source;
use render_compute_client::{Address, Signer, account, address, chain::Chain, manifest::Digest};
use std::time::{Duration, Instant};

/// Twelve tiles.
const FRAME: Frame = Frame { width: 64, height: 48, tile: 16, samples: 4, max_bounces: 4, seed: 11 };
const LEASE_TILES: u32 = 4;
const MOST_WAIT: Duration = Duration::from_secs(90);

#[test]
fn a_job_is_finished_by_a_worker_that_was_killed_when_its_claim_stood() {
    on_network(async |network| killed_at(network, "Ann", LeaseState::Claimed).await);
}

#[test]
fn a_job_is_finished_by_a_worker_that_was_killed_when_its_commitment_stood() {
    on_network(async |network| killed_at(network, "Ben", LeaseState::Committed).await);
}

#[test]
fn a_job_is_finished_by_a_worker_that_was_killed_when_its_root_was_public() {
    on_network(async |network| killed_at(network, "Cleo", LeaseState::Revealed).await);
}

/// Kills the worker as soon as a block has a lease in this state, which is before the worker hears of it.
async fn killed_at(network: &RealNetwork, requester: &str, state: LeaseState) {
    let chain = network.chain();
    let before = node(&chain).await;
    let worker = network.worker();
    let receipt = network.order(&chain, requester, FRAME, LEASE_TILES).await;
    let began = Instant::now();
    let is_there = |leases: &[Lease]| leases.iter().any(|lease| lease.status == u8::from(state));
    while !is_there(&network.latest_leases(&receipt.address, receipt.quote.leases).await) {
        assert!(
            began.elapsed() < MOST_WAIT,
            "no lease was {state:?} after {MOST_WAIT:?}\n{}",
            last_lines(&network.worker_log())
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    worker.kill().expect("the worker is killed");

    let mut worker = network.worker();
    let done = |job: &Job| job.status == JOB_DONE;
    let job = network.job_until(&chain, &mut worker, &receipt.address, MOST_WAIT, "the job is done", done).await;
    worker.kill().expect("the worker is killed");

    let leases = account::leases_of_job(&chain, &receipt.address).await.expect("leases");
    assert_eq!(leases.len() as u64, receipt.quote.leases);
    check_money(&chain, requester, &job, &leases, &before).await;
    check_picture(network, &leases).await;
}

/// Nothing is escrowed, what was spent is what was accepted, and the node's stake is whole.
async fn check_money(chain: &dyn Chain, requester: &str, job: &Job, leases: &[(Address, Lease)], before: &Node) {
    assert!(leases.iter().all(|(_, lease)| lease.status == u8::from(LeaseState::Accepted)));
    let accepted: u64 = leases.iter().map(|(_, lease)| lease.value + lease.premium).sum();
    assert_eq!((job.escrow, job.refunded, job.units_accepted), (0, 0, job.units));
    assert_eq!(job.spent, accepted);
    assert_eq!(job.spent, job.units * (job.price_per_unit + job.premium_per_unit));
    let credit = account::credit(chain, &key(requester).pubkey()).await.expect("read").expect("a credit account");
    assert_eq!(credit.available + job.spent, credit.bought_total);
    let node = node(chain).await;
    assert_eq!((node.stake, node.slashed, node.slashed_total), (before.stake, 0, 0));
    assert_eq!((node.leases_held, node.leases_expired), (0, 0));
    assert_eq!(account::token_balance(chain, &address::stake_vault()).await.expect("the vault"), before.stake);
}

async fn node(chain: &dyn Chain) -> Node {
    account::node(chain, &key("node").pubkey()).await.expect("read").expect("the node")
}

/// Every tile is what the engine gives when it is called here, bit for bit.
async fn check_picture(network: &RealNetwork, leases: &[(Address, Lease)]) {
    let scene = Source::load("cornell", None).expect("the project's own scene");
    let tracer = Tracer::new(scene.image).expect("whole");
    for (_, lease) in leases {
        let units = lease.range();
        let outputs = render_units(&tracer, &FRAME, units).expect("rendered");
        let expected: Vec<u8> = outputs.iter().flat_map(UnitOutput::to_bytes).collect();
        let result = network.store().get(&Digest(lease.result)).await.expect("the result is in the store");
        assert!(result[..] == expected[..], "lease {} has other bits than a direct render", lease.index);
    }
}
