//! `proposal_advance`.

use market_model::{MarketError, governance::Stage};
use market_tests::{
    World,
    governance::{EMERGENCY_QUORUM, PROPOSER_LOCK, QUORUM, set},
    world::{RENDER, only_event, replaced},
};
use render_compute::{errors::RenderError, events::ProposalAdvanced};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

const DAY: i64 = 86_400;

#[test]
fn a_proposal_that_wins_both_votes_waits_for_its_timelock() {
    let world = World::new();
    let voter = world.voter("voter", QUORUM);
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    world.cast(&voter, number, true);
    let event = |before: Stage, after: Stage, ends_at| ProposalAdvanced {
        proposal: address::proposal(number),
        yes: QUORUM,
        no: 0,
        supply: 1_000_000 * RENDER,
        quorum: QUORUM,
        ends_at,
        before: before.into(),
        after: after.into(),
        padding: [0; 6],
    };
    let advance = instruction::proposal_advance(&world.network(), number);
    let end = world.proposal(number).ends_at;
    world.warp_to(end - 1);
    world.refuse(advance.clone(), &[&world.crank], MarketError::VoteStillRunning);
    world.warp_to(end);
    let confirmed = world.apply(advance.clone(), &[&world.crank]);
    assert_eq!(only_event(&confirmed), Event::from(event(Stage::Initial, Stage::Final, end + 6 * DAY)));
    world.cast(&voter, number, true);
    world.warp_to(end + 6 * DAY - 1);
    world.refuse(advance.clone(), &[&world.crank], MarketError::VoteStillRunning);
    world.warp_to(end + 6 * DAY);
    let confirmed = world.apply(advance.clone(), &[&world.crank]);
    assert_eq!(only_event(&confirmed), Event::from(event(Stage::Final, Stage::Queued, end + 8 * DAY)));
    assert_eq!(world.proposal(number).supply, 1_000_000 * RENDER);
    world.chain.advance_slots(1);
    world.refuse(advance, &[&world.crank], MarketError::NothingToCount);
}

#[test]
fn a_late_count_gives_the_next_vote_its_whole_length() {
    let world = World::new();
    let voter = world.voter("voter", PROPOSER_LOCK);
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    world.cast(&voter, number, true);
    let late = world.proposal(number).ends_at + 10 * DAY;
    world.warp_to(late);
    world.apply(instruction::proposal_advance(&world.network(), number), &[&world.crank]);
    assert_eq!((world.stage(number), world.proposal(number).ends_at), (Stage::Final, late + 6 * DAY));
}

#[test]
fn a_tie_and_silence_lose() {
    let world = World::new();
    let (one, other) = (world.voter("one", PROPOSER_LOCK), world.voter("other", PROPOSER_LOCK));
    let silent = world.propose(&one, set(&[("challenge_seconds", 77)]));
    let tied = world.propose(&other, set(&[("challenge_seconds", 78)]));
    world.cast(&one, tied, true);
    world.cast(&other, tied, false);
    assert_eq!(world.count(silent), Stage::Rejected);
    assert_eq!(world.count(tied), Stage::Rejected);
    let over = instruction::proposal_advance(&world.network(), tied);
    world.chain.advance_slots(1);
    world.refuse(over, &[&world.crank], MarketError::ProposalOver);
}

#[test]
fn a_final_vote_below_its_quorum_is_lost_and_an_emergency_needs_more() {
    let world = World::new();
    let (almost, rest) = (world.voter("almost", QUORUM - 1), world.voter("rest", 1));
    let number = world.propose(&almost, set(&[("challenge_seconds", 77)]));
    world.cast(&almost, number, true);
    assert_eq!(world.count(number), Stage::Final);
    world.cast(&almost, number, true);
    assert_eq!(world.count(number), Stage::Rejected);
    let number = world.propose(&almost, set(&[("challenge_seconds", 77)]));
    world.cast(&almost, number, true);
    assert_eq!(world.count(number), Stage::Final);
    world.cast(&almost, number, true);
    // A vote against fills the quorum too.
    world.cast(&rest, number, false);
    assert_eq!(world.count(number), Stage::Queued);
    let number = world.propose_emergency(&almost, set(&[("challenge_seconds", 77)]));
    world.cast(&almost, number, true);
    world.cast(&rest, number, true);
    assert_eq!(world.count(number), Stage::Rejected);
    let more = world.voter("more", EMERGENCY_QUORUM - QUORUM);
    let number = world.propose_emergency(&more, set(&[("challenge_seconds", 77)]));
    for voter in [&almost, &rest, &more] {
        world.cast(voter, number, true);
    }
    assert_eq!(world.count(number), Stage::Queued);
}

#[test]
fn what_nobody_counts_in_time_expires() {
    let world = World::new();
    let voter = world.voter("voter", QUORUM);
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    world.cast(&voter, number, true);
    world.warp_to(world.proposal(number).ends_at + 14 * DAY);
    world.apply(instruction::proposal_advance(&world.network(), number), &[&world.crank]);
    assert_eq!(world.stage(number), Stage::Expired);
}

#[test]
fn the_supply_is_the_networks_mints() {
    let world = World::new();
    let voter = world.voter("voter", PROPOSER_LOCK);
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    world.warp_to(world.proposal(number).ends_at);
    let advance = instruction::proposal_advance(&world.network(), number);
    let small = world.chain.keypair("small mint");
    let small = render_compute_client::Signer::pubkey(&small);
    world.plant(&small, world.chain.read(&world.mint).unwrap());
    world.refuse(replaced(advance.clone(), &world.mint, &small), &[&world.crank], RenderError::WrongMint);
    for original in [address::network(), address::proposal(number)] {
        let forged = replaced(advance.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
    world.apply(advance, &[&world.crank]);
}
