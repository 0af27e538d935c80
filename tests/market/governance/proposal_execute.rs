//! `proposal_execute`.

use market_model::{
    MarketError, Parameters,
    emission::{DEFAULT_SCHEDULE, YearChange, YearSplit},
    governance::Stage,
};
use market_tests::{
    World,
    governance::{PROPOSER_LOCK, QUORUM, Voter, executed, set},
    world::{replaced, short_parameters},
};
use render_compute::{constants::*, errors::RenderError, events::*, state::*};
use render_compute_client::{
    Address, Signer, address,
    event::Event,
    instruction::{self, Action},
};
use solana_instruction_error::InstructionError;

fn governed() -> (World, Voter) {
    let world = World::new();
    let voter = world.voter("voter", QUORUM);
    world.apply(instruction::network_govern(&world.authority_key()), &[&world.authority]);
    (world, voter)
}

#[test]
fn accepted_parameters_come_into_force_together() {
    let (world, voter) = governed();
    let before = world.network().parameters();
    let after = Parameters { work_bound_bps: 8_500, creators_bound_bps: 1_500, ..before };
    let confirmed = world.enact(&voter, set(&[("work_bound_bps", 8_500), ("creators_bound_bps", 1_500)]));
    let changed = ParametersChanged { before: before.values(), after: after.values() };
    assert_eq!(confirmed.events, [Event::from(changed), Event::from(executed(0, ACTION_PARAMETERS))]);
    assert_eq!(world.network().parameters(), after);
    assert_eq!(world.stage(0), Stage::Executed);
}

#[test]
fn accepted_years_are_what_later_epochs_emit() {
    let (world, voter) = governed();
    let change = YearChange { year: 4, amount: 5, split: YearSplit { operations_bps: 4_000, creators_bps: 3_000 } };
    let confirmed = world.enact(&voter, Action::Years(vec![change]));
    let mut changes = [ProposedChange::default(); MAX_CHANGES];
    changes[0] = ProposedChange {
        subject: 4,
        value: 5,
        operations_bps: 4_000,
        creators_bps: 3_000,
        ..ProposedChange::default()
    };
    let changed = ScheduleChanged { changes, count: 1 };
    assert_eq!(confirmed.events, [Event::from(changed), Event::from(executed(0, ACTION_YEARS))]);
    let schedule: Schedule = world.get(&address::schedule());
    let mut yearly = DEFAULT_SCHEDULE;
    yearly[3] = 5;
    assert_eq!((schedule.yearly, schedule.operations_bps[3], schedule.creators_bps[3]), (yearly, 4_000, 3_000));
}

#[test]
fn a_year_that_began_while_the_vote_ran_is_not_changed() {
    let (world, voter) = governed();
    let change = YearChange { year: 2, amount: 5, split: YearSplit { operations_bps: 4_000, creators_bps: 3_000 } };
    let number = world.propose(&voter, Action::Years(vec![change]));
    world.accept_proposal(&voter, number);
    world.warp_to(world.proposal(number).ends_at);
    // An epoch is opened that ends in year 2.
    let year = i64::try_from(market_model::emission::YEAR_SECONDS).unwrap();
    let network = world.network();
    world.alter::<Epoch>(&address::epoch(network.epoch), |epoch| epoch.ends_at = network.genesis_at + year + 1);
    world.refuse(world.executing(number), &[&world.crank], MarketError::YearBegun);
    world.alter::<Epoch>(&address::epoch(network.epoch), |epoch| epoch.ends_at = network.genesis_at + year);
    let none = replaced(world.executing(number), &address::epoch(network.epoch), &address::PROGRAM);
    world.refuse(none, &[&world.crank], RenderError::WrongEpoch);
    world.apply(world.executing(number), &[&world.crank]);
}

#[test]
fn proposals_set_pause_bits_past_the_guardian() {
    let (world, voter) = governed();
    world.apply(instruction::network_pause(&world.authority_key(), PAUSE_ALL), &[&world.authority]);
    let confirmed = world.enact(&voter, Action::Pause(PAUSE_JOBS));
    let changed = PauseChanged { before: PAUSE_ALL, after: PAUSE_JOBS };
    assert_eq!(confirmed.events, [Event::from(changed), Event::from(executed(0, ACTION_PAUSE))]);
    assert_eq!(world.network().paused, PAUSE_JOBS);
}

#[test]
fn proposals_replace_the_guardian_and_void_its_offers() {
    let world = World::new();
    let voter = world.voter("voter", QUORUM);
    let (heir, next) = (world.wallet("heir"), world.wallet("next"));
    world.apply(instruction::network_offer_authority(&world.authority_key(), &heir.pubkey()), &[&world.authority]);
    let confirmed = world.enact(&voter, Action::Authority(next.pubkey()));
    let changed = AuthorityAccepted { before: world.authority_key(), after: next.pubkey() };
    assert_eq!(confirmed.events, [Event::from(changed), Event::from(executed(0, ACTION_AUTHORITY))]);
    let network = world.network();
    assert_eq!((network.authority, network.pending_authority), (next.pubkey(), Address::default()));
    let accept = instruction::network_accept_authority(&heir.pubkey());
    world.refuse(accept, &[&heir], RenderError::NotPendingAuthority);
    let pause = instruction::network_pause(&world.authority_key(), 0);
    world.refuse(pause, &[&world.authority], RenderError::NotAuthority);
    world.apply(instruction::network_pause(&next.pubkey(), 0), &[&next]);
}

#[test]
fn execution_waits_for_the_timelock_and_not_for_ever() {
    let (world, voter) = governed();
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    world.refuse(world.executing(number), &[&world.crank], MarketError::ProposalNotAccepted);
    world.accept_proposal(&voter, number);
    let proposal = world.proposal(number);
    world.warp_to(proposal.ends_at - 1);
    world.refuse(world.executing(number), &[&world.crank], MarketError::TimelockRunning);
    let late = proposal.ends_at + proposal.execution_seconds;
    world.warp_to(late);
    world.refuse(world.executing(number), &[&world.crank], MarketError::ExecutionWindowPassed);
    world.apply(instruction::proposal_advance(&world.network(), number), &[&world.crank]);
    assert_eq!(world.stage(number), Stage::Expired);
    world.refuse(world.executing(number), &[&world.crank], MarketError::ProposalNotAccepted);
}

#[test]
fn the_last_second_of_the_window_is_early_enough_and_once_is_all() {
    let (world, voter) = governed();
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    world.accept_proposal(&voter, number);
    let proposal = world.proposal(number);
    world.warp_to(proposal.ends_at + proposal.execution_seconds - 1);
    world.apply(world.executing(number), &[&world.crank]);
    assert_eq!(world.network().parameters().challenge_seconds, 77);
    world.chain.advance_slots(1);
    world.refuse(world.executing(number), &[&world.crank], MarketError::ProposalNotAccepted);
}

#[test]
fn of_two_proposals_that_fit_only_alone_the_second_waits_until_it_fits() {
    let world = World::new();
    let (one, other) = (world.voter("one", QUORUM), world.voter("other", PROPOSER_LOCK));
    // Each alone leaves the bounds' sum at the whole; both would pass it.
    let base = Parameters { work_bound_bps: 7_000, creators_bound_bps: 2_000, ..short_parameters() };
    let key = world.authority_key();
    world.apply(instruction::network_set_parameters(&key, &base), &[&world.authority]);
    let first = world.propose(&one, set(&[("work_bound_bps", 8_000)]));
    let second = world.propose(&other, set(&[("creators_bound_bps", 3_000)]));
    for number in [first, second] {
        world.cast(&one, number, true);
    }
    world.warp_to(world.proposal(second).ends_at);
    for number in [first, second] {
        assert_eq!(world.count(number), Stage::Final);
        world.cast(&one, number, true);
    }
    world.warp_to(world.proposal(second).ends_at);
    for number in [first, second] {
        assert_eq!(world.count(number), Stage::Queued);
    }
    world.warp_to(world.proposal(second).ends_at);
    world.apply(world.executing(first), &[&world.crank]);
    world.refuse(world.executing(second), &[&world.crank], MarketError::WashBoundTooHigh);
    let lower = Parameters { work_bound_bps: 6_000, ..world.network().parameters() };
    world.apply(instruction::network_set_parameters(&key, &lower), &[&world.authority]);
    world.apply(world.executing(second), &[&world.crank]);
    assert_eq!(world.network().parameters().creators_bound_bps, 3_000);
}

#[test]
fn only_accounts_of_the_market_decide_what_is_executed() {
    let (world, voter) = governed();
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    world.accept_proposal(&voter, number);
    world.warp_to(world.proposal(number).ends_at);
    let epoch = address::epoch(world.epoch());
    for original in [address::network(), address::schedule(), address::proposal(number), epoch] {
        let forged = replaced(world.executing(number), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
