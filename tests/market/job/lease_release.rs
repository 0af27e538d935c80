//! `lease_release`.

use market_tests::{
    World,
    world::{USD, only_event, order, replaced},
};
use render_compute::{errors::RenderError, events::LeaseReleased, instructions::JobOrder, state::*};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn the_leases_of_a_cancelled_job_go_back_one_by_one() {
    let world = World::new();
    let requester = world.requester_with("requester", 10_000);
    // Two full leases and one with a single unit; value and premium go back.
    let job = world.open(&requester, JobOrder { units: 5, ..order() });
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    let expected = [(2_002, 3_003, 6_997), (2_002, 1_001, 8_999), (1_001, 0, 10_000)];
    for (index, (refund, escrow_after, available_after)) in (0..).zip(expected) {
        let confirmed = world.apply(instruction::lease_release(&job, &requester.key(), index), &[&world.crank]);
        let event = LeaseReleased { job, index: u64::from(index), refund, escrow_after, available_after };
        assert_eq!(only_event(&confirmed), Event::from(event));
    }
    let state: Job = world.get(&job);
    assert_eq!((state.status, state.escrow, state.refunded), (JOB_DONE, 0, 5_005));
    assert_eq!(world.get::<CreditAccount>(&requester.credit()).refunded_total, 5_005);
}

#[test]
fn a_lease_is_released_from_the_second_after_the_jobs_deadline() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    let release = instruction::lease_release(&job, &requester.key(), 0);
    let deadline = world.get::<Job>(&job).deadline;
    world.warp_to(deadline - 1);
    world.refuse(release.clone(), &[&world.crank], RenderError::JobNotOver);
    world.warp_to(deadline);
    world.refuse(release.clone(), &[&world.crank], RenderError::JobNotOver);
    world.warp_to(deadline + 1);
    world.apply(release, &[&world.crank]);
}

#[test]
fn a_lease_is_released_once() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    let release = instruction::lease_release(&job, &requester.key(), 0);
    world.apply(release.clone(), &[&world.crank]);
    world.refuse(release, &[&world.crank], RenderError::AlreadySettled);
}

#[test]
fn a_lease_that_is_held_is_not_released() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    let release = instruction::lease_release(&job, &requester.key(), 0);
    world.refuse(release.clone(), &[&world.crank], RenderError::LeaseHeld);
    world.commit(&machine, &lease);
    world.refuse(release.clone(), &[&world.crank], RenderError::LeaseHeld);
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    world.refuse(release, &[&world.crank], RenderError::LeaseHeld);
}

#[test]
fn an_accepted_lease_is_not_released() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    world.work(&machine, &job, 0);
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    let release = instruction::lease_release(&job, &requester.key(), 0);
    world.refuse(release, &[&world.crank], RenderError::LeaseHeld);
}

#[test]
fn a_lease_that_was_given_back_is_released() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.apply(world.returning(&machine, &lease), &[&machine.identity]);
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    world.apply(instruction::lease_release(&job, &requester.key(), 0), &[&world.crank]);
}

#[test]
fn an_index_past_the_last_lease_is_refused() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    for index in [2, 1_024, u32::MAX] {
        let release = instruction::lease_release(&job, &requester.key(), index);
        world.refuse(release, &[&world.crank], RenderError::NoSuchLease);
    }
}

#[test]
fn credits_do_not_go_to_another_wallet() {
    let world = World::new();
    let (requester, thief) = (world.requester_with("requester", USD), world.requester("thief"));
    let job = world.open(&requester, order());
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    let release = instruction::lease_release(&job, &thief.key(), 0);
    world.refuse(release, &[&world.crank], RenderError::WrongCreditAccount);
}

#[test]
fn look_alikes_are_refused() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    let release = instruction::lease_release(&job, &requester.key(), 0);
    let credit = requester.credit();
    let forged = replaced(release.clone(), &credit, &world.forge(&credit));
    world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    // An empty address in place of the lease would hide that somebody holds it.
    let (own, other) = (address::lease(&job, 0, 0), address::lease(&job, 1, 0));
    world.refuse(replaced(release, &own, &other), &[&world.crank], InstructionError::InvalidSeeds);
}
