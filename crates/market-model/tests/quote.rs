//! Quotes: what they cost, which tier they name, when a job is expected to be done; and what a machine can expect to earn.

mod support;

use market_model::MarketError;
use market_model::credit::purchase;
use market_model::hardware::{BREAKEVEN_DAYS, MODELS, breakeven_per_day};
use market_model::job::JobTerms;
use market_model::parameters::Parameters;
use market_model::price::{BandwidthTier, price_per_unit};
use market_model::probe::Ratings;
use market_model::quote::{
    ClassEpochs, Earnings, Epochs, Machine, MarketState, Order, Quote, QuoteRules, TierState, Why, earnings,
    expected_availability, offer, quote,
};
use market_model::tier::Tier;
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const RENDER: u64 = 100_000_000;
const OBH: u64 = 360_000_000;
const HOUR: u64 = 3_600;

fn rules() -> QuoteRules {
    let parameters = Parameters::DEFAULT;
    QuoteRules {
        price: parameters.price_rules(),
        audit: parameters.audit_rules(),
        burn_bps: parameters.burn_bps,
        settle_seconds: parameters.reveal_seconds + parameters.challenge_seconds,
    }
}

/// 64 leases of one unit of an OBh.
fn order() -> Order {
    Order {
        units: 64,
        units_per_lease: 1,
        work_per_unit: OBH,
        replicas: 1,
        bandwidth: BandwidthTier::LowI,
        has_region: false,
    }
}

/// Places that each compute an OBh an hour.
fn tier(places: u64, busy_bps: u64) -> TierState {
    TierState { index_bps: 10_000, nodes: places, places, busy_bps, sample_work: OBH, sample_seconds: HOUR }
}

/// Economy has four places free, priority sixteen.
fn market() -> MarketState {
    MarketState { economy: tier(16, 7_500), priority: tier(16, 0), lower_price: Some(2 * RENDER) }
}

fn quoted(hours: u64, market: &MarketState) -> (Quote, Why) {
    quote(&order(), hours * HOUR, None, &rules(), market).unwrap()
}

#[test]
fn the_cheapest_tier_in_time_is_quoted() {
    // 16 rounds of an hour in economy, 4 in priority, and seven minutes.
    let (patient, why) = quoted(17, &market());
    assert_eq!(
        (patient.tier, why, patient.expected_seconds),
        (Tier::Economy, Why::CheapestInTime, Some(16 * HOUR + 420))
    );
    let (hasty, why) = quoted(16, &market());
    assert_eq!((hasty.tier, why, hasty.expected_seconds), (Tier::Priority, Why::CheapestInTime, Some(4 * HOUR + 420)));
    assert_eq!(hasty.credits, 2 * patient.credits);
}

#[test]
fn where_none_is_in_time_the_fastest_is_quoted_and_called_late() {
    let (quote, why) = quoted(4, &market());
    assert_eq!((quote.tier, why), (Tier::Priority, Why::FastestButLate));
}

#[test]
fn the_last_second_of_the_wish_is_in_time() {
    let market = market();
    let at = |seconds| quote(&order(), seconds, None, &rules(), &market).unwrap().0.tier;
    assert_eq!(at(16 * HOUR + 419), Tier::Priority);
    assert_eq!(at(16 * HOUR + 420), Tier::Economy);
    assert_eq!(at(16 * HOUR + 421), Tier::Economy);
}

#[test]
fn a_tier_that_was_asked_for_is_quoted_whatever_its_time() {
    let asked = |tier, hours| quote(&order(), hours * HOUR, Some(tier), &rules(), &market()).unwrap();
    let (late, why) = asked(Tier::Economy, 4);
    assert_eq!((late.tier, why), (Tier::Economy, Why::AskedButLate));
    let (in_time, why) = asked(Tier::Priority, 100);
    assert_eq!((in_time.tier, why), (Tier::Priority, Why::AskedInTime));
}

#[test]
fn a_time_that_cannot_be_told_is_not_promised() {
    let full = tier(16, 10_000);
    let empty = tier(0, 0);
    let unmeasured = TierState { sample_work: 0, ..tier(16, 0) };
    for state in [full, empty, unmeasured] {
        let market = MarketState { economy: state, priority: state, lower_price: None };
        let (quote, why) = quoted(1_000, &market);
        assert_eq!((quote.tier, quote.expected_seconds, why), (Tier::Economy, None, Why::TimeUnknown));
        assert_eq!(quote.purchase, None);
    }
    // What is known of one tier is better than nothing of the other.
    let market = MarketState { economy: full, ..market() };
    assert_eq!(quoted(1_000, &market).0.tier, Tier::Priority);
    assert_eq!(quoted(1, &market).1, Why::FastestButLate);
}

#[test]
fn the_worked_example_of_the_documentation() {
    let (quote, why) = quoted(17, &market());
    // 64 OBh: 0.005 USD each and a tenth for audits; RENDER at 2 USD, 5/95 of the burn on top.
    assert_eq!((quote.price_per_unit, quote.premium_per_unit, quote.credits), (5_000, 500, 352_000));
    let purchase = quote.purchase.unwrap();
    assert_eq!((purchase.burned, purchase.fee, purchase.total), (17_600_000, 926_316, 18_526_316));
    assert_eq!((quote.leases, quote.premium, quote.nodes, why), (64, 32_000, 16, Why::CheapestInTime));
}

fn orders() -> impl Strategy<Value = (Order, MarketState)> {
    let order = (1..=2_000_u64, 1..=100_u64, 1..=100 * OBH, 1..=3_u8, 0..8_usize, any::<bool>()).prop_map(
        |(units, units_per_lease, work_per_unit, replicas, bandwidth, has_region)| Order {
            units,
            units_per_lease,
            work_per_unit,
            replicas,
            bandwidth: BandwidthTier::ALL[bandwidth],
            has_region,
        },
    );
    let state = || {
        (2_500..=40_000_u64, 0..=100_u64, 0..=10_000_u64, 0..=10 * OBH, 0..=10_000_u64).prop_map(
            |(index_bps, places, busy_bps, sample_work, sample_seconds)| TierState {
                index_bps,
                nodes: places,
                places,
                busy_bps,
                sample_work,
                sample_seconds,
            },
        )
    };
    let price = prop_oneof![Just(None), (1_000_000..=1_000 * RENDER).prop_map(Some)];
    let market = (state(), state(), price).prop_map(|(economy, priority, lower_price)| MarketState {
        economy,
        priority,
        lower_price,
    });
    (order, market)
}

type Offer = fn(&Order, Tier, &QuoteRules, &MarketState) -> Result<Quote, MarketError>;

/// A quote is what the functions that charge say of the order at its index.
fn charge_law(rule: Offer) -> impl Fn((Order, MarketState)) -> Verdict {
    move |(order, market)| {
        for tier in Tier::ALL {
            let index = if tier == Tier::Economy { market.economy.index_bps } else { market.priority.index_bps };
            let rules = rules();
            let price =
                price_per_unit(order.work_per_unit, tier, order.bandwidth, order.has_region, index, &rules.price)
                    .unwrap();
            let premium = rules.audit.premium_per_unit(price, order.replicas).unwrap();
            let terms = JobTerms {
                units: order.units,
                units_per_lease: order.units_per_lease,
                price_per_unit: price,
                premium_per_unit: premium,
            };
            match (rule(&order, tier, &rules, &market), terms.plan()) {
                (Ok(quote), Ok(plan)) => {
                    prop_assert_eq!((quote.price_per_unit, quote.premium_per_unit), (price, premium));
                    prop_assert_eq!((quote.credits, quote.leases), (plan.escrow, plan.leases));
                    prop_assert_eq!(quote.credits, order.units * (price + premium));
                    let cost =
                        market.lower_price.map(|lower| purchase(plan.escrow, lower, rules.burn_bps, u64::MAX).unwrap());
                    prop_assert_eq!(quote.purchase, cost);
                }
                (quote, plan) => prop_assert_eq!(quote.err(), plan.err()),
            }
        }
        Ok(())
    }
}

#[test]
fn a_quote_is_what_would_be_charged() {
    holds(orders(), charge_law(offer));
}

#[test]
fn a_quote_without_audits_breaks_the_law() {
    is_broken(
        orders(),
        charge_law(|order, tier, rules, market| {
            let mut quote = offer(order, tier, rules, market)?;
            quote.credits -= quote.premium;
            Ok(quote)
        }),
    );
}

type Choose = fn(&Order, u64, &QuoteRules, &MarketState) -> Result<(Quote, Why), MarketError>;

/// No tier in time is cheaper than the one quoted; where none is in time, none is faster.
fn choice_law(rule: Choose) -> impl Fn(((Order, MarketState), u64)) -> Verdict {
    move |((order, market), wish)| {
        let Ok((chosen, why)) = rule(&order, wish, &rules(), &market) else { return Ok(()) };
        let offers = Tier::ALL.map(|tier| offer(&order, tier, &rules(), &market).unwrap());
        let in_time = |quote: &Quote| quote.expected_seconds.is_some_and(|seconds| seconds <= wish);
        let time = |quote: &Quote| quote.expected_seconds.unwrap_or(u64::MAX);
        match why {
            Why::CheapestInTime => {
                prop_assert!(in_time(&chosen));
                prop_assert!(offers.iter().filter(|quote| in_time(quote)).all(|quote| quote.credits >= chosen.credits));
            }
            Why::FastestButLate => {
                prop_assert!(!offers.iter().any(in_time));
                prop_assert!(chosen.expected_seconds.is_some());
                prop_assert!(offers.iter().all(|quote| time(quote) >= time(&chosen)));
            }
            Why::TimeUnknown => prop_assert!(offers.iter().all(|quote| quote.expected_seconds.is_none())),
            Why::AskedInTime | Why::AskedButLate => prop_assert!(false, "nothing was asked for"),
        }
        Ok(())
    }
}

fn wishes() -> impl Strategy<Value = ((Order, MarketState), u64)> {
    (orders(), prop_oneof![0..=10_000_u64, 0..=10_000_000_u64])
}

#[test]
fn no_tier_in_time_is_cheaper_and_none_is_faster_than_a_late_one() {
    holds(wishes(), choice_law(|order, wish, rules, market| quote(order, wish, None, rules, market)));
}

#[test]
fn always_quoting_economy_breaks_the_law() {
    is_broken(
        wishes(),
        choice_law(|order, wish, rules, market| {
            let (_, why) = quote(order, wish, None, rules, market)?;
            Ok((offer(order, Tier::Economy, rules, market)?, why))
        }),
    );
}

// Earnings.

/// A week in which 1,000 RENDER were paid for rendering, 500 for compute, 280 for availability.
fn week() -> Epochs {
    Epochs {
        seconds: 604_800,
        render: ClassEpochs { pool: 1_000 * RENDER, rated_compute: 9 * 660_000 },
        compute: ClassEpochs { pool: 500 * RENDER, rated_compute: 4 * 660_000 },
        availability_pool: 280 * RENDER,
        availability_total: 9_000,
        availability_cap: 230_000_000,
    }
}

fn machine() -> Machine {
    Machine { compute: 660_000, availability: 1_000, serves_render: true, serves_compute: true }
}

#[test]
fn the_worked_example_of_earnings() {
    // A tenth of 1,000, a fifth of 500, and the cap of 2.3 RENDER below a tenth of 280; a week has seven days; 2 USD each.
    let found = earnings(&machine(), &week(), Some(2 * RENDER), Some(159_900)).unwrap();
    assert_eq!((found.render, found.compute, found.availability), (1_428_571_428, 1_428_571_428, 32_857_142));
    assert_eq!((found.total, found.credits), (2_889_999_998, Some(57_799_999)));
    // 1,599 USD at 57.80 a day.
    assert_eq!(found.days_to_break_even, Some(28));
}

#[test]
fn availability_is_the_score_for_each_probe_that_is_expected() {
    let rules = Parameters::DEFAULT.probe_rules();
    let of = |ratings: Ratings, seconds| expected_availability(&ratings, &rules, seconds).unwrap();
    // A probe each six hours; the reference node scores one.
    assert_eq!(of(rules.reference, 604_800), 28 << 20);
    assert_eq!(of(rules.reference, 0), 0);
    // Twice the memory counts four times, up to the clamp of four times the reference.
    let memory = |factor: u64| Ratings { memory_mib: factor * rules.reference.memory_mib, ..rules.reference };
    assert_eq!(of(memory(2), 21_600), 4 << 20);
    assert_eq!((of(memory(4), 21_600), of(memory(5), 21_600)), (16 << 20, 16 << 20));
}

#[test]
fn a_machine_earns_in_the_classes_that_it_serves() {
    let render = earnings(&Machine { serves_compute: false, ..machine() }, &week(), None, None).unwrap();
    assert_eq!((render.compute, render.credits, render.days_to_break_even), (0, None, None));
    let idle = Machine { serves_render: false, serves_compute: false, availability: 0, ..machine() };
    assert_eq!(
        earnings(&idle, &week(), Some(RENDER), Some(1)).unwrap(),
        Earnings { credits: Some(0), ..Earnings::default() }
    );
}

#[test]
fn no_epoch_is_no_evidence() {
    assert_eq!(earnings(&machine(), &Epochs::default(), Some(RENDER), Some(1)), Ok(Earnings::default()));
}

#[test]
fn at_the_published_daily_figures_each_model_breaks_even_in_180_days() {
    for model in &MODELS {
        let Some(cents) = model.price_cents else { continue };
        // A day's pool that is exactly the breakeven's day in RENDER of a dollar, and nobody else.
        let day = breakeven_per_day(cents, BREAKEVEN_DAYS).unwrap();
        let render = ClassEpochs { pool: day * 100, rated_compute: 0 };
        let epochs = Epochs { seconds: 86_400, render, ..Epochs::default() };
        let machine = Machine { availability: 0, ..machine() };
        let found = earnings(&machine, &epochs, Some(RENDER), Some(cents)).unwrap();
        assert_eq!((found.credits, found.days_to_break_even), (Some(day), Some(BREAKEVEN_DAYS)), "{}", model.name);
    }
}

fn newcomers() -> impl Strategy<Value = (Machine, Epochs)> {
    let amount = || 0..=1_000_000 * RENDER;
    let class =
        move || (amount(), 0..=1_000_000_000_u64).prop_map(|(pool, rated_compute)| ClassEpochs { pool, rated_compute });
    let epochs = (1..=10_000_000_u64, class(), class(), amount(), 0..=1_u64 << 60, amount()).prop_map(
        |(seconds, render, compute, availability_pool, availability_total, availability_cap)| Epochs {
            seconds,
            render,
            compute,
            availability_pool,
            availability_total,
            availability_cap,
        },
    );
    let machine = (0..=1_000_000_000_u64, 0..=1_u64 << 41).prop_map(|(compute, availability)| Machine {
        compute,
        availability,
        serves_render: true,
        serves_compute: true,
    });
    (machine, epochs)
}

type Earn = fn(&Machine, &Epochs) -> Result<Earnings, MarketError>;

/// Nobody is promised more than was paid, and a stronger machine is never promised less.
fn earnings_law(rule: Earn) -> impl Fn(((Machine, Epochs), u64)) -> Verdict {
    move |((machine, epochs), more)| {
        let Ok(found) = rule(&machine, &epochs) else { return Ok(()) };
        let in_all = |per_day: u64| u128::from(per_day) * u128::from(epochs.seconds) / 86_400;
        prop_assert!(in_all(found.render) <= u128::from(epochs.render.pool));
        prop_assert!(in_all(found.compute) <= u128::from(epochs.compute.pool));
        prop_assert!(in_all(found.availability) <= u128::from(epochs.availability_pool.min(epochs.availability_cap)));
        prop_assert_eq!(found.total, found.render + found.compute + found.availability);
        let stronger = Machine { compute: machine.compute + more, ..machine };
        if let Ok(stronger) = rule(&stronger, &epochs) {
            prop_assert!(stronger.total >= found.total);
        }
        Ok(())
    }
}

#[test]
fn nobody_is_promised_more_than_was_paid_nor_less_for_a_stronger_machine() {
    holds((newcomers(), 0..=1_000_000_u64), earnings_law(|machine, epochs| earnings(machine, epochs, None, None)));
}

#[test]
fn a_share_of_the_others_rating_alone_breaks_the_law() {
    is_broken(
        (newcomers(), 0..=1_000_000_u64),
        earnings_law(|machine, epochs| {
            let mut found = earnings(machine, epochs, None, None)?;
            let share = u128::from(epochs.render.pool) * u128::from(machine.compute) * 86_400
                / u128::from(epochs.render.rated_compute.max(1))
                / u128::from(epochs.seconds);
            found.total = found.total - found.render + u64::try_from(share).map_err(|_| MarketError::Overflow)?;
            found.render = u64::try_from(share).map_err(|_| MarketError::Overflow)?;
            Ok(found)
        }),
    );
}
