//! Reputation: bounds, decay and weight.

mod support;

use market_model::MarketError;
use market_model::reputation::{NEUTRAL_BPS, Outcome, Reputation, ReputationRules};
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const T: i64 = 1_800_000_000;
const HALF_LIFE: i64 = 2_592_000;
const RULES: ReputationRules = ReputationRules {
    half_life_seconds: HALF_LIFE,
    credit_scale: 100_000_000,
    max_weight_bps: 1_000,
    returned_target_bps: 4_000,
};
const NEUTRAL: u64 = NEUTRAL_BPS << 16;

fn score(bps: u64) -> Reputation {
    Reputation { score: bps << 16, updated_at: T }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![Just(Outcome::Accepted), Just(Outcome::Returned), Just(Outcome::Expired)]
}

fn any_score() -> impl Strategy<Value = Reputation> {
    (0_u64..=10_000 << 16).prop_map(|score| Reputation { score, updated_at: T })
}

#[test]
fn a_newcomer_is_neutral() {
    assert_eq!(Reputation::new(T).bps(), 5_000);
}

#[test]
fn a_score_stays_between_0_and_10_000_whatever_happens() {
    let steps = prop::collection::vec((outcome(), prop_oneof![0_u64..1_000_000, any::<u64>()], -10..HALF_LIFE), 0..60);
    holds(steps, |steps| {
        let (mut reputation, mut now) = (Reputation::new(T), T);
        for (outcome, credits, wait) in steps {
            now += wait;
            reputation = reputation.update(outcome, credits, now, &RULES).unwrap();
            prop_assert!(reputation.bps() <= 10_000);
        }
        Ok(())
    });
}

type Decay = fn(Reputation, i64, &ReputationRules) -> Result<Reputation, MarketError>;

fn decay_law(rule: Decay) -> impl Fn((Reputation, i64)) -> Verdict {
    move |(reputation, elapsed)| {
        let after = rule(reputation, T + elapsed, &RULES).unwrap().score as f64;
        let halvings = elapsed as f64 / HALF_LIFE as f64;
        let exact = NEUTRAL as f64 + (reputation.score as f64 - NEUTRAL as f64) * 0.5_f64.powf(halvings);
        prop_assert!((after - exact).abs() <= 4.0, "{after} for {exact}");
        prop_assert!(after as u64 <= reputation.score.max(NEUTRAL) && after as u64 >= reputation.score.min(NEUTRAL));
        Ok(())
    }
}

#[test]
fn the_distance_to_neutral_halves_in_a_half_life_and_follows_the_exponential_between() {
    holds((any_score(), 0..10 * HALF_LIFE), decay_law(Reputation::decayed));
    assert_eq!(score(9_000).decayed(T + HALF_LIFE, &RULES).unwrap().bps(), 7_000);
    assert_eq!(score(1_000).decayed(T + 2 * HALF_LIFE, &RULES).unwrap().bps(), 4_000);
}

#[test]
fn a_decay_in_whole_half_lives_only_breaks_the_law() {
    is_broken(
        (any_score(), 0..10 * HALF_LIFE),
        decay_law(|reputation, now, rules| reputation.decayed(T + (now - T) / HALF_LIFE * HALF_LIFE, rules)),
    );
}

#[test]
fn asking_often_decays_as_asking_once() {
    holds((any_score(), prop::collection::vec(0..HALF_LIFE, 1..20)), |(reputation, waits)| {
        let mut now = T;
        let mut often = reputation;
        for wait in &waits {
            now += wait;
            often = often.decayed(now, &RULES).unwrap();
        }
        let once = reputation.decayed(now, &RULES).unwrap();
        prop_assert!(often.score.abs_diff(once.score) <= 2 * waits.len() as u64);
        Ok(())
    });
}

#[test]
fn a_later_time_never_leaves_a_score_further_from_neutral() {
    holds((any_score(), 0..4 * HALF_LIFE, 0_i64..1_000), |(reputation, elapsed, more)| {
        let distance = |at| reputation.decayed(at, &RULES).unwrap().score.abs_diff(NEUTRAL);
        prop_assert!(distance(T + elapsed + more) <= distance(T + elapsed) + 1);
        Ok(())
    });
}

#[test]
fn a_time_before_the_last_update_and_one_very_late_are_no_errors() {
    assert_eq!(score(9_000).decayed(T - 1, &RULES), Ok(score(9_000)));
    assert_eq!(score(9_000).decayed(i64::MAX, &RULES).unwrap().bps(), 5_000);
}

#[test]
fn an_outcome_moves_the_score_towards_its_target_and_never_past_it() {
    holds((any_score(), outcome(), any::<u64>()), |(before, outcome, credits)| {
        let target = match outcome {
            Outcome::Accepted => 10_000 << 16,
            Outcome::Returned => 4_000 << 16,
            Outcome::Expired => 0,
        };
        let after = before.update(outcome, credits, T, &RULES).unwrap().score;
        prop_assert!(after >= before.score.min(target) && after <= before.score.max(target));
        let moved = after.abs_diff(before.score);
        prop_assert!(moved <= before.score.abs_diff(target) / 10, "more than the largest weight");
        Ok(())
    });
}

#[test]
fn an_outcome_weighs_by_its_credits_up_to_the_bound() {
    let after = |credits, max_weight_bps| {
        let rules = ReputationRules { max_weight_bps, ..RULES };
        score(5_000).update(Outcome::Accepted, credits, T, &rules).unwrap().bps()
    };
    assert_eq!(after(0, 10_000), 5_000);
    assert_eq!(after(RULES.credit_scale, 10_000), 7_500); // weight one half
    assert_eq!(after(RULES.credit_scale / 9, 10_000), 5_499); // weight 0.0999
    assert_eq!(after(RULES.credit_scale, 1_000), 5_500);
    assert_eq!(after(u64::MAX, 1_000), 5_500);
}

#[test]
fn decay_comes_before_the_outcome() {
    let later = T + HALF_LIFE;
    let both = score(9_000).update(Outcome::Expired, u64::MAX, later, &RULES).unwrap();
    assert_eq!((both.bps(), both.updated_at), (6_300, later));
}

#[test]
fn impossible_scores_and_rules_are_refused() {
    assert_eq!(score(10_001).decayed(T + 1, &RULES), Err(MarketError::ScoreOutOfRange));
    for half_life_seconds in [0, -1] {
        let rules = ReputationRules { half_life_seconds, ..RULES };
        assert_eq!(score(1).decayed(T + 1, &rules), Err(MarketError::HalfLifeInvalid));
    }
    let rules = ReputationRules { returned_target_bps: 10_001, ..RULES };
    assert_eq!(score(1).update(Outcome::Returned, 1, T, &rules), Err(MarketError::ScoreOutOfRange));
}

#[test]
fn a_lease_worth_less_than_a_cent_still_moves_a_score() {
    let accepted = score(5_000).update(Outcome::Accepted, 2_000, T, &RULES).unwrap();
    let expired = score(5_000).update(Outcome::Expired, 2_000, T, &RULES).unwrap();
    // 5,000 bps x 2,000 / 100,002,000, in 2^-16 bps.
    assert_eq!(accepted.score - NEUTRAL, 6_553);
    assert_eq!(NEUTRAL - expired.score, 6_553);
}
