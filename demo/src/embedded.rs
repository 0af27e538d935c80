//! The whole network in one process and in virtual time: the SBF binaries in an in-process SVM, three workers and a cheat on it.

use crate::{
    Arguments,
    cast::Cast,
    story::{self, Finished, Told, say},
};
use anyhow::{Context as _, Result, ensure};
use faulty_node::FaultyNode;
use local_chain::LocalChain;
use render_compute::state::{EPOCH_FINALIZED, JOB_DONE, Job};
use render_compute_client::{
    account, address,
    chain::{Chain, ChainClock},
};
use render_worker::{
    Done, Worker, WorkerSettings,
    backend::{BackendChoice, DeviceChoice, choose},
};
use solana_signer::Signer;
use std::sync::Arc;

/// The real windows and the real epoch of seven days: time costs nothing here.
const PARAMETERS: &str = "cluster = \"demo\"\n[mint]\nfaucet_render = 10_000\n[oracle]\npublishers = [\"authority\"]\n";
/// SOL for everyone's fees and rents, lamports.
const FUNDS: u64 = 10_000_000_000;
/// Rounds without any progress after which something is wrong.
const PATIENCE: u32 = 2_000;

/// Runs the story.
pub async fn run(arguments: &Arguments) -> Result<()> {
    let cast = Cast::new(arguments.seed);
    let store = story::fresh_store(&arguments.out.join("blobs"))?;
    let journals = arguments.out.join("nodes");
    if journals.exists() {
        std::fs::remove_dir_all(&journals)?;
    }

    let local = LocalChain::with_built_program(arguments.seed)?;
    local.set_upgrade_authority(&cast.authority.pubkey());
    for payer in cast.payers() {
        local.airdrop(&payer, FUNDS);
    }
    let chain = Arc::new(Told::new(local, &cast));
    let mint = story::set_up(&*chain, &cast, &store, PARAMETERS).await?;
    let ordered = story::order(&*chain, &cast, &store, arguments).await?;

    say(
        "5. The nodes race for leases, render, commit, audit each other, reveal, and are accepted after the challenge window",
    );
    let backend = choose(BackendChoice::Auto, 0, &DeviceChoice::default())?;
    println!("  rendering on {}", backend.describe());
    let mut workers = Vec::new();
    let mut cheats = Vec::new();
    for operator in &cast.operators {
        let on: Arc<dyn Chain> = chain.clone();
        if let Some(mode) = operator.cheats {
            cheats.push(FaultyNode::new(mode, on, store.clone(), operator.identity.insecure_clone()));
            continue;
        }
        let settings = WorkerSettings::new(operator.identity.insecure_clone());
        let journal = journals.join(operator.name).join("journal");
        let mut worker = Worker::new(settings, on, store.clone(), backend.clone(), &journal)?;
        let name = operator.name;
        worker.observe(move |done| {
            if matches!(
                done,
                Done::Rendered { .. }
                    | Done::PassedOver { .. }
                    | Done::Returned { .. }
                    | Done::Lost { .. }
                    | Done::Refused { .. }
            ) {
                println!("    {name:<14} {done}");
            }
        });
        workers.push(worker);
    }
    // The cheat looks first, so that there is something to catch whatever the seed; then everybody races.
    for _ in 0..story::FIRST_LOOKS {
        if story::cheats_hold_leases(&*chain, &cast).await? {
            break;
        }
        for cheat in &mut cheats {
            cheat.step().await?;
        }
        chain.inner().warp(1);
    }
    work_until(&chain, &mut workers, &mut cheats, async |chain| {
        let job: Option<Job> = account::find(chain, &ordered.address).await?;
        Ok(job.is_none_or(|job| job.status == JOB_DONE))
    })
    .await
    .context("waiting for the picture")?;

    let fetched = story::fetch(&*chain, &cast, &store, arguments, &ordered.address).await?;

    say("7. The epoch ends; its pools are fixed and each node's share is minted");
    let number = account::network(&*chain).await?.epoch;
    let ends_at = account::epoch(&*chain, number).await?.context("the epoch is gone")?.ends_at;
    let now = chain.clock().await?.unix_timestamp;
    ensure!(ends_at > now, "epoch {number} ended before the picture was done; the demo needs it in one epoch");
    chain.inner().warp_to(ends_at);
    println!("  {} days pass", (ends_at - now) / 86_400);
    let nodes: Vec<_> = cast.operators.iter().map(|operator| address::node(&operator.identity.pubkey())).collect();
    work_until(&chain, &mut workers, &mut cheats, async |chain| {
        let epoch = account::epoch(chain, number).await?.context("the epoch is gone")?;
        if epoch.state != EPOCH_FINALIZED {
            return Ok(false);
        }
        for node in &nodes {
            if account::node_epoch(chain, node, number).await?.is_some_and(|record| record.is_claimed == 0) {
                return Ok(false);
            }
        }
        Ok(true)
    })
    .await
    .context("waiting for the shares")?;
    story::conclude(&chain, &cast, &store, arguments, &Finished { ordered, fetched, epoch: number, mint }).await
}

/// Lets the workers work, and time pass when none of them can, until `is_over`.
async fn work_until(
    chain: &Arc<Told<LocalChain>>,
    workers: &mut [Worker],
    cheats: &mut [FaultyNode],
    is_over: impl AsyncFn(&dyn Chain) -> Result<bool>,
) -> Result<()> {
    let mut idle = 0;
    while !is_over(&**chain).await? {
        let mut did_something = false;
        for worker in workers.iter_mut() {
            did_something |= !worker.step().await?.is_empty();
            chain.inner().advance_slots(1);
        }
        for cheat in cheats.iter_mut() {
            did_something |= !cheat.step().await?.is_empty();
            chain.inner().advance_slots(1);
        }
        if did_something {
            idle = 0;
            continue;
        }
        idle += 1;
        ensure!(idle < PATIENCE, "the workers have nothing to do, and the goal is not reached");
        let ChainClock { unix_timestamp: now, .. } = chain.clock().await?;
        let next = workers.iter().filter_map(Worker::due).filter(|due| *due > now).min().unwrap_or(now + 1);
        // The next moment is what a worker knows of; others may act earlier.
        chain.inner().warp_to(next.clamp(now + 1, now + 60));
    }
    Ok(())
}
