//! Probes' inputs taken from accounts; their mathematics is `market_model::probe`, their work `kernels::probe`. Workers call the same
//! functions.

use crate::{constants::*, errors::*, race::Entry, state::*};
use anchor_lang::prelude::*;
use kernels::probe::{Plan, SEED_AT};
use market_model::{
    amount::WHOLE_BPS,
    probe::Ratings,
    race::{self, Factors},
};

/// The uniform number that decides whether a probe of the node is due at the slot of this hash, see `market_model::probe::is_due`.
pub fn draw(hash: &[u8; 32], node: &Address) -> u64 {
    race::uniform(&kernels::merkle::sha256(&[b"render-compute:probe", hash, node.as_ref()]))
}

/// What a probe of these ratings computes, with a seed of zeros.
pub fn statement(ratings: &Ratings, work_seconds: u64) -> [u8; STATEMENT_BYTES] {
    let Ratings { compute, memory_mib, clock, .. } = *ratings;
    Plan::of(&kernels::probe::Ratings { compute, memory_mib, clock }, work_seconds).statement(&[0; 32])
}

/// Writes the seed into a probe's statement.
pub fn set_seed(statement: &mut [u8; STATEMENT_BYTES], seed: &[u8; 32]) {
    if let Some(place) = statement.get_mut(SEED_AT..).and_then(|rest| rest.first_chunk_mut::<32>()) {
        *place = *seed;
    }
}

/// A node's place in the race to measure a probe's bandwidth. Its weight is its stake alone, so that neither large nor many identities are
/// preferred beyond it. The race counts from the probe's opening.
pub fn peer_entry(
    network: &Network,
    probe_address: &Address,
    probe: &Probe,
    seed: &[u8; 32],
    node_address: &Address,
    node: &Node,
) -> Result<Entry> {
    let parameters = network.parameters();
    let rules = parameters.race_rules(parameters.min_stake.max(network.active_stake));
    let factors = Factors {
        region_bps: WHOLE_BPS,
        price_bps: WHOLE_BPS,
        uptime_bps: WHOLE_BPS,
        reputation_bps: WHOLE_BPS,
        capacity_bps: WHOLE_BPS,
        history_bps: WHOLE_BPS,
        stake: node.stake,
    };
    let weight = race::weight(&factors, &rules).map_err(refused)?;
    let hash = kernels::merkle::sha256(&[b"render-compute:peer", seed, probe_address.as_ref(), node_address.as_ref()]);
    let delay_ms = match node.staked_slot > probe.opened_slot {
        true => rules.delay_cap_ms,
        false => race::delay_ms(race::uniform(&hash), weight, &rules),
    };
    Ok(Entry { weight, delay_ms })
}

/// What a peer's measurement is committed as: the salted commitment of an attestation, with the probe's address as the lease's, the place as the
/// attempt, and the number as the root.
pub fn measurement(
    probe: &Address,
    node_address: &Address,
    node: &Node,
    index: u8,
    mbps: u32,
    salt: &[u8; 32],
) -> [u8; 32] {
    let mut root = [0; 32];
    if let Some(place) = root.first_chunk_mut::<4>() {
        *place = mbps.to_le_bytes();
    }
    kernels::attestation::commitment(
        probe.as_array(),
        node_address.as_array(),
        node.registered_slot,
        u16::from(index),
        &root,
        salt,
    )
}
