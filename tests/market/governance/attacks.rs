//! What somebody would try who wants more votes than RENDER.

use market_model::{MarketError, governance::Stage};
use market_tests::{
    World,
    governance::{PROPOSER_LOCK, QUORUM, set},
    world::RENDER,
};
use render_compute_client::instruction;

#[test]
fn borrowed_render_cannot_vote_and_leave_in_one_transaction() {
    let world = World::new();
    let proposer = world.voter("proposer", PROPOSER_LOCK);
    let number = world.propose(&proposer, set(&[("challenge_seconds", 77)]));
    let borrower = world.holder("borrower", QUORUM);
    world.warp_to(world.proposal(number).ends_at - 1);
    let key = borrower.key();
    let flash = [
        instruction::vote_lock_deposit(&key, &borrower.render, QUORUM),
        instruction::proposal_vote(&key, number, true),
        instruction::vote_lock_withdraw(&key, &borrower.render, QUORUM),
    ];
    world.refuse_all(&flash, &[&borrower.wallet], MarketError::StillLocked);
    // It can vote in the last second, and then holds the RENDER for a timelock while everybody sees it.
    world.apply_all(&flash[..2], &[&borrower.wallet]);
    world.warp_to(world.proposal(number).ends_at + 2 * 86_400 - 1);
    world.refuse(flash[2].clone(), &[&borrower.wallet], MarketError::StillLocked);
}

#[test]
fn the_same_render_does_not_vote_from_two_wallets() {
    let world = World::new();
    let (one, other) = (world.voter("one", PROPOSER_LOCK), world.holder("other", RENDER));
    let number = world.propose(&one, set(&[("challenge_seconds", 77)]));
    world.cast(&one, number, true);
    // What voted cannot be taken out while the stage runs, and what is free did not vote.
    let out = instruction::vote_lock_withdraw(&one.key(), &other.render, RENDER);
    world.refuse(out, &[&one.wallet], MarketError::StillLocked);
    world.deposit(&other, RENDER);
    world.cast(&other, number, true);
    assert_eq!(world.proposal(number).yes[0], PROPOSER_LOCK + RENDER);
}

#[test]
fn a_quorum_from_render_that_was_burned_since_costs_more_than_it_gives() {
    let world = World::new();
    let voter = world.voter("voter", QUORUM - RENDER);
    let number = world.propose_emergency(&voter, set(&[("challenge_seconds", 77)]));
    let quorum = |supply| world.proposal(number).model().unwrap().quorum(supply).unwrap();
    let supply = world.supply();
    // Burning ten RENDER lowers an emergency's quorum by two: voting with them would have added ten.
    assert_eq!(quorum(supply) - quorum(supply - 10 * RENDER), 2 * RENDER);
}

#[test]
fn a_lock_that_voted_on_two_proposals_is_held_by_the_later() {
    let world = World::new();
    let (one, other) = (world.voter("one", PROPOSER_LOCK), world.voter("other", PROPOSER_LOCK));
    let voter = world.voter("voter", RENDER);
    let first = world.propose(&one, set(&[("challenge_seconds", 77)]));
    world.warp(1_000);
    let second = world.propose(&other, set(&[("challenge_seconds", 78)]));
    world.cast(&voter, second, true);
    world.cast(&voter, first, false);
    let withdraw = instruction::vote_lock_withdraw(&voter.key(), &voter.render, RENDER);
    let free = world.proposal(second).ends_at + 2 * 86_400;
    world.warp_to(free - 1);
    world.refuse(withdraw.clone(), &[&voter.wallet], MarketError::StillLocked);
    world.warp_to(free);
    world.apply(withdraw, &[&voter.wallet]);
    assert_eq!(world.count(second), Stage::Final);
}
