//! Stakes: law L4 and the unbonding period.

mod support;

use std::collections::VecDeque;

use market_model::MarketError;
use market_model::stake::{Stake, StakeRules};
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const DAY: i64 = 86_400;
const RULES: StakeRules = StakeRules { min_stake: 1_000, unbonding_seconds: 14 * DAY, expiry_penalty_bps: 100 };
const T: i64 = 1_800_000_000;

#[derive(Clone, Copy, Debug)]
enum Step {
    Deposit(u64),
    Unbond(u64),
    Withdraw,
    Slash(u64),
    Burn,
}

fn steps() -> impl Strategy<Value = Vec<(Step, i64)>> {
    let amount = || prop_oneof![0_u64..2_000, any::<u64>()];
    let step = prop_oneof![
        amount().prop_map(Step::Deposit),
        amount().prop_map(Step::Unbond),
        Just(Step::Withdraw),
        amount().prop_map(Step::Slash),
        Just(Step::Burn),
    ];
    prop::collection::vec((step, 0..10 * DAY), 0..60)
}

#[derive(Clone, Copy)]
struct Rule {
    unbond: fn(Stake, u64, i64, &StakeRules) -> Result<Stake, MarketError>,
    slash: fn(Stake, u64) -> Result<(Stake, u64), MarketError>,
}

const REAL: Rule = Rule { unbond: Stake::begin_unbonding, slash: Stake::slash };

/// A vault beside the stake: what came in is what is held plus what went out.
fn vault_law(rule: Rule) -> impl Fn(Vec<(Step, i64)>) -> Verdict {
    move |steps| {
        let (mut stake, mut vault, mut now) = (Stake::default(), 0_u64, T);
        for (step, wait) in steps {
            now += wait;
            match step {
                Step::Deposit(amount) => {
                    if let Ok(after) = stake.deposit(amount) {
                        (stake, vault) = (after, vault + amount);
                    }
                }
                Step::Unbond(amount) => stake = (rule.unbond)(stake, amount, now, &RULES).unwrap_or(stake),
                Step::Withdraw => {
                    if let Ok((after, amount)) = stake.withdraw(now) {
                        prop_assert!(amount <= vault);
                        (stake, vault) = (after, vault - amount);
                    }
                }
                Step::Slash(penalty) => {
                    let (after, taken) = (rule.slash)(stake, penalty).unwrap();
                    prop_assert_eq!(taken, penalty.min(stake.staked + stake.unbonding));
                    prop_assert!(after.unbonding == stake.unbonding || after.staked == 0, "unbonding before stake");
                    stake = after;
                }
                Step::Burn => {
                    if let Ok((after, amount)) = stake.burn_slashed() {
                        prop_assert!(amount <= vault);
                        (stake, vault) = (after, vault - amount);
                    }
                }
            }
            prop_assert_eq!(stake.held(), Ok(vault));
        }
        Ok(())
    }
}

#[test]
fn the_vault_holds_stake_unbonding_and_unburned_slashes_after_any_steps() {
    holds(steps(), vault_law(REAL));
}

#[test]
fn a_slash_that_forgets_what_it_took_breaks_law_4() {
    let slash = |stake: Stake, penalty| {
        let (after, taken) = stake.slash(penalty)?;
        Ok((Stake { slashed: stake.slashed, ..after }, taken))
    };
    is_broken(steps(), vault_law(Rule { slash, ..REAL }));
}

#[test]
fn a_slash_that_spares_what_is_unbonding_breaks_the_law() {
    let slash = |stake: Stake, penalty: u64| stake.slash(penalty.min(stake.staked));
    is_broken(steps(), vault_law(Rule { slash, ..REAL }));
}

/// Each unit that leaves stopped securing work at least one whole period ago: withdrawals are matched with unbondings in order.
fn period_law(rule: Rule) -> impl Fn(Vec<(Step, i64)>) -> Verdict {
    move |steps| {
        let mut stake = Stake::default().deposit(1_000_000).unwrap();
        let mut now = T;
        let mut queue = VecDeque::new();
        for (step, wait) in steps {
            now += wait;
            match step {
                Step::Unbond(amount) => {
                    if let Ok(after) = (rule.unbond)(stake, amount, now, &RULES) {
                        stake = after;
                        queue.push_back(now);
                    }
                }
                Step::Withdraw => {
                    if let Ok((after, _)) = stake.withdraw(now) {
                        stake = after;
                        prop_assert!(queue.drain(..).all(|began| now >= began + RULES.unbonding_seconds));
                    }
                }
                Step::Deposit(_) | Step::Slash(_) | Step::Burn => {}
            }
        }
        Ok(())
    }
}

#[test]
fn nothing_leaves_before_a_whole_unbonding_period_has_passed() {
    holds(steps(), period_law(REAL));
}

#[test]
fn an_unbonding_that_joins_the_first_without_restarting_breaks_the_period_law() {
    let unbond = |stake: Stake, amount, now, rules: &StakeRules| {
        let after = stake.begin_unbonding(amount, now, rules)?;
        let until = if stake.unbonding > 0 { stake.unbonding_until } else { after.unbonding_until };
        Ok(Stake { unbonding_until: until, ..after })
    };
    is_broken(steps(), period_law(Rule { unbond, ..REAL }));
}

#[test]
fn withdrawal_is_possible_from_the_last_second_of_the_period() {
    let stake = Stake::default().deposit(100).and_then(|stake| stake.begin_unbonding(40, T, &RULES)).unwrap();
    let until = T + 14 * DAY;
    assert_eq!(stake, Stake { staked: 60, unbonding: 40, unbonding_until: until, slashed: 0 });
    assert_eq!(stake.withdraw(until - 1), Err(MarketError::StillUnbonding));
    let left = Stake { staked: 60, ..Stake::default() };
    assert_eq!(stake.withdraw(until), Ok((left, 40)));
    assert_eq!(stake.withdraw(until + 1), Ok((left, 40)));
    assert_eq!(left.withdraw(until), Err(MarketError::NothingUnbonding));
}

#[test]
fn a_slash_takes_the_stake_first_then_what_is_unbonding_and_never_more() {
    let stake = Stake { staked: 60, unbonding: 40, unbonding_until: T, slashed: 5 };
    let after = |staked, unbonding, slashed| Stake { staked, unbonding, unbonding_until: T, slashed };
    assert_eq!(stake.slash(50), Ok((after(10, 40, 55), 50)));
    assert_eq!(stake.slash(70), Ok((after(0, 30, 75), 70)));
    assert_eq!(stake.slash(u64::MAX), Ok((after(0, 0, 105), 100)));
    assert_eq!(stake.slash(0), Ok((stake, 0)));
}

/// What leaves one node by a slash with a fee is burned or is stake of the other.
fn fee_law(slash_for: SlashFor) -> impl Fn(FeeCase) -> Verdict {
    move |(staked, unbonding, penalty, fee_bps)| {
        let stake = Stake { staked, unbonding, unbonding_until: T, slashed: 9 };
        let (after, taken, fee) = slash_for(stake, penalty, fee_bps).unwrap();
        prop_assert_eq!(taken, penalty.min(staked + unbonding));
        prop_assert!(fee <= taken && u128::from(fee) * 10_000 <= u128::from(taken) * u128::from(fee_bps));
        prop_assert!((u128::from(fee) + 1) * 10_000 > u128::from(taken) * u128::from(fee_bps));
        prop_assert_eq!(after.held().unwrap() + fee, stake.held().unwrap());
        prop_assert_eq!(after.staked + after.unbonding + taken, staked + unbonding);
        Ok(())
    }
}

type SlashFor = fn(Stake, u64, u64) -> Result<(Stake, u64, u64), MarketError>;
type FeeCase = (u64, u64, u64, u64);

fn fee_cases() -> impl Strategy<Value = FeeCase> {
    (0_u64..10_000, 0_u64..10_000, 0_u64..30_000, 0_u64..=10_000)
}

#[test]
fn a_finders_fee_is_part_of_what_was_taken_and_the_rest_is_burned() {
    holds(fee_cases(), fee_law(Stake::slash_for));
    let stake = Stake { staked: 101, ..Stake::default() };
    assert_eq!(stake.slash_for(u64::MAX, 3_000), Ok((Stake { slashed: 71, ..Stake::default() }, 101, 30)));
    assert_eq!(stake.slash_for(1, 10_001), Err(MarketError::RateAboveWhole));
}

#[test]
fn a_fee_that_is_burned_as_well_breaks_law_4() {
    is_broken(
        fee_cases(),
        fee_law(|stake, penalty, fee_bps| {
            let (after, taken, fee) = stake.slash_for(penalty, fee_bps)?;
            Ok((Stake { slashed: after.slashed + fee, ..after }, taken, fee))
        }),
    );
}

#[test]
fn steps_of_nothing_and_more_than_is_there_are_refused() {
    let stake = Stake::default().deposit(100).unwrap();
    assert_eq!(stake.deposit(0), Err(MarketError::NoAmount));
    assert_eq!(stake.deposit(u64::MAX), Err(MarketError::Overflow));
    assert_eq!(stake.begin_unbonding(0, T, &RULES), Err(MarketError::NoAmount));
    assert_eq!(stake.begin_unbonding(101, T, &RULES), Err(MarketError::StakeTooSmall));
    assert_eq!(stake.begin_unbonding(1, i64::MAX, &RULES), Err(MarketError::Overflow));
    assert_eq!(stake.burn_slashed(), Err(MarketError::NoAmount));
}

#[test]
fn a_node_may_work_from_the_least_stake_on_and_unbonding_does_not_count() {
    let staked = |amount| Stake { staked: amount, unbonding: 5_000, ..Stake::default() };
    assert_eq!(staked(999).check_may_work(&RULES), Err(MarketError::StakeTooSmall));
    assert_eq!(staked(1_000).check_may_work(&RULES), Ok(()));
}

#[test]
fn the_penalty_for_a_missed_deadline_is_a_share_of_the_least_stake_rounded_up_and_never_more_than_is_there() {
    let staked = |amount| Stake { staked: amount, ..Stake::default() };
    assert_eq!(staked(1_000).expiry_penalty(&RULES), Ok(10));
    assert_eq!(staked(1_000_000).expiry_penalty(&RULES), Ok(10));
    assert_eq!(staked(7).expiry_penalty(&RULES), Ok(7));
    let odd = StakeRules { min_stake: 1_001, ..RULES };
    assert_eq!(staked(1_001).expiry_penalty(&odd), Ok(11));
    let unbonding = Stake { unbonding: 4, staked: 3, ..Stake::default() };
    assert_eq!(unbonding.expiry_penalty(&RULES), Ok(7));
}
