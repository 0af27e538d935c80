//! `vote_lock_withdraw`.

use market_model::MarketError;
use market_tests::{
    Reason, World,
    governance::{PROPOSER_LOCK, set},
    world::{RENDER, only_event, replaced, unsigned},
};
use render_compute::{constants::PAUSE_ALL, errors::RenderError, events::VoteLockChanged, state::VoteLock};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn what_no_vote_counts_leaves_the_vault_also_while_everything_is_paused() {
    let world = World::new();
    let voter = world.voter("voter", 10 * RENDER);
    world.apply(instruction::network_pause(&world.authority_key(), PAUSE_ALL), &[&world.authority]);
    let withdraw = instruction::vote_lock_withdraw(&voter.key(), &voter.render, 4 * RENDER);
    let confirmed = world.apply(withdraw, &[&voter.wallet]);
    let event =
        VoteLockChanged { wallet: voter.key(), amount_before: 10 * RENDER, amount_after: 6 * RENDER, locked_until: 0 };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!((world.tokens(&voter.render), world.tokens(&address::vote_vault())), (4 * RENDER, 6 * RENDER));
    let more = instruction::vote_lock_withdraw(&voter.key(), &voter.render, 6 * RENDER + 1);
    world.refuse(more, &[&voter.wallet], MarketError::LockTooSmall);
    let nothing = instruction::vote_lock_withdraw(&voter.key(), &voter.render, 0);
    world.refuse(nothing, &[&voter.wallet], MarketError::NoAmount);
}

#[test]
fn a_lock_that_voted_is_free_one_timelock_after_the_votes_end() {
    let world = World::new();
    let (proposer, voter) = (world.voter("proposer", PROPOSER_LOCK), world.voter("voter", RENDER));
    let number = world.propose(&proposer, set(&[("challenge_seconds", 77)]));
    world.cast(&voter, number, false);
    let proposal = world.proposal(number);
    let free = proposal.ends_at + proposal.timelock_seconds;
    assert_eq!(world.get::<VoteLock>(&voter.lock()).locked_until, free);
    let withdraw = instruction::vote_lock_withdraw(&voter.key(), &voter.render, RENDER);
    for now in [world.time(), proposal.ends_at, free - 1] {
        world.warp_to(now);
        world.refuse(withdraw.clone(), &[&voter.wallet], MarketError::StillLocked);
    }
    world.warp_to(free);
    world.apply(withdraw, &[&voter.wallet]);
    assert_eq!(world.tokens(&voter.render), RENDER);
}

#[test]
fn a_proposers_lock_is_held_for_as_long_as_the_votes_can_take() {
    let world = World::new();
    let proposer = world.voter("proposer", PROPOSER_LOCK);
    let opened = world.time();
    let number = world.propose(&proposer, set(&[("challenge_seconds", 77)]));
    // Calling it off frees nothing: else a proposal would cost nothing.
    world.apply(instruction::proposal_cancel(&proposer.key(), number), &[&proposer.wallet]);
    let withdraw = instruction::vote_lock_withdraw(&proposer.key(), &proposer.render, RENDER);
    let free = opened + 9 * 86_400;
    world.warp_to(free - 1);
    world.refuse(withdraw.clone(), &[&proposer.wallet], MarketError::StillLocked);
    world.warp_to(free);
    world.apply(withdraw, &[&proposer.wallet]);
}

#[test]
fn only_the_wallet_takes_out_its_lock() {
    let world = World::new();
    let (voter, other) = (world.voter("voter", RENDER), world.voter("other", RENDER));
    let withdraw = instruction::vote_lock_withdraw(&voter.key(), &voter.render, RENDER);
    let theft = replaced(withdraw.clone(), &voter.key(), &other.key());
    world.refuse(theft, &[&other.wallet], RenderError::WrongVoteLock);
    let nobody = unsigned(withdraw.clone(), &voter.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    for original in [address::network(), voter.lock()] {
        let forged = replaced(withdraw.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&voter.wallet], InstructionError::IllegalOwner);
    }
    // Stakes lie in another vault.
    world.machine("machine");
    let stakes = replaced(withdraw, &address::vote_vault(), &address::stake_vault());
    world.refuse(stakes, &[&voter.wallet], InstructionError::InvalidSeeds);
}

#[test]
fn a_withdrawal_into_a_vault_is_refused() {
    let world = World::new();
    let voter = world.voter("voter", RENDER);
    let withdraw = instruction::vote_lock_withdraw(&voter.key(), &address::vote_vault(), RENDER);
    // Anchor's code for an account that is passed twice to be changed.
    world.refuse(withdraw, &[&voter.wallet], Reason::Market(2_040));
}
