//! The mint limiter: how much passes in any period, that nothing is lost, and that the moment it names is the first.

mod support;

use market_model::MarketError;
use market_model::limiter::{Limiter, LimiterRules};
use market_model::parameters::Parameters;
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const START: i64 = 1_703_030_400;

type Mint = fn(Limiter, u64, i64, &LimiterRules) -> Result<Limiter, MarketError>;

fn rules() -> impl Strategy<Value = LimiterRules> {
    let window = prop_oneof![Just(1_u64), 1..=1_000_u64, 1..=31_536_000_u64];
    let limit = prop_oneof![1..=1_000_u64, 1..=10_737_418_200_000_000_u64];
    (window, limit).prop_map(|(window_seconds, limit)| LimiterRules { window_seconds, limit })
}

/// Attempts to mint: seconds since the one before, in 1/1,000 of the window, and amounts in 1/1,000 of the limit.
fn attempts() -> impl Strategy<Value = (LimiterRules, Vec<(u64, u64)>)> {
    let attempt =
        (prop_oneof![Just(0_u64), 0..=20_u64, 0..=1_100_u64], prop_oneof![Just(1_000_u64), 0..=50_u64, 0..=1_001_u64]);
    (rules(), prop::collection::vec(attempt, 0..40))
}

fn scaled(part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(part) * u128::from(whole) / 1_000).unwrap()
}

/// Everything that passed, and when.
fn passed(rule: Mint, rules: &LimiterRules, attempts: &[(u64, u64)]) -> Vec<(i64, u64)> {
    let (mut limiter, mut now, mut minted) = (Limiter::default(), START, Vec::new());
    for (later, amount) in attempts {
        now += i64::try_from(scaled(*later, rules.window_seconds)).unwrap();
        let amount = scaled(*amount, rules.limit);
        if let Ok(next) = rule(limiter, amount, now, rules) {
            limiter = next;
            minted.push((now, amount));
        }
    }
    minted
}

/// In any period of D seconds at most limit x (1 + D / window) passes; in one window that is twice the limit.
fn bound_law(rule: Mint) -> impl Fn((LimiterRules, Vec<(u64, u64)>)) -> Verdict {
    move |(rules, attempts)| {
        let minted = passed(rule, &rules, &attempts);
        for (first, (from, _)) in minted.iter().enumerate() {
            let mut sum = 0_u128;
            for (at, amount) in &minted[first..] {
                sum += u128::from(*amount);
                let elapsed = u128::try_from(at - from).unwrap();
                let most = u128::from(rules.limit) * (u128::from(rules.window_seconds) + elapsed);
                prop_assert!(sum * u128::from(rules.window_seconds) <= most, "{sum} in {elapsed} s under {rules:?}");
                prop_assert!(elapsed > u128::from(rules.window_seconds) || sum <= 2 * u128::from(rules.limit));
            }
        }
        Ok(())
    }
}

#[test]
fn in_any_window_at_most_twice_the_limit_is_minted() {
    holds(attempts(), bound_law(Limiter::mint));
}

#[test]
fn a_limiter_that_forgets_twice_as_fast_lets_more_pass() {
    is_broken(
        attempts(),
        bound_law(|limiter, amount, now, rules| {
            let faster = LimiterRules { window_seconds: rules.window_seconds.div_ceil(2), ..*rules };
            limiter.mint(amount, now, &faster)
        }),
    );
}

#[test]
fn a_limiter_that_starts_afresh_in_each_mint_lets_more_pass() {
    is_broken(attempts(), bound_law(|_, amount, now, rules| Limiter::default().mint(amount, now, rules)));
}

#[test]
fn twice_the_limit_in_a_window_is_reached_and_not_passed() {
    let rules = LimiterRules { window_seconds: 100, limit: 1_000 };
    let mut limiter = Limiter::default().mint(1_000, START, &rules).unwrap();
    let mut minted = 1_000;
    for second in 1..=100 {
        limiter = limiter.mint(10, START + second, &rules).unwrap();
        minted += 10;
        assert_eq!(limiter.mint(1, START + second, &rules), Err(MarketError::MintLimited));
    }
    assert_eq!(minted, 2 * rules.limit);
}

#[test]
fn what_is_remembered_falls_linearly_and_by_the_end_of_the_window_to_nothing() {
    let rules = LimiterRules { window_seconds: 100, limit: 1_000 };
    let limiter = Limiter { used: 1_000, at: START };
    let used = |later| limiter.used_at(START + later, &rules).unwrap();
    assert_eq!(
        (used(-1), used(0), used(1), used(50), used(99), used(100), used(i64::MAX - START)),
        (1_000, 1_000, 990, 500, 10, 0, 0)
    );
    // A higher limit had let more through.
    let much = Limiter { used: 5_000, at: START };
    assert_eq!((much.used_at(START + 99, &rules), much.used_at(START + 100, &rules)), (Ok(4_010), Ok(0)));
    assert_eq!(limiter.room(START + 30, &rules), Ok(300));
}

#[test]
fn what_is_remembered_never_grows_by_waiting() {
    holds((rules(), any::<u64>(), 0..=40_000_000_i64, 0..=40_000_000_i64), |(rules, used, at, more)| {
        let limiter = Limiter { used, at: START };
        let of = |time| limiter.used_at(START + time, &rules).unwrap();
        prop_assert!(of(at) >= of(at + more));
        prop_assert!(of(at) <= used);
        Ok(())
    });
}

/// What a refused mint was refused for passes at the moment that the limiter names, and not a second before.
#[test]
fn a_refused_mint_passes_at_the_moment_named_and_not_before() {
    holds((rules(), 0..=1_000_u64, 0..=1_000_u64), |(rules, used, amount)| {
        let limiter = Limiter { used: scaled(used, rules.limit), at: START };
        let amount = scaled(amount, rules.limit);
        let at = limiter.earliest(amount, &rules).unwrap();
        let after = limiter.mint(amount, at, &rules).unwrap();
        prop_assert_eq!(after.used, limiter.used_at(at, &rules).unwrap() + amount);
        if at > START {
            prop_assert_eq!(limiter.mint(amount, at - 1, &rules), Err(MarketError::MintLimited));
        }
        Ok(())
    });
}

#[test]
fn an_amount_above_the_limit_never_passes_and_the_refusal_says_so() {
    let rules = LimiterRules { window_seconds: 100, limit: 1_000 };
    assert_eq!(Limiter::default().mint(1_001, START, &rules), Err(MarketError::MintAboveLimit));
    assert_eq!(Limiter::default().earliest(1_001, &rules), Err(MarketError::MintAboveLimit));
    let none = LimiterRules { window_seconds: 0, limit: 1_000 };
    assert_eq!(Limiter::default().mint(1, START, &none), Err(MarketError::MintLimiterInvalid));
    assert_eq!(Limiter::default().earliest(1, &none), Err(MarketError::MintLimiterInvalid));
    let full = Limiter { used: u64::MAX, at: START };
    assert_eq!(full.mint(1, START, &rules), Err(MarketError::Overflow));
    assert_eq!(full.earliest(1, &rules), Ok(START + 100));
}

#[test]
fn a_clock_that_goes_backwards_frees_nothing() {
    let rules = LimiterRules { window_seconds: 100, limit: 1_000 };
    let limiter = Limiter { used: 1_000, at: START };
    assert_eq!(limiter.mint(1, START - 50, &rules), Err(MarketError::MintLimited));
    let some = Limiter { used: 500, at: START };
    assert_eq!(some.mint(1, START - 50, &rules), Ok(Limiter { used: 501, at: START }));
}

#[test]
fn the_default_is_five_weeks_of_the_first_year() {
    let rules = Parameters::DEFAULT.limiter_rules();
    let week = market_model::emission::DEFAULT_SCHEDULE[0] * 7 / 365;
    assert_eq!(rules.window_seconds, 604_800);
    // HIP-77: five epochs, rounded down to half a thousand RENDER.
    assert!(rules.limit <= 5 * week && rules.limit > 49 * week / 10, "{} of {}", rules.limit, 5 * week);
}
