//! Leases: the state machine and its boundaries.

mod support;

use market_model::MarketError;
use market_model::lease::{Lease, LeaseRules, LeaseState};
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const RULES: LeaseRules = LeaseRules { lease_seconds: 600, reveal_seconds: 120, challenge_seconds: 300 };
const T: i64 = 1_000;

fn open() -> Lease {
    Lease::open(T)
}
fn claimed() -> Lease {
    open().claim(T, T).unwrap()
}
fn committed() -> Lease {
    claimed().commit(T, &RULES).unwrap()
}
fn revealed() -> Lease {
    committed().reveal(T, &RULES).unwrap()
}
fn accepted() -> Lease {
    revealed().accept(T + 301, &RULES).unwrap()
}
fn returned() -> Lease {
    claimed().give_back(T, &RULES).unwrap()
}
fn expired() -> Lease {
    claimed().expire(T + 601, &RULES).unwrap()
}

#[test]
fn a_commitment_is_in_time_up_to_the_deadline() {
    for (now, ok) in [(T + 599, true), (T + 600, true), (T + 601, false)] {
        assert_eq!(claimed().commit(now, &RULES).is_ok(), ok, "{now}");
        assert_eq!(claimed().give_back(now, &RULES).is_ok(), ok, "{now}");
        assert_eq!(claimed().expire(now, &RULES).is_ok(), !ok, "{now}");
    }
    assert_eq!(claimed().commit(T + 601, &RULES), Err(MarketError::LeaseDeadlinePassed));
}

#[test]
fn a_reveal_is_in_time_up_to_the_deadline() {
    for (now, ok) in [(T + 119, true), (T + 120, true), (T + 121, false)] {
        assert_eq!(committed().reveal(now, &RULES).is_ok(), ok, "{now}");
        assert_eq!(committed().expire(now, &RULES).is_ok(), !ok, "{now}");
    }
    assert_eq!(committed().reveal(T + 121, &RULES), Err(MarketError::RevealDeadlinePassed));
}

#[test]
fn acceptance_waits_for_the_challenge_window_to_close() {
    for (now, ok) in [(T + 299, false), (T + 300, false), (T + 301, true)] {
        assert_eq!(revealed().accept(now, &RULES).is_ok(), ok, "{now}");
    }
    assert_eq!(revealed().accept(T + 300, &RULES), Err(MarketError::ChallengeWindowOpen));
}

#[test]
fn a_claim_waits_for_the_race() {
    assert_eq!(open().claim(T + 7, T + 6), Err(MarketError::NotYetEligible));
    let lease = open().claim(T + 7, T + 7).unwrap();
    assert_eq!((lease.state, lease.entered_at, lease.opened_at), (LeaseState::Claimed, T + 7, T));
}

#[test]
fn each_state_allows_only_its_own_steps() {
    let late = T + 10_000;
    for (lease, claim, commit, reveal, accept, give_back, expire) in [
        (open(), true, false, false, false, false, false),
        (claimed(), false, true, false, false, true, true),
        (committed(), false, false, true, false, false, true),
        (revealed(), false, false, false, true, false, false),
        (accepted(), false, false, false, false, false, false),
        (returned(), true, false, false, false, false, false),
        (expired(), true, false, false, false, false, false),
    ] {
        let state = lease.state;
        assert_eq!(lease.claim(T, late).is_ok(), claim, "{state:?}");
        assert_eq!(lease.commit(T, &RULES).is_ok(), commit, "{state:?}");
        assert_eq!(lease.reveal(T, &RULES).is_ok(), reveal, "{state:?}");
        assert_eq!(lease.accept(late, &RULES).is_ok(), accept, "{state:?}");
        assert_eq!(lease.give_back(T, &RULES).is_ok(), give_back, "{state:?}");
        assert_eq!(lease.expire(late, &RULES).is_ok(), expire, "{state:?}");
        assert_eq!(state.is_claimable(), claim, "{state:?}");
    }
}

#[test]
fn a_step_in_the_wrong_state_says_what_is_missing() {
    assert_eq!(revealed().claim(T, T), Err(MarketError::LeaseNotClaimable));
    assert_eq!(open().commit(T, &RULES), Err(MarketError::LeaseNotClaimed));
    assert_eq!(committed().give_back(T, &RULES), Err(MarketError::LeaseNotClaimed));
    assert_eq!(claimed().reveal(T, &RULES), Err(MarketError::LeaseNotCommitted));
    assert_eq!(committed().accept(T, &RULES), Err(MarketError::LeaseNotRevealed));
    assert_eq!(revealed().expire(T + 10_000, &RULES), Err(MarketError::LeaseNotExpired));
}

#[test]
fn an_expired_lease_reopens_after_its_deadline_whenever_it_is_marked() {
    for marked in [T + 601, T + 602, T + 99_999] {
        let lease = claimed().expire(marked, &RULES).unwrap();
        assert_eq!((lease.attempt, lease.opened_at), (1, T + 601));
    }
    assert_eq!(committed().expire(T + 5_000, &RULES).unwrap().opened_at, T + 121);
}

#[test]
fn a_returned_lease_reopens_at_its_return_with_the_next_attempt() {
    let lease = claimed().give_back(T + 50, &RULES).unwrap();
    assert_eq!((lease.state, lease.attempt, lease.opened_at), (LeaseState::Returned, 1, T + 50));
    assert!(lease.claim(T + 50, T + 50).is_ok());
}

#[test]
fn the_last_attempt_cannot_reopen() {
    let last = Lease { attempt: u16::MAX, ..claimed() };
    assert_eq!(last.give_back(T, &RULES), Err(MarketError::AttemptsExhausted));
}

#[test]
fn the_deadline_is_that_of_the_present_state() {
    let deadline = |lease: Lease| lease.deadline(&RULES).unwrap();
    assert_eq!(deadline(claimed()), Some(T + 600));
    assert_eq!(deadline(committed()), Some(T + 120));
    assert_eq!(deadline(revealed()), Some(T + 300));
    for lease in [open(), accepted(), returned(), expired()] {
        assert_eq!(deadline(lease), None);
    }
}

#[test]
fn a_time_at_the_end_of_the_clock_is_an_error() {
    let last = Lease { entered_at: i64::MAX, ..claimed() };
    assert_eq!(last.commit(i64::MAX, &RULES), Err(MarketError::Overflow));
    assert_eq!(last.expire(i64::MAX, &RULES), Err(MarketError::Overflow));
    assert_eq!(last.deadline(&RULES), Err(MarketError::Overflow));
}

type Accept = fn(Lease, i64, &LeaseRules) -> Result<Lease, MarketError>;

/// Any order of steps at rising times: a lease is accepted once, only after its window, and attempts only rise.
fn life_law(accept: Accept) -> impl Fn((bool, Vec<(u8, i64)>)) -> Verdict {
    move |(fresh, steps)| {
        let mut lease = if fresh { open() } else { revealed() };
        let mut now = T;
        let mut acceptances = 0;
        for (step, wait) in steps {
            now += wait;
            let after = match step {
                0 | 1 => lease.claim(lease.opened_at, now),
                2 | 3 => lease.commit(now, &RULES),
                4 | 5 => lease.reveal(now, &RULES),
                6 => accept(lease, now, &RULES),
                7 => lease.give_back(now, &RULES),
                _ => lease.expire(now, &RULES),
            };
            let Ok(after) = after else { continue };
            if after.state == LeaseState::Accepted {
                acceptances += 1;
                prop_assert_eq!(lease.state, LeaseState::Revealed);
                prop_assert!(now > lease.entered_at + RULES.challenge_seconds);
            }
            let reopened = matches!(after.state, LeaseState::Returned | LeaseState::Expired);
            prop_assert_eq!(after.attempt, lease.attempt + u16::from(reopened));
            prop_assert!(after.opened_at >= lease.opened_at && after.opened_at <= now);
            lease = after;
        }
        prop_assert!(acceptances <= 1);
        Ok(())
    }
}

fn steps() -> impl Strategy<Value = (bool, Vec<(u8, i64)>)> {
    let steps = prop::collection::vec((0_u8..9, prop_oneof![0_i64..130, 299_i64..302, 590_i64..700]), 0..60);
    (any::<bool>(), steps)
}

#[test]
fn a_lease_is_accepted_at_most_once_whatever_is_tried() {
    holds(steps(), life_law(Lease::accept));
}

#[test]
fn an_acceptance_that_may_be_repeated_breaks_law_7() {
    is_broken(
        steps(),
        life_law(
            |lease, now, rules| {
                if lease.state == LeaseState::Accepted { Ok(lease) } else { lease.accept(now, rules) }
            },
        ),
    );
}

#[test]
fn an_acceptance_inside_the_window_breaks_the_law() {
    is_broken(steps(), life_law(|lease, now, rules| lease.accept(now + 1, rules)));
}

#[test]
fn state_codes_are_what_accounts_store() {
    use LeaseState::*;
    for (code, state) in (0..).zip([Open, Claimed, Committed, Revealed, Accepted, Returned, Expired]) {
        assert_eq!((u8::from(state), LeaseState::try_from(code)), (code, Ok(state)));
    }
    assert_eq!(LeaseState::try_from(7), Err(MarketError::UnknownState));
}
