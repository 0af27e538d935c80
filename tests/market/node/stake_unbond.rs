//! `stake_unbond`.

use market_model::MarketError;
use market_tests::{
    World,
    world::{RENDER, only_event, replaced, unsigned},
};
use render_compute::{constants::PAUSE_ALL, errors::RenderError, events::StakeChanged, state::Node};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn stake_starts_to_unbond() {
    let world = World::new();
    let machine = world.machine("machine");
    let unbond = instruction::stake_unbond(&machine.operator(), &machine.key(), 50 * RENDER);
    let confirmed = world.apply(unbond, &[&machine.wallet]);
    let event = StakeChanged {
        node: machine.node,
        stake_before: 200 * RENDER,
        stake_after: 150 * RENDER,
        unbonding_before: 0,
        unbonding_after: 50 * RENDER,
        unbonding_until: world.time() + 604_800,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    // It has not left the vault.
    assert_eq!(world.tokens(&address::stake_vault()), 200 * RENDER);
}

#[test]
fn a_second_unbonding_restarts_the_time_of_the_first() {
    let world = World::new();
    let machine = world.machine("machine");
    let unbond = instruction::stake_unbond(&machine.operator(), &machine.key(), RENDER);
    world.apply(unbond.clone(), &[&machine.wallet]);
    world.warp(1_000);
    world.apply(unbond, &[&machine.wallet]);
    let node: Node = world.get(&machine.node);
    assert_eq!((node.unbonding, node.unbonding_until), (2 * RENDER, world.time() + 604_800));
}

#[test]
fn all_stake_and_no_more_can_unbond() {
    let world = World::new();
    let machine = world.machine("machine");
    let unbond = |amount| instruction::stake_unbond(&machine.operator(), &machine.key(), amount);
    world.refuse(unbond(0), &[&machine.wallet], MarketError::NoAmount);
    world.refuse(unbond(200 * RENDER + 1), &[&machine.wallet], MarketError::StakeTooSmall);
    world.apply(unbond(200 * RENDER), &[&machine.wallet]);
}

#[test]
fn no_pause_stops_unbonding() {
    let world = World::new();
    let machine = world.machine("machine");
    world.apply(instruction::network_pause(&world.authority.pubkey(), PAUSE_ALL), &[&world.authority]);
    world.apply(instruction::stake_unbond(&machine.operator(), &machine.key(), 1), &[&machine.wallet]);
}

#[test]
fn only_the_operator_unbonds() {
    let world = World::new();
    let (machine, other) = (world.machine("machine"), world.machine("other"));
    let unbond = instruction::stake_unbond(&machine.operator(), &machine.key(), RENDER);
    let by_other = replaced(unbond.clone(), &machine.operator(), &other.operator());
    world.refuse(by_other, &[&other.wallet], RenderError::NotOperator);
    let by_identity = replaced(unbond.clone(), &machine.operator(), &machine.key());
    world.refuse(by_identity, &[&machine.identity], RenderError::NotOperator);
    let nobody = unsigned(unbond.clone(), &machine.operator());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    for original in [address::network(), machine.node] {
        let forged = replaced(unbond.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&machine.wallet], InstructionError::IllegalOwner);
    }
}
