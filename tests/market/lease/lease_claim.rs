//! `lease_claim`.

use market_model::MarketError;
use market_tests::{
    Machine, Reason, Requester, World,
    world::{PENALTY_PER_CREDIT, RENDER, USD, offer, only_event, order, replaced, unsigned},
};
use render_compute::{
    constants::*,
    errors::RenderError,
    events::LeaseClaimed,
    instructions::{JobOrder, NodeOffer},
    race,
    state::*,
};
use render_compute_client::{Address, Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn with_job(order: JobOrder) -> (World, Requester, Machine, Address) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order);
    (world, requester, machine, job)
}

/// Waits until every delay has passed, so that only requirements can refuse.
fn past_the_race(world: &World) {
    world.warp(world.network().parameters().race_delay_cap_ms / 1_000 + 1);
}

fn refused_with(offer: NodeOffer, stake: u64, order: JobOrder, reason: impl Into<Reason>) {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let machine = world.machine_with("machine", offer, stake);
    let job = world.open_seeded(&requester, order);
    past_the_race(&world);
    world.refuse(instruction::lease_claim(&machine.key(), &job, 0), &[&machine.identity], reason);
}

#[test]
fn a_node_holds_the_lease_it_claims() {
    let (world, _, machine, job) = with_job(order());
    let lease = address::lease(&job, 1, 0);
    let turn = world.turn(&machine, &job, 1);
    world.warp_to(turn);
    let node: Node = world.get(&machine.node);
    let rules = world.network().parameters().reputation_rules();
    let reputation = node.reputation_model().decayed(world.time(), &rules).unwrap();
    let state: Job = world.get(&job);
    let entry = race::entry(&world.network(), &job, &state, &machine.node, &node, 1, 0, 0, &reputation).unwrap();
    let confirmed = world.apply(instruction::lease_claim(&machine.key(), &job, 1), &[&machine.identity]);
    let now = world.time();
    let event = LeaseClaimed {
        lease,
        job,
        node: machine.node,
        first_unit: 2,
        value: 2_000,
        premium: 2,
        penalty: 2_000 * PENALTY_PER_CREDIT,
        weight: entry.weight,
        delay_ms: entry.delay_ms,
        claimed_at: now,
        deadline: now + 300,
        index: 1,
        units: 2,
        attempt: 0,
        replica: 0,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let held: Lease = world.get(&lease);
    assert_eq!((held.node, held.payer, held.status), (machine.node, machine.key(), 1));
    assert_eq!((held.first_unit, held.units, held.value, held.deadline), (2, 2, 2_000, now + 300));
    let node: Node = world.get(&machine.node);
    assert_eq!((node.leases_held, node.exposure, held.penalty), (1, event.penalty, event.penalty));
    assert_eq!((held.premium, held.drawn, held.audits_owed), (2, 0, 0));
}

#[test]
fn a_nodes_stake_covers_the_penalties_of_all_it_holds_to_the_last_unit() {
    // Two leases of 40 USD are 88 RENDER of penalty each: together above the least stake of 100.
    let value = 40 * USD;
    let both = 2 * value * PENALTY_PER_CREDIT;
    for (stake, covers) in [(both - 1, false), (both, true)] {
        let world = World::new();
        let requester = world.requester_with("requester", 200 * USD);
        let machine = world.machine_with("machine", offer(), stake);
        let dear = JobOrder { units: 2, units_per_lease: 1, price_per_unit: value, ..order() };
        let job = world.open_seeded(&requester, dear);
        let lease = world.claim(&machine, &job, 0);
        past_the_race(&world);
        let second = instruction::lease_claim(&machine.key(), &job, 1);
        if covers {
            world.apply(second, &[&machine.identity]);
            assert_eq!(world.get::<Node>(&machine.node).exposure, both);
        } else {
            world.refuse(second.clone(), &[&machine.identity], MarketError::StakeDoesNotCover);
            // What is given back is risked no more.
            world.apply(world.returning(&machine, &lease), &[&machine.identity]);
            world.apply(second, &[&machine.identity]);
        }
    }
}

#[test]
fn a_lease_of_a_job_with_a_lower_chance_of_audits_than_now_risks_more() {
    let (world, _, machine, job) = with_job(order());
    // Ten times the chance, and a tenth of the multiple: each deters by itself, but not the old chance with the new multiple.
    let parameters = world.network().parameters();
    let changed = market_model::Parameters { audit_probability_bps: 100, audit_penalty_multiple: 220, ..parameters };
    world.apply(instruction::network_set_parameters(&world.authority_key(), &changed), &[&world.authority]);
    let lease = world.claim(&machine, &job, 0);
    // The least multiple that deters at 10 bps is 2,143.
    assert_eq!(world.get::<Lease>(&lease).penalty, 2_000 * 2_143 / 10);
}

#[test]
fn a_claim_a_second_before_the_nodes_turn_is_refused() {
    let (world, _, machine, job) = with_job(order());
    // A lease for which this node's delay is long enough to be early.
    let index = (0..2).max_by_key(|index| world.turn(&machine, &job, *index)).unwrap();
    let turn = world.turn(&machine, &job, index);
    assert!(turn > world.time() + 1, "the seed gives this machine no delay");
    let claim = instruction::lease_claim(&machine.key(), &job, index);
    world.warp_to(turn - 1);
    world.refuse(claim.clone(), &[&machine.identity], MarketError::NotYetEligible);
    world.warp_to(turn);
    world.apply(claim, &[&machine.identity]);
}

#[test]
fn stake_that_came_after_the_job_waits_as_long_as_anyone_may_have_to() {
    let (world, _, machine, job) = with_job(order());
    let early = world.turn(&machine, &job, 0);
    let deposit = instruction::stake_deposit(&machine.operator(), &machine.key(), &machine.payout, 1);
    world.apply(deposit, &[&machine.wallet]);
    let turn = world.get::<Job>(&job).opened_at + 120;
    assert_eq!(world.turn(&machine, &job, 0), turn);
    assert!(early < turn);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    world.warp_to(turn - 1);
    world.refuse(claim.clone(), &[&machine.identity], MarketError::NotYetEligible);
    world.warp_to(turn);
    world.apply(claim, &[&machine.identity]);
}

#[test]
fn only_one_node_gets_a_lease() {
    let (world, _, machine, job) = with_job(order());
    let other = world.machine("other");
    past_the_race(&world);
    world.apply(instruction::lease_claim(&machine.key(), &job, 0), &[&machine.identity]);
    let late = instruction::lease_claim(&other.key(), &job, 0);
    world.refuse(late, &[&other.identity], MarketError::LeaseNotClaimable);
    let again = instruction::lease_claim(&machine.key(), &job, 0);
    world.refuse(again, &[&machine.identity], MarketError::LeaseNotClaimable);
}

#[test]
fn seed_and_claim_fit_one_transaction() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open(&requester, order());
    past_the_race(&world);
    let both = [instruction::job_seed(&job), instruction::lease_claim(&machine.key(), &job, 0)];
    world.apply_all(&both, &[&machine.identity]);
}

#[test]
fn a_job_without_a_seed_is_refused() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open(&requester, order());
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    world.refuse(claim, &[&machine.identity], RenderError::NotSeeded);
}

#[test]
fn a_lease_is_claimed_until_the_jobs_deadline() {
    let (world, _, machine, job) = with_job(order());
    let deadline = world.get::<Job>(&job).deadline;
    world.warp_to(deadline);
    world.apply(instruction::lease_claim(&machine.key(), &job, 0), &[&machine.identity]);
    world.warp_to(deadline + 1);
    let late = instruction::lease_claim(&machine.key(), &job, 1);
    world.refuse(late, &[&machine.identity], RenderError::JobPastDeadline);
}

#[test]
fn a_cancelled_job_gives_no_leases() {
    let (world, requester, machine, job) = with_job(order());
    past_the_race(&world);
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    world.refuse(claim, &[&machine.identity], RenderError::JobNotOpen);
}

#[test]
fn leases_are_not_claimed_while_paused() {
    let (world, _, machine, job) = with_job(order());
    past_the_race(&world);
    let key = world.authority.pubkey();
    world.apply(instruction::network_pause(&key, PAUSE_LEASES), &[&world.authority]);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    world.refuse(claim.clone(), &[&machine.identity], RenderError::Paused);
    world.apply(instruction::network_pause(&key, PAUSE_ALL & !PAUSE_LEASES), &[&world.authority]);
    world.apply(claim, &[&machine.identity]);
}

#[test]
fn an_index_past_the_last_lease_is_refused() {
    let (world, _, machine, job) = with_job(order());
    past_the_race(&world);
    for index in [2, 1_024, u32::MAX] {
        let claim = instruction::lease_claim(&machine.key(), &job, index);
        world.refuse(claim, &[&machine.identity], RenderError::NoSuchLease);
    }
}

#[test]
fn an_accepted_lease_is_not_claimed_again() {
    let (world, _, machine, job) = with_job(order());
    world.work(&machine, &job, 0);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    world.refuse(claim, &[&machine.identity], RenderError::AlreadySettled);
}

#[test]
fn a_lease_given_back_is_claimed_under_the_next_attempt() {
    let (world, _, machine, job) = with_job(order());
    let other = world.machine("other");
    let lease = world.claim(&machine, &job, 0);
    world.apply(world.returning(&machine, &lease), &[&machine.identity]);
    world.claim(&other, &job, 0);
    let state: Lease = world.get(&lease);
    assert_eq!((state.node, state.attempt), (other.node, 1));
    // Who paid for the account is still owed its rent.
    assert_eq!(state.payer, machine.key());
}

// Requirements.

#[test]
fn a_draining_node_claims_nothing() {
    let (world, _, machine, job) = with_job(order());
    past_the_race(&world);
    world.apply(instruction::node_drain(&machine.operator(), &machine.key(), true), &[&machine.wallet]);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    world.refuse(claim.clone(), &[&machine.identity], RenderError::NodeDraining);
    world.apply(instruction::node_drain(&machine.operator(), &machine.key(), false), &[&machine.wallet]);
    world.apply(claim, &[&machine.identity]);
}

#[test]
fn a_node_holds_no_more_leases_than_its_capacity() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let machine = world.machine_with("machine", NodeOffer { capacity: 1, ..offer() }, 200 * RENDER);
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    past_the_race(&world);
    let second = instruction::lease_claim(&machine.key(), &job, 1);
    world.refuse(second.clone(), &[&machine.identity], RenderError::NodeFull);
    world.apply(world.returning(&machine, &lease), &[&machine.identity]);
    world.apply(second, &[&machine.identity]);
}

#[test]
fn a_node_needs_the_least_stake_to_the_last_unit() {
    let least = 100 * RENDER;
    refused_with(offer(), least - 1, order(), MarketError::StakeTooSmall);
    refused_with(offer(), 0, order(), MarketError::StakeTooSmall);
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let machine = world.machine_with("machine", offer(), least);
    let job = world.open_seeded(&requester, order());
    world.claim(&machine, &job, 0);
}

#[test]
fn stake_that_is_unbonding_does_not_count() {
    let (world, _, machine, job) = with_job(order());
    past_the_race(&world);
    let unbond = instruction::stake_unbond(&machine.operator(), &machine.key(), 100 * RENDER + 1);
    world.apply(unbond, &[&machine.wallet]);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    world.refuse(claim, &[&machine.identity], MarketError::StakeTooSmall);
}

#[test]
fn a_node_that_does_not_serve_the_class_is_refused() {
    let compute_only = NodeOffer { classes: 1 << CLASS_COMPUTE, ..offer() };
    refused_with(compute_only, 200 * RENDER, order(), RenderError::RequirementsNotMet);
}

#[test]
fn a_bandwidth_tier_that_was_paid_for_is_required_of_nodes() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    // 100 MB/s are 800 Mbit/s.
    let job = world.open_seeded(&requester, JobOrder { bandwidth_tier: 2, ..order() });
    world.warp(200);
    let claim = || instruction::lease_claim(&machine.key(), &job, 0);
    world.refuse(claim(), &[&machine.identity], RenderError::RequirementsNotMet);
    world.alter::<Node>(&machine.node, |node| node.measured_bandwidth = 799);
    world.warp(1);
    world.refuse(claim(), &[&machine.identity], RenderError::RequirementsNotMet);
    world.alter::<Node>(&machine.node, |node| node.measured_bandwidth = 800);
    world.warp(1);
    world.apply(claim(), &[&machine.identity]);
}

#[test]
fn a_node_with_too_little_memory_is_refused() {
    let small = NodeOffer { memory_mib: 8_191, ..offer() };
    let demanding = JobOrder { minimum_memory_mib: 8_192, ..order() };
    refused_with(small, 200 * RENDER, demanding, RenderError::RequirementsNotMet);
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let machine = world.machine_with("machine", NodeOffer { memory_mib: 8_192, ..offer() }, 200 * RENDER);
    let job = world.open_seeded(&requester, demanding);
    world.claim(&machine, &job, 0);
}

#[test]
fn a_node_with_too_little_reputation_is_refused() {
    let demanding = JobOrder { minimum_reputation: 5_001, ..order() };
    refused_with(offer(), 200 * RENDER, demanding, RenderError::RequirementsNotMet);
    let (world, _, machine, job) = with_job(JobOrder { minimum_reputation: 5_000, ..order() });
    world.claim(&machine, &job, 0);
}

#[test]
fn a_node_that_asks_more_than_the_job_pays_is_refused() {
    // 1,000 credits for 4,096 of work measure are 244,140.625 for a million.
    refused_with(NodeOffer { asks: [244_141, 0], ..offer() }, 200 * RENDER, order(), RenderError::BelowAsk);
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let machine = world.machine_with("machine", NodeOffer { asks: [244_140, u64::MAX], ..offer() }, 200 * RENDER);
    let job = world.open_seeded(&requester, order());
    world.claim(&machine, &job, 0);
}

#[test]
fn a_node_works_for_no_requester_below_its_least_reputation() {
    let careful = NodeOffer { minimum_requester_reputation: 5_001, ..offer() };
    refused_with(careful, 200 * RENDER, order(), RenderError::RequesterReputationTooLow);
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let machine =
        world.machine_with("machine", NodeOffer { minimum_requester_reputation: 5_000, ..offer() }, 200 * RENDER);
    let job = world.open_seeded(&requester, order());
    world.claim(&machine, &job, 0);
}

// What puts a node back.

/// The node's delay for lease 0 after a change of job and node.
fn delay_after(change: impl FnOnce(&World, &Address, &Machine)) -> u64 {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    change(&world, &job, &machine);
    let (network, state, node) = (world.network(), world.get::<Job>(&job), world.get::<Node>(&machine.node));
    let reputation = node.reputation_model();
    race::entry(&network, &job, &state, &machine.node, &node, 0, 0, 0, &reputation).unwrap().delay_ms
}

fn tiers(job_tier: u8, node_tier: u8) -> u64 {
    delay_after(|world, job, machine| {
        world.alter(job, |job: &mut Job| job.tier = job_tier);
        world.alter(&machine.node, |node: &mut Node| node.tier = node_tier);
    })
}

#[test]
fn priority_nodes_are_first_for_priority_work_and_for_the_rest_all_wait_alike() {
    let first = tiers(TIER_PRIORITY, TIER_PRIORITY);
    for (job, node) in [(TIER_PRIORITY, TIER_ECONOMY), (TIER_ECONOMY, TIER_PRIORITY), (TIER_ECONOMY, TIER_ECONOMY)] {
        assert_eq!(tiers(job, node), first + 30_000);
    }
}

#[test]
fn an_economy_node_claims_priority_work_when_its_head_start_is_over_and_not_before() {
    let (world, _, machine, job) = with_job(order());
    world.alter(&job, |job: &mut Job| job.tier = TIER_PRIORITY);
    let turn = world.turn(&machine, &job, 0);
    assert!(turn >= world.get::<Job>(&job).opened_at + 30);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    world.warp_to(turn - 1);
    world.refuse(claim.clone(), &[&machine.identity], MarketError::NotYetEligible);
    world.warp_to(turn);
    world.apply(claim, &[&machine.identity]);
}

#[test]
fn an_economy_lease_waits_no_longer_than_the_longest_delay_however_long_the_head_start() {
    let (world, _, machine, job) = with_job(order());
    let parameters = market_model::Parameters { tier_spill_seconds: 86_400, ..world.network().parameters() };
    world.apply(instruction::network_set_parameters(&world.authority_key(), &parameters), &[&world.authority]);
    assert_eq!(world.turn(&machine, &job, 0), world.get::<Job>(&job).opened_at + 120);
    world.claim(&machine, &job, 0);
}

#[test]
fn a_node_of_both_classes_yields_compute_work_to_those_of_compute_alone() {
    let with = |job_class: u8, classes: u8| {
        delay_after(|world, job, machine| {
            world.alter(job, |job: &mut Job| job.class = job_class);
            world.alter(&machine.node, |node: &mut Node| node.classes = classes);
        })
    };
    let alone = with(CLASS_COMPUTE, 1 << CLASS_COMPUTE);
    assert_eq!(with(CLASS_COMPUTE, 3), alone + 2_000);
    assert_eq!(with(CLASS_RENDER, 3), with(CLASS_RENDER, 1 << CLASS_RENDER));
}

#[test]
fn a_node_waits_the_longer_the_less_its_region_fits() {
    let germany = market_model::region::parse("europe/germany").unwrap();
    let with = |offered: &str| {
        let offered = market_model::region::parse(offered).unwrap();
        delay_after(|world, job, machine| {
            world.alter(job, |job: &mut Job| (job.region, job.tier) = (germany, TIER_PRIORITY));
            world.alter(&machine.node, |node: &mut Node| (node.region, node.tier) = (offered, TIER_PRIORITY));
        })
    };
    let (same, near, far) = (with("europe/germany"), with("europe/france"), with("asia/japan"));
    assert!(0 < same && same < near && near < far, "{same} {near} {far}");
    assert_eq!(with("any"), far);
}

#[test]
fn in_a_network_of_more_stake_the_same_stake_waits_longer() {
    let with = |active_stake: u64| {
        delay_after(|world, job, machine| {
            world.alter(&address::network(), |network: &mut Network| network.active_stake = active_stake);
            world.alter(job, |job: &mut Job| job.tier = TIER_PRIORITY);
            world.alter(&machine.node, |node: &mut Node| node.tier = TIER_PRIORITY);
        })
    };
    let alone = with(0);
    assert_eq!(with(100 * RENDER), alone);
    assert!(with(300 * RENDER).abs_diff(3 * alone) <= 3);
}

// Signers and look-alikes.

#[test]
fn only_the_nodes_identity_claims() {
    let (world, _, machine, job) = with_job(order());
    let other = world.machine("other");
    past_the_race(&world);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    let stolen = replaced(claim.clone(), &machine.key(), &other.key());
    world.refuse(stolen, &[&other.identity], RenderError::NotIdentity);
    let by_operator = replaced(claim.clone(), &machine.key(), &machine.operator());
    world.refuse(by_operator, &[&machine.wallet], RenderError::NotIdentity);
    let nobody = unsigned(claim, &machine.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, _, machine, job) = with_job(order());
    past_the_race(&world);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    for original in [address::network(), machine.node] {
        let forged = replaced(claim.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&machine.identity], InstructionError::IllegalOwner);
    }
    // A forged job at its own address would need another lease; with the real lease's address the seeds do not fit.
    let forged = world.forge(&job);
    let mut claim = replaced(claim, &job, &forged);
    world.refuse(claim.clone(), &[&machine.identity], InstructionError::IllegalOwner);
    claim = replaced(claim, &address::lease(&job, 0, 0), &address::lease(&forged, 0, 0));
    world.refuse(claim, &[&machine.identity], InstructionError::IllegalOwner);
}

#[test]
fn the_lease_of_another_index_or_job_is_refused() {
    let (world, requester, machine, job) = with_job(order());
    let second = world.open_seeded(&requester, order());
    past_the_race(&world);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    let own = address::lease(&job, 0, 0);
    for other in [address::lease(&job, 1, 0), address::lease(&second, 0, 0), address::lease(&job, 0, 1)] {
        let moved = replaced(claim.clone(), &own, &other);
        world.refuse(moved, &[&machine.identity], InstructionError::InvalidSeeds);
    }
}

#[test]
fn lamports_sent_to_a_leases_address_do_not_stop_the_claim() {
    let (world, _, machine, job) = with_job(order());
    let lease = address::lease(&job, 0, 0);
    world.apply(instruction::transfer_sol(&world.crank.pubkey(), &lease, 1_000_000), &[&world.crank]);
    world.claim(&machine, &job, 0);
}

#[test]
fn over_many_leases_each_of_two_equal_nodes_is_first_about_half_the_time() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let (one, other) = (world.machine("one"), world.machine("other"));
    let job = world.open_seeded(&requester, JobOrder { units: 400, price_per_unit: 1, units_per_lease: 1, ..order() });
    let (network, state) = (world.network(), world.get::<Job>(&job));
    let delay = |machine: &Machine, index| {
        let node: Node = world.get(&machine.node);
        let reputation = node.reputation_model();
        race::entry(&network, &job, &state, &machine.node, &node, index, 0, 0, &reputation).unwrap().delay_ms
    };
    let first = (0..400).filter(|index| delay(&one, *index) < delay(&other, *index)).count();
    // Five standard deviations of a fair coin thrown 400 times.
    assert!((150..=250).contains(&first), "{first} of 400");
}
