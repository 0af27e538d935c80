//! Credits: laws L1 and L2.

mod support;

use market_model::MarketError;
use market_model::amount::{Round, mul_div};
use market_model::credit::{CreditBalance, Purchase, purchase};
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const DOLLAR: u64 = 1_000_000;
const RENDER: u64 = 100_000_000;

type Rule = fn(u64, u64, u64, u64) -> Result<Purchase, MarketError>;

fn orders() -> impl Strategy<Value = (u64, u64, u64)> {
    // Up to a billion dollars, at prices from 1e-6 to 10,000 USD.
    (1..=1_000_000_000 * DOLLAR, 100..=10_000 * RENDER, 5_000_u64..=10_000)
}

fn backing_law(rule: Rule) -> impl Fn((u64, u64, u64)) -> Verdict {
    move |(credits, price, burn_bps)| {
        let Ok(bought) = rule(credits, price, burn_bps, u64::MAX) else { return Ok(()) };
        let worth = u128::from(bought.credits) * 10_000_000_000;
        let burned = u128::from(bought.burned) * u128::from(price);
        prop_assert!(worth <= burned, "credits without RENDER behind them");
        prop_assert!(burned < worth + u128::from(price), "more than one base unit too much");
        prop_assert_eq!(bought.burned.checked_add(bought.fee), Some(bought.total));
        Ok(())
    }
}

#[test]
fn credits_exist_only_against_burned_render_and_at_most_one_base_unit_is_rounded() {
    holds(orders(), backing_law(purchase));
}

#[test]
fn a_burn_rounded_down_breaks_law_2() {
    fn mutant(credits: u64, price: u64, burn_bps: u64, max: u64) -> Result<Purchase, MarketError> {
        let real = purchase(credits, price, burn_bps, max)?;
        let burned = mul_div(credits, 10_000_000_000, price, Round::Down)?;
        Ok(Purchase { burned, total: burned + real.fee, ..real })
    }
    is_broken(orders(), backing_law(mutant));
}

#[test]
fn a_burn_in_the_wrong_unit_breaks_law_2() {
    is_broken(
        orders(),
        backing_law(|credits, price, burn_bps, max| {
            Ok(Purchase { credits, ..purchase(credits.div_ceil(100), price, burn_bps, max)? })
        }),
    );
}

fn fee_law(rule: Rule) -> impl Fn((u64, u64, u64)) -> Verdict {
    move |(credits, price, burn_bps)| {
        let Ok(bought) = rule(credits, price, burn_bps, u64::MAX) else { return Ok(()) };
        let exact = u128::from(bought.burned) * u128::from(10_000 - burn_bps);
        let fee = u128::from(bought.fee) * u128::from(burn_bps);
        prop_assert!(exact <= fee && fee < exact + u128::from(burn_bps));
        Ok(())
    }
}

#[test]
fn the_fee_is_its_part_of_what_is_paid_rounded_up() {
    holds(orders(), fee_law(purchase));
}

#[test]
fn a_fee_taken_on_the_burn_instead_of_on_the_payment_breaks_the_law() {
    is_broken(
        orders(),
        fee_law(|credits, price, burn_bps, max| {
            let real = purchase(credits, price, burn_bps, max)?;
            Ok(Purchase { fee: mul_div(real.burned, 10_000 - burn_bps, 10_000, Round::Up)?, ..real })
        }),
    );
}

#[test]
fn more_credits_never_cost_less_and_a_higher_price_never_costs_more() {
    holds((orders(), any::<u64>(), any::<u64>()), |((credits, price, burn_bps), more, higher)| {
        let total = |credits, price| purchase(credits, price, burn_bps, u64::MAX).map(|bought| bought.total);
        let Ok(base) = total(credits, price) else { return Ok(()) };
        if let Ok(cost) = total(credits.saturating_add(more), price) {
            prop_assert!(cost >= base);
        }
        prop_assert!(total(credits, price.saturating_add(higher)).unwrap() <= base);
        Ok(())
    });
}

#[test]
fn nineteen_dollars_of_credits_burn_nineteen_and_pay_one_as_in_rnp_021() {
    let bought = purchase(19 * DOLLAR, RENDER, 9_500, u64::MAX);
    let expected = Purchase { credits: 19 * DOLLAR, burned: 19 * RENDER, fee: RENDER, total: 20 * RENDER };
    assert_eq!(bought, Ok(expected));
}

#[test]
fn a_purchase_at_its_maximum_is_made_and_one_base_unit_below_it_is_refused() {
    assert!(purchase(19 * DOLLAR, RENDER, 9_500, 20 * RENDER).is_ok());
    assert_eq!(purchase(19 * DOLLAR, RENDER, 9_500, 20 * RENDER - 1), Err(MarketError::SlippageExceeded));
}

#[test]
fn a_purchase_of_nothing_at_no_price_or_with_an_impossible_rate_is_refused() {
    assert_eq!(purchase(0, RENDER, 9_500, u64::MAX), Err(MarketError::NoCredits));
    assert_eq!(purchase(1, 0, 9_500, u64::MAX), Err(MarketError::PriceNotPositive));
    assert_eq!(purchase(1, RENDER, 10_001, u64::MAX), Err(MarketError::RateAboveWhole));
    assert_eq!(purchase(1, RENDER, 0, u64::MAX), Err(MarketError::DivisionByZero));
    assert_eq!(purchase(u64::MAX, 1, 9_500, u64::MAX), Err(MarketError::Overflow));
}

type Step = fn(CreditBalance, u64) -> Result<CreditBalance, MarketError>;

fn steps() -> impl Strategy<Value = Vec<(usize, u64)>> {
    prop::collection::vec((0_usize..4, prop_oneof![0_u64..100, any::<u64>()]), 0..40)
}

fn conservation_law(rules: [Step; 4]) -> impl Fn(Vec<(usize, u64)>) -> Verdict {
    move |steps| {
        let mut balance = CreditBalance::default();
        let (mut bought, mut spent) = (0_u128, 0_u128);
        for (kind, credits) in steps {
            if let Ok(after) = rules[kind](balance, credits) {
                balance = after;
                bought += if kind == 0 { credits.into() } else { 0 };
                spent += if kind == 3 { credits.into() } else { 0 };
            }
            prop_assert!(balance.is_conserved());
            prop_assert_eq!(u128::from(balance.available) + u128::from(balance.escrowed), bought - spent);
            prop_assert_eq!((u128::from(balance.bought), u128::from(balance.spent)), (bought, spent));
        }
        Ok(())
    }
}

const RULES: [Step; 4] = [CreditBalance::buy, CreditBalance::escrow, CreditBalance::refund, CreditBalance::spend];

#[test]
fn credits_are_conserved_by_any_sequence_of_steps() {
    holds(steps(), conservation_law(RULES));
}

#[test]
fn a_refund_that_leaves_the_escrow_full_breaks_law_1() {
    let mut rules = RULES;
    rules[2] = |balance, credits| Ok(CreditBalance { escrowed: balance.escrowed, ..balance.refund(credits)? });
    is_broken(steps(), conservation_law(rules));
}

#[test]
fn more_than_is_available_cannot_be_escrowed_and_more_than_is_escrowed_cannot_leave() {
    let balance = CreditBalance::default().buy(10).and_then(|balance| balance.escrow(6)).unwrap();
    assert_eq!(balance, CreditBalance { available: 4, escrowed: 6, bought: 10, spent: 0 });
    assert_eq!(balance.escrow(5), Err(MarketError::CreditsUnavailable));
    assert_eq!(balance.refund(7), Err(MarketError::EscrowTooSmall));
    assert_eq!(balance.spend(7), Err(MarketError::EscrowTooSmall));
    assert_eq!(balance.buy(0), Err(MarketError::NoCredits));
    let settled = balance.spend(5).and_then(|balance| balance.refund(1));
    assert_eq!(settled, Ok(CreditBalance { available: 5, escrowed: 0, bought: 10, spent: 5 }));
}
