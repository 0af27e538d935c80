//! The law of prices: what was charged at the network's price is that price, use is counted as long as leases were worked on, and prices move only
//! by that use, once per epoch.

use super::{Found, Law, Ledger, Step};
use crate::snapshot::Snapshot;
use market_model::{
    price::{self, BandwidthTier},
    tier::Tier,
};
use render_compute::{
    constants::TIERS,
    events::{EpochFinalized, JobOpened},
    state::*,
};
use render_compute_client::event::Event;

pub(super) fn absorb(ledger: &mut Ledger, event: &Event, step: &Step, found: &mut Found) {
    match event {
        Event::JobOpened(opened) => check_opened(opened, step, found),
        Event::LeaseClaimed(claimed) => {
            ledger.worked.insert(claimed.lease, (claimed.claimed_at, 0));
        }
        Event::AttestationCommitted(committed) => {
            if let Some((claimed_at, seconds)) = ledger.worked.get_mut(&committed.lease) {
                *seconds = u64::try_from(step.before.now - *claimed_at).unwrap_or(0);
            }
        }
        Event::LeaseAccepted(accepted) => {
            let worked = ledger.worked.get(&accepted.lease).map_or(0, |(_, seconds)| *seconds);
            found.unless(accepted.busy_seconds == worked, Law::Price, || {
                format!("{} was worked on for {worked} seconds, not {}", accepted.lease, accepted.busy_seconds)
            });
            *ledger.busy.entry((accepted.epoch, accepted.node)).or_default() += accepted.busy_seconds;
        }
        Event::EpochFinalized(finalized) => check_moved(finalized, step, found),
        _ => {}
    }
}

fn check_opened(opened: &JobOpened, step: &Step, found: &mut Found) {
    let Some(network) = step.before.network() else { return };
    let index = network.price_index(opened.class, opened.tier).ok();
    let (tier, bandwidth) = (Tier::try_from(opened.tier), BandwidthTier::try_from(opened.bandwidth_tier));
    let price = match (tier, bandwidth, index) {
        (Ok(tier), Ok(bandwidth), Some(index)) => {
            let rules = network.parameters().price_rules();
            price::price_per_unit(opened.work_per_unit, tier, bandwidth, opened.region != 0, index, &rules)
                .unwrap_or(u64::MAX)
        }
        _ => 0,
    };
    let is_charged = opened.at_network_price == 0 || opened.price_per_unit == price;
    let is_said = opened.network_price_per_unit == price && Some(opened.price_index_bps) == index;
    found.unless(is_charged && is_said, Law::Price, || {
        format!("a unit of {} costs {price}, not {}", opened.job, opened.price_per_unit)
    });
}

fn check_moved(finalized: &EpochFinalized, step: &Step, found: &mut Found) {
    let Some(network) = step.before.network() else { return };
    let rules = network.parameters().price_rules();
    for (place, (before, after)) in network.price_index_bps.iter().zip(finalized.price_index_bps).enumerate() {
        let (busy, capacity) = (finalized.busy_seconds[place / TIERS], finalized.capacity_seconds[place / TIERS]);
        let expected = price::next_index(*before, busy, capacity, &rules).ok();
        found.unless(expected == Some(after), Law::Price, || {
            format!("index {place} went from {before} to {after} with {busy} of {capacity} seconds busy")
        });
    }
}

/// What accounts say must be what the events said.
pub(super) fn check(ledger: &Ledger, step: &Step, found: &mut Found) {
    let state: &Snapshot = &step.after;
    for (address, record) in state.all::<NodeEpoch>() {
        let busy = ledger.busy.get(&(record.epoch, record.node)).copied().unwrap_or(0);
        found.unless(record.busy_seconds == busy, Law::Price, || {
            format!("{address} counts {} busy seconds of {busy}", record.busy_seconds)
        });
    }
    for (address, epoch) in state.all::<Epoch>().filter(|(_, epoch)| epoch.state == EPOCH_FINALIZED) {
        let of_epoch = ledger.busy.iter().filter(|((number, _), _)| *number == epoch.number);
        let busy: u64 = of_epoch.map(|(_, seconds)| *seconds).sum();
        found.unless(epoch.busy_seconds.iter().sum::<u64>() == busy, Law::Price, || {
            format!("{address} counts {:?} busy seconds of {busy}", epoch.busy_seconds)
        });
    }
    let moved = step.events.iter().rev().find_map(|event| match event {
        Event::EpochFinalized(finalized) => Some(finalized.price_index_bps),
        _ => None,
    });
    if let (Some(before), Some(after)) = (step.before.network(), state.network()) {
        let expected = moved.unwrap_or(before.price_index_bps);
        found.unless(after.price_index_bps == expected, Law::Price, || "prices moved without an event".to_owned());
    }
}
