//! Reputation: bounds, decay and weight.

mod support;

use market_model::MarketError;
use market_model::reputation::{JobRecord, NEUTRAL_BPS, Reason, Reputation, ReputationRules, of_job};
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

fn outcome() -> impl Strategy<Value = Reason> {
    proptest::sample::select(Reason::ALL)
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
        let target = outcome.target_bps(&RULES).map_or(before.score, |target| target << 16);
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
        score(5_000).update(Reason::LeaseAccepted, credits, T, &rules).unwrap().bps()
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
    let both = score(9_000).update(Reason::LeaseExpired, u64::MAX, later, &RULES).unwrap();
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
    assert_eq!(score(1).update(Reason::LeaseReturned, 1, T, &rules), Err(MarketError::ScoreOutOfRange));
}

#[test]
fn a_lease_worth_less_than_a_cent_still_moves_a_score() {
    let accepted = score(5_000).update(Reason::LeaseAccepted, 2_000, T, &RULES).unwrap();
    let expired = score(5_000).update(Reason::LeaseExpired, 2_000, T, &RULES).unwrap();
    // 5,000 bps x 2,000 / 100,002,000, in 2^-16 bps.
    assert_eq!(accepted.score - NEUTRAL, 6_553);
    assert_eq!(NEUTRAL - expired.score, 6_553);
}

#[test]
fn the_reasons_keep_their_codes_and_say_which_way_they_pull() {
    use Reason::*;
    let expected = [
        (1, LeaseAccepted, Some(10_000)),
        (2, LeaseReturned, Some(4_000)),
        (3, LeaseExpired, Some(0)),
        (4, AuditAccepted, Some(10_000)),
        (5, AuditExpired, Some(0)),
        (6, ResultHidden, Some(0)),
        (7, DisputeWon, None),
        (8, DisputeLost, Some(0)),
        (9, ProbePassed, Some(10_000)),
        (10, ProbeMissed, Some(0)),
        (11, ProbeDisproved, Some(0)),
        (12, JobFinished, Some(10_000)),
        (13, JobCancelled, None),
        (14, InputsUnusable, None),
        (15, ChallengeLost, Some(0)),
        (16, ChallengeWon, Some(10_000)),
    ];
    assert_eq!(Reason::ALL.len(), expected.len());
    for (code, reason, target) in expected {
        assert_eq!((Reason::try_from(code), reason.code(), reason.target_bps(&RULES)), (Ok(reason), code, target));
        assert!(!reason.message().ends_with('.'));
    }
    for unknown in [0, 17, u8::MAX] {
        assert_eq!(Reason::try_from(unknown), Err(MarketError::UnknownReason));
    }
}

#[test]
fn an_outcome_without_credits_or_without_a_target_moves_not_even_the_clock() {
    let before = score(9_000);
    for reason in Reason::ALL {
        assert_eq!(before.update(*reason, 0, T + HALF_LIFE, &RULES), Ok(before));
    }
    assert_eq!(before.update(Reason::DisputeWon, u64::MAX, T + HALF_LIFE, &RULES), Ok(before));
}

// Requesters.

const DOLLAR: u64 = 1_000_000;
const FINISHED: JobRecord =
    JobRecord { spent: 100 * DOLLAR, refunded: 0, leases: 10, faults: 0, is_corroborated: false };

fn judged(bps: u64, job: &JobRecord) -> (u64, Reason) {
    let (after, reason) = of_job(score(bps), job, T, &RULES).unwrap();
    (after.bps(), reason)
}

fn jobs() -> impl Strategy<Value = JobRecord> {
    (0_u64..1 << 40, 0_u64..1 << 40, 1_u32..=1_024, any::<u32>(), any::<bool>()).prop_map(
        |(spent, refunded, leases, faults, is_corroborated)| JobRecord {
            spent,
            refunded,
            leases,
            faults: faults % (leases + 1),
            is_corroborated,
        },
    )
}

#[test]
fn the_worked_example_of_the_documentation() {
    // docs/economy/reputation.md: 100 USD weigh one half, and so the bound of 10 %.
    assert_eq!(judged(5_000, &FINISHED), (5_500, Reason::JobFinished));
    // Ten days later the distance of 500 has faded by 2^(-1/3).
    let later = score(5_500).decayed(T + 10 * 86_400, &RULES).unwrap();
    assert_eq!(later.bps(), 5_396);
    // A job of 20 USD, a quarter of whose leases nobody could work on: target 7,500, weight 15 / 115 of what was spent, bounded.
    let faulty = JobRecord { spent: 15 * DOLLAR, refunded: 5 * DOLLAR, leases: 4, faults: 1, is_corroborated: true };
    let (after, reason) = of_job(later, &faulty, later.updated_at, &RULES).unwrap();
    assert_eq!((after.bps(), reason), (5_607, Reason::InputsUnusable));
    // A job of 20 USD that nobody could work on at all: target 0, weight 20 / 120 of what was ordered, bounded.
    let useless = JobRecord { spent: 0, refunded: 20 * DOLLAR, leases: 4, faults: 4, is_corroborated: true };
    let (after, reason) = of_job(after, &useless, after.updated_at, &RULES).unwrap();
    assert_eq!((after.bps(), reason), (5_046, Reason::InputsUnusable));
}

#[test]
fn faults_count_by_their_share_of_the_leases_once_two_operators_say_so() {
    let faulty = |faults, is_corroborated| JobRecord { refunded: DOLLAR, faults, is_corroborated, ..FINISHED };
    assert_eq!(judged(8_000, &faulty(10, true)), (7_200, Reason::InputsUnusable));
    assert_eq!(judged(8_000, &faulty(5, true)), (7_700, Reason::InputsUnusable));
    assert_eq!(judged(8_000, &faulty(1, true)), (8_100, Reason::InputsUnusable));
    assert_eq!(judged(8_000, &faulty(10, false)), judged(8_000, &faulty(0, false)));
    assert_eq!(judged(8_000, &faulty(10, false)).1, Reason::JobCancelled);
}

type Judge = fn(Reputation, &JobRecord, i64, &ReputationRules) -> Result<(Reputation, Reason), MarketError>;

/// A score rises only by what was spent.
fn washing_law(rule: Judge) -> impl Fn((Reputation, JobRecord)) -> Verdict {
    move |(before, job)| {
        let free = JobRecord { spent: 0, ..job };
        let (after, _) = rule(before, &free, T, &RULES).unwrap();
        prop_assert!(after.score <= before.score, "{before:?} became {after:?} for nothing");
        Ok(())
    }
}

#[test]
fn a_job_that_spent_nothing_never_raises_a_score() {
    holds((any_score(), jobs()), washing_law(of_job));
}

#[test]
fn a_job_judged_by_what_it_ordered_would_wash_a_bad_name() {
    is_broken(
        (any_score(), jobs()),
        washing_law(|before, job, now, rules| {
            of_job(before, &JobRecord { spent: job.spent + job.refunded, refunded: 0, ..*job }, now, rules)
        }),
    );
}

/// What one operator says alone changes nothing.
fn slander_law(rule: Judge) -> impl Fn((Reputation, JobRecord)) -> Verdict {
    move |(before, job)| {
        let alone = JobRecord { is_corroborated: false, ..job };
        prop_assert_eq!(rule(before, &alone, T, &RULES), of_job(before, &JobRecord { faults: 0, ..alone }, T, &RULES));
        Ok(())
    }
}

#[test]
fn one_operator_alone_ruins_nobody() {
    holds((any_score(), jobs()), slander_law(of_job));
}

#[test]
fn a_rule_that_believes_one_operator_lets_it_slander() {
    is_broken(
        (any_score(), jobs()),
        slander_law(|before, job, now, rules| of_job(before, &JobRecord { is_corroborated: true, ..*job }, now, rules)),
    );
}

#[test]
fn more_faults_never_leave_a_better_name() {
    holds((any_score(), jobs(), any::<u32>()), |(before, job, more)| {
        let job = JobRecord { is_corroborated: true, faults: job.faults.max(1), refunded: job.refunded.max(1), ..job };
        let worse = JobRecord { faults: job.faults + more % (job.leases - job.faults + 1), ..job };
        let score = |job| of_job(before, job, T, &RULES).unwrap().0.score;
        prop_assert!(score(&worse) <= score(&job));
        Ok(())
    });
}

#[test]
fn one_job_moves_a_score_by_no_more_than_the_largest_weight() {
    holds((any_score(), jobs()), |(before, job)| {
        let (after, _) = of_job(before, &job, T, &RULES).unwrap();
        prop_assert!(after.score.abs_diff(before.score) <= (10_000 << 16) / 10);
        prop_assert!(after.bps() <= 10_000);
        Ok(())
    });
}

#[test]
fn a_job_called_off_is_judged_by_the_share_that_was_paid_and_never_below_neutral() {
    let part = |spent, refunded| JobRecord { spent: spent * DOLLAR, refunded: refunded * DOLLAR, ..FINISHED };
    assert_eq!(judged(5_000, &part(300, 100)), (5_250, Reason::JobCancelled)); // target 7,500
    assert_eq!(judged(5_000, &part(100, 300)), (5_000, Reason::JobCancelled)); // target 2,500, raised to 5,000
    assert_eq!(judged(2_000, &part(0, 300)), (2_000, Reason::JobCancelled));
    assert_eq!(judged(9_000, &part(100, 300)), (8_600, Reason::JobCancelled));
}

#[test]
fn impossible_jobs_are_refused() {
    let without = JobRecord { leases: 0, ..FINISHED };
    let more = JobRecord { faults: 11, ..FINISHED };
    for job in [without, more] {
        assert_eq!(of_job(score(5_000), &job, T, &RULES), Err(MarketError::JobWithoutLeases));
    }
    let overflow = JobRecord { spent: u64::MAX, refunded: 1, ..FINISHED };
    assert_eq!(of_job(score(5_000), &overflow, T, &RULES), Err(MarketError::Overflow));
}
