//! Epochs: conservation, the classes, the bound against wash jobs, and law L6.

mod support;

use market_model::MarketError;
use market_model::credit::purchase;
use market_model::epoch::{
    BurnRate, Carry, EpochRules, FinalizeInput, Finalized, Pools, Splits, Usage, check_over, claim_share,
    compute_slice, finalize,
};
use market_model::parameters::Parameters;
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const RENDER: u64 = 100_000_000;
const WEEK: u64 = 113_257 * RENDER;

fn splits() -> Splits {
    Parameters::DEFAULT.splits()
}
fn rules() -> EpochRules {
    Parameters::DEFAULT.epoch_rules()
}

fn small(max: u64) -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..=max, 0..=1_000_u64]
}

/// Quantities up to those of a network a thousand times the present one.
fn inputs() -> impl Strategy<Value = FinalizeInput> {
    let most = 1_000_000_000 * RENDER;
    let carry = (small(most), small(most), small(most), small(most))
        .prop_map(|(creators, availability, render, compute)| Carry { creators, availability, render, compute });
    let usage = || (small(most), small(most)).prop_map(|(render, compute)| Usage { render, compute });
    let rate = || (small(most), small(most)).prop_map(|(burned, credits)| BurnRate { burned, credits });
    (small(most), carry, usage(), small(most), usage(), rate(), rate()).prop_map(
        |(emission, carry, usage, availability_total, smoothed_usage, purchases, last_rate)| FinalizeInput {
            emission,
            carry,
            usage,
            availability_total,
            smoothed_usage,
            purchases,
            last_rate,
        },
    )
}

type Finalize = fn(&FinalizeInput, &Splits, &EpochRules) -> Result<Finalized, MarketError>;

fn conservation_law(rule: Finalize) -> impl Fn(FinalizeInput) -> Verdict {
    move |input| {
        let Ok(done) = rule(&input, &splits(), &rules()) else { return Ok(()) };
        let before = input.emission + input.carry.total().unwrap();
        let after = done.pools.total().unwrap() + done.carry.total().unwrap();
        prop_assert_eq!(before, after);
        Ok(())
    }
}

#[test]
fn emission_and_carry_become_pools_and_carry_to_the_base_unit() {
    holds(inputs(), conservation_law(finalize));
}

#[test]
fn a_render_slice_rounded_by_itself_loses_dust_and_breaks_conservation() {
    fn mutant(input: &FinalizeInput, splits: &Splits, rules: &EpochRules) -> Result<Finalized, MarketError> {
        let mut done = finalize(input, splits, rules)?;
        let usage = done.smoothed_usage;
        let all = usage.render + usage.compute;
        let work = input.emission / 4;
        if all > 0 && u128::from(work) * u128::from(usage.render) % u128::from(all) > 0 {
            done.carry.render = done.carry.render.saturating_sub(1);
        }
        Ok(done)
    }
    is_broken(inputs(), conservation_law(mutant));
}

fn bound_law(rule: Finalize) -> impl Fn(FinalizeInput) -> Verdict {
    move |input| {
        let Ok(done) = rule(&input, &splits(), &rules()) else { return Ok(()) };
        let rate = if input.purchases.credits > 0 { input.purchases } else { input.last_rate };
        prop_assert_eq!(done.rate, rate);
        let most = |credits: u64, bound: u64| {
            let value = u128::from(credits) * u128::from(rate.burned) * u128::from(bound);
            value.checked_div(u128::from(rate.credits) * 10_000).unwrap_or(0)
        };
        let Usage { render, compute } = input.usage;
        prop_assert!(u128::from(done.pools.render) <= most(render, 8_000));
        prop_assert!(u128::from(done.pools.compute) <= most(compute, 8_000));
        prop_assert!(u128::from(done.pools.creators) <= most(render + compute, 2_000));
        prop_assert!(done.pools.availability == 0 || input.availability_total > 0);
        Ok(())
    }
}

#[test]
fn no_purpose_is_paid_above_its_bound_and_none_without_anybody_to_pay() {
    holds(inputs(), bound_law(finalize));
}

#[test]
fn pools_without_a_bound_break_the_law() {
    is_broken(
        inputs(),
        bound_law(|input, splits, rules| {
            let mut done = finalize(input, splits, rules)?;
            done.pools.compute += done.carry.compute;
            Ok(done)
        }),
    );
}

/// A washer buys credits, spends them on its own node, and takes its parts of the work and the creators' pools.
fn wash_law(rules: EpochRules) -> impl Fn((u64, u64, u64, u64, bool)) -> Verdict {
    move |(price, own, others, emission, is_render)| {
        let buy = |credits| purchase(credits, price, 9_500, u64::MAX);
        let (Ok(mine), Ok(theirs)) = (buy(own), buy(others)) else { return Ok(()) };
        let all = own + others;
        let usage = if is_render { Usage { render: all, compute: 0 } } else { Usage { render: 0, compute: all } };
        let input = FinalizeInput {
            emission,
            carry: Carry { creators: emission, render: emission, compute: emission, availability: 0 },
            usage,
            availability_total: 0,
            smoothed_usage: Usage::default(),
            purchases: BurnRate { burned: mine.burned + theirs.burned, credits: all },
            last_rate: BurnRate::default(),
        };
        let pools = finalize(&input, &splits(), &rules).unwrap().pools;
        let work = claim_share(own, all, pools.render + pools.compute).unwrap();
        let rebate = claim_share(own, all, pools.creators).unwrap();
        // One base unit: the rates of two purchases at one price differ by their roundings.
        prop_assert!(work + rebate <= mine.total + 1, "{} back for {}", work + rebate, mine.total);
        Ok(())
    }
}

fn washers() -> impl Strategy<Value = (u64, u64, u64, u64, bool)> {
    let credits = || prop_oneof![1..=1_000_u64, 1..=1_000_000_000_000_u64];
    (1_000_000..=1_000 * RENDER, credits(), credits(), 0..=WEEK, any::<bool>())
}

#[test]
fn a_requester_who_is_its_own_node_never_gets_back_more_than_it_paid() {
    holds(washers(), wash_law(rules()));
}

#[test]
fn bounds_above_what_was_burned_make_wash_jobs_pay() {
    is_broken(washers(), wash_law(EpochRules { work_bound_bps: 10_000, ..rules() }));
}

type Claim = fn(u64, u64, u64) -> Result<u64, MarketError>;

fn claims_law(rule: Claim) -> impl Fn((Vec<u64>, u64)) -> Verdict {
    move |(parts, pool)| {
        let total = parts.iter().sum();
        let mut paid = 0_u64;
        for part in &parts {
            paid += rule(*part, total, pool).unwrap();
            prop_assert!(paid <= pool);
        }
        prop_assert!(total == 0 || pool - paid < parts.len().max(1) as u64, "more than a base unit of dust per claim");
        Ok(())
    }
}

fn parts() -> impl Strategy<Value = (Vec<u64>, u64)> {
    (prop::collection::vec(small(1 << 40), 0..60), any::<u64>())
}

#[test]
fn claims_in_any_order_never_exceed_the_pool_and_leave_less_than_a_base_unit_each() {
    holds(parts(), claims_law(claim_share));
}

#[test]
fn claims_rounded_up_break_law_6() {
    is_broken(
        parts(),
        claims_law(|part, total, pool| {
            Ok(claim_share(part, total, pool)?.saturating_add(u64::from(part > 0 && part < total)))
        }),
    );
}

#[test]
fn a_part_above_the_total_is_refused_and_a_part_of_nothing_is_nothing() {
    assert_eq!(claim_share(2, 1, 100), Err(MarketError::ShareAboveTotal));
    assert_eq!(claim_share(0, 0, 100), Ok(0));
    assert_eq!(claim_share(1, 3, 100), Ok(33));
    assert_eq!(claim_share(u64::MAX, u64::MAX, u64::MAX), Ok(u64::MAX));
}

#[test]
fn a_larger_part_never_claims_less() {
    holds((small(1 << 40), small(1 << 40), small(1 << 40), any::<u64>()), |(part, more, others, pool)| {
        let total = part + more + others;
        prop_assert!(claim_share(part, total, pool).unwrap() <= claim_share(part + more, total, pool).unwrap());
        Ok(())
    });
}

/// The week of year 3 with enough burned that no bound binds.
fn busy_week(usage: Usage) -> FinalizeInput {
    FinalizeInput {
        emission: WEEK,
        carry: Carry::default(),
        usage,
        availability_total: 1,
        smoothed_usage: Usage::default(),
        purchases: BurnRate { burned: 1_000 * WEEK, credits: usage.render + usage.compute },
        last_rate: BurnRate::default(),
    }
}

#[test]
fn a_busy_week_is_split_as_rnp_022_says() {
    let done = finalize(&busy_week(Usage { render: 300, compute: 100 }), &splits(), &rules()).unwrap();
    let nodes = WEEK / 4;
    let availability = nodes / 178 * 28 + nodes % 178 * 28 / 178;
    let work = nodes - availability;
    let expected =
        Pools { operations: WEEK / 2, creators: WEEK / 4, availability, render: work - work / 4, compute: work / 4 };
    assert_eq!(done.pools, expected);
    assert_eq!(done.carry, Carry::default());
}

#[test]
fn the_compute_slice_is_weighted_by_credits() {
    let slice = |render, compute| compute_slice(1_000, Usage { render, compute });
    assert_eq!(slice(3, 1), Ok(250));
    assert_eq!(slice(2, 1), Ok(333));
    assert_eq!(slice(0, 1), Ok(1_000));
    assert_eq!(slice(1, 0), Ok(0));
    assert_eq!(slice(0, 0), Ok(0));
    assert_eq!(slice(u64::MAX, 1), Err(MarketError::Overflow));
}

#[test]
fn more_compute_never_gets_a_smaller_slice() {
    let most = 1_u64 << 40;
    holds((small(WEEK), small(most), small(most), small(most)), |(work, render, compute, more)| {
        let slice = |compute| compute_slice(work, Usage { render, compute }).unwrap();
        prop_assert!(slice(compute) <= slice(compute + more));
        Ok(())
    });
}

#[test]
fn an_idle_week_pays_operations_and_carries_the_rest_by_purpose() {
    let input = FinalizeInput { availability_total: 0, ..busy_week(Usage::default()) };
    let done = finalize(&input, &splits(), &rules()).unwrap();
    assert_eq!(done.pools, Pools { operations: WEEK / 2, ..Pools::default() });
    assert_eq!(done.carry.creators, WEEK / 4);
    assert!(done.carry.availability > 0 && done.carry.render > 0);
    assert_eq!(done.carry.compute, 0);
}

#[test]
fn what_was_carried_is_paid_when_there_is_somebody_to_pay() {
    let carry = Carry { creators: 1, availability: 2, render: 3, compute: 4 };
    let usage = Usage { render: 300, compute: 100 };
    let without = finalize(&busy_week(usage), &splits(), &rules()).unwrap().pools;
    let with = finalize(&FinalizeInput { carry, ..busy_week(usage) }, &splits(), &rules()).unwrap();
    let expected = Pools {
        operations: without.operations,
        creators: without.creators + 1,
        availability: without.availability + 2,
        render: without.render + 3,
        compute: without.compute + 4,
    };
    assert_eq!((with.pools, with.carry), (expected, Carry::default()));
}

#[test]
fn an_epoch_without_purchases_uses_the_last_known_rate() {
    let rate = BurnRate { burned: 50, credits: 100 };
    let input = FinalizeInput {
        purchases: BurnRate { burned: 0, credits: 0 },
        last_rate: rate,
        ..busy_week(Usage { render: 1_000, compute: 0 })
    };
    let done = finalize(&input, &splits(), &rules()).unwrap();
    assert_eq!((done.rate, done.pools.render, done.pools.creators), (rate, 400, 100));
    let never = FinalizeInput { last_rate: BurnRate::default(), ..input };
    assert_eq!(finalize(&never, &splits(), &rules()).unwrap().pools.render, 0);
}

#[test]
fn usage_is_smoothed_from_the_second_epoch_on_and_stays_between_old_and_new() {
    let seen = Usage { render: 100, compute: 300 };
    assert_eq!(Usage::default().smoothed(seen, 2_500), Ok(seen));
    let next = Usage { render: 200, compute: 0 };
    assert_eq!(seen.smoothed(next, 2_500), Ok(Usage { render: 125, compute: 225 }));
    holds((any::<u64>(), any::<u64>(), 0_u64..=10_000), |(old, new, weight)| {
        let at = |render| Usage { render, compute: 1 };
        let average = at(old).smoothed(at(new), weight).unwrap().render;
        prop_assert!(average >= old.min(new) && average <= old.max(new));
        Ok(())
    });
}

#[test]
fn a_class_that_is_no_longer_used_fades_to_nothing() {
    let mut usage = Usage { render: 1_000_000_000, compute: 1_000_000_000 };
    for _ in 0..200 {
        usage = usage.smoothed(Usage { render: 1_000_000_000, compute: 0 }, 2_500).unwrap();
    }
    assert_eq!(usage, Usage { render: 1_000_000_000, compute: 0 });
}

#[test]
fn splits_that_do_not_make_a_whole_are_refused() {
    let good = splits();
    for bad in [
        Splits { nodes_bps: 2_501, ..good },
        Splits { operations_bps: 4_999, ..good },
        Splits { availability_denominator: 0, availability_numerator: 0, ..good },
        Splits { availability_numerator: 17_801, ..good },
    ] {
        assert_eq!(bad.validate(), Err(MarketError::SplitsInvalid));
        assert_eq!(finalize(&busy_week(Usage::default()), &bad, &rules()), Err(MarketError::SplitsInvalid));
    }
    assert_eq!(good.validate(), Ok(()));
    let overflowing = Splits { nodes_bps: u64::MAX, ..good };
    assert_eq!(overflowing.validate(), Err(MarketError::Overflow));
}

#[test]
fn an_epoch_is_over_from_its_end_on() {
    assert_eq!(check_over(100, 99), Err(MarketError::EpochNotOver));
    assert_eq!(check_over(100, 100), Ok(()));
    assert_eq!(check_over(100, 101), Ok(()));
}
