//! Leases: the state machine and its boundaries, audits included.

mod support;

use market_model::MarketError;
use market_model::audit::{Audit, AuditState};
use market_model::lease::{Audits, Lease, LeaseRules, LeaseState, Missed};
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const RULES: LeaseRules = LeaseRules {
    lease_seconds: 600,
    reveal_seconds: 120,
    challenge_seconds: 300,
    audit_wait_seconds: 1_000,
    audit_reveal_seconds: 200,
};
const T: i64 = 1_000;

fn open() -> Lease {
    Lease::open(T)
}
fn claimed() -> Lease {
    open().claim(T, T, &RULES).unwrap()
}
fn committed() -> Lease {
    claimed().commit(T, &RULES).unwrap()
}
fn drawn() -> Lease {
    committed().draw(false, 0, T, &RULES).unwrap()
}
fn revealed() -> Lease {
    drawn().reveal(T, &RULES).unwrap()
}
fn accepted() -> Lease {
    revealed().accept(T + 301).unwrap()
}
fn returned() -> Lease {
    claimed().give_back(T).unwrap()
}
fn expired() -> Lease {
    claimed().expire(T + 601, false).unwrap().0
}
fn disputed() -> Lease {
    revealed().challenge(T).unwrap()
}
fn auditing(owed: u8) -> Lease {
    committed().draw(true, owed, T, &RULES).unwrap()
}
/// All of them claimed and committed.
fn opening(owed: u8) -> Lease {
    (0..owed).fold(auditing(owed), |lease, _| lease.claim_audit(T, T).unwrap().commit_audit(T, &RULES).unwrap())
}
fn audited(owed: u8) -> Lease {
    (0..owed).fold(opening(owed), |lease, _| lease.reveal_audit(T, &RULES).unwrap())
}
fn audit(state: AuditState, deadline: i64) -> Audit {
    Audit { state, deadline }
}

#[test]
fn a_commitment_is_in_time_up_to_the_deadline() {
    for (now, ok) in [(T + 599, true), (T + 600, true), (T + 601, false)] {
        assert_eq!(claimed().commit(now, &RULES).is_ok(), ok, "{now}");
        assert_eq!(claimed().give_back(now).is_ok(), ok, "{now}");
        assert_eq!(claimed().expire(now, false).is_ok(), !ok, "{now}");
    }
    assert_eq!(claimed().commit(T + 601, &RULES), Err(MarketError::LeaseDeadlinePassed));
}

#[test]
fn a_reveal_is_in_time_up_to_the_deadline() {
    for (now, ok) in [(T + 119, true), (T + 120, true), (T + 121, false)] {
        assert_eq!(drawn().reveal(now, &RULES).is_ok(), ok, "{now}");
        assert_eq!(drawn().expire(now, false).is_ok(), !ok, "{now}");
    }
    assert_eq!(drawn().reveal(T + 121, &RULES), Err(MarketError::RevealDeadlinePassed));
}

#[test]
fn acceptance_waits_for_the_challenge_window_to_close() {
    for (now, ok) in [(T + 299, false), (T + 300, false), (T + 301, true)] {
        assert_eq!(revealed().accept(now).is_ok(), ok, "{now}");
        assert_eq!(revealed().challenge(now).is_ok(), !ok, "{now}");
    }
    assert_eq!(revealed().accept(T + 300), Err(MarketError::ChallengeWindowOpen));
    assert_eq!(revealed().challenge(T + 301), Err(MarketError::ChallengeWindowClosed));
}

#[test]
fn a_claim_waits_for_the_race() {
    assert_eq!(open().claim(T + 7, T + 6, &RULES), Err(MarketError::NotYetEligible));
    let lease = open().claim(T + 7, T + 7, &RULES).unwrap();
    assert_eq!((lease.state, lease.entered_at, lease.opened_at), (LeaseState::Claimed, T + 7, T));
}

#[test]
fn each_state_allows_only_its_own_steps() {
    let late = T + 10_000;
    let done = audit(AuditState::Committed, T);
    for (lease, steps) in [
        (open(), "claim"),
        (claimed(), "commit return expire"),
        (committed(), "draw"),
        (drawn(), "reveal expire"),
        (revealed(), "accept contradict challenge"),
        (accepted(), ""),
        (returned(), "claim"),
        (expired(), "claim"),
        (disputed(), "uphold overturn"),
        (auditing(2), "claim_audit commit_audit lapse"),
        (opening(2), "reveal_audit expire_audit"),
        (audited(2), "reveal forfeit"),
    ] {
        let all = [
            ("claim", lease.claim(T, late, &RULES).is_ok()),
            ("commit", lease.commit(T, &RULES).is_ok()),
            ("draw", lease.draw(true, 1, late, &RULES).is_ok()),
            ("claim_audit", lease.claim_audit(T, T).is_ok()),
            ("commit_audit", lease.commit_audit(T, &RULES).is_ok()),
            ("reveal_audit", lease.reveal_audit(T, &RULES).is_ok()),
            ("expire_audit", lease.expire_audit(&done, late, &RULES).is_ok()),
            ("lapse", lease.lapse(late, &RULES).is_ok()),
            ("reveal", lease.reveal(T, &RULES).is_ok()),
            ("accept", lease.accept(late).is_ok()),
            ("return", lease.give_back(T).is_ok()),
            ("expire", lease.expire(late, false).is_ok()),
            ("forfeit", lease.forfeit(late).is_ok()),
            ("contradict", lease.contradict(late).is_ok()),
            ("challenge", lease.challenge(T).is_ok()),
            ("uphold", lease.uphold(false, late, &RULES).is_ok()),
            ("overturn", lease.overturn(late).is_ok()),
        ];
        for (step, is_allowed) in all {
            assert_eq!(steps.split(' ').any(|allowed| allowed == step), is_allowed, "{step} of {:?}", lease.state);
        }
        assert_eq!(lease.state.is_claimable(), steps == "claim", "{:?}", lease.state);
        assert_eq!(lease.state.is_in_flight(), !["claim", ""].contains(&steps), "{:?}", lease.state);
    }
}

#[test]
fn a_step_in_the_wrong_state_says_what_is_missing() {
    assert_eq!(revealed().claim(T, T, &RULES), Err(MarketError::LeaseNotClaimable));
    assert_eq!(open().commit(T, &RULES), Err(MarketError::LeaseNotClaimed));
    assert_eq!(committed().give_back(T), Err(MarketError::LeaseNotClaimed));
    assert_eq!(claimed().reveal(T, &RULES), Err(MarketError::LeaseNotCommitted));
    assert_eq!(committed().accept(T), Err(MarketError::LeaseNotRevealed));
    assert_eq!(revealed().expire(T + 10_000, false), Err(MarketError::LeaseNotExpired));
    assert_eq!(committed().reveal(T, &RULES), Err(MarketError::LotteryNotDrawn));
    assert_eq!(auditing(1).reveal(T, &RULES), Err(MarketError::AuditsUnfinished));
    assert_eq!(opening(1).reveal(T, &RULES), Err(MarketError::AuditsUnfinished));
    assert_eq!(claimed().draw(true, 1, T, &RULES), Err(MarketError::LeaseNotCommitted));
    assert_eq!(drawn().draw(true, 1, T, &RULES), Err(MarketError::LotteryDrawn));
    assert_eq!(audited(1).draw(true, 1, T, &RULES), Err(MarketError::LotteryDrawn));
    assert_eq!(opening(1).claim_audit(T, T), Err(MarketError::LeaseNotAuditing));
    assert_eq!(auditing(1).reveal_audit(T, &RULES), Err(MarketError::AuditNotCommitted));
    assert_eq!(drawn().forfeit(T + 10_000), Err(MarketError::AuditsUnfinished));
    assert_eq!(revealed().uphold(false, T, &RULES), Err(MarketError::LeaseNotDisputed));
    assert_eq!(revealed().overturn(T), Err(MarketError::LeaseNotDisputed));
    assert_eq!(committed().challenge(T), Err(MarketError::LeaseNotRevealed));
}

#[test]
fn a_lease_that_is_not_picked_keeps_its_deadline() {
    let lease = committed().draw(false, 0, T + 50, &RULES).unwrap();
    assert_eq!(lease, Lease { audits: Audits { is_drawn: true, ..Audits::default() }, ..committed() });
}

#[test]
fn a_picked_lease_waits_for_its_audits_from_the_draw() {
    let lease = committed().draw(true, 2, T + 50, &RULES).unwrap();
    assert_eq!((lease.state, lease.entered_at, lease.deadline), (LeaseState::Auditing, T + 50, T + 1_050));
    assert_eq!(lease.audits, Audits { is_drawn: true, owed: 2, ..Audits::default() });
    assert_eq!(committed().draw(true, 0, T, &RULES), Err(MarketError::ReplicasInvalid));
}

#[test]
fn audits_are_claimed_by_as_many_as_are_owed_in_their_turn_and_in_time() {
    let lease = auditing(2);
    assert_eq!(lease.claim_audit(T + 8, T + 7), Err(MarketError::NotYetEligible));
    assert_eq!(lease.claim_audit(T, T + 1_001), Err(MarketError::AuditDeadlinePassed));
    let one = lease.claim_audit(T, T + 1_000).unwrap();
    let both = one.claim_audit(T, T + 1_000).unwrap();
    assert_eq!((both.audits.claimed, both.deadline), (2, lease.deadline));
    assert_eq!(both.claim_audit(T, T + 1_000), Err(MarketError::LeaseNotAuditing));
}

#[test]
fn nobody_reveals_before_the_last_auditor_has_committed() {
    let one = auditing(2).claim_audit(T, T).unwrap().commit_audit(T + 5, &RULES).unwrap();
    assert_eq!((one.state, one.audits.committed), (LeaseState::Auditing, 1));
    let both = one.claim_audit(T, T + 6).unwrap().commit_audit(T + 9, &RULES).unwrap();
    assert_eq!((both.state, both.entered_at, both.deadline), (LeaseState::Opening, T + 9, T + 209));
}

#[test]
fn the_holder_reveals_after_the_last_auditor() {
    let one = opening(2).reveal_audit(T + 1, &RULES).unwrap();
    assert_eq!((one.state, one.deadline, one.audits.revealed), (LeaseState::Opening, T + 200, 1));
    let both = one.reveal_audit(T + 200, &RULES).unwrap();
    assert_eq!((both.state, both.deadline), (LeaseState::Committed, T + 400));
    assert_eq!(one.reveal_audit(T + 201, &RULES), Err(MarketError::AuditDeadlinePassed));
    let shown = both.reveal(T + 400, &RULES).unwrap();
    assert_eq!((shown.state, shown.deadline), (LeaseState::Revealed, T + 700));
    assert_eq!(both.reveal(T + 401, &RULES), Err(MarketError::RevealDeadlinePassed));
}

#[test]
fn an_audit_that_is_not_committed_in_time_can_be_claimed_again() {
    let lease = auditing(1).claim_audit(T, T + 10).unwrap();
    let held = Audit::claim(T + 10, 600).unwrap();
    assert_eq!(lease.expire_audit(&held, T + 610, &RULES), Err(MarketError::AuditNotExpired));
    for marked in [T + 611, T + 9_000] {
        let (again, missed) = lease.expire_audit(&held, marked, &RULES).unwrap();
        assert_eq!(missed, Missed::Commitment);
        // The race counts from the missed deadline, the wait from the mark.
        assert_eq!((again.state, again.entered_at, again.deadline), (LeaseState::Auditing, T + 611, marked + 1_000));
        assert_eq!((again.audits.claimed, again.audits.attempt), (0, 1));
    }
    let done = held.commit(T + 20).unwrap();
    let open = lease.commit_audit(T + 20, &RULES).unwrap();
    assert_eq!(open.expire_audit(&held, T + 5_000, &RULES), Err(MarketError::AuditNotExpired));
    assert_eq!(lease.expire_audit(&done, T + 5_000, &RULES), Err(MarketError::AuditNotExpired));
}

#[test]
fn the_race_for_audits_never_goes_back_when_two_expire_out_of_order() {
    let lease = auditing(2).claim_audit(T, T).unwrap().claim_audit(T, T + 50).unwrap();
    let (first, second) = (Audit::claim(T, 600).unwrap(), Audit::claim(T + 50, 600).unwrap());
    let (one, _) = lease.expire_audit(&second, T + 700, &RULES).unwrap();
    let (both, _) = one.expire_audit(&first, T + 700, &RULES).unwrap();
    assert_eq!((both.entered_at, both.audits.claimed, both.audits.attempt), (T + 651, 0, 2));
}

#[test]
fn an_audit_that_is_hidden_is_asked_of_another_node_while_no_root_is_public() {
    let lease = opening(2);
    let hidden = audit(AuditState::Committed, T);
    assert_eq!(lease.expire_audit(&hidden, T + 200, &RULES), Err(MarketError::AuditNotExpired));
    let (again, missed) = lease.expire_audit(&hidden, T + 201, &RULES).unwrap();
    assert_eq!(missed, Missed::PickedReveal);
    assert_eq!((again.state, again.entered_at, again.deadline), (LeaseState::Auditing, T + 201, T + 1_201));
    // The other one stays committed and waits.
    assert_eq!((again.audits.claimed, again.audits.committed, again.audits.owed), (1, 1, 2));
    let open = again.claim_audit(T, T + 300).unwrap().commit_audit(T + 301, &RULES).unwrap();
    assert_eq!(open.state, LeaseState::Opening);
}

#[test]
fn an_audit_that_is_hidden_after_another_was_shown_is_owed_no_more() {
    let lease = opening(2).reveal_audit(T, &RULES).unwrap();
    let (after, missed) = lease.expire_audit(&audit(AuditState::Committed, T), T + 250, &RULES).unwrap();
    assert_eq!(missed, Missed::PickedReveal);
    assert_eq!((after.state, after.deadline), (LeaseState::Committed, T + 450));
    assert_eq!(
        after.audits,
        Audits { is_drawn: true, owed: 1, claimed: 1, committed: 1, revealed: 1, paid: 0, attempt: 0 }
    );
    assert!(after.reveal(T + 450, &RULES).is_ok());
    // The one that was shown cannot be called hidden.
    assert_eq!(lease.expire_audit(&audit(AuditState::Revealed, T), T + 250, &RULES), Err(MarketError::AuditNotExpired));
}

#[test]
fn audits_that_nobody_claims_lapse_after_the_wait() {
    let lease = auditing(1);
    assert_eq!(lease.lapse(T + 1_000, &RULES), Err(MarketError::AuditStillWanted));
    let alone = lease.lapse(T + 1_001, &RULES).unwrap();
    assert_eq!((alone.state, alone.deadline, alone.audits.owed), (LeaseState::Committed, T + 1_121, 0));
    assert!(alone.reveal(T + 1_121, &RULES).is_ok());
    // A claimed one is under way.
    let claimed = lease.claim_audit(T, T).unwrap();
    assert_eq!(claimed.lapse(T + 5_000, &RULES), Err(MarketError::AuditStillWanted));
    // Those that are there count.
    let one = auditing(2).claim_audit(T, T).unwrap().commit_audit(T, &RULES).unwrap();
    let open = one.lapse(T + 1_001, &RULES).unwrap();
    assert_eq!((open.state, open.deadline, open.audits.owed), (LeaseState::Opening, T + 1_201, 1));
    assert_eq!(open.reveal_audit(T + 1_002, &RULES).unwrap().state, LeaseState::Committed);
}

#[test]
fn an_audited_lease_is_accepted_when_every_audit_is_paid() {
    let lease = audited(2).reveal(T, &RULES).unwrap();
    assert_eq!(lease.accept(T + 301), Err(MarketError::AuditsUnfinished));
    assert_eq!(lease.accept_audit(T + 300), Err(MarketError::ChallengeWindowOpen));
    let one = lease.accept_audit(T + 301).unwrap();
    assert_eq!(one.accept(T + 301), Err(MarketError::AuditsUnfinished));
    let both = one.accept_audit(T + 301).unwrap();
    assert_eq!(both.accept(T + 301).unwrap().state, LeaseState::Accepted);
    assert_eq!(both.accept_audit(T + 301), Err(MarketError::ProgressInvalid));
}

#[test]
fn a_holder_that_hides_an_audited_result_forfeits_the_lease() {
    let lease = audited(1);
    assert_eq!(lease.forfeit(T + 200), Err(MarketError::LeaseNotExpired));
    assert_eq!(lease.expire(T + 201, false), Err(MarketError::LeaseAudited));
    let again = lease.forfeit(T + 9_000).unwrap();
    assert_eq!((again.state, again.attempt, again.opened_at), (LeaseState::Expired, 1, T + 201));
    assert_eq!(again.audits, Audits::default());
}

#[test]
fn a_commitment_expires_undrawn_only_when_its_lottery_is_lost_and_then_counts_as_picked() {
    assert_eq!(committed().expire(T + 121, false), Err(MarketError::LotteryNotDrawn));
    assert_eq!(committed().expire(T + 120, true), Err(MarketError::LeaseNotExpired));
    assert_eq!(committed().expire(T + 121, true).map(|(_, missed)| missed), Ok(Missed::PickedReveal));
    assert_eq!(drawn().expire(T + 121, false).map(|(_, missed)| missed), Ok(Missed::Reveal));
    assert_eq!(drawn().expire(T + 121, true).map(|(_, missed)| missed), Ok(Missed::Reveal));
    assert_eq!(claimed().expire(T + 601, true).map(|(_, missed)| missed), Ok(Missed::Commitment));
}

#[test]
fn an_audit_may_contradict_a_root_after_the_window_too() {
    let lease = audited(1).reveal(T, &RULES).unwrap();
    assert_eq!(lease.contradict(T + 90_000).unwrap().state, LeaseState::Disputed);
}

#[test]
fn a_root_that_was_upheld_has_a_whole_new_window() {
    let lease = disputed().uphold(false, T + 5_000, &RULES).unwrap();
    assert_eq!((lease.state, lease.deadline), (LeaseState::Revealed, T + 5_300));
    let by_audit = audited(2).reveal(T, &RULES).unwrap().contradict(T).unwrap().uphold(true, T + 50, &RULES).unwrap();
    assert_eq!(
        by_audit.audits,
        Audits { is_drawn: true, owed: 1, claimed: 1, committed: 1, revealed: 1, paid: 0, attempt: 0 }
    );
    assert_eq!(disputed().uphold(true, T, &RULES), Err(MarketError::Underflow));
}

#[test]
fn a_root_that_was_overturned_is_work_for_the_next_node() {
    let lease = audited(2).reveal(T, &RULES).unwrap().contradict(T).unwrap().overturn(T + 77).unwrap();
    assert_eq!((lease.state, lease.attempt, lease.opened_at), (LeaseState::Expired, 1, T + 77));
    assert_eq!(lease.audits, Audits::default());
}

#[test]
fn an_expired_lease_reopens_after_its_deadline_whenever_it_is_marked() {
    for marked in [T + 601, T + 602, T + 99_999] {
        let (lease, _) = claimed().expire(marked, false).unwrap();
        assert_eq!((lease.attempt, lease.opened_at), (1, T + 601));
    }
    assert_eq!(drawn().expire(T + 5_000, false).unwrap().0.opened_at, T + 121);
}

#[test]
fn a_returned_lease_reopens_at_its_return_with_the_next_attempt() {
    let lease = claimed().give_back(T + 50).unwrap();
    assert_eq!((lease.state, lease.attempt, lease.opened_at), (LeaseState::Returned, 1, T + 50));
    assert!(lease.claim(T + 50, T + 50, &RULES).is_ok());
}

#[test]
fn the_last_attempt_cannot_reopen() {
    let last = Lease { attempt: u16::MAX, ..claimed() };
    assert_eq!(last.give_back(T), Err(MarketError::AttemptsExhausted));
    let lease = auditing(1).claim_audit(T, T).unwrap();
    let last = Lease { audits: Audits { attempt: u16::MAX, ..lease.audits }, ..lease };
    let held = audit(AuditState::Claimed, T);
    assert_eq!(last.expire_audit(&held, T + 1, &RULES), Err(MarketError::AttemptsExhausted));
}

#[test]
fn a_time_at_the_end_of_the_clock_is_an_error() {
    let last = Lease { deadline: i64::MAX, ..claimed() };
    assert_eq!(last.commit(i64::MAX, &RULES), Err(MarketError::Overflow));
    assert_eq!(open().claim(T, i64::MAX, &RULES), Err(MarketError::Overflow));
}

#[derive(Clone, Copy)]
struct Rule {
    accept: fn(Lease, i64) -> Result<Lease, MarketError>,
    reveal: fn(Lease, i64, &LeaseRules) -> Result<Lease, MarketError>,
}

const REAL: Rule = Rule { accept: Lease::accept, reveal: Lease::reveal };

/// Any order of steps at rising times: a lease is accepted once, only after its window and with every audit paid; nobody reveals before
/// all have committed; counts nest; attempts only rise.
fn life_law(rule: Rule) -> impl Fn((u8, Vec<(u8, i64)>)) -> Verdict {
    move |(start, steps)| {
        let mut lease = match start {
            0 => open(),
            1 => revealed(),
            2 => auditing(1),
            3 => opening(2),
            _ => audited(2).reveal(T, &RULES).unwrap(),
        };
        let mut now = T;
        let mut acceptances = 0;
        for (step, wait) in steps {
            now += wait;
            let after = match step {
                0 | 1 => lease.claim(lease.opened_at, now, &RULES),
                2 | 3 => lease.commit(now, &RULES),
                4 => lease.draw(false, 0, now, &RULES),
                5 => lease.draw(true, 2, now, &RULES),
                6 | 7 => lease.claim_audit(lease.entered_at, now),
                // What the program makes sure of: only a claimed audit is committed.
                8 | 9 if lease.audits.committed < lease.audits.claimed => lease.commit_audit(now, &RULES),
                10 | 11 => lease.reveal_audit(now, &RULES),
                12 => lease.lapse(now, &RULES),
                13 if lease.audits.committed < lease.audits.claimed => {
                    let held = audit(AuditState::Claimed, lease.entered_at);
                    lease.expire_audit(&held, now, &RULES).map(|(after, _)| after)
                }
                14 if lease.audits.revealed < lease.audits.committed => {
                    lease.expire_audit(&audit(AuditState::Committed, T), now, &RULES).map(|(after, _)| after)
                }
                15 | 16 => (rule.reveal)(lease, now, &RULES),
                17 => lease.accept_audit(now),
                18 | 19 => (rule.accept)(lease, now),
                20 => lease.give_back(now),
                21 => lease.expire(now, wait % 2 == 0).map(|(after, _)| after),
                22 => lease.forfeit(now),
                23 => lease.challenge(now),
                24 => lease.uphold(lease.audits.owed > 0 && lease.audits.paid == 0, now, &RULES),
                25 => lease.overturn(now),
                _ => continue,
            };
            let Ok(after) = after else { continue };
            let audits = after.audits;
            if after.state == LeaseState::Accepted {
                acceptances += 1;
                prop_assert_eq!(lease.state, LeaseState::Revealed);
                prop_assert!(now > lease.deadline);
                prop_assert_eq!(audits.paid, audits.owed);
            }
            if after.state == LeaseState::Revealed {
                prop_assert!(audits.is_drawn);
                prop_assert_eq!(audits.revealed, audits.owed);
            }
            prop_assert!(audits.claimed <= audits.owed && audits.committed <= audits.claimed);
            prop_assert!(audits.revealed <= audits.committed && audits.paid <= audits.revealed);
            let reopened = matches!(after.state, LeaseState::Returned | LeaseState::Expired);
            prop_assert_eq!(after.attempt, lease.attempt + u16::from(reopened));
            prop_assert!(after.opened_at >= lease.opened_at && after.opened_at <= now);
            lease = after;
        }
        prop_assert!(acceptances <= 1);
        Ok(())
    }
}

fn steps() -> impl Strategy<Value = (u8, Vec<(u8, i64)>)> {
    let waits = prop_oneof![6 => 0_i64..130, 1 => Just(300_i64), 1 => 199_i64..302, 2 => 590_i64..1_100];
    (0_u8..5, prop::collection::vec((0_u8..26, waits), 0..80))
}

#[test]
fn a_lease_is_accepted_at_most_once_and_only_with_its_audits_whatever_is_tried() {
    holds(steps(), life_law(REAL));
}

#[test]
fn an_acceptance_that_may_be_repeated_breaks_law_7() {
    let accept = |lease: Lease, now| if lease.state == LeaseState::Accepted { Ok(lease) } else { lease.accept(now) };
    is_broken(steps(), life_law(Rule { accept, ..REAL }));
}

#[test]
fn an_acceptance_inside_the_window_breaks_the_law() {
    is_broken(steps(), life_law(Rule { accept: |lease, now| lease.accept(now + 1), ..REAL }));
}

#[test]
fn an_acceptance_without_its_audits_breaks_the_law() {
    let accept = |lease: Lease, now| {
        Lease { audits: Audits { paid: lease.audits.owed, ..lease.audits }, ..lease }
            .accept(now)
            .map(|after| Lease { audits: lease.audits, ..after })
    };
    is_broken(steps(), life_law(Rule { accept, ..REAL }));
}

#[test]
fn a_reveal_before_the_draw_breaks_the_law() {
    let reveal = |lease: Lease, now, rules: &LeaseRules| {
        Lease { audits: Audits { is_drawn: true, ..lease.audits }, ..lease }
            .reveal(now, rules)
            .map(|after| Lease { audits: lease.audits, ..after })
    };
    is_broken(steps(), life_law(Rule { reveal, ..REAL }));
}

#[test]
fn state_codes_are_what_accounts_store() {
    use LeaseState::*;
    let states = [Open, Claimed, Committed, Revealed, Accepted, Returned, Expired, Auditing, Opening, Disputed];
    for (code, state) in (0..).zip(states) {
        assert_eq!((u8::from(state), LeaseState::try_from(code)), (code, Ok(state)));
    }
    assert_eq!(LeaseState::try_from(10), Err(MarketError::UnknownState));
}
