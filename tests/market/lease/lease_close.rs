//! `lease_close`.

use market_tests::{
    Machine, Requester, World,
    world::{USD, only_event, order, replaced},
};
use render_compute::{errors::RenderError, events::LeaseClosed, instructions::JobOrder, state::*};
use render_compute_client::{Address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A job with one lease, accepted.
fn done() -> (World, Requester, Machine, Address, Address) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, JobOrder { units: 2, ..order() });
    let lease = world.work(&machine, &job, 0);
    (world, requester, machine, job, lease)
}

#[test]
fn the_lease_of_a_closed_job_is_removed_and_its_rent_goes_to_who_paid_it() {
    let (world, requester, machine, job, lease) = done();
    let close = instruction::lease_close(&world.get(&lease));
    world.apply(world.closing(&requester, &job), &[&requester.wallet]);
    let (rent, before) = (world.lamports(&lease), world.lamports(&machine.key()));
    let confirmed = world.apply(close, &[&world.crank]);
    assert_eq!(only_event(&confirmed), Event::from(LeaseClosed { lease, payer: machine.key() }));
    assert_eq!(world.lamports(&machine.key()), before + rent);
    assert!(world.find::<Lease>(&lease).is_none());
}

#[test]
fn results_stay_reachable_until_the_jobs_deadline() {
    let (world, _, _, job, lease) = done();
    let close = instruction::lease_close(&world.get(&lease));
    let deadline = world.get::<Job>(&job).deadline;
    world.warp_to(deadline);
    world.refuse(close.clone(), &[&world.crank], RenderError::LeaseNeeded);
    world.warp_to(deadline + 1);
    world.apply(close, &[&world.crank]);
}

#[test]
fn a_lease_of_an_unfinished_job_stays() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.work(&machine, &job, 0);
    world.warp_to(world.get::<Job>(&job).deadline + 1);
    let close = instruction::lease_close(&world.get(&lease));
    world.refuse(close, &[&world.crank], RenderError::LeaseNeeded);
}

#[test]
fn the_rent_goes_to_nobody_else() {
    let (world, requester, machine, job, lease) = done();
    let close = instruction::lease_close(&world.get(&lease));
    world.apply(world.closing(&requester, &job), &[&requester.wallet]);
    let stolen = replaced(close, &machine.key(), &requester.key());
    world.refuse(stolen, &[&world.crank], RenderError::WrongLease);
}

#[test]
fn an_empty_address_in_place_of_the_job_is_refused() {
    let (world, _, _, job, lease) = done();
    let close = instruction::lease_close(&world.get(&lease));
    let hidden = replaced(close, &job, &Address::new_from_array([42; 32]));
    world.refuse(hidden, &[&world.crank], RenderError::WrongLease);
}

#[test]
fn a_foreign_lease_with_the_right_bytes_is_refused() {
    let (world, requester, _, job, lease) = done();
    let close = instruction::lease_close(&world.get(&lease));
    world.apply(world.closing(&requester, &job), &[&requester.wallet]);
    let forged = replaced(close, &lease, &world.forge(&lease));
    world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
}
