//! Epochs: conservation, the classes, the bound against wash jobs, and law L6.

mod support;

use market_model::MarketError;
use market_model::credit::purchase;
use market_model::emission::{DEFAULT_SCHEDULE, DEFAULT_SPLIT, amount};
use market_model::epoch::{
    BurnRate, Carry, EpochRules, FinalizeInput, Finalized, Pools, Rebate, Splits, Usage, availability_claim,
    check_over, claim_share, compute_slice, finalize, rebate,
};
use market_model::parameters::Parameters;
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const RENDER: u64 = 100_000_000;
const WEEK: u64 = 113_257 * RENDER;

fn splits() -> Splits {
    Parameters::DEFAULT.splits(DEFAULT_SPLIT)
}
fn rules() -> EpochRules {
    Parameters::DEFAULT.epoch_rules()
}
/// The default rules with recycling on.
fn recycling() -> EpochRules {
    EpochRules { recycle_bps: 2_000, ..rules() }
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
    let burns = (small(most), small(most));
    let nodes = (small(most), small(most), 0..100_000_u64);
    (small(most), carry, usage(), nodes, usage(), burns, rate(), rate()).prop_map(
        |(emission, carry, usage, nodes, smoothed_usage, burns, purchases, last_rate)| {
            let (spent, availability_total, qualified) = nodes;
            let (smoothed_burned, unrecycled) = burns;
            FinalizeInput {
                emission,
                carry,
                usage,
                spent,
                availability_total,
                qualified,
                smoothed_usage,
                smoothed_burned,
                unrecycled,
                purchases,
                last_rate,
            }
        },
    )
}

type Finalize = fn(&FinalizeInput, &Splits, &EpochRules) -> Result<Finalized, MarketError>;

fn conservation_law(rule: Finalize) -> impl Fn(FinalizeInput) -> Verdict {
    move |input| {
        let Ok(done) = rule(&input, &splits(), &recycling()) else { return Ok(()) };
        let before = input.emission + done.recycled + input.carry.total().unwrap();
        let after = done.pools.total().unwrap() + done.carry.total().unwrap();
        prop_assert_eq!(before, after);
        Ok(())
    }
}

#[test]
fn emission_recycling_and_carry_become_pools_and_carry_to_the_base_unit() {
    holds(inputs(), conservation_law(finalize));
}

#[test]
fn recycling_that_is_not_counted_breaks_conservation() {
    is_broken(
        inputs(),
        conservation_law(|input, splits, rules| {
            let done = finalize(input, splits, rules)?;
            Ok(Finalized { recycled: done.recycled / 2, ..done })
        }),
    );
}

#[test]
fn a_render_slice_rounded_by_itself_loses_dust_and_breaks_conservation() {
    fn mutant(input: &FinalizeInput, splits: &Splits, rules: &EpochRules) -> Result<Finalized, MarketError> {
        let mut done = finalize(input, splits, rules)?;
        let usage = done.smoothed_usage;
        let all = usage.render + usage.compute;
        let work = (input.emission + done.recycled) / 4;
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
        prop_assert!(u128::from(done.pools.creators) <= most(input.spent, 2_000));
        prop_assert!(done.pools.availability == 0 || input.availability_total > 0);
        prop_assert!(done.pools.availability <= rules().availability_cap * input.qualified);
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
            spent: all,
            purchases: BurnRate { burned: mine.burned + theirs.burned, credits: all },
            ..FinalizeInput::default()
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
        usage,
        spent: usage.render + usage.compute,
        availability_total: 1,
        qualified: 10_000,
        purchases: BurnRate { burned: 1_000 * WEEK, credits: usage.render + usage.compute },
        ..FinalizeInput::default()
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
        Splits { creators_bps: 5_001, ..good },
        Splits { operations_bps: 7_501, ..good },
        Splits { availability_denominator: 0, availability_numerator: 0, ..good },
        Splits { availability_numerator: 17_801, ..good },
    ] {
        assert_eq!(bad.validate(), Err(MarketError::SplitsInvalid));
        assert_eq!(finalize(&busy_week(Usage::default()), &bad, &rules()), Err(MarketError::SplitsInvalid));
    }
    assert_eq!(good.validate(), Ok(()));
    assert_eq!(Splits { operations_bps: 7_500, ..good }.validate(), Ok(()));
    let overflowing = Splits { creators_bps: u64::MAX, ..good };
    assert_eq!(overflowing.validate(), Err(MarketError::Overflow));
}

#[test]
fn an_epoch_is_over_from_its_end_on() {
    assert_eq!(check_over(100, 99), Err(MarketError::EpochNotOver));
    assert_eq!(check_over(100, 100), Ok(()));
    assert_eq!(check_over(100, 101), Ok(()));
}

/// A life of epochs: what was burned in each, and the rules of each.
fn recycling_law(rule: Finalize) -> impl Fn(Vec<(u64, u64, u64)>) -> Verdict {
    move |epochs| {
        let (mut smoothed_burned, mut unrecycled, mut burned, mut recycled) = (0, 0, 0_u64, 0_u64);
        for (now, burn_weight_bps, recycle_bps) in epochs {
            let rules = EpochRules { burn_weight_bps, recycle_bps, ..rules() };
            let purchases = BurnRate { burned: now, credits: 1 };
            let input = FinalizeInput { smoothed_burned, unrecycled, purchases, ..FinalizeInput::default() };
            let done = rule(&input, &splits(), &rules).unwrap();
            (smoothed_burned, unrecycled) = (done.smoothed_burned, done.unrecycled);
            burned += now;
            recycled += done.recycled;
            prop_assert!(recycled <= burned, "{recycled} given out again of {burned}");
            prop_assert_eq!(unrecycled, burned - recycled);
            prop_assert!(u128::from(done.recycled) * 10_000 <= u128::from(smoothed_burned) * u128::from(recycle_bps));
        }
        Ok(())
    }
}

fn burns() -> impl Strategy<Value = Vec<(u64, u64, u64)>> {
    let weight = prop_oneof![Just(1_u64), Just(10_000), Just(2_500), 1..=10_000_u64];
    let share = prop_oneof![Just(0_u64), Just(2_000), Just(10_000), 0..=2_000_u64];
    prop::collection::vec((small(1 << 40), weight, share), 0..40)
}

#[test]
fn no_more_is_ever_recycled_than_was_burned_whatever_the_parameters_were() {
    holds(burns(), recycling_law(finalize));
}

#[test]
fn recycling_by_the_average_alone_gives_out_more_than_was_burned() {
    is_broken(
        burns(),
        recycling_law(|input, splits, rules| {
            let done = finalize(input, splits, rules)?;
            let whole = done.smoothed_burned * rules.recycle_bps / 10_000;
            Ok(Finalized {
                recycled: whole,
                unrecycled: done.unrecycled + done.recycled - whole.min(done.unrecycled),
                ..done
            })
        }),
    );
}

#[test]
fn recycling_is_off_by_default_and_a_share_of_the_average_burn_when_on() {
    assert_eq!(rules().recycle_bps, 0);
    let input = FinalizeInput {
        emission: 1_000,
        purchases: BurnRate { burned: 4_000, credits: 1 },
        ..FinalizeInput::default()
    };
    let off = finalize(&input, &splits(), &rules()).unwrap();
    assert_eq!((off.recycled, off.smoothed_burned, off.unrecycled), (0, 1_000, 4_000));
    let on = finalize(&input, &splits(), &recycling()).unwrap();
    assert_eq!((on.recycled, on.smoothed_burned, on.unrecycled), (200, 1_000, 3_800));
    assert_eq!(on.pools.operations, 600);
    // With nothing burned the average fades, and what it gives with it.
    let next =
        FinalizeInput { smoothed_burned: on.smoothed_burned, unrecycled: on.unrecycled, ..FinalizeInput::default() };
    let next = finalize(&next, &splits(), &recycling()).unwrap();
    assert_eq!((next.recycled, next.smoothed_burned, next.unrecycled), (150, 750, 3_650));
}

#[test]
fn the_availability_pool_is_at_most_the_cap_of_each_qualified_node() {
    let cap = rules().availability_cap;
    // RNP-013: 10 RENDER per node and month; a week has 7/30.4 of a month.
    assert_eq!(cap, 230_000_000);
    let of =
        |qualified| finalize(&FinalizeInput { qualified, ..busy_week(Usage::default()) }, &splits(), &rules()).unwrap();
    assert_eq!(of(3).pools.availability, 3 * cap);
    assert_eq!(of(0).pools.availability, 0);
    let unbound = of(u64::MAX);
    assert_eq!(unbound.carry.availability, 0);
    assert_eq!(of(3).carry.availability, unbound.pools.availability - 3 * cap);
}

type AvailabilityClaim = fn(u64, u64, u64, u64) -> Result<u64, MarketError>;

fn availability_law(rule: AvailabilityClaim) -> impl Fn((Vec<u64>, u64, u64)) -> Verdict {
    move |(points, pool, cap)| {
        let total = points.iter().sum();
        let mut paid = 0_u64;
        for part in &points {
            let reward = rule(*part, total, pool, cap).unwrap();
            prop_assert!(reward <= cap);
            prop_assert!(reward <= claim_share(*part, total, pool).unwrap());
            paid += reward;
        }
        prop_assert!(paid <= pool);
        Ok(())
    }
}

#[test]
fn no_node_has_more_availability_reward_than_the_cap_and_all_not_more_than_the_pool() {
    let cases = || (prop::collection::vec(small(1 << 40), 0..60), small(1 << 50), small(1 << 45));
    holds(cases(), availability_law(availability_claim));
    is_broken(cases(), availability_law(|part, total, pool, _| claim_share(part, total, pool)));
}

#[test]
fn a_rebate_is_shared_with_the_client_to_the_base_unit() {
    assert_eq!(rebate(1, 3, 1_000, 2_000, 2_000), Ok(Rebate { requester: 267, client: 66 }));
    assert_eq!(rebate(1, 3, 1_000, 0, 2_000), Ok(Rebate { requester: 333, client: 0 }));
    // Governance lowered the most after the client had agreed to more.
    assert_eq!(rebate(1, 1, 1_000, 2_000, 500), Ok(Rebate { requester: 950, client: 50 }));
    assert_eq!(rebate(0, 0, 1_000, 2_000, 2_000), Ok(Rebate::default()));
    assert_eq!(rebate(2, 1, 1_000, 0, 0), Err(MarketError::ShareAboveTotal));
    holds(
        (small(1 << 40), small(1 << 40), any::<u64>(), 0..=10_000_u64, 0..=10_000_u64),
        |(own, others, pool, share, most)| {
            let paid = rebate(own, own + others, pool, share, most).unwrap();
            prop_assert_eq!(Ok(paid.requester + paid.client), claim_share(own, own + others, pool));
            prop_assert!(
                u128::from(paid.client) * 10_000
                    <= u128::from(paid.requester + paid.client) * u128::from(most.min(share))
            );
            Ok(())
        },
    );
}

#[test]
fn coupon_rewards_follow_rnp_004() {
    // CR_i = N_i / sum N x C_t, with render and compute in the ratio 3 : 1 and N_i = 20 of 80.
    let slice = compute_slice(9_543_000_000, Usage { render: 240, compute: 80 }).unwrap();
    assert_eq!(slice, 2_385_750_000);
    assert_eq!(claim_share(20, 80, slice), Ok(596_437_500));
    // RNP-006's example of attribution: one tenth of a job of 100 is 10 of all that was attributed.
    assert_eq!(claim_share(10, 1_000, 47_000 * RENDER), Ok(470 * RENDER));
    // Epoch 97 of the published data: shares of 15,000 RENDER leave dust below a base unit per node.
    let parts = [5_372_242_u64, 14_322_506 - 5_372_242];
    let paid: u64 = parts.iter().map(|part| claim_share(*part, 14_322_506, 15_000 * RENDER).unwrap()).sum();
    assert!(15_000 * RENDER - paid < 2);
}

/// The table of docs/economy/emissions.md.
#[test]
fn the_worked_example_of_the_documents_is_right() {
    let start = 1_703_030_400;
    let from = start + 2 * 31_536_000;
    let emission = amount(&DEFAULT_SCHEDULE, start, from, from + 604_800).unwrap();
    let tenths = |amount: u64| (amount + RENDER / 20) / (RENDER / 10);
    assert_eq!(tenths(emission), 1_132_577);
    let input = FinalizeInput {
        emission,
        usage: Usage { render: 22_500_000_000, compute: 7_500_000_000 },
        spent: 30_000_000_000,
        availability_total: 1,
        qualified: 1_000_000,
        purchases: BurnRate { burned: 20_000 * RENDER, credits: 40_000_000_000 },
        ..FinalizeInput::default()
    };
    let done = finalize(&input, &splits(), &rules()).unwrap();
    let Pools { operations, creators, availability, render, compute } = done.pools;
    assert_eq!([operations, creators, availability].map(tenths), [566_288, 30_000, 44_540]);
    assert_eq!([render, compute].map(tenths), [90_000, 30_000]);
    let Carry { creators, availability, render, compute } = done.carry;
    assert_eq!([creators, availability, render, compute].map(tenths), [253_144, 0, 88_954, 29_651]);
    let paid = rebate(300_000_000, 30_000_000_000, done.pools.creators, 1_000, 2_000).unwrap();
    assert_eq!(paid, Rebate { requester: 27 * RENDER, client: 3 * RENDER });
}
