//! The mint limiter, as every mint meets it: `epoch_claim`, `epoch_claim_operations` and `rebate_claim`.

use market_model::{MarketError, Parameters};
use market_tests::{
    Machine, World,
    world::{RENDER, USD, order, replaced, short_parameters},
};
use render_compute::{constants::EPOCH_SHARDS, instructions::JobOrder, state::*};
use render_compute_client::{Address, address, instruction};
use solana_instruction_error::InstructionError;

/// A world whose epoch 1 has work and is finalized, with nothing minted; gives the job.
fn finalized(parameters: Parameters) -> (World, Machine, Address) {
    let world = World::with(1, 1, parameters);
    let (requester, machine) = (world.requester_with("requester", 100 * USD), world.machine("machine"));
    let job = world.open_seeded(&requester, JobOrder { price_per_unit: USD, ..order() });
    world.work(&machine, &job, 0);
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let sums: Vec<_> = (0..EPOCH_SHARDS).map(|shard| instruction::epoch_sum(1, shard)).collect();
    for group in sums.chunks(8) {
        world.apply_all(group, &[&world.crank]);
    }
    world.apply(instruction::epoch_finalize(1), &[&world.crank]);
    (world, machine, job)
}

/// Sets limit and window.
fn limit(world: &World, mint_limit: u64, mint_window_seconds: u64) {
    let parameters = Parameters { mint_limit, mint_window_seconds, ..world.network().parameters() };
    world.apply(instruction::network_set_parameters(&world.authority_key(), &parameters), &[&world.authority]);
}

#[test]
fn every_mint_is_remembered() {
    let (world, machine, job) = finalized(short_parameters());
    let used = || world.get::<MintLimiter>(&address::limiter()).used;
    let mut minted = 0;
    for claim in [
        instruction::epoch_claim_operations(&world.network(), 1),
        world.claiming(&machine, 1),
        world.claiming_rebate(&job, 1),
    ] {
        let supply = world.supply();
        world.apply(claim, &[&world.crank]);
        assert!(world.supply() > supply);
        minted += world.supply() - supply;
        assert_eq!((used(), world.get::<MintLimiter>(&address::limiter()).at), (minted, world.time()));
    }
}

#[test]
fn a_mint_above_what_is_left_is_refused_and_passes_when_enough_is_forgotten() {
    let (world, machine, job) = finalized(short_parameters());
    let operations = world.get::<Epoch>(&address::epoch(1)).operations_pool;
    // All of it and one base unit more: nothing else passes today.
    limit(&world, operations + 1, 604_800);
    world.apply(instruction::epoch_claim_operations(&world.network(), 1), &[&world.crank]);
    for claim in [world.claiming(&machine, 1), world.claiming_rebate(&job, 1)] {
        world.refuse(claim, &[&world.crank], MarketError::MintLimited);
    }
    let limiter = world.get::<MintLimiter>(&address::limiter()).model();
    let epoch: Epoch = world.get(&address::epoch(1));
    let due = epoch.work_pools[0];
    let at = limiter.earliest(due, &world.network().limiter_rules()).unwrap();
    assert!(at > world.time());
    world.warp_to(at - 1);
    world.refuse(world.claiming(&machine, 1), &[&world.crank], MarketError::MintLimited);
    world.warp_to(at);
    let held = world.tokens(&machine.payout);
    world.apply(world.claiming(&machine, 1), &[&world.crank]);
    assert_eq!(world.tokens(&machine.payout), held + due);
}

#[test]
fn an_amount_above_the_limit_waits_for_governance_and_is_not_lost() {
    let (world, ..) = finalized(short_parameters());
    let operations = world.get::<Epoch>(&address::epoch(1)).operations_pool;
    limit(&world, operations - 1, 604_800);
    let claim = instruction::epoch_claim_operations(&world.network(), 1);
    world.refuse(claim.clone(), &[&world.crank], MarketError::MintAboveLimit);
    world.warp(10 * 604_800);
    world.refuse(claim.clone(), &[&world.crank], MarketError::MintAboveLimit);
    limit(&world, operations, 604_800);
    world.apply(claim, &[&world.crank]);
    assert!(world.tokens(&world.operations) >= operations);
}

#[test]
fn a_look_alike_of_the_limiter_is_refused() {
    let (world, machine, _) = finalized(short_parameters());
    let forged = world.forge(&address::limiter());
    for claim in [instruction::epoch_claim_operations(&world.network(), 1), world.claiming(&machine, 1)] {
        let claim = replaced(claim, &address::limiter(), &forged);
        world.refuse(claim, &[&world.crank], InstructionError::IllegalOwner);
    }
}

#[test]
fn the_default_limit_lets_five_weeks_of_the_first_year_through_at_once() {
    let limit = Parameters::DEFAULT.mint_limit;
    let week = market_model::emission::DEFAULT_SCHEDULE[0] / 365 * 7;
    assert!(limit / week == 4 && limit % week > 99 * week / 100, "{} RENDER", limit / RENDER);
}
