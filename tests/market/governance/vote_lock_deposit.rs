//! `vote_lock_deposit`.

use market_model::MarketError;
use market_tests::{
    Reason, World,
    world::{RENDER, only_event, replaced, unsigned},
};
use render_compute::{constants::PAUSE_ALL, events::VoteLockChanged, state::VoteLock};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn what_is_locked_lies_in_the_vault() {
    let world = World::new();
    let voter = world.holder("voter", 100 * RENDER);
    for (amount, before) in [(30 * RENDER, 0), (20 * RENDER, 30 * RENDER)] {
        let confirmed = world.deposit(&voter, amount);
        let event = VoteLockChanged {
            wallet: voter.key(),
            amount_before: before,
            amount_after: before + amount,
            locked_until: 0,
        };
        assert_eq!(only_event(&confirmed), Event::from(event));
    }
    assert_eq!(world.tokens(&voter.render), 50 * RENDER);
    assert_eq!(world.tokens(&address::vote_vault()), 50 * RENDER);
    let lock = world.get::<VoteLock>(&voter.lock());
    assert_eq!((lock.wallet, lock.amount, lock.locked_until, lock.proposing_until), (voter.key(), 50 * RENDER, 0, 0));
}

#[test]
fn no_pause_keeps_anyone_from_voting() {
    let world = World::new();
    let voter = world.holder("voter", RENDER);
    world.apply(instruction::network_pause(&world.authority_key(), PAUSE_ALL), &[&world.authority]);
    world.deposit(&voter, RENDER);
}

#[test]
fn nothing_and_more_than_there_is_are_refused() {
    let world = World::new();
    let voter = world.holder("voter", RENDER);
    let deposit = |amount| instruction::vote_lock_deposit(&voter.key(), &voter.render, amount);
    world.refuse(deposit(0), &[&voter.wallet], MarketError::NoAmount);
    world.refuse(deposit(RENDER + 1), &[&voter.wallet], Reason::Token(1));
}

#[test]
fn before_the_vault_is_open_nothing_is_locked() {
    let world = World::new();
    let wallet = world.wallet("voter");
    let render = world.render(&wallet, RENDER);
    let deposit = instruction::vote_lock_deposit(&wallet.pubkey(), &render, RENDER);
    assert!(world.send(&[deposit], &[&wallet]).is_err());
}

#[test]
fn only_the_wallet_locks_its_own_render_into_its_own_lock() {
    let world = World::new();
    let (voter, other) = (world.voter("voter", RENDER), world.holder("other", RENDER));
    let deposit = instruction::vote_lock_deposit(&other.key(), &other.render, RENDER);
    world.refuse(unsigned(deposit.clone(), &other.key()), &[&world.crank], InstructionError::MissingRequiredSignature);
    // The token program's code for another owner.
    world.render(&voter.wallet, RENDER);
    let theft = replaced(deposit.clone(), &other.render, &voter.render);
    world.refuse(theft, &[&other.wallet], Reason::Token(4));
    let into = replaced(deposit.clone(), &other.lock(), &voter.lock());
    world.refuse(into, &[&other.wallet], InstructionError::InvalidSeeds);
    let vault = replaced(deposit, &address::vote_vault(), &address::stake_vault());
    world.refuse(vault, &[&other.wallet], InstructionError::InvalidSeeds);
}
