//! `audit_draw`.

use super::Scene;
use market_model::{MarketError, audit::is_picked, lease::LeaseState};
use market_tests::{
    Machine, World,
    world::{USD, audited_parameters, only_event, order, replaced},
};
use render_compute::{
    constants::LOTTERY_DELAY_SLOTS, errors::RenderError, events::AuditDrawn, instructions::JobOrder, lottery, state::*,
};
use render_compute_client::{Address, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// The hash of a slot, as the sysvar has it: length (8), then slot (8) and hash (32) of each entry.
fn hash_of(world: &World, slot: u64) -> [u8; 32] {
    let data = world.chain.read(&address::SLOT_HASHES).expect("the sysvar is there").data;
    let entry = data[8..].chunks_exact(40).find(|entry| entry[..8] == slot.to_le_bytes());
    entry.expect("the sysvar remembers the slot")[8..].try_into().unwrap()
}

/// A commitment whose lottery was not drawn, in the slot that this gives too.
fn undrawn(parameters: market_model::Parameters) -> (World, Machine, Address, Address, u64) {
    let world = World::with(1, 1, parameters);
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    let commitment = world.commitment(&machine, &lease);
    world.apply(instruction::attestation_commit(&machine.key(), &lease, commitment), &[&machine.identity]);
    let slot = world.get::<Lease>(&lease).committed_slot;
    (world, machine, job, lease, slot)
}

#[test]
fn a_picked_lease_owes_an_audit_and_waits_for_it() {
    let (world, _, job, lease, committed) = undrawn(audited_parameters());
    world.chain.advance_slots(20);
    let slot = committed + LOTTERY_DELAY_SLOTS + 1;
    let hash = hash_of(&world, slot);
    let confirmed = world.draw(&lease);
    let now = world.time();
    let state: Lease = world.get(&lease);
    let event = AuditDrawn {
        lease,
        job,
        seed: lottery::audit_seed(&hash, &lease),
        slot,
        draw: lottery::draw(&hash, &lease, &state.commitment),
        threshold: u64::MAX,
        picked: 1,
        audits: 1,
        drawn_at: now,
        deadline: now + 600,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(world.status(&lease), LeaseState::Auditing);
    assert_eq!((state.drawn, state.audits_owed, state.audit_seed), (1, 1, event.seed));
    assert_eq!((state.entered_at, state.deadline), (now, now + 600));
}

#[test]
fn a_lease_that_is_not_picked_keeps_its_deadline_and_can_be_revealed() {
    let (world, machine, _, lease, _) = undrawn(market_tests::world::short_parameters());
    let before: Lease = world.get(&lease);
    world.chain.advance_slots(6);
    let confirmed = world.draw(&lease);
    let Event::AuditDrawn(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!((event.picked, event.audits, event.seed), (0, 0, [0; 32]));
    // 10 bps of all numbers.
    assert_eq!(event.threshold, 18_446_744_073_709_551);
    assert!(event.draw >= event.threshold);
    let after: Lease = world.get(&lease);
    assert_eq!((after.status, after.deadline, after.drawn), (before.status, before.deadline, 1));
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
}

#[test]
fn draw_and_reveal_fit_one_transaction() {
    let (world, machine, _, lease, _) = undrawn(market_tests::world::short_parameters());
    world.chain.advance_slots(6);
    let both = [instruction::audit_draw(&world.get(&lease)), World::revealing(&machine, &lease)];
    world.apply_all(&both, &[&machine.identity]);
    assert_eq!(world.status(&lease), LeaseState::Revealed);
}

#[test]
fn the_lottery_waits_for_the_fifth_slot_after_the_commitment() {
    let (world, _, _, lease, committed) = undrawn(audited_parameters());
    let draw = instruction::audit_draw(&world.get(&lease));
    for _ in 0..=LOTTERY_DELAY_SLOTS + 1 {
        world.refuse(draw.clone(), &[&world.crank], RenderError::TooEarlyToDraw);
        world.chain.advance_slots(1);
    }
    assert_eq!(world.chain.now().slot, committed + LOTTERY_DELAY_SLOTS + 2);
    world.apply(draw, &[&world.crank]);
}

#[test]
fn a_draw_is_the_same_at_any_moment_at_which_it_can_be_proved() {
    let (world, _, _, lease, committed) = undrawn(audited_parameters());
    world.chain.advance_slots(LOTTERY_DELAY_SLOTS + 2);
    let hash = hash_of(&world, committed + LOTTERY_DELAY_SLOTS + 1);
    let last = committed + LOTTERY_DELAY_SLOTS + 1 + 512;
    world.chain.advance_slots(last - world.chain.now().slot);
    let confirmed = world.draw(&lease);
    let Event::AuditDrawn(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!(event.draw, lottery::draw(&hash, &lease, &world.get::<Lease>(&lease).commitment));
}

#[test]
fn a_lottery_that_can_no_longer_be_proved_is_not_drawn() {
    let (world, machine, _, lease, committed) = undrawn(audited_parameters());
    world.chain.advance_slots(LOTTERY_DELAY_SLOTS + 2 + 512);
    assert_eq!(world.chain.now().slot, committed + LOTTERY_DELAY_SLOTS + 2 + 512);
    let draw = instruction::audit_draw(&world.get(&lease));
    world.refuse(draw, &[&world.crank], RenderError::LotteryLost);
    world.refuse(World::revealing(&machine, &lease), &[&machine.identity], MarketError::LotteryNotDrawn);
}

#[test]
fn a_lease_is_drawn_once_and_only_after_its_commitment() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    let draw = instruction::audit_draw(&world.get(&lease));
    world.refuse(draw.clone(), &[&world.crank], MarketError::LeaseNotCommitted);
    world.commit(&machine, &lease);
    world.refuse(draw.clone(), &[&world.crank], MarketError::LotteryDrawn);
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    world.refuse(draw, &[&world.crank], MarketError::LeaseNotCommitted);
}

#[test]
fn a_picked_lease_is_not_drawn_again() {
    let scene = Scene::picked();
    let draw = instruction::audit_draw(&scene.world.get(&scene.lease));
    scene.world.refuse(draw, &[&scene.world.crank], MarketError::LeaseNotCommitted);
}

#[test]
fn a_job_with_replicas_has_every_lease_audited_by_the_others() {
    for (replicas, audits) in [(2, 1), (3, 2)] {
        // One lease in a thousand would be picked.
        let scene = Scene::in_world(World::new(), JobOrder { replicas, ..order() });
        let state: Lease = scene.world.get(&scene.lease);
        assert_eq!((scene.world.status(&scene.lease), state.audits_owed), (LeaseState::Auditing, audits));
    }
}

#[test]
fn the_chance_of_an_audit_is_that_of_the_jobs_opening() {
    let world = World::with(1, 1, audited_parameters());
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let later = market_tests::world::short_parameters();
    world.apply(instruction::network_set_parameters(&world.authority_key(), &later), &[&world.authority]);
    world.picked(&machine, &job, 0);
}

#[test]
fn the_next_attempt_has_a_lottery_of_its_own() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.commit(&machine, &lease);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    world.claim(&machine, &job, 0);
    assert_eq!(world.get::<Lease>(&lease).drawn, 0);
    world.commit(&machine, &lease);
    assert_eq!(world.get::<Lease>(&lease).drawn, 1);
}

#[test]
fn numbers_are_picked_as_often_as_the_probability_says() {
    let lease = Address::new_from_array([3; 32]);
    let picked = (0..10_000u32)
        .filter(|number| {
            let mut commitment = [0; 32];
            commitment[..4].copy_from_slice(&number.to_le_bytes());
            is_picked(lottery::draw(&[1; 32], &lease, &commitment), 1_000, 1)
        })
        .count();
    // 1,000 of 10,000, with a standard deviation of 30.
    assert!((880..1_120).contains(&picked), "{picked}");
}

#[test]
fn another_job_does_not_say_how_often_a_lease_is_audited() {
    let (world, _, job, lease, _) = undrawn(audited_parameters());
    let other = world.requester_with("other", USD);
    let strange = world.open_seeded(&other, order());
    world.chain.advance_slots(6);
    let draw = instruction::audit_draw(&world.get(&lease));
    world.refuse(replaced(draw, &job, &strange), &[&world.crank], RenderError::WrongLease);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, _, job, lease, _) = undrawn(audited_parameters());
    world.chain.advance_slots(6);
    let draw = instruction::audit_draw(&world.get(&lease));
    for original in [address::network(), job, lease] {
        let forged = replaced(draw.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
