//! `proposal_cancel`.

use market_model::{MarketError, governance::Stage};
use market_tests::{
    World,
    governance::{QUORUM, Voter, set},
    world::{only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::ProposalCancelled};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn open() -> (World, Voter, u64) {
    let world = World::new();
    let voter = world.voter("voter", QUORUM);
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    (world, voter, number)
}

#[test]
fn a_proposal_is_called_off_before_its_first_vote_ends() {
    let (world, voter, number) = open();
    world.cast(&voter, number, true);
    let cancel = instruction::proposal_cancel(&voter.key(), number);
    world.warp_to(world.proposal(number).ends_at - 1);
    let confirmed = world.apply(cancel.clone(), &[&voter.wallet]);
    assert_eq!(only_event(&confirmed), Event::from(ProposalCancelled { proposal: address::proposal(number) }));
    assert_eq!(world.stage(number), Stage::Cancelled);
    world.chain.advance_slots(1);
    world.refuse(cancel, &[&voter.wallet], MarketError::TooLateToCancel);
    let vote = instruction::proposal_vote(&voter.key(), number, true);
    world.refuse(vote, &[&voter.wallet], MarketError::VoteNotRunning);
}

#[test]
fn what_others_have_voted_for_is_not_its_proposers_to_veto() {
    let (world, voter, number) = open();
    world.cast(&voter, number, true);
    let cancel = instruction::proposal_cancel(&voter.key(), number);
    world.warp_to(world.proposal(number).ends_at);
    world.refuse(cancel.clone(), &[&voter.wallet], MarketError::TooLateToCancel);
    assert_eq!(world.count(number), Stage::Final);
    world.refuse(cancel.clone(), &[&voter.wallet], MarketError::TooLateToCancel);
    world.cast(&voter, number, true);
    assert_eq!(world.count(number), Stage::Queued);
    world.refuse(cancel, &[&voter.wallet], MarketError::TooLateToCancel);
}

#[test]
fn only_the_proposer_calls_it_off() {
    let (world, voter, number) = open();
    let cancel = instruction::proposal_cancel(&voter.key(), number);
    let theirs = replaced(cancel.clone(), &voter.key(), &world.crank_key());
    world.refuse(theirs, &[&world.crank], RenderError::NotProposer);
    let nobody = unsigned(cancel.clone(), &voter.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    let forged = replaced(cancel, &address::proposal(number), &world.forge(&address::proposal(number)));
    world.refuse(forged, &[&voter.wallet], InstructionError::IllegalOwner);
}
