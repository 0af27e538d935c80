//! What to do when, as pure functions of accounts: the next step of a lease or audit that is held, and which leases and audits
//! to claim now.
//!
//! Nothing here asks the chain or a clock. The race is `render_compute::race`, the same code that the chain checks with.
//!
//! The chain decides when a node may claim a lease; which of those it may claim it takes first, the node decides, and this is how ([`Order`]):
//! render before compute, priority before economy, and inside a tier the job that has the least work under way for what it pays. Render
//! gives its next frame to the job with the least power assigned for the same reason: a large job must not keep a small one waiting. A
//! node loses nothing by it where jobs pay alike, as quotes of one tier do, since it takes as many leases either way; where a job pays
//! twice as much for its work it is given twice as much of it, so that paying more buys speed and paying less starves nobody.

mod audits;

pub use audits::{AuditChoice, AuditDuty, AuditPlan, AuditStep, OpenAudit, audit_duty, audit_step, audits};

use market_model::{audit::cover, lease::LeaseState, race::eligible_at, reputation::Reputation};
use render_compute::{
    constants::{LOTTERY_DELAY_SLOTS, PAUSE_LEASES},
    race,
    state::{JOB_OPEN, Job, Lease, Network, Node},
};
use render_compute_client::error::code_of_rule;
use solana_address::Address;
use std::{cmp::Reverse, collections::BTreeMap};

/// Most of a lease's time that rendering may be expected to take before it is claimed, in percent: the rest is for the
/// commitment to arrive and for scenes that turn out slower.
const MOST_OF_LEASE_PERCENT: u64 = 80;

/// What a lease that this node holds waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseStep {
    /// Its units are to be rendered.
    Render,
    /// It is rendered: the commitment is to be sent.
    Commit,
    /// The commitment stands: the audit lottery is to be drawn.
    Draw,
    /// It is not audited, or all its audits are revealed: the result is to be published and the root revealed.
    Reveal,
    /// Its audits are under way or to be paid, see [`audit_duty`].
    Audits,
    /// Its root is denied: the dispute is to be played.
    Play,
    /// The challenge window has closed and every audit is paid: it can be accepted.
    Accept,
    /// Nothing can be done before this moment, unix seconds; `None` when the next slot will do.
    Wait(Option<i64>),
    /// The deadline has passed: it earns nothing more.
    Overdue,
    /// It is decided or nobody holds it.
    Over,
}

/// The next step of a lease. `is_rendered`: its result is at hand.
pub fn lease_step(lease: &Lease, is_rendered: bool, now: i64, slot: u64) -> LeaseStep {
    match LeaseState::try_from(lease.status) {
        // Also after the deadline: a lease that turns out to be picked goes on.
        Ok(LeaseState::Committed) if lease.drawn == 0 => {
            // The lottery's slot has a hash from the slot after it.
            match slot > lease.committed_slot.saturating_add(LOTTERY_DELAY_SLOTS) {
                true => LeaseStep::Draw,
                false => LeaseStep::Wait(None),
            }
        }
        // An audited lease that was not revealed is forfeited to an auditor instead.
        Ok(LeaseState::Committed) if now > lease.deadline && lease.audits_owed > 0 => LeaseStep::Audits,
        Ok(LeaseState::Claimed | LeaseState::Committed) if now > lease.deadline => LeaseStep::Overdue,
        Ok(LeaseState::Claimed) if is_rendered => LeaseStep::Commit,
        Ok(LeaseState::Claimed) => LeaseStep::Render,
        Ok(LeaseState::Committed) if is_rendered => LeaseStep::Reveal,
        Ok(LeaseState::Committed) => LeaseStep::Render,
        Ok(LeaseState::Auditing | LeaseState::Opening) => LeaseStep::Audits,
        Ok(LeaseState::Revealed) if lease.audits_paid < lease.audits_owed => LeaseStep::Audits,
        Ok(LeaseState::Revealed) if now > lease.deadline => LeaseStep::Accept,
        Ok(LeaseState::Revealed) => LeaseStep::Wait(lease.deadline.checked_add(1)),
        Ok(LeaseState::Disputed) => LeaseStep::Play,
        _ => LeaseStep::Over,
    }
}

/// A job that this node could work on.
pub struct OpenJob {
    /// The job account.
    pub address: Address,
    /// Its content, with the seed that a `job_seed` sent now would fix when it has none yet.
    pub job: Job,
    /// Whether `job_seed` must come first.
    pub needs_seed: bool,
    /// The leases that have accounts, by position.
    pub leases: BTreeMap<u32, Lease>,
    /// Seconds that one lease of it is expected to take here; 0 when unknown.
    pub seconds_per_lease: u64,
}

/// A lease to claim now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The job account.
    pub job: Address,
    /// Position of the lease.
    pub index: u32,
    /// Attempt number it will be held under.
    pub attempt: u16,
    /// When this node's turn came, unix seconds.
    pub eligible_at: i64,
    /// Whether `job_seed` must come first.
    pub needs_seed: bool,
    /// The node whose missed deadline must be marked first.
    pub expire: Option<Address>,
}

/// Why a job is left alone for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The chain would refuse with this code.
    Refused(u64),
    /// Rendering would take too much of the lease's time.
    TooSlow {
        /// Seconds it would take, with what waits before it.
        seconds: u64,
    },
}

/// What to claim, and when to look again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Leases to claim now, in this order.
    pub choices: Vec<Choice>,
    /// The next moment at which this node's turn comes for a lease that is free now or falls free at its deadline.
    pub next_at: Option<i64>,
    /// Jobs left alone.
    pub unfit: Vec<(Address, Unfit)>,
}

/// This node as the plan sees it.
pub struct Contender<'a> {
    /// The rules.
    pub network: &'a Network,
    /// The node account's address.
    pub address: Address,
    /// The node account.
    pub node: &'a Node,
    /// Leases that may be added to what waits to be rendered.
    pub room: usize,
    /// Seconds that what waits to be rendered is expected to take.
    pub backlog_seconds: u64,
}

/// Jobs whose leases are looked at in one pass: each is a request to the chain.
const MOST_JOBS: usize = 16;

/// Keeps the jobs that this node may work on now, in the order of what they have been given so far, and gives the others with the reason.
pub fn shortlist(contender: &Contender<'_>, jobs: &mut Vec<OpenJob>, now: i64) -> Vec<(Address, Unfit)> {
    let mut unfit = Vec::new();
    jobs.retain(|open| match fit(contender.network, open, contender.node, contender.backlog_seconds, now) {
        Ok(_) => true,
        Err(reason) => {
            unfit.push((open.address, reason));
            false
        }
    });
    jobs.sort_by_key(|open| order(open, settled(open)));
    jobs.truncate(MOST_JOBS);
    unfit
}

/// Which leases to claim at `now`: of the job that is next by [`Order`], the lease whose turn came first, and again.
///
/// Each claim makes the node a little less free, which enters the race for the next one, and gives its job more work under way.
pub fn claims(contender: &Contender<'_>, jobs: &[OpenJob], now: i64) -> Plan {
    let mut plan = Plan::default();
    if contender.network.is_paused(PAUSE_LEASES) {
        return plan;
    }
    let mut node = *contender.node;
    let mut backlog = contender.backlog_seconds;
    let mut jobs: Vec<&OpenJob> =
        jobs.iter().filter(|open| open.job.status == JOB_OPEN && now <= open.job.deadline).collect();
    while let Some(next) = (0..jobs.len()).min_by_key(|at| order(jobs[*at], under_way(jobs[*at], &plan.choices, now))) {
        let open = jobs[next];
        let reputation = match fit(contender.network, open, &node, backlog, now) {
            Ok(reputation) => reputation,
            Err(unfit) => {
                plan.unfit.push((open.address, unfit));
                jobs.swap_remove(next);
                continue;
            }
        };
        let (choice, later) = first_turn(contender, open, &node, &reputation, &plan.choices, now);
        let Some(choice) = choice.filter(|_| plan.choices.len() < contender.room) else {
            plan.next_at = earlier(plan.next_at, later);
            jobs.swap_remove(next);
            continue;
        };
        plan.choices.push(choice);
        node.leases_held = node.leases_held.saturating_add(1);
        node.exposure = node.exposure.saturating_add(exposure(contender.network, &open.job, value_of(open)));
        backlog = backlog.saturating_add(open.seconds_per_lease);
    }
    plan
}

/// The order in which jobs are served, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    /// Render before compute.
    class: u8,
    /// Priority before economy.
    tier: Reverse<u8>,
    /// Work that the job has been given, over what it pays for work.
    share: u128,
    /// Credits for a million of the work measure.
    pay: Reverse<u128>,
    /// What is over first.
    deadline: i64,
    /// So that the order is the same everywhere.
    address: Address,
}

/// The place of a job that has been given `work`.
fn order(open: &OpenJob, work: u128) -> Order {
    let job = &open.job;
    let pay = u128::from(job.price_per_unit).saturating_mul(1_000_000).checked_div(u128::from(job.work_per_unit));
    let pay = pay.unwrap_or(0);
    Order {
        class: job.class,
        tier: Reverse(job.tier),
        share: work.saturating_mul(1_000_000) / pay.max(1),
        pay: Reverse(pay),
        deadline: job.deadline,
        address: open.address,
    }
}

/// Work measure of so many of the job's leases.
fn work_of(open: &OpenJob, leases: usize) -> u128 {
    let per_lease = u128::from(open.job.units_per_lease).saturating_mul(u128::from(open.job.work_per_unit));
    u128::try_from(leases).unwrap_or(u128::MAX).saturating_mul(per_lease)
}

/// Work of the job that is over.
fn settled(open: &OpenJob) -> u128 {
    work_of(open, usize::try_from(open.job.leases_settled).unwrap_or(usize::MAX))
}

/// Work of the job that nodes are at, or that this node is about to claim.
fn under_way(open: &OpenJob, chosen: &[Choice], now: i64) -> u128 {
    let is_worked_on = |lease: &&Lease| lease.status == u8::from(LeaseState::Claimed) && now <= lease.deadline;
    let chosen = chosen.iter().filter(|choice| choice.job == open.address).count();
    work_of(open, open.leases.values().filter(is_worked_on).count().saturating_add(chosen))
}

/// The node's reputation at `now` when it may work on the job, as the chain judges it.
fn fit(network: &Network, open: &OpenJob, node: &Node, backlog: u64, now: i64) -> Result<Reputation, Unfit> {
    let able = race::require_requirements(network, &open.job, node, now).map_err(|error| Unfit::Refused(error.into()));
    fit_of(network, &open.job, node, able, value_of(open), backlog, open.seconds_per_lease)
}

/// Credits of the job's first lease, which is the largest: the last one may have fewer units.
fn value_of(open: &OpenJob) -> u64 {
    open.job.terms().lease_value(0).unwrap_or(u64::MAX)
}

/// What holding work of `value` credits adds to the node's exposure.
fn exposure(network: &Network, job: &Job, value: u64) -> u64 {
    race::penalty(network, job, value).unwrap_or(u64::MAX)
}

/// What the chain says of a node, where the node also has stake and time for work of `value` credits that is expected to take so many seconds.
fn fit_of(
    network: &Network,
    job: &Job,
    node: &Node,
    able: Result<Reputation, Unfit>,
    value: u64,
    backlog: u64,
    seconds: u64,
) -> Result<Reputation, Unfit> {
    let reputation = able?;
    let penalty = race::penalty(network, job, value).map_err(|error| Unfit::Refused(error.into()))?;
    cover(node.stake, node.exposure, penalty).map_err(|error| Unfit::Refused(code_of_rule(error).into()))?;
    let seconds = backlog.saturating_add(seconds);
    let most = u64::from(job.lease_seconds).saturating_mul(MOST_OF_LEASE_PERCENT) / 100;
    if seconds > most { Err(Unfit::TooSlow { seconds }) } else { Ok(reputation) }
}

/// The lease of a job whose turn came first, if any has come, and the next moment one comes.
fn first_turn(
    contender: &Contender<'_>,
    open: &OpenJob,
    node: &Node,
    reputation: &Reputation,
    chosen: &[Choice],
    now: i64,
) -> (Option<Choice>, Option<i64>) {
    let mut first: Option<Choice> = None;
    let mut later = None;
    for index in 0..open.job.leases {
        let taken = chosen.iter().any(|choice| choice.job == open.address && choice.index == index);
        if taken || open.job.is_settled(index) {
            continue;
        }
        let Some(free) = free(open, index, contender.address) else { continue };
        let entry = race::entry(
            contender.network,
            &open.address,
            &open.job,
            &contender.address,
            node,
            index,
            free.attempt,
            0,
            reputation,
        );
        let Some(at) = entry.ok().and_then(|entry| eligible_at(free.claimable_at, entry.delay_ms).ok()) else {
            continue;
        };
        if at > now || free.claimable_at > now {
            later = earlier(later, Some(at.max(free.claimable_at)));
        } else if first.is_none_or(|best| at < best.eligible_at) {
            first = Some(Choice {
                job: open.address,
                index,
                attempt: free.attempt,
                eligible_at: at,
                needs_seed: open.needs_seed,
                expire: free.expire,
            });
        }
    }
    (first, later)
}

struct Free {
    attempt: u16,
    claimable_at: i64,
    expire: Option<Address>,
}

/// From when a lease can be claimed, also one that another node will have lost by then.
fn free(open: &OpenJob, index: u32, own: Address) -> Option<Free> {
    let Some(lease) = open.leases.get(&index) else {
        return Some(Free { attempt: 0, claimable_at: open.job.opened_at, expire: None });
    };
    match LeaseState::try_from(lease.status).ok()? {
        state if state.is_claimable() => {
            Some(Free { attempt: lease.attempt, claimable_at: lease.claimable_at, expire: None })
        }
        // Marking its own missed deadline changes this node's standing: it does that first and plans again. What was picked by the
        // lottery is its auditors' to mark, and what was not drawn yet is drawn first.
        LeaseState::Claimed | LeaseState::Committed if lease.node != own && can_expire(lease) => Some(Free {
            attempt: lease.attempt.checked_add(1)?,
            claimable_at: lease.deadline.checked_add(1)?,
            expire: Some(lease.node),
        }),
        _ => None,
    }
}

/// Whether a lease can be expired after its deadline, as far as its state says.
fn can_expire(lease: &Lease) -> bool {
    lease.status == u8::from(LeaseState::Claimed) || lease.drawn == 1 && lease.audits_owed == 0
}

/// Whether what is being rendered is called off for a probe that takes up to `probe_seconds`, to be begun again after it. A commitment that
/// must be opened, and an audit, cannot be given back: they go on unless their deadline lies beyond two probes.
pub fn gives_way(can_return: bool, deadline: i64, probe_seconds: i64, now: i64) -> bool {
    can_return || deadline > now.saturating_add(probe_seconds.saturating_mul(2))
}

/// The earlier of two moments.
pub fn earlier(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// How fast this machine renders, learned from what it has rendered, in chain seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    work: u64,
    seconds: u64,
}

impl Pace {
    /// Takes a rendering of `work` (pixels x samples) into account. Halves what it knew, so that it follows changes.
    pub fn learn(&mut self, work: u64, seconds: i64) {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        self.work = (self.work / 2).saturating_add(work);
        self.seconds = (self.seconds / 2).saturating_add(seconds);
    }

    /// Seconds that `work` is expected to take; 0 while nothing is known.
    pub fn seconds(&self, work: u64) -> u64 {
        let seconds = u128::from(work).saturating_mul(u128::from(self.seconds));
        seconds.div_ceil(u128::from(self.work.max(1))).try_into().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use market_model::Parameters;
    use render_compute::constants::{NEUTRAL_REPUTATION, PAUSE_ALL};

    const NOW: i64 = 1_000_000;

    fn network() -> Network {
        let mut network = Network::zeroed();
        network.parameters = Parameters::DEFAULT.values();
        network
    }

    fn node() -> Node {
        let mut node = Node::zeroed();
        node.stake = Parameters::DEFAULT.min_stake;
        node.capacity = 4;
        node.classes = 1;
        node.reputation = NEUTRAL_REPUTATION;
        node.reputation_at = NOW;
        node.uptime_bps = 10_000;
        node
    }

    fn job(number: u8, leases: u32) -> OpenJob {
        let mut job = Job::zeroed();
        job.units = u64::from(leases);
        job.units_per_lease = 1;
        job.leases = leases;
        job.price_per_unit = 1_000;
        job.work_per_unit = 1_000_000;
        job.opened_at = NOW - 3_600; // longer than any delay
        job.deadline = NOW + 3_600;
        job.lease_seconds = 600;
        job.seed = [number; 32];
        job.seeded = 1;
        job.audit_probability_bps = 1_000;
        job.replicas = 1;
        let address = Address::new_from_array([number; 32]);
        OpenJob { address, job, needs_seed: false, leases: BTreeMap::new(), seconds_per_lease: 0 }
    }

    fn plan(jobs: &[OpenJob], node: &Node, room: usize, now: i64) -> Plan {
        let contender = Contender { network: &network(), address: own(), node, room, backlog_seconds: 0 };
        claims(&contender, jobs, now)
    }

    fn own() -> Address {
        Address::new_from_array([200; 32])
    }

    fn lease(state: LeaseState, deadline: i64) -> Lease {
        let mut lease = Lease::zeroed();
        lease.status = state.into();
        lease.deadline = deadline;
        lease.claimable_at = NOW - 3_600;
        lease.committed_slot = 10;
        lease.node = Address::new_from_array([9; 32]);
        lease
    }

    fn indexes(plan: &Plan) -> Vec<u32> {
        let mut indexes: Vec<u32> = plan.choices.iter().map(|choice| choice.index).collect();
        indexes.sort_unstable();
        indexes
    }

    #[test]
    fn what_cannot_be_given_back_gives_way_to_a_probe_only_while_it_can_wait_for_two() {
        assert!(gives_way(true, 0, 64, 1_000));
        assert!(gives_way(false, 1_129, 64, 1_000));
        assert!(!gives_way(false, 1_128, 64, 1_000));
    }

    #[test]
    fn a_claimed_lease_is_rendered_and_then_committed_until_its_deadline() {
        let claimed = lease(LeaseState::Claimed, NOW);
        assert_eq!(lease_step(&claimed, false, NOW, 11), LeaseStep::Render);
        assert_eq!(lease_step(&claimed, true, NOW, 11), LeaseStep::Commit);
        assert_eq!(lease_step(&claimed, true, NOW + 1, 11), LeaseStep::Overdue);
    }

    #[test]
    fn a_commitment_is_drawn_when_the_lottery_s_slot_has_passed_and_then_revealed() {
        let mut committed = lease(LeaseState::Committed, NOW);
        let before = committed.committed_slot + LOTTERY_DELAY_SLOTS;
        assert_eq!(lease_step(&committed, true, NOW, before), LeaseStep::Wait(None));
        assert_eq!(lease_step(&committed, true, NOW, before + 1), LeaseStep::Draw);
        committed.drawn = 1;
        assert_eq!(lease_step(&committed, true, NOW, before + 1), LeaseStep::Reveal);
        assert_eq!(lease_step(&committed, false, NOW, before + 1), LeaseStep::Render);
    }

    #[test]
    fn a_commitment_that_was_not_drawn_is_drawn_even_after_its_deadline() {
        let committed = lease(LeaseState::Committed, NOW);
        assert_eq!(lease_step(&committed, true, NOW + 1, 100), LeaseStep::Draw);
    }

    #[test]
    fn a_picked_lease_waits_for_its_audits_and_is_accepted_when_all_are_paid() {
        let mut picked = lease(LeaseState::Auditing, NOW);
        (picked.drawn, picked.audits_owed) = (1, 1);
        assert_eq!(lease_step(&picked, true, NOW, 100), LeaseStep::Audits);
        picked.status = LeaseState::Revealed.into();
        assert_eq!(lease_step(&picked, true, NOW + 1, 100), LeaseStep::Audits);
        picked.audits_paid = 1;
        assert_eq!(lease_step(&picked, true, NOW + 1, 100), LeaseStep::Accept);
    }

    #[test]
    fn an_audited_lease_that_was_not_revealed_is_left_to_its_auditors() {
        let mut hidden = lease(LeaseState::Committed, NOW);
        (hidden.drawn, hidden.audits_owed, hidden.audits_revealed) = (1, 1, 1);
        assert_eq!(lease_step(&hidden, true, NOW, 100), LeaseStep::Reveal);
        assert_eq!(lease_step(&hidden, true, NOW + 1, 100), LeaseStep::Audits);
        hidden.node = Address::new_from_array([9; 32]);
        assert!(!can_expire(&hidden));
    }

    #[test]
    fn a_disputed_lease_is_played() {
        assert_eq!(lease_step(&lease(LeaseState::Disputed, NOW), true, NOW + 9, 100), LeaseStep::Play);
    }

    #[test]
    fn no_more_is_claimed_than_the_stake_covers() {
        let open = job(1, 4);
        let mut node = node();
        let each = exposure(&network(), &open.job, value_of(&open));
        assert!(each > 0);
        node.exposure = node.stake - 2 * each;
        assert_eq!(plan(std::slice::from_ref(&open), &node, 4, NOW).choices.len(), 2);
        node.exposure += 2 * each;
        let plan = plan(&[open], &node, 4, NOW);
        assert_eq!(plan.choices, []);
        assert!(matches!(plan.unfit[..], [(_, Unfit::Refused(_))]));
    }

    #[test]
    fn a_revealed_lease_is_accepted_after_its_challenge_window() {
        let revealed = lease(LeaseState::Revealed, NOW);
        assert_eq!(lease_step(&revealed, true, NOW, 11), LeaseStep::Wait(Some(NOW + 1)));
        assert_eq!(lease_step(&revealed, true, NOW + 1, 11), LeaseStep::Accept);
    }

    #[test]
    fn no_more_leases_are_chosen_than_there_is_room_or_capacity_for() {
        assert_eq!(plan(&[job(1, 10)], &node(), 2, NOW).choices.len(), 2);
        assert_eq!(plan(&[job(1, 10)], &node(), 9, NOW).choices.len(), 4);
        assert_eq!(plan(&[job(1, 10)], &node(), 0, NOW).choices.len(), 0);
    }

    #[test]
    fn a_lease_is_chosen_at_the_second_the_chain_admits_it_and_not_before() {
        let mut open = job(1, 1);
        open.job.opened_at = NOW;
        let reputation = node().reputation_model();
        let entry = race::entry(&network(), &open.address, &open.job, &own(), &node(), 0, 0, 0, &reputation).unwrap();
        let turn = eligible_at(NOW, entry.delay_ms).unwrap();
        assert!(turn > NOW);
        let early = plan(std::slice::from_ref(&open), &node(), 1, turn - 1);
        assert_eq!((early.choices.len(), early.next_at), (0, Some(turn)));
        let choices = plan(std::slice::from_ref(&open), &node(), 1, turn).choices;
        assert_eq!(choices[0].eligible_at, turn);
    }

    #[test]
    fn the_better_paid_job_comes_first() {
        let mut rich = job(2, 1);
        rich.job.price_per_unit = 2_000;
        let choices = plan(&[job(1, 1), rich], &node(), 1, NOW).choices;
        assert_eq!(choices[0].job, Address::new_from_array([2; 32]));
    }

    fn of_job<'a>(plan: &'a Plan, open: &'a OpenJob) -> impl Iterator<Item = u32> + 'a {
        plan.choices.iter().filter(|choice| choice.job == open.address).map(|choice| choice.index)
    }

    #[test]
    fn a_large_job_and_a_small_one_both_progress_until_the_small_one_is_done() {
        let (mut large, mut small) = (job(1, 100), job(2, 6));
        let mut progress = Vec::new();
        for _ in 0..5 {
            let jobs = [large, small];
            let plan = plan(&jobs, &node(), 4, NOW);
            let claimed: Vec<Vec<u32>> = jobs.iter().map(|open| of_job(&plan, open).collect()).collect();
            progress.push((claimed[0].len(), claimed[1].len()));
            [large, small] = jobs;
            claimed[0].iter().for_each(|index| assert!(large.job.settle(*index)));
            claimed[1].iter().for_each(|index| assert!(small.job.settle(*index)));
        }
        assert_eq!(progress, [(2, 2), (2, 2), (2, 2), (4, 0), (4, 0)]);
    }

    #[test]
    fn the_next_lease_goes_to_the_job_with_the_least_work_under_way() {
        let (mut busy, idle) = (job(1, 100), job(2, 100));
        for index in 0..3 {
            busy.leases.insert(index, lease(LeaseState::Claimed, NOW + 50));
        }
        let jobs = [busy, idle];
        let plan = plan(&jobs, &node(), 4, NOW);
        // Three each, then one more of the first by address.
        assert_eq!((of_job(&plan, &jobs[0]).count(), of_job(&plan, &jobs[1]).count()), (1, 3));
    }

    #[test]
    fn what_is_rendered_or_overdue_is_not_under_way() {
        let mut open = job(1, 100);
        open.leases.insert(0, lease(LeaseState::Revealed, NOW + 50));
        open.leases.insert(1, lease(LeaseState::Claimed, NOW - 1));
        open.leases.insert(2, lease(LeaseState::Claimed, NOW));
        assert_eq!(under_way(&open, &[], NOW), 1_000_000);
    }

    #[test]
    fn a_job_that_pays_three_times_as_much_is_given_three_times_as_much() {
        let mut rich = job(2, 100);
        rich.job.price_per_unit = 3_000;
        let jobs = [job(1, 100), rich];
        let plan = plan(&jobs, &node(), 4, NOW);
        assert_eq!((of_job(&plan, &jobs[0]).count(), of_job(&plan, &jobs[1]).count()), (1, 3));
    }

    #[test]
    fn render_comes_before_compute_and_priority_before_economy_whatever_they_pay() {
        let mut jobs = [job(1, 4), job(2, 1), job(3, 1), job(4, 1)];
        (jobs[0].job.class, jobs[0].job.tier, jobs[0].job.price_per_unit) = (1, 1, 9_000);
        (jobs[1].job.class, jobs[1].job.tier, jobs[1].job.price_per_unit) = (0, 0, 5_000);
        jobs[2].job.tier = 1;
        jobs[3].job.class = 1;
        let node = Node { classes: 3, ..node() };
        let order: Vec<u8> = plan(&jobs, &node, 4, NOW).choices.iter().map(|choice| choice.job.to_bytes()[0]).collect();
        assert_eq!(order, [3, 2, 1, 1]);
    }

    #[test]
    fn the_shortlist_keeps_those_that_were_given_least_for_what_they_pay() {
        let mut jobs: Vec<OpenJob> = (1..=17).map(|number| job(number, 4)).collect();
        assert!(jobs[0].job.settle(0));
        let (network, node) = (network(), node());
        let contender = Contender { network: &network, address: own(), node: &node, room: 1, backlog_seconds: 0 };
        shortlist(&contender, &mut jobs, NOW);
        assert!(jobs.iter().all(|open| open.address != Address::new_from_array([1; 32])));
    }

    #[test]
    fn the_shortlist_keeps_the_best_paid_jobs_that_fit() {
        let mut jobs: Vec<OpenJob> = (1..=20).map(|number| job(number, 1)).collect();
        jobs[3].job.minimum_memory_mib = 1;
        jobs[7].job.price_per_unit = 9_000;
        let network = network();
        let node = node();
        let contender = Contender { network: &network, address: own(), node: &node, room: 1, backlog_seconds: 0 };
        let unfit = shortlist(&contender, &mut jobs, NOW);
        assert!(matches!(unfit[..], [(address, Unfit::Refused(_))] if address == Address::new_from_array([4; 32])));
        assert_eq!((jobs.len(), jobs[0].address), (MOST_JOBS, Address::new_from_array([8; 32])));
    }

    #[test]
    fn settled_and_held_leases_are_left_alone() {
        let mut open = job(1, 4);
        open.job.settle(0);
        open.leases.insert(1, lease(LeaseState::Revealed, NOW - 5));
        open.leases.insert(2, lease(LeaseState::Claimed, NOW + 5));
        assert_eq!(indexes(&plan(&[open], &node(), 4, NOW)), [3]);
    }

    #[test]
    fn a_lease_that_another_node_let_run_out_is_marked_and_claimed_under_the_next_attempt() {
        let mut open = job(1, 1);
        open.leases.insert(0, lease(LeaseState::Claimed, NOW - 600));
        let choice = plan(&[open], &node(), 1, NOW).choices[0];
        assert_eq!((choice.attempt, choice.expire), (1, Some(Address::new_from_array([9; 32]))));
    }

    #[test]
    fn the_plan_wakes_when_a_held_lease_could_fall_free_for_this_node() {
        let mut open = job(1, 1);
        open.leases.insert(0, lease(LeaseState::Claimed, NOW + 50));
        let next = plan(&[open], &node(), 1, NOW).next_at.unwrap();
        assert!(next > NOW + 50, "{next}");
    }

    #[test]
    fn a_lease_of_its_own_that_ran_out_is_not_claimed_in_the_same_breath() {
        let mut open = job(1, 1);
        let mut mine = lease(LeaseState::Claimed, NOW - 600);
        mine.node = own();
        open.leases.insert(0, mine);
        assert_eq!(plan(&[open], &node(), 1, NOW).choices, []);
    }

    #[test]
    fn nothing_is_claimed_while_leases_are_paused() {
        let mut network = network();
        network.paused = PAUSE_ALL;
        let node = node();
        let contender = Contender { network: &network, address: own(), node: &node, room: 4, backlog_seconds: 0 };
        assert_eq!(claims(&contender, &[job(1, 4)], NOW), Plan::default());
    }

    #[test]
    fn a_draining_node_claims_nothing_and_says_the_chains_reason() {
        let mut node = node();
        node.draining = 1;
        let plan = plan(&[job(1, 1)], &node, 1, NOW);
        assert_eq!(plan.choices, []);
        assert!(matches!(plan.unfit[..], [(_, Unfit::Refused(_))]));
    }

    #[test]
    fn a_lease_that_would_not_be_ready_in_time_is_not_claimed() {
        let mut open = job(1, 3);
        open.seconds_per_lease = 240; // two of them fill 80 % of 600 seconds
        let plan = plan(&[open], &node(), 3, NOW);
        assert_eq!(plan.choices.len(), 2);
        assert!(matches!(plan.unfit[..], [(_, Unfit::TooSlow { seconds: 720 })]));
    }

    #[test]
    fn nothing_is_claimed_of_a_job_past_its_deadline() {
        assert_eq!(plan(&[job(1, 1)], &node(), 1, NOW + 3_600).choices.len(), 1);
        assert_eq!(plan(&[job(1, 1)], &node(), 1, NOW + 3_601), Plan::default());
    }

    #[test]
    fn the_pace_is_unknown_at_first_and_follows_what_was_rendered() {
        let mut pace = Pace::default();
        assert_eq!(pace.seconds(1_000_000), 0);
        pace.learn(1_000, 10);
        assert_eq!(pace.seconds(500), 5);
        for _ in 0..8 {
            pace.learn(1_000, 20);
        }
        assert_eq!(pace.seconds(1_000), 20);
    }
}
