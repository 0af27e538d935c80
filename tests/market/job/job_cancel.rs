//! `job_cancel`.

use market_tests::{
    World,
    world::{USD, only_event, order, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::JobCancelled, state::*};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_cancelled_job_keeps_its_escrow_until_its_leases_are_released() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    let confirmed = world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    assert_eq!(only_event(&confirmed), Event::from(JobCancelled { job, leases_settled: 0 }));
    let state: Job = world.get(&job);
    assert_eq!((state.status, state.escrow), (JOB_CANCELLED, 4_004));
}

#[test]
fn a_job_is_cancelled_once() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    let cancel = instruction::job_cancel(&requester.key(), &job);
    world.apply(cancel.clone(), &[&requester.wallet]);
    world.refuse(cancel, &[&requester.wallet], RenderError::JobNotOpen);
}

#[test]
fn a_finished_job_cannot_be_cancelled() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    world.work(&machine, &job, 0);
    world.work(&machine, &job, 1);
    assert_eq!(world.get::<Job>(&job).status, JOB_DONE);
    let cancel = instruction::job_cancel(&requester.key(), &job);
    world.refuse(cancel, &[&requester.wallet], RenderError::JobNotOpen);
}

#[test]
fn work_leased_before_the_cancellation_is_finished_and_paid() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    world.commit(&machine, &lease);
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    world.accept(&machine, &lease);
    let state: Job = world.get(&job);
    assert_eq!((state.status, state.spent, state.escrow), (JOB_CANCELLED, 2_002, 2_002));
}

#[test]
fn nobody_else_cancels_a_job() {
    let world = World::new();
    let (requester, other) = (world.requester_with("requester", USD), world.requester("other"));
    let job = world.open(&requester, order());
    let cancel = instruction::job_cancel(&other.key(), &job);
    world.refuse(cancel, &[&other.wallet], RenderError::NotRequester);
    let cancel = unsigned(instruction::job_cancel(&requester.key(), &job), &requester.key());
    world.refuse(cancel, &[&world.crank], InstructionError::MissingRequiredSignature);
    let by_authority = instruction::job_cancel(&world.authority.pubkey(), &job);
    world.refuse(by_authority, &[&world.authority], RenderError::NotRequester);
}

#[test]
fn look_alikes_are_refused() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    let cancel = instruction::job_cancel(&requester.key(), &job);
    let forged = replaced(cancel.clone(), &job, &world.forge(&job));
    world.refuse(forged, &[&requester.wallet], InstructionError::IllegalOwner);
    let other = replaced(cancel, &job, &address::network());
    world.refuse(other, &[&requester.wallet], InstructionError::InvalidAccountData);
}
