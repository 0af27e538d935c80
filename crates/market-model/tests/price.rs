//! Prices: the published tiers and surcharges, monotony, one rounding, and the floating index.

mod support;

use market_model::MarketError;
use market_model::parameters::Parameters;
use market_model::price::{BandwidthTier, PriceRules, charged, next_index, price_per_unit, utilisation_bps};
use market_model::tier::Tier;
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const OBH: u64 = 360_000_000;
const USD: u64 = 1_000_000;

fn rules() -> PriceRules {
    Parameters::DEFAULT.price_rules()
}

fn base(work: u64, tier: Tier) -> u64 {
    price_per_unit(work, tier, BandwidthTier::LowI, false, 10_000, &rules()).unwrap()
}

// Published figures.

#[test]
fn a_dollar_buys_100_obh_in_priority_and_200_in_economy() {
    // Render's knowledge base: 1 credit = 100 OBh at tier 2, 200 OBh at tier 3.
    assert_eq!(base(100 * OBH, Tier::Priority), USD);
    assert_eq!(base(200 * OBH, Tier::Economy), USD);
    assert_eq!(base(OBH, Tier::Priority), 10_000);
    assert_eq!(base(OBH, Tier::Economy), 5_000);
}

#[test]
fn bandwidth_costs_what_rnp_004_says() {
    // RNP-004, image 5: MB/s and the surcharge in tenths of a percent.
    let published = [(25, 0), (50, 50), (100, 100), (200, 150), (300, 200), (400, 225), (500, 255), (1_000, 500)];
    for (tier, (speed, thousandths)) in BandwidthTier::ALL.into_iter().zip(published) {
        assert_eq!((tier.megabytes_per_second(), tier.surcharge_bps()), (speed, thousandths * 10));
        let price = price_per_unit(100 * OBH, Tier::Priority, tier, false, 10_000, &rules());
        assert_eq!(price, Ok(USD + thousandths * 1_000));
    }
}

#[test]
fn only_what_is_paid_for_is_required() {
    assert_eq!(BandwidthTier::LowI.required_mbit(), 0);
    assert_eq!(BandwidthTier::LowII.required_mbit(), 400);
    assert_eq!(BandwidthTier::UltraHigh.required_mbit(), 8_000);
}

#[test]
fn a_region_costs_its_surcharge_beside_that_of_bandwidth() {
    let price = |bandwidth, region| price_per_unit(100 * OBH, Tier::Priority, bandwidth, region, 10_000, &rules());
    assert_eq!(price(BandwidthTier::LowI, true), Ok(1_100_000));
    assert_eq!(price(BandwidthTier::UltraHigh, true), Ok(1_600_000));
}

#[test]
fn the_worked_example_of_the_documentation() {
    // A tile of 32 x 32 pixels with 512 samples at 1.25 times the base price.
    let work = 32 * 32 * 512;
    let price = |tier, index| price_per_unit(work, tier, BandwidthTier::MediumI, true, index, &rules());
    assert_eq!(price(Tier::Economy, 12_500), Ok(11));
    assert_eq!(price(Tier::Priority, 12_500), Ok(22));
    // A picture of 1.2e9 samples in one unit, base price: 3.33 OBh.
    assert_eq!(base(1_200_000_000, Tier::Economy), 16_667);
    assert_eq!(base(1_200_000_000, Tier::Priority), 33_334);
}

#[test]
fn codes_are_stable_and_others_are_refused() {
    for tier in Tier::ALL {
        assert_eq!(Tier::try_from(u8::from(tier)), Ok(tier));
    }
    for tier in BandwidthTier::ALL {
        assert_eq!(BandwidthTier::try_from(u8::from(tier)), Ok(tier));
    }
    assert_eq!((u8::from(Tier::Economy), u8::from(Tier::Priority)), (0, 1));
    assert_eq!(Tier::try_from(2), Err(MarketError::UnknownTier));
    assert_eq!(BandwidthTier::try_from(8), Err(MarketError::BandwidthTierUnknown));
}

#[test]
fn the_network_s_price_is_paid_up_to_the_stated_one_and_an_own_price_as_stated() {
    assert_eq!(charged(100, 99, true), Ok(99));
    assert_eq!(charged(100, 100, true), Ok(100));
    assert_eq!(charged(100, 101, true), Err(MarketError::NetworkPriceAboveCap));
    assert_eq!(charged(100, 101, false), Ok(100));
    assert_eq!(charged(100, u64::MAX, false), Ok(100));
}

// The price of work.

type Price = fn(u64, Tier, BandwidthTier, bool, u64, &PriceRules) -> Result<u64, MarketError>;

#[derive(Clone, Copy, Debug)]
struct Case {
    work: u64,
    tier: Tier,
    bandwidth: BandwidthTier,
    region: bool,
    index: u64,
    rules: PriceRules,
}

/// Everything that the parameters' bounds allow, and any work.
fn cases() -> impl Strategy<Value = Case> {
    let work = prop_oneof![0..=10_000_u64, 0..=100 * OBH, any::<u64>()];
    let bandwidth = (0..8_usize).prop_map(|code| BandwidthTier::ALL[code]);
    let tier = any::<bool>().prop_map(|priority| if priority { Tier::Priority } else { Tier::Economy });
    let rules =
        (1..=1_000_000_u64, 1..=1_000_000_u64, prop_oneof![1..=1_000_u64, 1..=1_000_000_000_000_u64], 0..=10_000_u64)
            .prop_map(|(economy, priority, work_per_obh, region)| PriceRules {
                obh_per_dollar_economy: economy,
                obh_per_dollar_priority: priority,
                work_per_obh,
                region_surcharge_bps: region,
                ..rules()
            });
    (work, tier, bandwidth, any::<bool>(), 1..=1_000_000_u64, rules)
        .prop_map(|(work, tier, bandwidth, region, index, rules)| Case { work, tier, bandwidth, region, index, rules })
}

fn price_of(rule: Price, case: &Case) -> Result<u64, MarketError> {
    rule(case.work, case.tier, case.bandwidth, case.region, case.index, &case.rules)
}

/// The exact price is the real number (dividend / divisor); one credit less would not pay for the work, and the price is no more
/// than a credit above it.
fn rounding_law(rule: Price) -> impl Fn(Case) -> Verdict {
    move |case| {
        let surcharge =
            10_000 + case.bandwidth.surcharge_bps() + if case.region { case.rules.region_surcharge_bps } else { 0 };
        let dividend = u128::from(case.work) * u128::from(surcharge) * u128::from(case.index) * 1_000_000;
        let obh = if case.tier == Tier::Priority {
            case.rules.obh_per_dollar_priority
        } else {
            case.rules.obh_per_dollar_economy
        };
        let divisor = u128::from(case.rules.work_per_obh) * u128::from(obh) * 100_000_000;
        match price_of(rule, &case) {
            Ok(price) => {
                let paid = u128::from(price) * divisor;
                prop_assert!(paid >= dividend);
                prop_assert!(paid < dividend + divisor);
            }
            Err(error) => {
                prop_assert_eq!(error, MarketError::Overflow);
                prop_assert!(dividend / divisor >= u128::from(u64::MAX));
            }
        }
        Ok(())
    }
}

#[test]
fn a_price_is_rounded_up_once_and_fails_only_where_it_does_not_fit() {
    // 2^64 x 25,000 x 10^6 x 10^6 is below 2^128 / 16, so that the check itself is exact.
    holds(cases(), rounding_law(price_per_unit));
}

#[test]
fn a_price_rounded_at_each_step_breaks_the_law() {
    is_broken(
        cases(),
        rounding_law(|work, tier, bandwidth, region, index, rules| {
            let base = price_per_unit(work, tier, BandwidthTier::LowI, false, index, rules)?;
            let rate = 10_000 + bandwidth.surcharge_bps() + if region { rules.region_surcharge_bps } else { 0 };
            market_model::amount::mul_div(base, rate, 10_000, market_model::Round::Up)
        }),
    );
}

#[test]
fn a_price_rounded_down_breaks_the_law() {
    is_broken(
        cases(),
        rounding_law(|work, tier, bandwidth, region, index, rules| {
            price_per_unit(work, tier, bandwidth, region, index, rules).map(|price| price.saturating_sub(1))
        }),
    );
}

fn monotony_law(rule: Price) -> impl Fn((Case, u64, u64)) -> Verdict {
    move |(case, more_work, more_index)| {
        let Ok(price) = price_of(rule, &case) else { return Ok(()) };
        let other = [
            Case { work: case.work.saturating_add(more_work), ..case },
            Case { index: case.index + more_index, ..case },
            Case { bandwidth: BandwidthTier::UltraHigh, ..case },
            Case { region: true, ..case },
        ];
        for dearer in other {
            if let Ok(dearer) = price_of(rule, &dearer) {
                prop_assert!(dearer >= price);
            }
        }
        Ok(())
    }
}

#[test]
fn more_work_a_higher_index_bandwidth_and_a_region_never_cost_less() {
    holds((cases(), any::<u64>(), 0..=1_000_000_u64), monotony_law(price_per_unit));
}

#[test]
fn a_price_that_gives_way_when_it_is_high_breaks_monotony() {
    is_broken(
        (cases(), any::<u64>(), 0..=1_000_000_u64),
        monotony_law(|work, tier, bandwidth, region, index, rules| {
            let price = price_per_unit(work, tier, bandwidth, region, index, rules)?;
            Ok(if index > 500_000 { price / 10 } else { price })
        }),
    );
}

#[test]
fn a_job_at_base_price_and_no_work_costs_nothing_and_any_work_something() {
    assert_eq!(base(0, Tier::Priority), 0);
    assert_eq!(base(1, Tier::Economy), 1);
}

#[test]
fn rules_without_a_unit_are_refused() {
    let none = PriceRules { work_per_obh: 0, ..rules() };
    let price = price_per_unit(1, Tier::Economy, BandwidthTier::LowI, false, 10_000, &none);
    assert_eq!(price, Err(MarketError::DivisionByZero));
}

// The floating index.

type Next = fn(u64, u64, u64, &PriceRules) -> Result<u64, MarketError>;

fn step(utilisation_percent: u64) -> u64 {
    next_index(10_000, utilisation_percent, 100, &rules()).unwrap()
}

#[test]
fn an_index_moves_with_the_distance_to_the_target_and_at_most_by_the_step() {
    for (utilisation, index) in [
        (0, 9_000),
        (50, 9_000),
        (69, 9_000),
        (70, 9_000),
        (71, 9_100),
        (79, 9_900),
        (80, 10_000),
        (81, 10_100),
        (89, 10_900),
        (90, 11_000),
        (100, 11_000),
    ] {
        assert_eq!(step(utilisation), index, "{utilisation} %");
    }
}

#[test]
fn busy_beyond_capacity_counts_as_full() {
    assert_eq!(step(1_000), step(100));
    assert_eq!(next_index(10_000, u64::MAX, 1, &rules()), Ok(11_000));
}

#[test]
fn without_capacity_nothing_is_known_and_nothing_moves() {
    assert_eq!(utilisation_bps(5, 0), None);
    assert_eq!(next_index(12_345, 5, 0, &rules()), Ok(12_345));
    // Not even into the bounds: they move an index with the first evidence.
    assert_eq!(next_index(1, 0, 0, &rules()), Ok(1));
    assert_eq!(next_index(1, 8, 10, &rules()), Ok(2_500));
}

#[test]
fn the_least_and_the_largest_index_are_not_left() {
    assert_eq!(next_index(2_500, 0, 100, &rules()), Ok(2_500));
    assert_eq!(next_index(2_501, 0, 100, &rules()), Ok(2_500));
    assert_eq!(next_index(40_000, 100, 100, &rules()), Ok(40_000));
    assert_eq!(next_index(39_999, 100, 100, &rules()), Ok(40_000));
}

#[test]
fn a_low_index_is_not_stuck() {
    let rules = PriceRules { min_bps: 1, ..rules() };
    let mut index = 1;
    for _ in 0..200 {
        index = next_index(index, 100, 100, &rules).unwrap();
    }
    assert_eq!(index, 40_000);
}

#[test]
fn a_step_of_nothing_holds_prices() {
    let rules = PriceRules { step_bps: 0, ..rules() };
    assert_eq!(next_index(10_000, 100, 100, &rules), Ok(10_000));
    assert_eq!(next_index(10_000, 0, 100, &rules), Ok(10_000));
}

fn moves() -> impl Strategy<Value = (u64, u64, u64, u64, PriceRules)> {
    let least = prop_oneof![1..=20_u64, 1..=10_000_u64];
    let rules = (1..=10_000_u64, 0..=5_000_u64, least, 10_000..=1_000_000_u64).prop_map(
        |(target_utilisation_bps, step_bps, min_bps, max_bps)| PriceRules {
            target_utilisation_bps,
            step_bps,
            min_bps,
            max_bps,
            ..rules()
        },
    );
    let seconds = || prop_oneof![0..=1_000_u64, any::<u64>()];
    (prop_oneof![0..=20_u64, 0..=1_000_000_u64], seconds(), seconds(), seconds(), rules).prop_map(
        |(place, busy, more, capacity, rules)| {
            // Any index within its bounds.
            let index = rules.min_bps + place % (rules.max_bps - rules.min_bps + 1);
            (index, busy, more, capacity, rules)
        },
    )
}

fn index_law(rule: Next) -> impl Fn((u64, u64, u64, u64, PriceRules)) -> Verdict {
    move |(index, busy, more, capacity, rules)| {
        let next = rule(index, busy, capacity, &rules).map_err(|error| TestCaseError::fail(error.message()))?;
        let busier = rule(index, busy.saturating_add(more), capacity, &rules).unwrap();
        prop_assert!(busier >= next, "more use lowered the price");
        prop_assert!((rules.min_bps..=rules.max_bps).contains(&next), "{next} is out of bounds");
        let most = (u128::from(index) * u128::from(rules.step_bps)).div_ceil(10_000);
        prop_assert!(u128::from(index.abs_diff(next)) <= most, "{index} to {next} is more than a step");
        if let Some(utilisation) = utilisation_bps(busy, capacity) {
            let target = rules.target_utilisation_bps;
            prop_assert!(utilisation != target || next == index, "the target moved the price");
            prop_assert!(utilisation > target || next <= index, "less use than the target raised the price");
            prop_assert!(utilisation < target || next >= index, "more use than the target lowered the price");
            let moves = utilisation != target && rules.step_bps > 0;
            let room = if utilisation > target { index < rules.max_bps } else { index > rules.min_bps };
            prop_assert!(!moves || !room || next != index, "{index} is stuck");
        } else {
            prop_assert_eq!(next, index);
        }
        Ok(())
    }
}

#[test]
fn an_index_rises_with_use_within_its_step_and_bounds_and_rests_at_the_target() {
    holds(moves(), index_law(next_index));
}

#[test]
fn an_index_without_a_step_breaks_the_law() {
    is_broken(
        moves(),
        index_law(|index, busy, capacity, rules| {
            next_index(index, busy, capacity, &PriceRules { step_bps: 10_000, ..*rules })
        }),
    );
}

#[test]
fn an_index_whose_change_is_rounded_down_is_stuck_and_breaks_the_law() {
    is_broken(
        moves(),
        index_law(|index, busy, capacity, rules| {
            let next = next_index(index, busy, capacity, rules)?;
            Ok(if index.abs_diff(next) == 1 { index } else { next })
        }),
    );
}

#[test]
fn an_index_that_falls_when_nothing_is_known_breaks_the_law() {
    is_broken(moves(), index_law(|index, busy, capacity, rules| next_index(index, busy, capacity.max(1), rules)));
}
