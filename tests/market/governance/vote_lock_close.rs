//! `vote_lock_close`.

use market_tests::{
    World,
    world::{RENDER, only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::VoteLockClosed, state::VoteLock};
use render_compute_client::{event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn an_empty_lock_goes_and_its_rent_comes_back() {
    let world = World::new();
    let voter = world.voter("voter", RENDER);
    let close = instruction::vote_lock_close(&voter.key());
    world.refuse(close.clone(), &[&voter.wallet], RenderError::VoteLockNotEmpty);
    world.apply(instruction::vote_lock_withdraw(&voter.key(), &voter.render, RENDER), &[&voter.wallet]);
    let rent = world.lamports(&voter.lock());
    let before = world.lamports(&voter.key());
    world.chain.advance_slots(1);
    let confirmed = world.apply(close.clone(), &[&voter.wallet]);
    assert_eq!(only_event(&confirmed), Event::from(VoteLockClosed { wallet: voter.key() }));
    assert!(world.find::<VoteLock>(&voter.lock()).is_none());
    assert!(world.lamports(&voter.key()) > before && rent > 0);
    world.chain.advance_slots(1);
    assert!(world.send(&[close], &[&voter.wallet]).is_err());
    // The wallet may begin again.
    world.deposit(&voter, RENDER);
}

#[test]
fn only_the_wallet_closes_its_lock() {
    let world = World::new();
    let (voter, other) = (world.voter("voter", RENDER), world.holder("other", RENDER));
    world.apply(instruction::vote_lock_withdraw(&voter.key(), &voter.render, RENDER), &[&voter.wallet]);
    let close = instruction::vote_lock_close(&voter.key());
    let theft = replaced(close.clone(), &voter.key(), &other.key());
    world.refuse(theft, &[&other.wallet], RenderError::WrongVoteLock);
    let nobody = unsigned(close.clone(), &voter.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    let forged = replaced(close, &voter.lock(), &world.forge(&voter.lock()));
    world.refuse(forged, &[&voter.wallet], InstructionError::IllegalOwner);
}
