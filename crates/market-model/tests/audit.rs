//! Audits: the lottery, who pays, and that faking loses whatever a lease is worth.

mod support;

use market_model::MarketError;
use market_model::audit::{
    Audit, AuditRules, AuditState, BASE_UNITS_TIMES_VALUATION_PER_CREDIT, audits_owed, cover, is_picked,
    lottery_threshold,
};
use market_model::parameters::Parameters;
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const T: i64 = 1_000;

fn rules() -> AuditRules {
    Parameters::DEFAULT.audit_rules()
}

/// Any rules within the bounds of the parameters.
fn any_rules() -> impl Strategy<Value = AuditRules> {
    let shares = (10_u64..=10_000, 0_u64..=9_000, 1_000_u64..=10_000, 500_u64..=5_000);
    (shares, prop_oneof![1_u64..40, 1_u64..=10_000], 1_000_000_u64..=100_000_000_000).prop_map(
        |((probability_bps, collusion_bps, fraud_slash_bps, finder_fee_bps), penalty_multiple, stake_valuation)| {
            AuditRules {
                probability_bps,
                collusion_bps,
                penalty_multiple,
                stake_valuation,
                fraud_slash_bps,
                finder_fee_bps,
            }
        },
    )
}

/// Ten-thousandths cubed: p (1 - s) (1 - f) as a whole number of 10^-12.
fn caught(rules: &AuditRules) -> u128 {
    u128::from(rules.probability_bps)
        * u128::from(10_000 - rules.collusion_bps)
        * u128::from(10_000 - rules.finder_fee_bps)
}

type Check = fn(&AuditRules) -> Result<(), MarketError>;

/// Whatever passes the check: with a value of 10^12, the gain of a fake is at most what its detection is expected to cost.
fn deterrence_law(check: Check) -> impl Fn(AuditRules) -> Verdict {
    move |rules| {
        let deters = caught(&rules) * u128::from(rules.penalty_multiple) >= 1_000_000_000_000;
        prop_assert_eq!(check(&rules).is_ok(), deters);
        Ok(())
    }
}

#[test]
fn parameters_pass_exactly_when_the_expected_loss_of_a_fake_is_at_least_its_value() {
    holds(any_rules(), deterrence_law(AuditRules::check_deterrence));
}

#[test]
fn a_check_that_forgets_colluding_auditors_breaks_the_law() {
    is_broken(any_rules(), deterrence_law(|rules| AuditRules { collusion_bps: 0, ..*rules }.check_deterrence()));
}

#[test]
fn a_check_that_forgets_the_fee_a_cheater_pays_itself_breaks_the_law() {
    is_broken(any_rules(), deterrence_law(|rules| AuditRules { finder_fee_bps: 0, ..*rules }.check_deterrence()));
}

#[test]
fn deterrence_rises_with_the_probability_and_the_multiple_and_falls_with_collusion_and_fee() {
    holds(any_rules(), |rules| {
        let multiple = |rules: AuditRules| rules.deterring_multiple().unwrap();
        let least = multiple(rules);
        let likelier = AuditRules { probability_bps: (rules.probability_bps + 1).min(10_000), ..rules };
        let colluding = AuditRules { collusion_bps: rules.collusion_bps + 1, ..rules };
        let dearer = AuditRules { finder_fee_bps: rules.finder_fee_bps + 1, ..rules };
        prop_assert!(multiple(likelier) <= least);
        prop_assert!(multiple(colluding) >= least);
        prop_assert!(multiple(dearer) >= least);
        let enough = AuditRules { penalty_multiple: least, ..rules };
        let too_low = AuditRules { penalty_multiple: least - 1, ..rules };
        prop_assert!(enough.check_deterrence().is_ok());
        prop_assert!(too_low.check_deterrence().is_err());
        Ok(())
    });
}

#[test]
fn the_defaults_deter_with_a_margin() {
    // 0.1 x 0.6667 x 0.7 = 0.046669, of which 21.43 make one.
    assert_eq!(rules().deterring_multiple(), Ok(22));
    assert_eq!(rules().penalty_multiple, 25);
    let mut parameters = Parameters::DEFAULT;
    parameters.audit_penalty_multiple = 22;
    assert_eq!(parameters.validate(), Ok(()));
    parameters.audit_penalty_multiple = 21;
    assert_eq!(parameters.validate(), Err(MarketError::PenaltyDoesNotDeter));
}

#[test]
fn rules_under_which_nobody_is_ever_caught_deter_by_no_penalty() {
    for hopeless in [
        AuditRules { probability_bps: 0, ..rules() },
        AuditRules { collusion_bps: 10_000, ..rules() },
        AuditRules { finder_fee_bps: 10_000, ..rules() },
    ] {
        assert_eq!(hopeless.check_deterrence(), Err(MarketError::PenaltyDoesNotDeter));
    }
    for broken in [
        AuditRules { probability_bps: 10_001, ..rules() },
        AuditRules { collusion_bps: 10_001, ..rules() },
        AuditRules { finder_fee_bps: 10_001, ..rules() },
    ] {
        assert_eq!(broken.check_deterrence(), Err(MarketError::RateAboveWhole));
    }
}

type Penalty = fn(&AuditRules, u64) -> Result<u64, MarketError>;

/// The penalty, at the valuation, is at least the multiple of the value, and less than one base unit more.
fn penalty_law(penalty: Penalty) -> impl Fn((AuditRules, u64)) -> Verdict {
    move |(rules, value)| {
        let multiple = u128::from(rules.penalty_multiple.max(rules.deterring_multiple().unwrap()));
        let due = u128::from(value) * u128::from(BASE_UNITS_TIMES_VALUATION_PER_CREDIT) * multiple;
        if let Ok(taken) = penalty(&rules, value) {
            let worth = u128::from(taken) * u128::from(rules.stake_valuation);
            prop_assert!(worth >= due && worth < due + u128::from(rules.stake_valuation));
        }
        Ok(())
    }
}

#[test]
fn a_penalty_is_worth_the_multiple_of_the_lease_rounded_up() {
    holds((any_rules(), 0_u64..1_000_000_000_000), penalty_law(AuditRules::penalty));
    assert_eq!(AuditRules { stake_valuation: 300_000_000, ..rules() }.penalty(1), Ok(834));
    // One USD at one USD per RENDER, 25 times.
    assert_eq!(rules().penalty(1_000_000), Ok(25 * 100_000_000));
    assert_eq!(rules().penalty(0), Ok(0));
}

#[test]
fn a_penalty_rounded_down_breaks_the_law() {
    is_broken(
        (any_rules(), 0_u64..1_000_000_000_000),
        penalty_law(|rules, value| rules.penalty(value).map(|penalty| penalty.saturating_sub(1))),
    );
}

#[test]
fn a_job_that_was_opened_with_a_lower_chance_of_an_audit_is_not_worth_faking_either() {
    let old = AuditRules { probability_bps: 10, ..rules() };
    assert_eq!(old.check_deterrence(), Err(MarketError::PenaltyDoesNotDeter));
    assert_eq!(old.penalty(1_000_000), Ok(2_143 * 100_000_000));
}

#[test]
fn a_penalty_that_no_stake_can_hold_is_an_error() {
    assert_eq!(rules().penalty(u64::MAX), Err(MarketError::Overflow));
}

#[test]
fn the_loser_of_a_dispute_loses_the_larger_of_penalty_and_share_and_never_more_than_it_has() {
    assert_eq!(rules().fraud_penalty(1_000, 1, 0), Ok(501));
    assert_eq!(rules().fraud_penalty(1_000, 1, 500), Ok(501));
    assert_eq!(rules().fraud_penalty(1_000, 1, 700), Ok(700));
    assert_eq!(rules().fraud_penalty(1_000, 1, 5_000), Ok(1_001));
    assert_eq!(rules().fraud_penalty(0, 0, 5_000), Ok(0));
    assert_eq!(rules().fraud_penalty(u64::MAX, 1, 0), Err(MarketError::Overflow));
}

#[test]
fn a_premium_is_the_price_times_the_chance_of_an_audit_rounded_up_or_times_the_other_nodes() {
    assert_eq!(rules().premium_per_unit(1_000, 1), Ok(100));
    assert_eq!(rules().premium_per_unit(1_001, 1), Ok(101));
    assert_eq!(rules().premium_per_unit(1, 1), Ok(1));
    assert_eq!(rules().premium_per_unit(1_000, 2), Ok(1_000));
    assert_eq!(rules().premium_per_unit(1_000, 3), Ok(2_000));
    for replicas in [0, 4, u8::MAX] {
        assert_eq!(rules().premium_per_unit(1_000, replicas), Err(MarketError::ReplicasInvalid));
        assert_eq!(audits_owed(replicas), Err(MarketError::ReplicasInvalid));
    }
    assert_eq!([1, 2, 3].map(audits_owed), [Ok(1), Ok(1), Ok(2)]);
}

/// Premiums of many leases pay for the audits that they are expected to have.
#[test]
fn premiums_cover_the_expected_work_of_auditors() {
    holds((any_rules(), 1_u64..1_000_000_000, 1_u8..=3), |(rules, price, replicas)| {
        let premium = u128::from(rules.premium_per_unit(price, replicas).unwrap());
        let chance = if replicas > 1 { 10_000 } else { u128::from(rules.probability_bps) };
        let expected = u128::from(price) * u128::from(audits_owed(replicas).unwrap()) * chance;
        prop_assert!(premium * 10_000 >= expected && premium * 10_000 < expected + 10_000);
        Ok(())
    });
}

#[test]
fn the_lottery_picks_below_its_threshold() {
    assert_eq!(lottery_threshold(0), 0);
    assert_eq!(lottery_threshold(5_000), 1 << 63);
    assert_eq!(lottery_threshold(10_000), 1 << 64);
    assert_eq!(lottery_threshold(20_000), 1 << 64);
    let last = u64::try_from(lottery_threshold(1_000) - 1).unwrap();
    assert!(is_picked(last, 1_000, 1) && !is_picked(last + 1, 1_000, 1));
    assert!(is_picked(u64::MAX, 10_000, 1));
    assert!(!is_picked(0, 0, 1));
    assert!(is_picked(u64::MAX, 0, 2));
}

#[test]
fn stake_covers_up_to_the_last_base_unit() {
    assert_eq!(cover(100, 60, 40), Ok(100));
    assert_eq!(cover(99, 60, 40), Err(MarketError::StakeDoesNotCover));
    assert_eq!(cover(u64::MAX, u64::MAX, 1), Err(MarketError::Overflow));
}

#[test]
fn an_audit_is_committed_up_to_its_deadline_and_revealed_after_that() {
    let claimed = Audit::claim(T, 300).unwrap();
    assert_eq!(claimed, Audit { state: AuditState::Claimed, deadline: T + 300 });
    assert_eq!(claimed.reveal(), Err(MarketError::AuditNotCommitted));
    assert_eq!(claimed.commit(T + 301), Err(MarketError::AuditDeadlinePassed));
    let committed = claimed.commit(T + 300).unwrap();
    assert_eq!(committed.commit(T), Err(MarketError::AuditNotClaimed));
    let revealed = committed.reveal().unwrap();
    assert_eq!(revealed.state, AuditState::Revealed);
    assert_eq!(revealed.reveal(), Err(MarketError::AuditNotCommitted));
    assert_eq!(Audit::claim(i64::MAX, 1), Err(MarketError::Overflow));
}

#[test]
fn state_codes_are_what_accounts_store() {
    use AuditState::*;
    for (code, state) in (0..).zip([Claimed, Committed, Revealed, Disputed]) {
        assert_eq!((u8::from(state), AuditState::try_from(code)), (code, Ok(state)));
    }
    assert_eq!(AuditState::try_from(4), Err(MarketError::UnknownState));
}
