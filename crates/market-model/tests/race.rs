//! The race: the logarithm against its exact value, the weight against its formula, and who wins how often.

mod support;

use market_model::MarketError;
use market_model::parameters::Parameters;
use market_model::race::{
    FactorRule, Factors, NEG_LN_ERROR, ONE_Q32, RaceRules, check_eligible, clean_history_bps, delay_ms, eligible_at,
    free_capacity_bps, neg_ln, price_delta_bps, put_back_ms, stake_reference, uniform, weight, yield_ms,
};
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const MIN_STAKE: u64 = 10_000_000_000;
const PERFECT: Factors = Factors {
    region_bps: 10_000,
    price_bps: 10_000,
    uptime_bps: 10_000,
    reputation_bps: 10_000,
    capacity_bps: 10_000,
    history_bps: 10_000,
    stake: MIN_STAKE,
};

fn rules() -> RaceRules {
    let rule = |exponent_halves| FactorRule { min_bps: 500, max_bps: 10_000, exponent_halves };
    RaceRules {
        region: rule(2),
        price: rule(1),
        uptime: rule(4),
        reputation: rule(3),
        capacity: rule(1),
        history: rule(2),
        ..Parameters::DEFAULT.race_rules(MIN_STAKE)
    }
}

/// All magnitudes of u, both near zero and near one.
fn draws() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64, any::<bool>())
        .prop_map(|(value, shift, near_one)| if near_one { !(value >> shift) } else { value >> shift })
}

fn exact_neg_ln(x: u64) -> f64 {
    // Near one the distance to one is what f64 can hold.
    let two_64 = 2_f64.powi(64);
    if x > u64::MAX / 2 { -(-((u64::MAX - x) as f64) / two_64).ln_1p() } else { -((x as f64 + 1.0) / two_64).ln() }
}

fn logarithm_law(rule: fn(u64) -> u64) -> impl Fn(u64) -> Verdict {
    move |x| {
        let exact = exact_neg_ln(x) * ONE_Q32 as f64;
        let error = (rule(x) as f64 - exact).abs();
        prop_assert!(error < NEG_LN_ERROR as f64, "off by {error}");
        Ok(())
    }
}

#[test]
fn the_logarithm_is_within_its_stated_error_of_the_exact_one() {
    holds(draws(), logarithm_law(neg_ln));
    for shift in 0..64 {
        for x in [u64::MAX >> shift, 1 << shift, (1 << shift) - 1, !(u64::MAX >> shift)] {
            logarithm_law(neg_ln)(x).unwrap();
        }
    }
}

#[test]
fn a_linear_logarithm_breaks_the_law() {
    is_broken(
        draws(),
        logarithm_law(|x| {
            let halvings = x.leading_zeros();
            (f64::from(halvings) * std::f64::consts::LN_2 * ONE_Q32 as f64) as u64
        }),
    );
}

#[test]
fn a_larger_draw_never_waits_longer_beyond_the_logarithm_s_error() {
    holds((draws(), draws()), |(a, b)| {
        prop_assert!(neg_ln(a.max(b)) <= neg_ln(a.min(b)) + 1);
        Ok(())
    });
}

#[test]
fn the_largest_draw_does_not_wait_and_the_smallest_waits_64_ln_2() {
    assert_eq!(neg_ln(u64::MAX), 0);
    let longest = (64.0 * std::f64::consts::LN_2 * ONE_Q32 as f64) as u64;
    assert!(neg_ln(0).abs_diff(longest) < NEG_LN_ERROR);
}

#[test]
fn the_draw_is_the_first_eight_bytes_of_the_hash_little_endian() {
    let mut hash = [0xff; 32];
    hash[..8].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(uniform(&hash), 0x0807_0605_0403_0201);
}

fn exact_weight(factors: &Factors, rules: &RaceRules) -> f64 {
    let power = |share: u64, rule: &FactorRule| {
        let share = share.min(rule.max_bps).max(rule.min_bps) as f64 / 10_000.0;
        share.powf(rule.exponent_halves as f64 / 2.0)
    };
    power(factors.region_bps, &rules.region)
        * power(factors.price_bps, &rules.price)
        * power(factors.uptime_bps, &rules.uptime)
        * power(factors.reputation_bps, &rules.reputation)
        * power(factors.capacity_bps, &rules.capacity)
        * power(factors.history_bps, &rules.history)
        * factors.stake as f64
        / rules.stake_reference as f64
}

fn factors() -> impl Strategy<Value = Factors> {
    let share = || 0_u64..=11_000;
    (share(), share(), share(), share(), share(), share(), MIN_STAKE..=64_000_000_000_000_000).prop_map(
        |(region_bps, price_bps, uptime_bps, reputation_bps, capacity_bps, history_bps, stake)| Factors {
            region_bps,
            price_bps,
            uptime_bps,
            reputation_bps,
            capacity_bps,
            history_bps,
            stake,
        },
    )
}

type Weight = fn(&Factors, &RaceRules) -> Result<u64, MarketError>;

fn formula_law(rule: Weight) -> impl Fn((Factors, u64)) -> Verdict {
    move |(factors, stake_reference)| {
        let rules = RaceRules { stake_reference, ..rules() };
        let exact = exact_weight(&factors, &rules) * ONE_Q32 as f64;
        let found = rule(&factors, &rules).unwrap() as f64;
        // The shares lose a few units of 2^-31 of one, the stake one unit of 2^-32 of the reference and of itself.
        let shares = exact_weight(&factors, &rules) * rules.stake_reference as f64 / factors.stake as f64;
        let tolerance = exact * (16.0 / (shares * (1_u64 << 31) as f64) + 1e-6) + 4.0;
        prop_assert!((found - exact).abs() <= tolerance, "{found} for {exact}");
        Ok(())
    }
}

fn references() -> impl Strategy<Value = u64> {
    prop_oneof![Just(MIN_STAKE), MIN_STAKE..=64_000_000_000_000_000]
}

#[test]
fn the_weight_is_the_product_of_the_shares_to_their_exponents_and_the_stake_over_the_reference() {
    holds((factors(), references()), formula_law(weight));
}

#[test]
fn a_weight_without_the_square_roots_breaks_the_formula() {
    is_broken(
        (factors(), references()),
        formula_law(|factors, rules| {
            weight(factors, &RaceRules { price: FactorRule { exponent_halves: 0, ..rules.price }, ..*rules })
        }),
    );
}

#[test]
fn a_perfect_node_with_the_reference_stake_has_weight_one() {
    assert_eq!(weight(&PERFECT, &rules()), Ok(ONE_Q32));
    assert_eq!(weight(&Factors { stake: 5 * MIN_STAKE / 2, ..PERFECT }, &rules()), Ok(ONE_Q32 / 2 * 5));
}

#[test]
fn a_share_is_clamped_to_its_bounds() {
    let clamped = RaceRules { uptime: FactorRule { min_bps: 2_000, max_bps: 9_000, exponent_halves: 2 }, ..rules() };
    let at = |uptime_bps| weight(&Factors { uptime_bps, ..PERFECT }, &clamped).unwrap();
    assert_eq!(at(0), at(2_000));
    assert!(at(2_000) < at(2_001));
    assert!(at(8_999) < at(9_000));
    assert_eq!(at(9_000), at(u64::MAX));
}

#[test]
fn a_better_share_never_lowers_the_weight() {
    holds((factors(), factors()), |(a, b)| {
        let worse = Factors {
            region_bps: a.region_bps.min(b.region_bps),
            price_bps: a.price_bps.min(b.price_bps),
            uptime_bps: a.uptime_bps.min(b.uptime_bps),
            reputation_bps: a.reputation_bps.min(b.reputation_bps),
            capacity_bps: a.capacity_bps.min(b.capacity_bps),
            history_bps: a.history_bps.min(b.history_bps),
            stake: a.stake.min(b.stake),
        };
        prop_assert!(weight(&worse, &rules()).unwrap() <= weight(&a, &rules()).unwrap());
        Ok(())
    });
}

fn splitting_law(rule: Weight) -> impl Fn((Factors, u64, u64)) -> Verdict {
    move |(whole, part, stake_reference)| {
        let rules = RaceRules { stake_reference, ..rules() };
        let part = part % whole.stake;
        let of = |stake| rule(&Factors { stake, ..whole }, &rules).unwrap();
        prop_assert!(of(part) + of(whole.stake - part) <= of(whole.stake));
        Ok(())
    }
}

#[test]
fn the_parts_of_a_stake_never_weigh_more_than_the_whole() {
    holds((factors(), any::<u64>(), references()), splitting_law(weight));
}

#[test]
fn a_weight_that_counts_the_root_of_the_stake_rewards_splitting() {
    is_broken(
        (factors(), any::<u64>(), references()),
        splitting_law(|factors, rules| weight(&Factors { stake: factors.stake.isqrt() << 28, ..*factors }, rules)),
    );
}

#[test]
fn a_reference_of_zero_is_an_error_and_the_largest_stake_is_not() {
    let rules = |stake_reference| RaceRules { stake_reference, ..rules() };
    assert_eq!(weight(&PERFECT, &rules(0)), Err(MarketError::DivisionByZero));
    assert!(weight(&Factors { stake: u64::MAX, ..PERFECT }, &rules(1)).is_ok());
    assert!(weight(&Factors { stake: u64::MAX, ..PERFECT }, &rules(u64::MAX)).unwrap() >= ONE_Q32 - 1);
    assert_eq!(weight(&Factors { stake: 0, ..PERFECT }, &rules(MIN_STAKE)), Ok(0));
}

#[test]
fn the_delay_is_tau_times_the_logarithm_over_the_weight_up_to_the_cap() {
    holds((draws(), 1_u64..1 << 45, 1_000_u64..=60_000), |(x, weight, tau_ms)| {
        let rules = RaceRules { tau_ms, ..rules() };
        let exact = (tau_ms as f64 * exact_neg_ln(x) * ONE_Q32 as f64 / weight as f64).min(rules.delay_cap_ms as f64);
        let tolerance = 1.0 + tau_ms as f64 * NEG_LN_ERROR as f64 / weight as f64;
        prop_assert!((delay_ms(x, weight, &rules) as f64 - exact).abs() <= tolerance);
        Ok(())
    });
}

#[test]
fn a_node_without_weight_waits_for_the_cap_and_no_tau_overflows() {
    assert_eq!(delay_ms(7, 0, &rules()), rules().delay_cap_ms);
    let extreme = RaceRules { tau_ms: u64::MAX, delay_cap_ms: u64::MAX, ..rules() };
    assert_eq!(delay_ms(0, ONE_Q32, &extreme) / 1_000_000, 2_977); // 2^26 x 64 ln 2 milliseconds
}

#[test]
fn a_node_is_eligible_from_the_first_whole_second_after_its_delay() {
    for (delay, first) in [(0, 100), (1, 101), (1_000, 101), (1_001, 102)] {
        assert_eq!(eligible_at(100, delay), Ok(first));
        assert_eq!(check_eligible(100, delay, first - 1), Err(MarketError::NotYetEligible));
        assert_eq!(check_eligible(100, delay, first), Ok(()));
        assert_eq!(check_eligible(100, delay, first + 1), Ok(()));
    }
    assert_eq!(eligible_at(i64::MAX, 1), Err(MarketError::Overflow));
}

#[test]
fn the_shares_are_rounded_down_and_bounded() {
    assert_eq!(price_delta_bps(70, 100), Ok(3_000));
    assert_eq!(price_delta_bps(2, 3), Ok(3_333));
    assert_eq!(price_delta_bps(0, 3), Ok(10_000));
    assert_eq!(price_delta_bps(101, 100), Err(MarketError::AskAboveCap));
    assert_eq!(price_delta_bps(0, 0), Err(MarketError::DivisionByZero));
    assert_eq!((free_capacity_bps(1, 3), free_capacity_bps(9, 3), free_capacity_bps(0, 0)), (3_333, 10_000, 0));
    assert_eq!((clean_history_bps(0), clean_history_bps(1), clean_history_bps(200)), (10_000, 5_000, 0));
}

/// A counter-based generator: the same draws in every run.
fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// How many of 40,000 leases each node wins. A long tau makes ties of the same millisecond rare.
fn wins(weights: &[u64]) -> Vec<f64> {
    let rules = RaceRules { tau_ms: 1 << 20, delay_cap_ms: u64::MAX, ..rules() };
    let mut wins = vec![0.0; weights.len()];
    for lease in 0..40_000_u64 {
        let delay = |node: usize| delay_ms(mix(mix(lease) ^ mix(!(node as u64))), weights[node], &rules);
        let first = (0..weights.len()).min_by_key(|node| delay(*node)).unwrap();
        wins[first] += 1.0;
    }
    wins
}

fn staked(stakes: &[u64]) -> Vec<u64> {
    stakes.iter().map(|stake| weight(&Factors { stake: stake * MIN_STAKE, ..PERFECT }, &rules()).unwrap()).collect()
}

#[test]
fn each_node_is_first_as_often_as_its_share_of_the_weight() {
    let stakes = [1, 2, 3, 10];
    for (won, stake) in wins(&staked(&stakes)).iter().zip(stakes) {
        let chance = stake as f64 / 16.0;
        let deviation = (40_000.0 * chance * (1.0 - chance)).sqrt();
        assert!((won - 40_000.0 * chance).abs() < 4.0 * deviation, "{won} wins with {stake}/16 of the stake");
    }
}

#[test]
fn ten_identities_win_no_more_than_one_with_their_stake() {
    let mut stakes = vec![10];
    stakes.extend([1; 10]);
    let wins = wins(&staked(&stakes));
    let identities: f64 = wins[1..].iter().sum();
    assert!((identities - wins[0]).abs() < 4.0 * 40_000_f64.sqrt(), "{identities} against {}", wins[0]);
}

#[test]
fn the_reference_is_the_active_stake_and_at_least_the_least_stake() {
    assert_eq!(stake_reference(MIN_STAKE, 0), MIN_STAKE);
    assert_eq!(stake_reference(MIN_STAKE, 7 * MIN_STAKE), 7 * MIN_STAKE);
}

/// The mean of the first delay among `nodes` equal nodes, with the network's reference or with the least stake, in milliseconds.
fn first_delay(nodes: u64, stake_reference: u64) -> f64 {
    let rules = RaceRules { stake_reference, delay_cap_ms: u64::MAX, ..rules() };
    let weight = weight(&PERFECT, &rules).unwrap();
    let first =
        |lease: u64| (0..nodes).map(|node| delay_ms(mix(mix(lease) ^ mix(!node)), weight, &rules)).min().unwrap();
    (0..2_000).map(|lease| first(lease) as f64).sum::<f64>() / 2_000.0
}

#[test]
fn with_the_active_stake_as_reference_the_first_claim_comes_after_about_tau_in_any_network() {
    let tau = rules().tau_ms as f64;
    for nodes in [1, 10, 200] {
        let reference = stake_reference(MIN_STAKE, nodes * MIN_STAKE);
        // Five standard deviations of the mean of 2,000 exponential delays.
        assert!((first_delay(nodes, reference) - tau).abs() < 5.0 * tau / 2_000_f64.sqrt(), "{nodes} nodes");
    }
    // With the least stake there, 200 nodes would be decided within the clock's second.
    assert!(first_delay(200, MIN_STAKE) < 100.0);
}

#[test]
fn only_a_node_of_both_classes_yields_and_only_for_compute() {
    assert_eq!((yield_ms(true, true, 2_000), yield_ms(true, false, 2_000)), (2_000, 0));
    assert_eq!((yield_ms(false, true, 2_000), yield_ms(false, false, 2_000)), (0, 0));
}

#[test]
fn what_class_and_tier_add_never_passes_the_cap() {
    let rules = rules();
    assert_eq!(put_back_ms(1_000, 32_000, &rules), 33_000);
    assert_eq!(put_back_ms(rules.delay_cap_ms - 1, 2, &rules), rules.delay_cap_ms);
    assert_eq!(put_back_ms(u64::MAX, u64::MAX, &rules), rules.delay_cap_ms);
}

/// How many of 40,000 leases each node wins, put back by a time of its own.
fn wins_put_back(nodes: &[(u64, u64)]) -> Vec<f64> {
    let rules = RaceRules { delay_cap_ms: u64::MAX, stake_reference: 10 * MIN_STAKE, ..rules() };
    let weights: Vec<u64> = nodes
        .iter()
        .map(|(stake, _)| weight(&Factors { stake: stake * MIN_STAKE, ..PERFECT }, &rules).unwrap())
        .collect();
    let mut wins = vec![0.0; nodes.len()];
    for lease in 0..40_000_u64 {
        let delay = |node: usize| {
            let delay = delay_ms(mix(mix(lease) ^ mix(!(node as u64))), weights[node], &rules);
            (put_back_ms(delay, nodes[node].1, &rules), node)
        };
        wins[(0..nodes.len()).min_by_key(|node| delay(*node)).unwrap()] += 1.0;
    }
    wins
}

#[test]
fn identities_that_are_put_back_alike_win_no_more_than_one_with_their_stake() {
    let others = (8, 0);
    let whole = wins_put_back(&[others, (2, 2_000)])[1];
    let parts = wins_put_back(&[others, (1, 2_000), (1, 2_000)]);
    assert!((parts[1] + parts[2] - whole).abs() < 4.0 * 40_000_f64.sqrt(), "{parts:?} against {whole}");
}

#[test]
fn one_identity_for_rendering_and_one_for_compute_win_no_more_than_one_for_both() {
    let (others, yields) = ((8, 0), yield_ms(true, true, 2_000));
    let both = wins_put_back(&[others, (2, 0)])[1] + wins_put_back(&[others, (2, yields)])[1];
    let apart = wins_put_back(&[others, (1, 0)])[1] + wins_put_back(&[others, (1, 0)])[1];
    assert!(apart < both, "{apart} against {both}");
}
