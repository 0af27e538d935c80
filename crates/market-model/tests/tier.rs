//! Tiers: what an epoch counts as, who rises, who falls, and the head start.

mod support;

use market_model::MarketError;
use market_model::parameters::Parameters;
use market_model::tier::{
    EpochFacts, Standing, Tier, TierRules, Verdict, after_lost_dispute, head_start_ms, review, verdict,
};
use proptest::prelude::*;
use support::{holds, is_broken};

const GOOD: EpochFacts = EpochFacts { reputation_bps: 6_500, uptime_bps: 9_500, is_active: true, is_next: true };
const BAD: EpochFacts = EpochFacts { reputation_bps: 5_499, ..GOOD };
const NEWCOMER: Standing = Standing { tier: Tier::Economy, good: 0, bad: 0 };
const PROVED: Standing = Standing { tier: Tier::Priority, good: 0, bad: 0 };

fn rules() -> TierRules {
    Parameters::DEFAULT.tier_rules()
}

fn after(standing: Standing, epochs: &[EpochFacts]) -> Standing {
    epochs.iter().fold(standing, |standing, facts| review(standing, facts, &rules()).0)
}

fn facts() -> impl Strategy<Value = EpochFacts> {
    (4_000_u64..8_000, 8_500_u64..=10_000, any::<bool>(), prop::bool::weighted(0.9)).prop_map(
        |(reputation_bps, uptime_bps, is_active, is_next)| EpochFacts {
            reputation_bps,
            uptime_bps,
            is_active,
            is_next,
        },
    )
}

#[test]
fn an_epoch_is_good_bad_or_middling_to_the_last_basis_point() {
    let of = |reputation_bps, uptime_bps| verdict(&EpochFacts { reputation_bps, uptime_bps, ..GOOD }, &rules());
    assert_eq!(of(6_500, 9_500), Verdict::Good);
    assert_eq!(of(6_499, 9_500), Verdict::Middling);
    assert_eq!(of(6_500, 9_499), Verdict::Middling);
    assert_eq!(of(5_500, 9_000), Verdict::Middling);
    assert_eq!(of(5_499, 10_000), Verdict::Bad);
    assert_eq!(of(10_000, 8_999), Verdict::Bad);
    assert_eq!(verdict(&EpochFacts { is_active: false, ..BAD }, &rules()), Verdict::Idle);
}

#[test]
fn three_good_epochs_in_a_row_make_priority_and_two_bad_ones_economy() {
    assert_eq!(after(NEWCOMER, &[GOOD, GOOD]), Standing { good: 2, ..NEWCOMER });
    assert_eq!(after(NEWCOMER, &[GOOD, GOOD, GOOD]), PROVED);
    assert_eq!(after(PROVED, &[BAD]), Standing { bad: 1, ..PROVED });
    assert_eq!(after(PROVED, &[BAD, BAD]), NEWCOMER);
}

#[test]
fn an_epoch_of_another_kind_ends_a_row_and_an_idle_one_does_not() {
    let middling = EpochFacts { reputation_bps: 6_000, ..GOOD };
    let idle = EpochFacts { is_active: false, ..BAD };
    assert_eq!(after(NEWCOMER, &[GOOD, GOOD, middling, GOOD]), Standing { good: 1, ..NEWCOMER });
    assert_eq!(after(NEWCOMER, &[GOOD, GOOD, BAD]), Standing { bad: 1, ..NEWCOMER });
    assert_eq!(after(NEWCOMER, &[GOOD, GOOD, idle, GOOD]), PROVED);
    assert_eq!(after(PROVED, &[BAD, idle, BAD]), NEWCOMER);
    assert_eq!(after(PROVED, &[BAD, middling, BAD]), Standing { bad: 1, ..PROVED });
    assert_eq!(after(PROVED, &[BAD, GOOD, BAD]), Standing { bad: 1, ..PROVED });
}

#[test]
fn an_epoch_left_out_ends_a_row_of_good_ones_and_not_one_of_bad_ones() {
    let skipped = |facts: EpochFacts| EpochFacts { is_next: false, ..facts };
    assert_eq!(after(NEWCOMER, &[GOOD, GOOD, skipped(GOOD)]), Standing { good: 1, ..NEWCOMER });
    assert_eq!(after(PROVED, &[BAD, skipped(BAD)]), NEWCOMER);
    let idle = EpochFacts { is_active: false, ..skipped(GOOD) };
    assert_eq!(after(NEWCOMER, &[GOOD, GOOD, idle, GOOD]), Standing { good: 1, ..NEWCOMER });
}

#[test]
fn a_lost_dispute_makes_economy_at_once() {
    assert_eq!(after_lost_dispute(Standing { good: 2, bad: 1, ..PROVED }), Standing { bad: 1, ..NEWCOMER });
    assert_eq!(after_lost_dispute(Standing { good: 2, ..NEWCOMER }), NEWCOMER);
}

type Review = fn(Standing, &EpochFacts, &TierRules) -> (Standing, Verdict);

/// Nobody is promoted without as many good epochs behind it in a row, each the one after the other.
fn promotion_law(rule: Review) -> impl Fn(Vec<EpochFacts>) -> support::Verdict {
    move |epochs| {
        let mut standing = NEWCOMER;
        let mut row = 0;
        for facts in &epochs {
            let kind = verdict(facts, &rules());
            row = match kind {
                _ if kind != Verdict::Idle && kind != Verdict::Good => 0,
                _ => (if facts.is_next { row } else { 0 }) + u64::from(kind == Verdict::Good),
            };
            let next = rule(standing, facts, &rules()).0;
            if standing.tier == Tier::Economy && next.tier == Tier::Priority {
                prop_assert!(row >= rules().promote_epochs, "promoted after {row}");
            }
            standing = next;
        }
        Ok(())
    }
}

#[test]
fn nobody_is_promoted_without_the_good_epochs_in_a_row() {
    holds(prop::collection::vec(facts(), 0..40), promotion_law(review));
}

#[test]
fn a_review_that_forgives_what_was_left_out_promotes_too_early() {
    let likely = prop::collection::vec((any::<bool>()).prop_map(|is_next| EpochFacts { is_next, ..GOOD }), 0..40);
    is_broken(
        likely,
        promotion_law(|standing, facts, rules| review(standing, &EpochFacts { is_next: true, ..*facts }, rules)),
    );
}

#[test]
fn better_facts_never_leave_a_node_lower() {
    let standings = (any::<bool>(), 0_u8..4, 0_u8..4).prop_map(|(is_priority, good, bad)| Standing {
        tier: if is_priority { Tier::Priority } else { Tier::Economy },
        good,
        bad,
    });
    holds((standings, facts(), 0_u64..4_000, 0_u64..1_500), |(standing, facts, reputation, uptime)| {
        let better = EpochFacts {
            reputation_bps: facts.reputation_bps + reputation,
            uptime_bps: facts.uptime_bps + uptime,
            ..facts
        };
        prop_assert!(review(standing, &better, &rules()).0.tier >= review(standing, &facts, &rules()).0.tier);
        Ok(())
    });
}

#[test]
fn rows_do_not_overflow() {
    let worst = Standing { good: 255, bad: 255, ..NEWCOMER };
    assert_eq!(review(worst, &BAD, &rules()).0, Standing { good: 0, ..worst });
    let never = TierRules { promote_epochs: 1_000, ..rules() };
    assert_eq!(review(worst, &GOOD, &never).0, Standing { good: 255, bad: 0, ..NEWCOMER });
}

#[test]
fn only_priority_nodes_have_a_head_start_and_only_at_priority_work() {
    use Tier::{Economy, Priority};
    assert_eq!(head_start_ms(Priority, Priority, 30), 0);
    for (job, node) in [(Priority, Economy), (Economy, Priority), (Economy, Economy)] {
        assert_eq!(head_start_ms(job, node, 30), 30_000);
    }
    assert_eq!(head_start_ms(Economy, Economy, u64::MAX), u64::MAX);
}

#[test]
fn tiers_keep_their_codes() {
    assert_eq!((Tier::try_from(0), Tier::try_from(1)), (Ok(Tier::Economy), Ok(Tier::Priority)));
    assert_eq!(Tier::try_from(2), Err(MarketError::UnknownTier));
    assert_eq!(Tier::ALL.map(|tier| (tier.code(), tier.name())), [(0, "economy"), (1, "priority")]);
    let codes = [Verdict::Idle, Verdict::Good, Verdict::Middling, Verdict::Bad].map(Verdict::code);
    assert_eq!(codes, [0, 1, 2, 3]);
}
