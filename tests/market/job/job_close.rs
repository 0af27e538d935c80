//! `job_close`.

use market_tests::{
    World,
    world::{USD, only_event, order, replaced},
};
use render_compute::{errors::RenderError, events::JobClosed, state::*};
use render_compute_client::{Address, Signer, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn settled(world: &World) -> (market_tests::Requester, Address) {
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    for index in 0..2 {
        world.apply(instruction::lease_release(&job, &requester.key(), index), &[&world.crank]);
    }
    (requester, job)
}

#[test]
fn the_requester_closes_a_settled_job_and_gets_its_rent_back() {
    let world = World::new();
    let (requester, job) = settled(&world);
    let (rent, before) = (world.lamports(&job), world.lamports(&requester.key()));
    let close = instruction::job_close(&requester.key(), &job, &requester.key());
    let confirmed = world.apply_all(&[close], &[&world.crank, &requester.wallet]);
    assert_eq!(only_event(&confirmed), Event::from(JobClosed { job, spent: 0, refunded: 4_004 }));
    assert_eq!(world.lamports(&requester.key()), before + rent);
    assert!(world.find::<Job>(&job).is_none());
}

#[test]
fn anyone_closes_a_settled_job_after_its_deadline() {
    let world = World::new();
    let (requester, job) = settled(&world);
    let close = instruction::job_close(&world.crank.pubkey(), &job, &requester.key());
    world.warp_to(world.get::<Job>(&job).deadline);
    world.refuse(close.clone(), &[&world.crank], RenderError::NotRequester);
    world.warp(1);
    world.apply(close, &[&world.crank]);
}

#[test]
fn a_job_with_unsettled_leases_stays() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    let close = instruction::job_close(&requester.key(), &job, &requester.key());
    world.refuse(close.clone(), &[&requester.wallet], RenderError::JobNotSettled);
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    world.refuse(close.clone(), &[&requester.wallet], RenderError::JobNotSettled);
    world.apply(instruction::lease_release(&job, &requester.key(), 0), &[&world.crank]);
    world.refuse(close, &[&requester.wallet], RenderError::JobNotSettled);
}

#[test]
fn the_rent_goes_to_nobody_else() {
    let world = World::new();
    let (requester, job) = settled(&world);
    let close = instruction::job_close(&requester.key(), &job, &world.crank.pubkey());
    world.refuse(close, &[&requester.wallet], RenderError::NotRequester);
}

#[test]
fn a_closed_job_cannot_be_closed_again() {
    let world = World::new();
    let (requester, job) = settled(&world);
    let close = instruction::job_close(&requester.key(), &job, &requester.key());
    world.apply(close.clone(), &[&requester.wallet]);
    world.refuse(close, &[&requester.wallet], InstructionError::AccountDataTooSmall);
}

#[test]
fn a_foreign_job_with_the_right_bytes_is_refused() {
    let world = World::new();
    let (requester, job) = settled(&world);
    let close = instruction::job_close(&requester.key(), &job, &requester.key());
    let forged = replaced(close, &job, &world.forge(&job));
    world.refuse(forged, &[&requester.wallet], InstructionError::IllegalOwner);
}
