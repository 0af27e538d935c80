//! `proposal_open`.

use market_model::{
    MarketError,
    emission::{RENDER as WHOLE, YEAR_CAP, YearChange, YearSplit},
    governance::{ParameterChange, Stage},
    parameters::SPECS,
};
use market_tests::{
    World,
    governance::{PROPOSER_LOCK, Voter, padded, set},
    world::{only_event, replaced, unsigned},
};
use render_compute::{
    constants::*,
    errors::RenderError,
    events::ProposalOpened,
    state::{ProposedChange, VoteLock},
};
use render_compute_client::{
    Address, Instruction, address,
    event::Event,
    instruction::{self, Action, ChangeOrder, ProposalOrder, Proposing},
};
use solana_instruction_error::InstructionError;

const DAY: i64 = 86_400;

fn proposer(world: &World) -> Voter {
    world.voter("proposer", PROPOSER_LOCK)
}

/// Opens with an order as it comes, past the client's own.
fn raw(world: &World, voter: &Voter, order: ProposalOrder, changes: Vec<ChangeOrder>) -> Instruction {
    use anchor_lang::InstructionData;
    let number = world.network().proposals;
    let usual = instruction::proposal_open(&world.network(), &World::proposing(voter, Action::Pause(0)));
    Instruction { data: render_compute::instruction::ProposalOpen { number, order, changes }.data(), ..usual }
}

fn order(action: u8) -> ProposalOrder {
    ProposalOrder {
        action,
        is_emergency: false,
        key: Address::default(),
        pause: 0,
        title: padded("a title"),
        link: padded("a link"),
    }
}

fn change(subject: u64, value: u64) -> ChangeOrder {
    ChangeOrder { subject, value, operations_bps: 0, creators_bps: 0 }
}

#[test]
fn a_proposal_says_what_it_changes_and_by_which_rules() {
    let world = World::new();
    let voter = proposer(&world);
    let now = world.time();
    let arguments = World::proposing(&voter, set(&[("challenge_seconds", 77), ("reveal_seconds", 78)]));
    let open = instruction::proposal_open(&world.network(), &arguments);
    let confirmed = world.apply(open, &[&voter.wallet]);
    let entry = |name: &str, value| ProposedChange {
        subject: SPECS.iter().position(|spec| spec.name == name).unwrap() as u64,
        value,
        ..ProposedChange::default()
    };
    let mut changes = [ProposedChange::default(); MAX_CHANGES];
    changes[..2].copy_from_slice(&[entry("challenge_seconds", 77), entry("reveal_seconds", 78)]);
    let event = ProposalOpened {
        proposal: address::proposal(0),
        number: 0,
        proposer: voter.key(),
        opened_at: now,
        ends_at: now + 3 * DAY,
        final_seconds: 6 * DAY,
        timelock_seconds: 2 * DAY,
        execution_seconds: 14 * DAY,
        quorum_bps: 1_500,
        proposing_until: now + 9 * DAY,
        key: Address::default(),
        pause: 0,
        changes,
        title: padded("a title"),
        link: padded("https://example.org/reasons"),
        action: ACTION_PARAMETERS,
        count: 2,
        stage: 0,
        is_emergency: 0,
        padding: [0; 4],
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let proposal = world.proposal(0);
    assert_eq!((proposal.proposer, proposal.changes, proposal.count), (voter.key(), changes, 2));
    assert_eq!(world.network().proposals, 1);
    let lock = world.get::<VoteLock>(&voter.lock());
    assert_eq!((lock.locked_until, lock.proposing_until), (now + 9 * DAY, now + 9 * DAY));
}

#[test]
fn an_emergency_begins_with_the_final_vote_and_the_higher_quorum() {
    let world = World::new();
    let number = world.propose_emergency(&proposer(&world), Action::Pause(PAUSE_JOBS));
    let proposal = world.proposal(number);
    assert_eq!((world.stage(number), proposal.quorum_bps), (Stage::Final, 2_000));
    assert_eq!(proposal.ends_at, world.time() + 6 * DAY);
}

#[test]
fn a_proposer_locks_enough_and_opens_one_proposal_at_a_time() {
    let world = World::new();
    let voter = world.voter("proposer", PROPOSER_LOCK - 1);
    let open = |world: &World| {
        instruction::proposal_open(&world.network(), &World::proposing(&voter, Action::Pause(PAUSE_JOBS)))
    };
    world.refuse(open(&world), &[&voter.wallet], MarketError::ProposerLockTooSmall);
    let more = world.render(&voter.wallet, 1);
    assert_eq!(more, voter.render);
    world.deposit(&voter, 1);
    world.apply(open(&world), &[&voter.wallet]);
    let free = world.get::<VoteLock>(&voter.lock()).proposing_until;
    world.warp_to(free - 1);
    world.refuse(open(&world), &[&voter.wallet], MarketError::ProposerBusy);
    world.warp_to(free);
    world.apply(open(&world), &[&voter.wallet]);
    assert_eq!(world.network().proposals, 2);
}

#[test]
fn a_number_is_the_networks_next() {
    let world = World::new();
    let voter = proposer(&world);
    let usual = instruction::proposal_open(&world.network(), &World::proposing(&voter, Action::Pause(0)));
    let mut network = world.network();
    network.proposals = 1;
    let ahead = instruction::proposal_open(&network, &World::proposing(&voter, Action::Pause(0)));
    world.refuse(ahead, &[&voter.wallet], RenderError::WrongProposal);
    world.apply(usual, &[&voter.wallet]);
}

#[test]
fn changes_that_would_not_be_valid_now_are_refused() {
    let world = World::new();
    let voter = proposer(&world);
    let refuse = |action: Action, reason: MarketError| {
        let open = instruction::proposal_open(&world.network(), &World::proposing(&voter, action));
        world.refuse(open, &[&voter.wallet], reason);
    };
    refuse(set(&[]), MarketError::NoChanges);
    refuse(set(&[("burn_bps", 4_999)]), MarketError::ParameterOutOfBounds);
    refuse(set(&[("work_bound_bps", 8_001)]), MarketError::WashBoundTooHigh);
    refuse(set(&[("audit_penalty_multiple", 1)]), MarketError::PenaltyDoesNotDeter);
    refuse(set(&[("burn_bps", 9_000), ("burn_bps", 9_100)]), MarketError::ChangeRepeated);
    let unknown = ParameterChange { index: SPECS.len() as u64, value: 1 };
    refuse(Action::Parameters(vec![unknown]), MarketError::NoSuchParameter);
    let nine = (0..9).map(|index| ParameterChange { index, value: 1 }).collect();
    refuse(Action::Parameters(nine), MarketError::TooManyChanges);
    let year =
        |year, amount| YearChange { year, amount, split: YearSplit { operations_bps: 5_000, creators_bps: 2_500 } };
    refuse(Action::Years(vec![year(61, 1)]), MarketError::NoSuchYear);
    refuse(Action::Years(vec![year(0, 1)]), MarketError::NoSuchYear);
    // Epoch 1 runs in year 1.
    refuse(Action::Years(vec![year(1, 1)]), MarketError::YearBegun);
    refuse(Action::Years(vec![year(2, YEAR_CAP + 1)]), MarketError::YearAboveCap);
    refuse(Action::Years(vec![year(60, 13_000 * WHOLE + YEAR_CAP / 10)]), MarketError::ScheduleAboveCap);
    let split = YearChange { split: YearSplit { operations_bps: 8_000, creators_bps: 2_001 }, ..year(4, 1) };
    refuse(Action::Years(vec![split]), MarketError::SplitsInvalid);
}

#[test]
fn an_action_carries_what_belongs_to_it_and_nothing_else() {
    let world = World::new();
    let voter = proposer(&world);
    let key = world.crank_key();
    let refuse = |order: ProposalOrder, changes: Vec<ChangeOrder>, reason: RenderError| {
        world.refuse(raw(&world, &voter, order, changes), &[&voter.wallet], reason);
    };
    refuse(order(4), vec![], RenderError::UnknownAction);
    refuse(order(ACTION_PAUSE), vec![change(0, 60)], RenderError::UnknownAction);
    refuse(ProposalOrder { pause: 1, ..order(ACTION_PARAMETERS) }, vec![change(0, 60)], RenderError::UnknownAction);
    refuse(ProposalOrder { key, ..order(ACTION_PAUSE) }, vec![], RenderError::WrongGuardian);
    refuse(order(ACTION_AUTHORITY), vec![], RenderError::WrongGuardian);
    refuse(ProposalOrder { pause: PAUSE_ALL + 1, ..order(ACTION_PAUSE) }, vec![], RenderError::UnknownPauseBit);
    world.apply(raw(&world, &voter, ProposalOrder { key, ..order(ACTION_AUTHORITY) }, vec![]), &[&voter.wallet]);
}

#[test]
fn a_change_of_years_names_the_latest_epoch() {
    let world = World::new();
    let voter = proposer(&world);
    let year = YearChange { year: 2, amount: 1, split: YearSplit { operations_bps: 5_000, creators_bps: 2_500 } };
    let arguments = World::proposing(&voter, Action::Years(vec![year]));
    world.end_epoch();
    let open = instruction::proposal_open(&world.network(), &arguments);
    let earlier = replaced(open.clone(), &address::epoch(2), &address::epoch(1));
    world.refuse(earlier, &[&voter.wallet], RenderError::WrongEpoch);
    let none = replaced(open.clone(), &address::epoch(2), &address::PROGRAM);
    world.refuse(none, &[&voter.wallet], RenderError::WrongEpoch);
    let forged = replaced(open.clone(), &address::epoch(2), &world.forge(&address::epoch(2)));
    world.refuse(forged, &[&voter.wallet], InstructionError::IllegalOwner);
    world.apply(open, &[&voter.wallet]);
}

#[test]
fn only_the_locks_wallet_proposes_with_it() {
    let world = World::new();
    let (voter, other) = (proposer(&world), world.voter("other", PROPOSER_LOCK));
    let open = instruction::proposal_open(&world.network(), &World::proposing(&voter, Action::Pause(0)));
    let theft = replaced(open.clone(), &voter.key(), &other.key());
    world.refuse(theft, &[&other.wallet], RenderError::WrongVoteLock);
    let nobody = unsigned(open.clone(), &voter.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    for original in [address::network(), voter.lock(), address::schedule()] {
        let forged = replaced(open.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&voter.wallet], InstructionError::IllegalOwner);
    }
    let elsewhere = replaced(open, &address::proposal(0), &address::proposal(1));
    world.refuse(elsewhere, &[&voter.wallet], InstructionError::InvalidSeeds);
}

#[test]
fn what_others_change_later_moves_no_deadline_of_a_proposal() {
    let world = World::new();
    let voter = proposer(&world);
    let arguments = Proposing { is_emergency: true, ..World::proposing(&voter, Action::Pause(PAUSE_JOBS)) };
    world.apply(instruction::proposal_open(&world.network(), &arguments), &[&voter.wallet]);
    let before = world.proposal(0);
    let faster = market_model::Parameters {
        gov_final_seconds: 86_400,
        gov_timelock_seconds: 3_600,
        gov_emergency_quorum_bps: 100,
        ..world.network().parameters()
    };
    world.apply(instruction::network_set_parameters(&world.authority_key(), &faster), &[&world.authority]);
    let after = world.proposal(0);
    assert_eq!(
        (after.ends_at, after.timelock_seconds, after.quorum_bps),
        (before.ends_at, before.timelock_seconds, before.quorum_bps)
    );
    world.warp_to(before.ends_at - 1);
    let early = instruction::proposal_advance(&world.network(), 0);
    world.refuse(early, &[&world.crank], MarketError::VoteStillRunning);
}
