//! The laws of the design, as a checker over two snapshots and the events between them.
//!
//! It knows nothing of how the program works: it recomputes from accounts, balances and events what must be so. For law L9 it is told who
//! is honest.

mod dispute;
mod governance;
mod price;
mod probe;
mod standing;

use crate::snapshot::Snapshot;
use market_model::{
    audit::{AuditState, is_picked},
    credit::BASE_UNITS_TIMES_PRICE_PER_CREDIT,
    emission,
    epoch::{availability_claim, rebate},
    job::JobTerms,
    lease::LeaseState,
    race::eligible_at,
};
use render_compute::{
    constants::{CLASS_COMPUTE, CLASS_RENDER},
    events::*,
    race,
    state::*,
};
use render_compute_client::{Address, account, address, chain::RawAccount, event::Event};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A law by its name in the design; `Atomic`, `Cover`, `Limiter`, `Price` and `Standing` are the ledger's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// Credits: available + escrowed = bought - spent.
    L1,
    /// Credits exist only against burned RENDER.
    L2,
    /// A job's escrow is price and premium of its units that are not settled; every credit leaves once.
    L3,
    /// The vault holds exactly the stakes.
    L4,
    /// RENDER minted never passes the schedule and what was recycled, and no more is recycled than was burned.
    L5,
    /// Claims and rebates never pass their pool, and pools never pass what there is to give out.
    L6,
    /// A unit is accepted at most once.
    L7,
    /// Nobody is slashed without a missed deadline or a lost dispute in an event, nor for more than that costs.
    L8,
    /// Who is honest and answers in time loses no dispute.
    L9,
    /// A closed account's rent went to its payer.
    L10,
    /// The winner of a claim was eligible by the race, and a draw says what its number says.
    L11,
    /// Votes counted are RENDER locked, and what is governed changes by accepted proposals.
    L12,
    /// A refused transaction changes nothing but the fee.
    Atomic,
    /// A node answers for exactly what it holds.
    Cover,
    /// Whatever is minted passes the mint limiter.
    Limiter,
    /// The network's price is charged where it was asked for, and moves only by the use that was counted.
    Price,
    /// A requester's reputation moves only by a job that is closed, a node's tier only by a review or a lost dispute.
    Standing,
}

/// A law that does not hold, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub law: Law,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.law, self.reason)
    }
}

/// One transaction as the laws see it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The state it found.
    pub before: Snapshot,
    /// The state it left.
    pub after: Snapshot,
    /// Whether it was executed, not refused.
    pub executed: bool,
    /// The market's events in it.
    pub events: Vec<Event>,
    /// Who paid the fee.
    pub payer: Address,
    /// The fee in lamports.
    pub fee: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct JobRecord {
    requester: Address,
    audit_probability_bps: u16,
    replicas: u8,
    terms: JobTerms,
    leases: u32,
    settled: BTreeSet<u32>,
}

/// Claims of an epoch so far: by class, for availability and the points it was for, for operations, and rebates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Claims {
    work: [u64; 2],
    availability: u64,
    points: u64,
    operations: u64,
    creators: u64,
}

/// What the events so far add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    bought: BTreeMap<Address, u64>,
    burned_for: BTreeMap<Address, u64>,
    spent: BTreeMap<Address, u64>,
    jobs: BTreeMap<Address, JobRecord>,
    accepted_units: BTreeMap<Address, BTreeSet<u64>>,
    accepted_work: BTreeMap<(u64, Address), u64>,
    spent_in: BTreeMap<(u64, Address), u64>,
    stakes: BTreeMap<u64, u64>,
    claims: BTreeMap<u64, Claims>,
    availability: BTreeMap<(u64, Address), probe::Availability>,
    minted: u64,
    recycled: u64,
    honest: BTreeSet<Address>,
    /// By lease: when its present attempt was claimed, and the seconds until its commitment.
    worked: BTreeMap<Address, (i64, u64)>,
    /// Busy seconds by epoch and node.
    busy: BTreeMap<(u64, Address), u64>,
}

impl Ledger {
    /// Says that a node or wallet stands for the truth and answers in time, so that it must win every dispute (law L9).
    pub fn vouch(&mut self, party: Address) {
        self.honest.insert(party);
    }
}

#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn unless(&mut self, holds: bool, law: Law, reason: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Violation { law, reason: reason() });
        }
    }
}

/// Checks every law after one transaction, and adds its events to the ledger.
pub fn check(ledger: &mut Ledger, step: &Step) -> Vec<Violation> {
    let mut found = Found::default();
    if !step.executed {
        check_refused(step, &mut found);
    }
    for event in &step.events {
        absorb(ledger, event, step, &mut found);
    }
    check_supply(step, &mut found);
    check_credits(ledger, &step.after, &mut found);
    check_jobs(ledger, &step.after, &mut found);
    check_stakes(step, &mut found);
    check_cover(&step.after, &mut found);
    check_emission(ledger, &step.after, &mut found);
    check_limiter(step, &mut found);
    check_epochs(ledger, &step.after, &mut found);
    check_job_records(ledger, &step.after, &mut found);
    probe::check(ledger, &step.after, &mut found);
    price::check(ledger, step, &mut found);
    check_rent(step, &mut found);
    check_race(step, &mut found);
    governance::check(step, &mut found);
    standing::check(ledger, step, &mut found);
    found.0
}

fn check_refused(step: &Step, found: &mut Found) {
    let mut expected = step.before.clone();
    expected.now = step.after.now;
    if let Some(lamports) = expected.wallets.get_mut(&step.payer) {
        // What the runtime refuses before it runs anything costs nothing.
        let fee = if step.after.wallets.get(&step.payer) == Some(lamports) { 0 } else { step.fee };
        *lamports = lamports.saturating_sub(fee);
    }
    found.unless(expected == step.after, Law::Atomic, || "a refused transaction left a trace".to_owned());
    found.unless(step.events.is_empty(), Law::Atomic, || "a refused transaction has events".to_owned());
}

/// Adds an event to the ledger and checks what one event must satisfy by itself.
fn absorb(ledger: &mut Ledger, event: &Event, step: &Step, found: &mut Found) {
    dispute::absorb(ledger, event, step, found);
    probe::absorb(ledger, event, step, found);
    price::absorb(ledger, event, step, found);
    match event {
        Event::CreditsBought(bought) => {
            let worth = u128::from(bought.credits) * u128::from(BASE_UNITS_TIMES_PRICE_PER_CREDIT);
            let burned = u128::from(bought.burned) * u128::from(bought.price);
            found.unless(worth <= burned, Law::L2, || {
                format!("{} credits were sold for {} burned at {}", bought.credits, bought.burned, bought.price)
            });
            *ledger.bought.entry(bought.owner).or_default() += bought.credits;
            *ledger.burned_for.entry(bought.owner).or_default() += bought.burned;
        }
        Event::JobOpened(opened) => {
            let terms = JobTerms {
                units: opened.units,
                units_per_lease: u64::from(opened.units_per_lease),
                price_per_unit: opened.price_per_unit,
                premium_per_unit: opened.premium_per_unit,
            };
            let record = JobRecord {
                requester: opened.requester,
                audit_probability_bps: opened.audit_probability_bps,
                replicas: opened.replicas,
                terms,
                leases: opened.leases,
                settled: BTreeSet::new(),
            };
            ledger.jobs.insert(opened.job, record);
        }
        Event::LeaseAccepted(accepted) => {
            let spent = accepted.value + accepted.premium;
            if let Some(requester) = settle(ledger, &accepted.job, accepted.index, spent, found) {
                *ledger.spent.entry(requester).or_default() += spent;
            }
            *ledger.spent_in.entry((accepted.epoch, accepted.job)).or_default() += spent;
            let earned = ledger.jobs.get(&accepted.job).map(|job| job.terms.lease_value(u64::from(accepted.index)));
            found.unless(earned == Some(Ok(accepted.value)), Law::L3, || {
                format!("lease {} earned {}, not {earned:?}", accepted.lease, accepted.value)
            });
            *ledger.accepted_work.entry((accepted.epoch, accepted.node)).or_default() += accepted.value;
            let range =
                ledger.jobs.get(&accepted.job).and_then(|job| job.terms.lease_units(u64::from(accepted.index)).ok());
            let units = ledger.accepted_units.entry(accepted.job).or_default();
            for unit in range.into_iter().flat_map(|range| range.first..range.first + range.count) {
                found.unless(units.insert(unit), Law::L7, || {
                    format!("unit {unit} of {} was accepted twice", accepted.job)
                });
            }
        }
        Event::AuditAccepted(accepted) => {
            *ledger.accepted_work.entry((accepted.epoch, accepted.node)).or_default() += accepted.value;
        }
        Event::AuditDrawn(drawn) => {
            let job = ledger.jobs.get(&drawn.job);
            let picked = job.map(|job| is_picked(drawn.draw, u64::from(job.audit_probability_bps), job.replicas));
            found.unless(picked == Some(drawn.picked == 1), Law::L11, || {
                format!("the number {} of {} means {picked:?}", drawn.draw, drawn.lease)
            });
        }
        Event::LeaseReleased(released) => {
            let index = u32::try_from(released.index).unwrap_or(u32::MAX);
            settle(ledger, &released.job, index, released.refund, found);
        }
        Event::JobClosed(closed) => {
            if let Some(job) = ledger.jobs.get(&closed.job) {
                let whole = job.terms.plan().map_or(0, |plan| plan.escrow);
                found.unless(closed.spent + closed.refunded == whole, Law::L3, || {
                    format!("job {} closed with {} + {} of {whole}", closed.job, closed.spent, closed.refunded)
                });
            }
        }
        Event::EpochClaimed(claimed) => {
            let claims = ledger.claims.entry(claimed.number).or_default();
            for (sum, amount) in claims.work.iter_mut().zip(claimed.amounts) {
                *sum += amount;
                ledger.minted += amount;
            }
            claims.availability += claimed.availability_amount;
            claims.points += claimed.points;
            let due = step.after.get::<Epoch>(&address::epoch(claimed.number)).and_then(|epoch| {
                let Epoch { availability, availability_pool, availability_cap, .. } = epoch;
                availability_claim(claimed.points, availability, availability_pool, availability_cap).ok()
            });
            found.unless(due == Some(claimed.availability_amount), Law::L6, || {
                format!("{} has {} for availability, not {due:?}", claimed.node, claimed.availability_amount)
            });
            ledger.minted += claimed.availability_amount;
            let earned = ledger.accepted_work.get(&(claimed.number, claimed.node)).copied().unwrap_or(0);
            found.unless(claimed.work.iter().sum::<u64>() == earned, Law::L6, || {
                format!("{} claims for {:?} but {earned} of its work was accepted", claimed.node, claimed.work)
            });
        }
        Event::OperationsClaimed(claimed) => {
            ledger.claims.entry(claimed.number).or_default().operations += claimed.amount;
            ledger.minted += claimed.amount;
        }
        Event::RebateClaimed(claimed) => {
            ledger.claims.entry(claimed.epoch).or_default().creators += claimed.amount + claimed.client_amount;
            ledger.minted += claimed.amount + claimed.client_amount;
            let spent = ledger.spent_in.get(&(claimed.epoch, claimed.job)).copied().unwrap_or(0);
            found.unless(claimed.spent == spent, Law::L6, || {
                format!("the rebate of {} is for {}, but {spent} was spent", claimed.job, claimed.spent)
            });
            let share = step.before.get::<Client>(&claimed.client).map_or(0, |client| u64::from(client.share_bps));
            let most = step.before.parameters().map_or(0, |parameters| parameters.client_share_max_bps);
            let due = step
                .after
                .get::<Epoch>(&address::epoch(claimed.epoch))
                .and_then(|epoch| rebate(claimed.spent, epoch.spent, epoch.creators_pool, share, most).ok());
            // A client that cannot be paid has nothing, and the requester all of it.
            let is_due = due.is_some_and(|due| {
                claimed.amount + claimed.client_amount == due.requester + due.client
                    && [0, due.client].contains(&claimed.client_amount)
            });
            found.unless(is_due, Law::L6, || {
                format!("{} has a rebate of {} + {}, not {due:?}", claimed.job, claimed.amount, claimed.client_amount)
            });
        }
        Event::NodeEpochOpened(opened) => *ledger.stakes.entry(opened.number).or_default() += opened.stake,
        Event::EpochFinalized(finalized) => {
            let carried =
                finalized.number.checked_sub(1).and_then(|number| step.after.get::<Epoch>(&address::epoch(number)));
            let carry_in: u64 = carried.map_or(0, |epoch| epoch.carry.iter().sum());
            let pools = finalized.operations_pool
                + finalized.creators_pool
                + finalized.availability_pool
                + finalized.work_pools.iter().sum::<u64>();
            let carry_out: u64 = finalized.carry.iter().sum();
            let given = finalized.emission + finalized.recycled;
            found.unless(given + carry_in == pools + carry_out, Law::L6, || {
                format!("epoch {}: {given} + {carry_in} became {pools} + {carry_out}", finalized.number)
            });
            let most = u128::from(finalized.availability_cap) * u128::from(finalized.qualified);
            found.unless(u128::from(finalized.availability_pool) <= most, Law::L6, || {
                format!("epoch {}: {} for availability, at most {most}", finalized.number, finalized.availability_pool)
            });
            ledger.recycled += finalized.recycled;
            let burned: u64 = ledger.burned_for.values().sum();
            found.unless(ledger.recycled <= burned, Law::L5, || {
                format!("{} recycled of {burned} burned", ledger.recycled)
            });
            let active = step.after.network().map(|network| network.active_stake);
            found.unless(active == Some(finalized.stake), Law::L6, || {
                format!("the active stake is {active:?} after an epoch with {}", finalized.stake)
            });
        }
        _ => {}
    }
}

/// Marks a lease of a job as settled; gives the requester the first time.
fn settle(ledger: &mut Ledger, job: &Address, index: u32, value: u64, found: &mut Found) -> Option<Address> {
    let Some(record) = ledger.jobs.get_mut(job) else {
        found.unless(false, Law::L3, || format!("lease {index} of {job}, which was never opened, was settled"));
        return None;
    };
    let amount = record.terms.lease_amount(u64::from(index)).ok();
    found.unless(amount == Some(value), Law::L3, || {
        format!("lease {index} of {job} was settled with {value}, not {amount:?}")
    });
    let first = record.settled.insert(index);
    found.unless(first, Law::L3, || format!("lease {index} of {job} was settled twice"));
    first.then_some(record.requester)
}

/// RENDER comes and goes only by purchases, burns and claims.
fn check_supply(step: &Step, found: &mut Found) {
    if step.before.network().is_none() {
        return;
    }
    let (mut minted, mut burned) = (0u128, 0u128);
    for event in &step.events {
        match event {
            Event::CreditsBought(event) => burned += u128::from(event.burned),
            Event::SlashBurned(event) => burned += u128::from(event.amount),
            Event::DisputeClosed(event) => burned += u128::from(event.burned),
            Event::EpochClaimed(event) => {
                minted += event.amounts.iter().map(|amount| u128::from(*amount)).sum::<u128>();
                minted += u128::from(event.availability_amount);
            }
            Event::OperationsClaimed(event) => minted += u128::from(event.amount),
            Event::RebateClaimed(event) => minted += u128::from(event.amount) + u128::from(event.client_amount),
            _ => {}
        }
    }
    let (before, after) = (u128::from(step.before.supply), u128::from(step.after.supply));
    found.unless(before + minted == after + burned, Law::L2, || {
        format!("the supply went from {before} to {after} with {minted} minted and {burned} burned in events")
    });
}

fn check_credits(ledger: &Ledger, state: &Snapshot, found: &mut Found) {
    let mut escrowed: BTreeMap<Address, u64> = BTreeMap::new();
    for (_, job) in state.all::<Job>() {
        *escrowed.entry(job.requester).or_default() += job.escrow;
    }
    let of = |map: &BTreeMap<Address, u64>, owner: &Address| map.get(owner).copied().unwrap_or(0);
    for (address, credit) in state.all::<CreditAccount>() {
        let owner = credit.owner;
        let (held, spent) = (of(&escrowed, &owner), of(&ledger.spent, &owner));
        found.unless(credit.bought_total == of(&ledger.bought, &owner), Law::L2, || {
            format!("{address} says {} were bought, events say {}", credit.bought_total, of(&ledger.bought, &owner))
        });
        found.unless(credit.burned_total == of(&ledger.burned_for, &owner), Law::L2, || {
            format!("{address} says {} was burned, events say {}", credit.burned_total, of(&ledger.burned_for, &owner))
        });
        found.unless(credit.available + held + spent == credit.bought_total, Law::L1, || {
            format!(
                "{address}: {} available + {held} escrowed + {spent} spent != {} bought",
                credit.available, credit.bought_total
            )
        });
        let moved = credit.bought_total + credit.refunded_total;
        found.unless(credit.available + credit.escrowed_total == moved, Law::L1, || {
            format!("{address}: available + ever escrowed != bought + refunded = {moved}")
        });
    }
}

fn check_jobs(ledger: &Ledger, state: &Snapshot, found: &mut Found) {
    for (address, job) in state.all::<Job>() {
        let Some(record) = ledger.jobs.get(&address) else {
            found.unless(false, Law::L3, || format!("job {address} has no opening event"));
            continue;
        };
        let open: u64 = (0..job.leases)
            .filter(|index| !job.is_settled(*index))
            .filter_map(|index| record.terms.lease_amount(u64::from(index)).ok())
            .sum();
        found.unless(job.escrow == open, Law::L3, || {
            format!("job {address} holds {} for unsettled leases worth {open}", job.escrow)
        });
        let whole = record.terms.plan().map_or(0, |plan| plan.escrow);
        found.unless(job.escrow + job.spent + job.refunded == whole, Law::L3, || {
            format!("job {address}: {} + {} + {} != {whole}", job.escrow, job.spent, job.refunded)
        });
        let marked: BTreeSet<u32> = (0..record.leases).filter(|index| job.is_settled(*index)).collect();
        found.unless(
            marked == record.settled && u32::try_from(marked.len()) == Ok(job.leases_settled),
            Law::L3,
            || format!("job {address} marks {marked:?} as settled, events say {:?}", record.settled),
        );
        let units = ledger.accepted_units.get(&address).map_or(0, BTreeSet::len);
        found.unless(u64::try_from(units) == Ok(job.units_accepted), Law::L7, || {
            format!("job {address} counts {} accepted units, events {units}", job.units_accepted)
        });
    }
}

fn check_stakes(step: &Step, found: &mut Found) {
    let stakes: u64 = step.after.all::<Node>().map(|(_, node)| node.stake + node.unbonding + node.slashed).sum();
    let held = stakes + dispute::held(&step.after);
    found.unless(step.after.vault == held, Law::L4, || {
        format!("the vault holds {} RENDER, stakes and disputes say {held}", step.after.vault)
    });
    let mut slashed: BTreeMap<Address, u64> = BTreeMap::new();
    for event in &step.events {
        let Event::StakeSlashed(event) = event else { continue };
        *slashed.entry(event.node).or_default() += event.from_stake + event.from_unbonding;
        let taken = event.from_stake + event.from_unbonding;
        match most_due(step, event) {
            None => found.unless(false, Law::L8, || format!("{} was slashed without a reason", event.node)),
            Some(due) => found.unless(taken <= due, Law::L8, || {
                format!("{} was slashed by {taken}, reason {} takes {due}", event.node, event.reason)
            }),
        }
    }
    for (address, node) in step.after.all::<Node>() {
        let before = step.before.get::<Node>(&address).map_or(0, |node| node.slashed_total);
        let said = slashed.get(&address).copied().unwrap_or(0);
        found.unless(before + said == node.slashed_total, Law::L8, || {
            format!("{address} was slashed from {before} to {}, events say by {said}", node.slashed_total)
        });
    }
}

/// The most that a slash may take by its reason, or nothing when the reason is not there: a missed deadline, by the account as it was before
/// and an event that names it, or a dispute that was settled.
fn most_due(step: &Step, slash: &StakeSlashed) -> Option<u64> {
    let parameters = step.before.parameters()?;
    let node: Node = step.before.get(&slash.node)?;
    let has = |wanted: &dyn Fn(&Event) -> bool| step.events.iter().any(wanted).then_some(());
    let is_late = |deadline: i64| (deadline < step.after.now).then_some(());
    let expiry = node.stake_model().expiry_penalty(&parameters.stake_rules()).ok();
    match slash.reason {
        SLASH_LEASE_EXPIRED | SLASH_REVEAL_MISSED | SLASH_AUDITED_REVEAL_MISSED => {
            let lease: Lease = step.before.get(&slash.evidence).filter(|lease: &Lease| lease.node == slash.node)?;
            let state = LeaseState::try_from(lease.status).ok()?;
            has(
                &|event| matches!(event, Event::LeaseExpired(expired) if expired.lease == slash.evidence && expired.node == slash.node),
            )?;
            is_late(lease.deadline)?;
            let is_drawn = |events: &[Event]| {
                lease.drawn == 1
                    || events
                        .iter()
                        .any(|event| matches!(event, Event::AuditDrawn(drawn) if drawn.lease == slash.evidence))
            };
            let (due, penalty) = match slash.reason {
                SLASH_LEASE_EXPIRED => (state == LeaseState::Claimed, expiry),
                SLASH_REVEAL_MISSED => {
                    (state == LeaseState::Committed && is_drawn(&step.events) && lease.audits_owed == 0, expiry)
                }
                // Audited, or the lottery is lost.
                _ => (
                    state == LeaseState::Committed && (lease.audits_owed > 0 || !is_drawn(&step.events)),
                    Some(lease.penalty),
                ),
            };
            penalty.filter(|_| due)
        }
        SLASH_AUDIT_EXPIRED | SLASH_AUDIT_REVEAL_MISSED => {
            let audit: Audit = step.before.get(&slash.evidence).filter(|audit: &Audit| audit.node == slash.node)?;
            let lease: Lease = step.before.get(&audit.lease)?;
            has(
                &|event| matches!(event, Event::AuditExpired(expired) if expired.audit == slash.evidence && expired.node == slash.node),
            )?;
            if slash.reason == SLASH_AUDIT_EXPIRED {
                is_late(audit.deadline)?;
                expiry.filter(|_| audit.status == u8::from(AuditState::Claimed))
            } else {
                is_late(lease.deadline)?;
                let is_hidden =
                    audit.status == u8::from(AuditState::Committed) && lease.status == u8::from(LeaseState::Opening);
                is_hidden.then_some(audit.penalty)
            }
        }
        SLASH_DISPUTE_LOST | SLASH_TURN_MISSED => dispute::most_due(step, slash),
        SLASH_PROBE_MISSED => probe::most_due(step, slash),
        _ => None,
    }
}

/// A node answers for the penalties of the leases and audits that it holds, and for nothing else.
fn check_cover(state: &Snapshot, found: &mut Found) {
    let mut held: BTreeMap<Address, (u64, u32)> = BTreeMap::new();
    let mut add = |node: Address, penalty: u64| {
        let (sum, count) = held.entry(node).or_default();
        *sum += penalty;
        *count += 1;
    };
    for (_, lease) in state.all::<Lease>() {
        if LeaseState::try_from(lease.status).is_ok_and(LeaseState::is_in_flight) {
            add(lease.node, lease.penalty);
        }
    }
    for (_, audit) in state.all::<Audit>() {
        add(audit.node, audit.penalty);
    }
    for (address, node) in state.all::<Node>() {
        let (penalties, count) = held.get(&address).copied().unwrap_or_default();
        found.unless((node.exposure, node.leases_held) == (penalties, count), Law::Cover, || {
            format!(
                "{address} holds {count} for {penalties}, its account says {} for {}",
                node.leases_held, node.exposure
            )
        });
    }
}

fn check_emission(ledger: &Ledger, state: &Snapshot, found: &mut Found) {
    let Some(network) = state.network() else { return };
    let Some(schedule) = state.get::<Schedule>(&address::schedule()) else { return };
    let due = emission::cumulative(&schedule.yearly, network.genesis_at, state.now);
    found.unless(due.is_ok_and(|due| ledger.minted <= due + ledger.recycled), Law::L5, || {
        format!("{} minted, {due:?} due by {} and {} recycled", ledger.minted, state.now, ledger.recycled)
    });
}

/// RENDER that the events say was minted.
fn minted(events: &[Event]) -> u64 {
    let amount = |event: &Event| match event {
        Event::EpochClaimed(event) => event.amounts.iter().sum::<u64>() + event.availability_amount,
        Event::OperationsClaimed(event) => event.amount,
        Event::RebateClaimed(event) => event.amount + event.client_amount,
        _ => 0,
    };
    events.iter().map(amount).sum()
}

/// The limiter remembers what is minted, and lets no more pass than it may.
fn check_limiter(step: &Step, found: &mut Found) {
    let of = |state: &Snapshot| state.get::<MintLimiter>(&address::limiter()).map(|limiter| limiter.model());
    let (Some(before), Some(after), Some(parameters)) = (of(&step.before), of(&step.after), step.before.parameters())
    else {
        return;
    };
    let amount = minted(&step.events);
    let due = if amount == 0 { Ok(before) } else { before.mint(amount, step.after.now, &parameters.limiter_rules()) };
    found.unless(due == Ok(after), Law::Limiter, || {
        format!("{amount} was minted: {before:?} became {after:?}, not {due:?}")
    });
}

fn check_epochs(ledger: &Ledger, state: &Snapshot, found: &mut Found) {
    for (address, epoch) in state.all::<Epoch>() {
        let claims = ledger.claims.get(&epoch.number).copied().unwrap_or_default();
        let within = claims.availability <= epoch.availability_pool
            && claims.operations <= epoch.operations_pool
            && claims.creators <= epoch.creators_pool
            && claims.points <= epoch.availability
            && claims.work.iter().zip(epoch.work_pools).all(|(claimed, pool)| *claimed <= pool);
        found.unless(within, Law::L6, || format!("epoch {address}: {claims:?} of {:?}", epoch.work_pools));
        if epoch.state == EPOCH_FINALIZED {
            let accepted: u64 = ledger
                .accepted_work
                .iter()
                .filter(|((number, _), _)| *number == epoch.number)
                .map(|(_, work)| *work)
                .sum();
            found.unless(epoch.work.iter().sum::<u64>() == accepted, Law::L6, || {
                format!("epoch {address} counts {:?}, {accepted} was accepted", epoch.work)
            });
            let spent: u64 = ledger
                .spent_in
                .iter()
                .filter(|((number, _), _)| *number == epoch.number)
                .map(|(_, spent)| *spent)
                .sum();
            found.unless(epoch.spent == spent, Law::L6, || {
                format!("epoch {address} counts {} spent, events say {spent}", epoch.spent)
            });
            let stake = ledger.stakes.get(&epoch.number).copied().unwrap_or(0);
            found.unless(epoch.stake == stake, Law::L6, || {
                format!("epoch {address} counts {} at stake, events say {stake}", epoch.stake)
            });
        }
    }
    for (address, record) in state.all::<NodeEpoch>() {
        let earned = ledger.accepted_work.get(&(record.epoch, record.node)).copied().unwrap_or(0);
        found.unless(
            record.work[usize::from(CLASS_RENDER)] + record.work[usize::from(CLASS_COMPUTE)] == earned,
            Law::L6,
            || format!("{address} counts {:?}, {earned} was accepted", record.work),
        );
    }
}

/// What a job's record says was spent, events say too.
fn check_job_records(ledger: &Ledger, state: &Snapshot, found: &mut Found) {
    for (address, record) in state.all::<JobEpoch>() {
        let spent = ledger.spent_in.get(&(record.epoch, record.job)).copied().unwrap_or(0);
        found.unless(record.spent == spent, Law::L6, || {
            format!("{address} counts {} spent, events say {spent}", record.spent)
        });
    }
}

/// Who paid an account's rent, by what the account says.
fn payer_of(raw: &RawAccount, state: &Snapshot) -> Option<Address> {
    let data = &raw.data;
    None.or_else(|| account::decode::<CreditAccount>(data).map(|credit| credit.payer))
        .or_else(|| account::decode::<Job>(data).map(|job| job.payer))
        .or_else(|| account::decode::<Lease>(data).map(|lease| lease.payer))
        .or_else(|| account::decode::<Audit>(data).map(|audit| audit.payer))
        .or_else(|| account::decode::<Probe>(data).map(|probe| probe.payer))
        .or_else(|| account::decode::<Dispute>(data).map(|dispute| dispute.payer))
        .or_else(|| account::evidence(raw).map(|(evidence, _)| evidence.author))
        .or_else(|| account::decode::<Epoch>(data).map(|epoch| epoch.payer))
        .or_else(|| account::decode::<EpochShard>(data).map(|shard| shard.payer))
        .or_else(|| account::decode::<NodeEpoch>(data).map(|record| record.payer))
        .or_else(|| account::decode::<JobEpoch>(data).map(|record| record.payer))
        .or_else(|| account::decode::<Proposal>(data).map(|proposal| proposal.proposer))
        .or_else(|| account::decode::<VoteLock>(data).map(|lock| lock.wallet))
        .or_else(|| account::decode::<Vote>(data).map(|vote| vote.wallet))
        .or_else(|| account::decode::<Operator>(data).map(|operator| operator.wallet))
        .or_else(|| account::decode::<Node>(data).map(|node| node.operator))
        .or_else(|| state.network().map(|network| network.authority))
}

fn check_rent(step: &Step, found: &mut Found) {
    let payments = |from: &Snapshot, to: &Snapshot| {
        let mut sums: BTreeMap<Address, u64> = BTreeMap::new();
        for (address, raw) in &from.accounts {
            if !to.accounts.contains_key(address)
                && let Some(payer) = payer_of(raw, from)
            {
                *sums.entry(payer).or_default() += raw.lamports;
            }
        }
        sums
    };
    let closed = payments(&step.before, &step.after);
    let created = payments(&step.after, &step.before);
    for (payer, due) in &closed {
        let Some((before, after)) = step.before.wallets.get(payer).zip(step.after.wallets.get(payer)) else {
            found.unless(false, Law::L10, || format!("{payer}, who paid rent, is not watched"));
            continue;
        };
        let fee = if *payer == step.payer { step.fee } else { 0 };
        let paid = created.get(payer).copied().unwrap_or(0);
        found.unless(before + due == after + fee + paid, Law::L10, || {
            format!("{payer} had {before}, was owed {due} of rent and has {after}")
        });
    }
}

fn check_race(step: &Step, found: &mut Found) {
    let mut held: BTreeMap<Address, u32> = BTreeMap::new();
    for event in &step.events {
        let (node, verdict) = match event {
            Event::LeaseClaimed(claim) => (claim.node, eligible(step, claim, *held.entry(claim.node).or_default())),
            Event::AuditClaimed(claim) => {
                (claim.node, eligible_auditor(step, claim, *held.entry(claim.node).or_default()))
            }
            _ => continue,
        };
        *held.entry(node).or_default() += 1;
        found.unless(verdict.is_ok(), Law::L11, || verdict.err().unwrap_or_default());
    }
}

/// Recomputes the race for an audit; `more_held` leases or audits were claimed by the node before, in the same transaction.
fn eligible_auditor(step: &Step, claim: &AuditClaimed, more_held: u32) -> Result<(), String> {
    let missing = |what: &str| format!("the {what} of audit {} is missing", claim.audit);
    let network = step.before.network().ok_or_else(|| missing("network"))?;
    // Draw, expiry and claim may be one transaction; a claim itself changes nothing that the race reads.
    let lease: Lease = step.after.get(&claim.lease).ok_or_else(|| missing("lease"))?;
    let job: Job = step.after.get(&lease.job).ok_or_else(|| missing("job"))?;
    let mut node: Node = step.before.get(&claim.node).ok_or_else(|| missing("node"))?;
    node.leases_held += more_held;
    let holder: Node = step.after.get(&lease.node).ok_or_else(|| missing("holder"))?;
    if holder.operator == node.operator || claim.operator != node.operator {
        return Err(format!("{} audits its own operator's lease", claim.node));
    }
    let [one, other] = lease.auditors;
    if one == other {
        return Err(format!("one operator has both audits of {}", claim.lease));
    }
    let reputation = race::require_to_audit(&network, &job, &holder, &node, claim.claimed_at)
        .map_err(|error| format!("{} does not meet the requirements: {error:?}", claim.node))?;
    let index = u8::try_from(claim.index).map_err(|error| error.to_string())?;
    let entry = race::audit_entry(&network, &lease.job, &job, &lease, index, &claim.node, &node, &reputation)
        .map_err(|error| format!("no race for {}: {error:?}", claim.audit))?;
    if (entry.weight, entry.delay_ms) != (claim.weight, claim.delay_ms) {
        return Err(format!("the event of {} says {} ms, not {entry:?}", claim.audit, claim.delay_ms));
    }
    let from = eligible_at(lease.entered_at, entry.delay_ms).map_err(|error| error.to_string())?;
    if claim.claimed_at < from {
        return Err(format!("{} was claimed at {}, before {from}", claim.audit, claim.claimed_at));
    }
    Ok(())
}

/// Recomputes a claim's race; `more_held` leases were claimed by the node before, in the same transaction.
fn eligible(step: &Step, claim: &LeaseClaimed, more_held: u32) -> Result<(), String> {
    let missing = |what: &str| format!("the {what} of claim {} is missing", claim.lease);
    let network = step.before.network().ok_or_else(|| missing("network"))?;
    // The seed may be fixed by the same transaction; nothing else in the job changes with a claim.
    let job: Job = step.after.get(&claim.job).ok_or_else(|| missing("job"))?;
    let mut node: Node = step.before.get(&claim.node).ok_or_else(|| missing("node"))?;
    node.leases_held += more_held;
    let lease: Option<Lease> = step.before.get(&claim.lease);
    let expired = step.events.iter().find_map(|event| match event {
        Event::LeaseExpired(expired) if expired.lease == claim.lease => Some(expired.claimable_at),
        _ => None,
    });
    let (claimable_at, attempt) = match (&lease, expired) {
        (Some(lease), Some(reopened)) => (reopened, lease.attempt + 1),
        (Some(lease), None) => (lease.claimable_at, lease.attempt),
        (None, _) => (job.opened_at, 0),
    };
    let reputation = race::require_requirements(&network, &job, &node, claim.claimed_at)
        .map_err(|error| format!("{} does not meet the requirements: {error:?}", claim.node))?;
    let entry = race::entry(&network, &claim.job, &job, &claim.node, &node, claim.index, attempt, 0, &reputation)
        .map_err(|error| format!("no race for {}: {error:?}", claim.lease))?;
    if (entry.weight, entry.delay_ms) != (claim.weight, claim.delay_ms) {
        return Err(format!(
            "the event of {} says {} and {} ms, not {entry:?}",
            claim.lease, claim.weight, claim.delay_ms
        ));
    }
    let from = eligible_at(claimable_at, entry.delay_ms).map_err(|error| error.to_string())?;
    if claim.claimed_at < from {
        return Err(format!("{} was claimed at {}, before {from}", claim.lease, claim.claimed_at));
    }
    Ok(())
}
