//! `vote_close`.

use market_model::governance::Stage;
use market_tests::{
    World,
    governance::{QUORUM, Voter, set},
    world::{only_event, replaced},
};
use render_compute::{errors::RenderError, events::VoteClosed};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn voted() -> (World, Voter, u64) {
    let world = World::new();
    let voter = world.voter("voter", QUORUM);
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    world.cast(&voter, number, true);
    (world, voter, number)
}

#[test]
fn a_vote_goes_when_it_is_counted_and_its_rent_goes_back() {
    let (world, voter, number) = voted();
    let close = instruction::vote_close(&voter.key(), number);
    let at = address::vote(&address::proposal(number), &voter.key());
    world.refuse(close.clone(), &[&world.crank], RenderError::VoteNeeded);
    world.warp_to(world.proposal(number).ends_at);
    // Ended and not counted.
    world.refuse(close.clone(), &[&world.crank], RenderError::VoteNeeded);
    assert_eq!(world.count(number), Stage::Final);
    world.refuse(close.clone(), &[&world.crank], RenderError::VoteNeeded);
    world.cast(&voter, number, true);
    assert_eq!(world.count(number), Stage::Queued);
    let (before, rent) = (world.lamports(&voter.key()), world.lamports(&at));
    let confirmed = world.apply(close, &[&world.crank]);
    let event = VoteClosed { proposal: address::proposal(number), wallet: voter.key() };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(world.lamports(&voter.key()), before + rent);
}

#[test]
fn a_vote_outlives_its_proposal_until_somebody_closes_it() {
    let (world, voter, number) = voted();
    world.apply(instruction::proposal_cancel(&voter.key(), number), &[&voter.wallet]);
    world.apply(instruction::proposal_close(&voter.key(), number), &[&world.crank]);
    world.apply(instruction::vote_close(&voter.key(), number), &[&world.crank]);
}

#[test]
fn the_proposal_is_the_votes_and_the_rent_goes_to_nobody_else() {
    let (world, voter, number) = voted();
    let close = instruction::vote_close(&voter.key(), number);
    let other = replaced(close.clone(), &address::proposal(number), &address::proposal(9));
    world.refuse(other, &[&world.crank], RenderError::WrongProposal);
    world.apply(instruction::proposal_cancel(&voter.key(), number), &[&voter.wallet]);
    let theirs = replaced(close.clone(), &voter.key(), &world.crank_key());
    world.refuse(theirs, &[&world.crank], RenderError::WrongVoteLock);
    let at = address::vote(&address::proposal(number), &voter.key());
    let forged = replaced(close.clone(), &at, &world.forge(&at));
    world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    world.apply(close, &[&world.crank]);
}
