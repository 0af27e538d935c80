//! Audits as pure functions of accounts: what an audit of this node waits for, what anyone can do about a lease's audits, and
//! which audits to claim now.

use super::{Contender, Unfit, earlier, exposure, fit_of};
use market_model::{audit::AuditState, lease::LeaseState, race::eligible_at};
use render_compute::{
    race,
    state::{Audit, Job, Lease},
};
use solana_address::Address;

/// What an audit that this node holds waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditStep {
    /// The lease's units are to be rendered.
    Render,
    /// They are rendered: the commitment is to be sent.
    Commit,
    /// All audits of the lease are committed: the root is to be revealed.
    Reveal,
    /// What concerns all audits of the lease is to be looked at, see [`audit_duty`].
    Duty,
    /// It differs from the lease's root and is played out.
    Play,
    /// Its lease was opened again or is gone: it is to be closed.
    Close,
    /// Nothing can be done before the next slot.
    Wait,
}

/// The next step of an audit. `lease`: its lease, unless that is gone; `is_rendered`: the result is at hand.
pub fn audit_step(audit: &Audit, lease: Option<&Lease>, is_rendered: bool, now: i64, slot: u64) -> AuditStep {
    let Some(lease) = lease.filter(|lease| lease.attempt == audit.attempt) else { return AuditStep::Close };
    match AuditState::try_from(audit.status) {
        Ok(AuditState::Claimed) if now > audit.deadline => AuditStep::Duty,
        Ok(AuditState::Claimed) if is_rendered => AuditStep::Commit,
        Ok(AuditState::Claimed) => AuditStep::Render,
        Ok(AuditState::Committed) if is(lease, LeaseState::Opening) && now <= lease.deadline => {
            match (slot > audit.committed_slot, is_rendered) {
                // The chain refuses a reveal in the slot of its commitment.
                (false, _) => AuditStep::Wait,
                (true, true) => AuditStep::Reveal,
                (true, false) => AuditStep::Render,
            }
        }
        Ok(AuditState::Disputed) => AuditStep::Play,
        _ => AuditStep::Duty,
    }
}

fn is(lease: &Lease, state: LeaseState) -> bool {
    lease.status == u8::from(state)
}

/// What anyone can do about the audits of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditDuty {
    /// This audit missed a deadline, which is to be marked.
    Expire(u8),
    /// Nobody claims the audits that are left: the lease goes on without them.
    Lapse,
    /// The holder hides its root from this audit: it forfeits the lease.
    Forfeit(u8),
    /// This audit agrees and can be paid.
    Accept(u8),
    /// This audit differs: a dispute is to be opened.
    Dispute(u8),
    /// Nothing before this moment, unix seconds; `None` while others have to act.
    Wait(Option<i64>),
}

/// What can be done about a lease's audits at `now`. `audits`: those of its present attempt.
pub fn audit_duty(lease: &Lease, audits: &[Audit], now: i64) -> AuditDuty {
    let in_state = |state: AuditState| {
        audits.iter().filter(move |audit| audit.attempt == lease.attempt && audit.status == u8::from(state))
    };
    let after = lease.deadline.checked_add(1);
    match LeaseState::try_from(lease.status) {
        Ok(LeaseState::Auditing) => {
            if let Some(late) = in_state(AuditState::Claimed).find(|audit| now > audit.deadline) {
                return AuditDuty::Expire(late.index);
            }
            let is_awaited = lease.audits_claimed > lease.audits_committed;
            if now > lease.deadline && !is_awaited {
                return AuditDuty::Lapse;
            }
            let claimed = in_state(AuditState::Claimed).filter_map(|audit| audit.deadline.checked_add(1)).min();
            AuditDuty::Wait(if is_awaited { claimed } else { earlier(claimed, after) })
        }
        Ok(LeaseState::Opening) if now > lease.deadline => match in_state(AuditState::Committed).next() {
            Some(late) => AuditDuty::Expire(late.index),
            None => AuditDuty::Wait(None),
        },
        Ok(LeaseState::Committed) if now > lease.deadline => match in_state(AuditState::Revealed).next() {
            Some(witness) => AuditDuty::Forfeit(witness.index),
            None => AuditDuty::Wait(None),
        },
        Ok(LeaseState::Revealed) => {
            if let Some(differing) = in_state(AuditState::Revealed).find(|audit| audit.root != lease.root) {
                return AuditDuty::Dispute(differing.index);
            }
            match in_state(AuditState::Revealed).next() {
                Some(agreeing) if now > lease.deadline => AuditDuty::Accept(agreeing.index),
                _ => AuditDuty::Wait(after.filter(|_| now <= lease.deadline)),
            }
        }
        Ok(LeaseState::Opening | LeaseState::Committed) => AuditDuty::Wait(after),
        _ => AuditDuty::Wait(None),
    }
}

/// A lease whose audits can be claimed, as far as its state says.
pub struct OpenAudit {
    /// The lease account.
    pub address: Address,
    /// Its content.
    pub lease: Lease,
    /// Its job.
    pub job: Job,
    /// Operator of the node that holds it.
    pub holder: Address,
    /// Seconds that rendering it is expected to take here; 0 when unknown.
    pub seconds: u64,
}

/// An audit to claim now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditChoice {
    /// The lease account.
    pub lease: Address,
    /// Attempt of the lease.
    pub attempt: u16,
    /// Which audit of it.
    pub index: u8,
    /// When this node's turn came, unix seconds.
    pub eligible_at: i64,
}

/// Which audits to claim, and when to look again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPlan {
    /// Audits to claim now, in this order; at most one of a lease.
    pub choices: Vec<AuditChoice>,
    /// The next moment at which this node's turn comes.
    pub next_at: Option<i64>,
    /// Leases whose audits are left alone.
    pub unfit: Vec<(Address, Unfit)>,
}

/// Which audits to claim at `now`: the most valuable lease first.
///
/// Also while leases are paused: what is held is finished, and an audit that nobody took would lapse. Never of a lease that a node of the same operator holds or audits: the chain refuses it.
pub fn audits(contender: &Contender<'_>, open: &[OpenAudit], now: i64) -> AuditPlan {
    let mut plan = AuditPlan::default();
    let mut node = *contender.node;
    let mut backlog = contender.backlog_seconds;
    let mut open: Vec<&OpenAudit> = open.iter().filter(|open| is_claimable(open, node.operator, now)).collect();
    open.sort_by_key(|open| (std::cmp::Reverse(open.lease.value), open.address));
    for open in open {
        if plan.choices.len() >= contender.room {
            break;
        }
        let able =
            race::require_able(contender.network, &open.job, &node, now).map_err(|error| Unfit::Refused(error.into()));
        let value = open.lease.value;
        let reputation = match fit_of(contender.network, &open.job, &node, able, value, backlog, open.seconds) {
            Ok(reputation) => reputation,
            Err(unfit) => {
                plan.unfit.push((open.address, unfit));
                continue;
            }
        };
        let mut first: Option<AuditChoice> = None;
        for index in free_indexes(&open.lease) {
            let entry = race::audit_entry(
                contender.network,
                &open.lease.job,
                &open.job,
                &open.lease,
                index,
                &contender.address,
                &node,
                &reputation,
            );
            let Some(at) = entry.ok().and_then(|entry| eligible_at(open.lease.entered_at, entry.delay_ms).ok()) else {
                continue;
            };
            if at > now {
                plan.next_at = earlier(plan.next_at, Some(at));
            } else if first.is_none_or(|best| at < best.eligible_at) {
                first = Some(AuditChoice { lease: open.address, attempt: open.lease.attempt, index, eligible_at: at });
            }
        }
        let Some(choice) = first else { continue };
        plan.choices.push(choice);
        node.leases_held = node.leases_held.saturating_add(1);
        node.exposure = node.exposure.saturating_add(exposure(contender.network, &open.job, open.lease.value));
        backlog = backlog.saturating_add(open.seconds);
    }
    plan
}

fn is_claimable(open: &OpenAudit, operator: Address, now: i64) -> bool {
    is(&open.lease, LeaseState::Auditing)
        && now <= open.lease.deadline
        && open.holder != operator
        && !open.lease.auditors.contains(&operator)
}

fn free_indexes(lease: &Lease) -> impl Iterator<Item = u8> {
    let auditors = (0_u8..).zip(lease.auditors).take(usize::from(lease.audits_owed));
    auditors.filter(|(_, auditor)| *auditor == Address::default()).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use market_model::Parameters;
    use render_compute::{
        constants::NEUTRAL_REPUTATION,
        state::{Network, Node},
    };

    const NOW: i64 = 1_000_000;

    fn lease(state: LeaseState) -> Lease {
        let mut lease = Lease::zeroed();
        lease.status = state.into();
        lease.deadline = NOW;
        lease.entered_at = NOW - 3_600; // longer than any delay
        lease.value = 1_000;
        lease.attempt = 2;
        lease.drawn = 1;
        lease.audits_owed = 1;
        lease.node = Address::new_from_array([9; 32]);
        lease
    }

    fn audit(state: AuditState) -> Audit {
        let mut audit = Audit::zeroed();
        audit.status = state.into();
        audit.attempt = 2;
        audit.deadline = NOW + 100;
        audit.committed_slot = 10;
        audit
    }

    fn operator(number: u8) -> Address {
        Address::new_from_array([number; 32])
    }

    fn open(number: u8) -> OpenAudit {
        let mut job = Job::zeroed();
        job.price_per_unit = 1_000;
        job.work_per_unit = 1_000_000;
        job.lease_seconds = 600;
        job.audit_probability_bps = 1_000;
        job.replicas = 1;
        let address = Address::new_from_array([number; 32]);
        OpenAudit { address, lease: lease(LeaseState::Auditing), job, holder: operator(1), seconds: 0 }
    }

    fn node() -> Node {
        let mut node = Node::zeroed();
        node.operator = operator(2);
        node.stake = Parameters::DEFAULT.min_stake;
        node.capacity = 4;
        node.classes = 1;
        node.reputation = NEUTRAL_REPUTATION;
        node.reputation_at = NOW;
        node.uptime_bps = 10_000;
        node
    }

    fn plan(open: &[OpenAudit], node: &Node, room: usize) -> AuditPlan {
        let mut network = Network::zeroed();
        network.parameters = Parameters::DEFAULT.values();
        let address = Address::new_from_array([200; 32]);
        audits(&Contender { network: &network, address, node, room, backlog_seconds: 0 }, open, NOW)
    }

    #[test]
    fn an_audit_is_rendered_committed_and_revealed_when_all_are_committed() {
        let auditing = lease(LeaseState::Auditing);
        let claimed = audit(AuditState::Claimed);
        assert_eq!(audit_step(&claimed, Some(&auditing), false, NOW, 50), AuditStep::Render);
        assert_eq!(audit_step(&claimed, Some(&auditing), true, NOW, 50), AuditStep::Commit);
        assert_eq!(audit_step(&claimed, Some(&auditing), true, NOW + 101, 50), AuditStep::Duty);
        let committed = audit(AuditState::Committed);
        assert_eq!(audit_step(&committed, Some(&auditing), true, NOW, 50), AuditStep::Duty);
        let opening = lease(LeaseState::Opening);
        assert_eq!(audit_step(&committed, Some(&opening), true, NOW, 10), AuditStep::Wait);
        assert_eq!(audit_step(&committed, Some(&opening), true, NOW, 11), AuditStep::Reveal);
        assert_eq!(audit_step(&committed, Some(&opening), true, NOW + 1, 11), AuditStep::Duty);
    }

    #[test]
    fn an_audit_of_an_earlier_attempt_or_of_a_lease_that_is_gone_is_closed() {
        let mut next = lease(LeaseState::Claimed);
        next.attempt = 3;
        let revealed = audit(AuditState::Revealed);
        assert_eq!(audit_step(&revealed, Some(&next), true, NOW, 50), AuditStep::Close);
        assert_eq!(audit_step(&revealed, None, true, NOW, 50), AuditStep::Close);
    }

    #[test]
    fn an_auditor_that_is_late_is_marked_and_a_wait_that_nobody_ends_lapses() {
        let mut auditing = lease(LeaseState::Auditing);
        assert_eq!(audit_duty(&auditing, &[], NOW), AuditDuty::Wait(Some(NOW + 1)));
        assert_eq!(audit_duty(&auditing, &[], NOW + 1), AuditDuty::Lapse);
        auditing.audits_claimed = 1;
        let claimed = audit(AuditState::Claimed);
        assert_eq!(audit_duty(&auditing, &[claimed], NOW + 100), AuditDuty::Wait(Some(NOW + 101)));
        assert_eq!(audit_duty(&auditing, &[claimed], NOW + 101), AuditDuty::Expire(0));
        let opening = lease(LeaseState::Opening);
        let committed = audit(AuditState::Committed);
        assert_eq!(audit_duty(&opening, &[committed], NOW), AuditDuty::Wait(Some(NOW + 1)));
        assert_eq!(audit_duty(&opening, &[committed], NOW + 1), AuditDuty::Expire(0));
    }

    #[test]
    fn a_holder_that_hides_its_root_from_its_auditor_forfeits() {
        let hidden = lease(LeaseState::Committed);
        let revealed = audit(AuditState::Revealed);
        assert_eq!(audit_duty(&hidden, &[revealed], NOW), AuditDuty::Wait(Some(NOW + 1)));
        assert_eq!(audit_duty(&hidden, &[revealed], NOW + 1), AuditDuty::Forfeit(0));
    }

    #[test]
    fn an_audit_that_agrees_is_paid_after_the_window_and_one_that_differs_is_disputed_at_once() {
        let mut shown = lease(LeaseState::Revealed);
        shown.root = [7; 32];
        let mut agreeing = audit(AuditState::Revealed);
        agreeing.root = [7; 32];
        assert_eq!(audit_duty(&shown, &[agreeing], NOW), AuditDuty::Wait(Some(NOW + 1)));
        assert_eq!(audit_duty(&shown, &[agreeing], NOW + 1), AuditDuty::Accept(0));
        let mut differing = audit(AuditState::Revealed);
        (differing.root, differing.index) = ([8; 32], 1);
        assert_eq!(audit_duty(&shown, &[agreeing, differing], NOW), AuditDuty::Dispute(1));
        assert_eq!(audit_duty(&shown, &[agreeing, differing], NOW + 1), AuditDuty::Dispute(1));
    }

    #[test]
    fn audits_are_claimed_when_the_turn_has_come_the_most_valuable_first() {
        let mut rich = open(2);
        rich.lease.value = 2_000;
        let found = plan(&[open(1), rich], &node(), 1);
        assert_eq!(found.choices.len(), 1);
        assert_eq!((found.choices[0].lease, found.choices[0].attempt), (Address::new_from_array([2; 32]), 2));
        let mut fresh = open(3);
        fresh.lease.entered_at = NOW;
        let waiting = plan(&[fresh], &node(), 1);
        assert_eq!(waiting.choices, []);
        assert!(waiting.next_at.is_some_and(|at| at > NOW));
    }

    #[test]
    fn a_node_never_audits_its_own_operators_leases_or_the_same_lease_twice() {
        let mut own = open(1);
        own.holder = operator(2);
        let mut again = open(2);
        again.lease.audits_owed = 2;
        again.lease.auditors[0] = operator(2);
        assert_eq!(plan(&[own, again], &node(), 4), AuditPlan::default());
    }

    #[test]
    fn only_the_audits_that_nobody_has_are_claimed() {
        let mut open = open(1);
        open.lease.audits_owed = 2;
        open.lease.auditors[0] = operator(3);
        assert_eq!(plan(&[open], &node(), 4).choices[0].index, 1);
    }

    #[test]
    fn no_audit_is_claimed_that_the_stake_does_not_cover() {
        let mut node = node();
        node.exposure = node.stake;
        let found = plan(&[open(1)], &node, 4);
        assert_eq!(found.choices, []);
        assert!(matches!(found.unfit[..], [(_, Unfit::Refused(_))]));
    }
}
