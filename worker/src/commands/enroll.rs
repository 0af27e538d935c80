//! `enroll` and `maintenance`: what the node can prove, and when it is away.

use super::{Context, registered, status::duration};
use crate::{
    backend::{self, Backend},
    bandwidth,
    cli::{Enroll, Maintenance},
    error::WorkerError,
    ratings,
};
use kernels::probe::Ratings;
use market_model::Parameters;
use render_compute::state::Node;
use render_compute_client::{Chain, Signer, account, instruction};
use serde_json::json;
use std::sync::Arc;

/// Seconds of a block's clock and a transaction's way that an announcement leaves beyond the notice.
const SLACK_SECONDS: i64 = 60;
/// Most of a probe's time that a rehearsal may take, percent: the rest is for seeding, committing and a busy machine.
const MOST_PERCENT: u64 = 80;

pub(super) async fn enroll(context: &Context, arguments: Enroll) -> anyhow::Result<()> {
    let (chain, identity) = (context.chain(), context.identity()?);
    let key = identity.pubkey();
    let node = registered(&chain, &key).await?;
    if arguments.leave {
        if node.enrolled == 1 {
            chain.send(&[instruction::probe_leave(&key, &key)], &[&identity]).await?;
        }
        context.print("the node is probed no more", &json!({ "enrolled": false }));
        return Ok(());
    }
    let place = place(context, &arguments)?;
    let parameters = account::network(&chain).await?.parameters();
    let settings = &context.settings;
    let backend = backend::choose(settings.backend, settings.threads, &settings.device).map_err(WorkerError::from)?;
    let (ratings, took) = measure(backend, &node, parameters, arguments).await?;
    let (address, port) = place;
    let offer = instruction::ProbeOffer { compute: ratings.compute, clock: ratings.clock, address, port };
    chain.send(&[instruction::probe_enroll(&key, &key, offer)], &[&identity]).await?;
    let bandwidth = match bandwidth::endpoint(&address, port) {
        Some(endpoint) => format!("peers measure its bandwidth at {endpoint}"),
        None => "its bandwidth counts the least: give --address, and --bandwidth-port".into(),
    };
    let hours = parameters.probe_interval_slots.saturating_mul(4) / 36_000;
    let text = format!(
        "enrolled with {} x 10^9 int8 operations a second, {} MiB, {} x 10^3 hashes a second; {bandwidth}\n\
         the first probe comes no sooner than in about {hours} h; then one in as many on average, at times nobody knows",
        ratings.compute, ratings.memory_mib, ratings.clock
    );
    context.print(
        &text,
        &json!({
            "enrolled": true, "compute": ratings.compute, "memory_mib": ratings.memory_mib, "clock": ratings.clock,
            "rehearsal_ms": took, "port": port,
        }),
    );
    Ok(())
}

/// Where peers measure the bandwidth.
fn place(context: &Context, arguments: &Enroll) -> Result<([u8; 16], u16), WorkerError> {
    let port = context.settings.bandwidth_port;
    let not_ready = |reason: String| Err(WorkerError::NotReady(reason));
    match arguments.address {
        None => Ok(([0; 16], 0)),
        Some(_) if port == 0 => {
            not_ready("--address: set bandwidth_port to the port that peers can reach, for run as well".into())
        }
        Some(ip) if !context.settings.private_peers && !bandwidth::is_public(ip) => not_ready(format!(
            "--address: {ip} is not a public address, so no peer would measure it; give the one the Internet knows"
        )),
        Some(ip) => Ok((bandwidth::declared(ip), port)),
    }
}

/// Measures what was not given and rehearses a probe; the milliseconds it took.
async fn measure(
    backend: Arc<dyn Backend>,
    node: &Node,
    parameters: Parameters,
    arguments: Enroll,
) -> anyhow::Result<(Ratings, Option<u64>)> {
    let memory_mib = u64::from(node.memory_mib);
    let measured = tokio::task::spawn_blocking(move || {
        let compute = match arguments.compute {
            Some(compute) => compute,
            None => ratings::compute(&*backend, arguments.margin)?,
        };
        let clock = arguments.clock.unwrap_or_else(|| ratings::clock(arguments.margin));
        let declared = Ratings { compute, memory_mib, clock };
        if arguments.no_rehearsal {
            return Ok((declared, None));
        }
        tracing::info!("answering a whole probe to see that it ends in time");
        Ok((declared, Some(ratings::rehearse(&*backend, &declared, parameters.probe_work_seconds)?)))
    });
    let (declared, took) = measured.await?.map_err(WorkerError::Backend)?;
    let limit = u128::from(parameters.probe_seconds).saturating_mul(u128::from(MOST_PERCENT)) * 10;
    match took.map(|took| took.as_millis()) {
        Some(took) if took > limit => Err(WorkerError::NotReady(format!(
            "a probe of {} x 10^9 int8 operations a second, {} MiB and {} x 10^3 hashes a second took {} s here, of which {} s \
             are safe; declare less with --compute and --clock, or less memory with render-worker init --memory-mib",
            declared.compute,
            declared.memory_mib,
            declared.clock,
            took.div_ceil(1_000),
            limit / 1_000
        ))
        .into()),
        took => Ok((declared, took.and_then(|took| u64::try_from(took).ok()))),
    }
}

pub(super) async fn maintenance(context: &Context, arguments: Maintenance) -> anyhow::Result<()> {
    let (chain, identity) = (context.chain(), context.identity()?);
    let key = identity.pubkey();
    registered(&chain, &key).await?;
    let now = chain.clock().await?.unix_timestamp;
    let rules = account::network(&chain).await?.parameters().maintenance_rules();
    let (from, until) = match arguments.length {
        Some(length) if !arguments.off => {
            let soonest = now.saturating_add(rules.notice_seconds).saturating_add(SLACK_SECONDS);
            let from = arguments.from.map_or(soonest, |from| from.unix(now));
            (from, from.saturating_add(length))
        }
        _ => (0, 0),
    };
    chain.send(&[instruction::node_maintenance(&key, &key, from, until)], &[&identity]).await?;
    let text = match until {
        0 => "no maintenance is announced; the node can be probed and claims leases".to_owned(),
        _ => format!(
            "maintenance begins in {} and lasts {}; what the node holds by then is due all the same",
            duration(from.saturating_sub(now)),
            duration(until.saturating_sub(from))
        ),
    };
    context.print(&text, &json!({ "from": from, "until": until }));
    Ok(())
}
