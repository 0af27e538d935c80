//! `proposal_close`.

use market_model::governance::Stage;
use market_tests::{
    World,
    governance::{QUORUM, Voter, set},
    world::{only_event, replaced},
};
use render_compute::{errors::RenderError, events::ProposalClosed, state::Proposal};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn open() -> (World, Voter, u64) {
    let world = World::new();
    let voter = world.voter("voter", QUORUM);
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    (world, voter, number)
}

#[test]
fn a_proposal_goes_only_when_it_is_over_and_its_rent_goes_back() {
    let (world, voter, number) = open();
    let close = instruction::proposal_close(&voter.key(), number);
    world.refuse(close.clone(), &[&world.crank], RenderError::ProposalNeeded);
    world.accept_proposal(&voter, number);
    world.refuse(close.clone(), &[&world.crank], RenderError::ProposalNeeded);
    world.warp_to(world.proposal(number).ends_at);
    world.apply(world.executing(number), &[&world.crank]);
    let (before, rent) = (world.lamports(&voter.key()), world.lamports(&address::proposal(number)));
    let confirmed = world.apply(close, &[&world.crank]);
    let event = ProposalClosed { proposal: address::proposal(number), proposer: voter.key() };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(world.lamports(&voter.key()), before + rent);
    assert!(world.find::<Proposal>(&address::proposal(number)).is_none());
    // Its number is not used again.
    assert_eq!(world.network().proposals, number + 1);
}

#[test]
fn the_rent_goes_to_nobody_else() {
    let (world, voter, number) = open();
    assert_eq!(world.count(number), Stage::Rejected);
    let close = instruction::proposal_close(&voter.key(), number);
    let theirs = replaced(close.clone(), &voter.key(), &world.crank_key());
    world.refuse(theirs, &[&world.crank], RenderError::NotProposer);
    let forged = replaced(close, &address::proposal(number), &world.forge(&address::proposal(number)));
    world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
}
