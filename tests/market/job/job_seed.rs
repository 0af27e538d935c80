//! `job_seed`.

use market_tests::{
    World,
    world::{USD, only_event, order, replaced},
};
use render_compute::{errors::RenderError, events::JobSeeded, state::Job};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn the_seed_is_the_hash_of_the_first_slot_after_the_opening() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    let opened = world.get::<Job>(&job).opened_slot;
    let confirmed = world.apply(instruction::job_seed(&job), &[&world.crank]);
    let Event::JobSeeded(JobSeeded { seed, slot, .. }) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!(slot, opened + 1);
    let state: Job = world.get(&job);
    assert_eq!((state.seeded, state.seed), (1, seed));
    assert_ne!(seed, [0; 32]);
}

#[test]
fn a_job_cannot_be_seeded_before_a_later_slot_has_a_hash() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let key = requester.key();
    world.apply(instruction::job_open(&key, &address::RENDER_ENGINE, 0, order()), &[&requester.wallet]);
    let seed = instruction::job_seed(&address::job(&key, 0));
    // In the slot of the opening, and in the next one, whose own hash is not known yet.
    world.refuse(seed.clone(), &[&world.crank], RenderError::TooEarlyToSeed);
    world.chain.advance_slots(1);
    world.refuse(seed.clone(), &[&world.crank], RenderError::TooEarlyToSeed);
    world.chain.advance_slots(1);
    world.apply(seed, &[&world.crank]);
}

#[test]
fn the_seed_does_not_depend_on_when_it_is_asked_for() {
    let seeds = [0, 1, 300, 509].map(|slots| {
        let world = World::new();
        let requester = world.requester_with("requester", USD);
        let job = world.open(&requester, order());
        world.chain.advance_slots(slots);
        world.apply(instruction::job_seed(&job), &[&world.crank]);
        world.get::<Job>(&job).seed
    });
    assert!(seeds.iter().all(|seed| *seed == seeds[0]), "{seeds:?}");
}

#[test]
fn a_seed_is_fixed_once() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open_seeded(&requester, order());
    world.refuse(instruction::job_seed(&job), &[&world.crank], RenderError::AlreadySeeded);
}

#[test]
fn a_cancelled_job_is_not_seeded() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    world.refuse(instruction::job_seed(&job), &[&world.crank], RenderError::JobNotOpen);
}

#[test]
fn a_foreign_job_with_the_right_bytes_is_refused() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    let forged = world.forge(&job);
    let seed = replaced(instruction::job_seed(&job), &job, &forged);
    world.refuse(seed, &[&world.crank], InstructionError::IllegalOwner);
}
