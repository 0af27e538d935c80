//! `proposal_vote`.

use market_model::{MarketError, governance::Stage};
use market_tests::{
    World,
    governance::{PROPOSER_LOCK, Voter, set},
    world::{RENDER, only_event, replaced, unsigned},
};
use render_compute::{constants::PAUSE_ALL, errors::RenderError, events::VoteCast, state::Vote};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn open() -> (World, Voter, u64) {
    let world = World::new();
    let voter = world.voter("proposer", PROPOSER_LOCK);
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    (world, voter, number)
}

#[test]
fn a_vote_counts_all_that_is_locked() {
    let (world, voter, number) = open();
    world.apply(instruction::network_pause(&world.authority_key(), PAUSE_ALL), &[&world.authority]);
    let confirmed = world.cast(&voter, number, true);
    let proposal = world.proposal(number);
    let event = VoteCast {
        proposal: address::proposal(number),
        wallet: voter.key(),
        weight_before: 0,
        weight_after: PROPOSER_LOCK,
        yes: PROPOSER_LOCK,
        no: 0,
        // The proposer's own hold is longer.
        locked_until: proposal.opened_at + 9 * 86_400,
        stage: 0,
        is_yes: 1,
        padding: [0; 6],
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!((proposal.yes, proposal.no), ([PROPOSER_LOCK, 0], [0, 0]));
    let vote = world.get::<Vote>(&address::vote(&address::proposal(number), &voter.key()));
    assert_eq!((vote.weights, vote.is_yes, vote.wallet), ([PROPOSER_LOCK, 0], [1, 0], voter.key()));
}

#[test]
fn a_vote_can_be_changed_and_takes_what_was_locked_since() {
    let (world, _, number) = open();
    let voter = world.holder("voter", 10 * RENDER);
    world.deposit(&voter, 6 * RENDER);
    world.cast(&voter, number, true);
    world.deposit(&voter, 4 * RENDER);
    assert_eq!(world.proposal(number).yes[0], 6 * RENDER, "a deposit alone changes no vote");
    world.cast(&voter, number, false);
    let proposal = world.proposal(number);
    assert_eq!((proposal.yes[0], proposal.no[0]), (0, 10 * RENDER));
    world.chain.advance_slots(1);
    world.cast(&voter, number, false);
    assert_eq!(world.proposal(number).no[0], 10 * RENDER, "saying it again counts once");
}

#[test]
fn votes_move_only_within_their_stage() {
    let (world, voter, number) = open();
    let other = world.voter("other", RENDER);
    world.cast(&voter, number, true);
    world.cast(&other, number, false);
    assert_eq!(world.count(number), Stage::Final);
    world.cast(&other, number, true);
    let proposal = world.proposal(number);
    assert_eq!((proposal.yes, proposal.no), ([PROPOSER_LOCK, RENDER], [RENDER, 0]));
    let vote = world.get::<Vote>(&address::vote(&address::proposal(number), &other.key()));
    assert_eq!((vote.weights, vote.is_yes), ([RENDER, RENDER], [0, 1]));
}

#[test]
fn a_vote_is_cast_until_the_last_second_before_its_end() {
    let (world, voter, number) = open();
    let end = world.proposal(number).ends_at;
    let vote = instruction::proposal_vote(&voter.key(), number, true);
    world.warp_to(end - 1);
    world.apply(vote.clone(), &[&voter.wallet]);
    world.warp_to(end);
    world.refuse(vote.clone(), &[&voter.wallet], MarketError::VoteNotRunning);
    world.warp_to(end + 1);
    world.refuse(vote, &[&voter.wallet], MarketError::VoteNotRunning);
}

#[test]
fn who_has_nothing_locked_says_nothing() {
    let (world, _, number) = open();
    let voter = world.voter("voter", RENDER);
    world.apply(instruction::vote_lock_withdraw(&voter.key(), &voter.render, RENDER), &[&voter.wallet]);
    let vote = instruction::proposal_vote(&voter.key(), number, true);
    world.refuse(vote, &[&voter.wallet], MarketError::NoVotes);
}

#[test]
fn only_the_wallet_votes_with_its_lock() {
    let (world, voter, number) = open();
    let other = world.voter("other", RENDER);
    let vote = instruction::proposal_vote(&other.key(), number, true);
    let more = replaced(vote.clone(), &other.lock(), &voter.lock());
    world.refuse(more, &[&other.wallet], RenderError::WrongVoteLock);
    let nobody = unsigned(vote.clone(), &other.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    for original in [address::proposal(number), other.lock()] {
        let forged = replaced(vote.clone(), &original, &world.forge(&original));
        assert!(world.send(&[forged], &[&other.wallet]).is_err());
    }
    // Somebody else's vote account is another address.
    world.cast(&voter, number, true);
    let theirs = address::vote(&address::proposal(number), &voter.key());
    let mine = address::vote(&address::proposal(number), &other.key());
    world.refuse(replaced(vote, &mine, &theirs), &[&other.wallet], InstructionError::InvalidSeeds);
}
