//! `node_close`.

use market_tests::{
    Machine, World,
    world::{RENDER, USD, offer, only_event, order, replaced},
};
use render_compute::{errors::RenderError, events::NodeClosed, state::*};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn idle() -> (World, Machine) {
    let world = World::new();
    let machine = world.machine_with("machine", offer(), 0);
    (world, machine)
}

#[test]
fn a_node_without_stake_is_removed_and_its_rent_goes_to_the_operator() {
    let (world, machine) = idle();
    let (rent, before) = (world.lamports(&machine.node), world.lamports(&machine.operator()));
    let close = instruction::node_close(&machine.operator(), &machine.key());
    let confirmed = world.apply_all(&[close], &[&world.crank, &machine.wallet]);
    let event = NodeClosed { node: machine.node, operator: machine.operator() };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(world.lamports(&machine.operator()), before + rent);
    assert_eq!(world.get::<Operator>(&address::operator(&machine.operator())).nodes, 0);
}

#[test]
fn a_node_with_stake_or_something_unbonding_stays() {
    let (world, machine) = idle();
    let (owner, key) = (machine.operator(), machine.key());
    let close = instruction::node_close(&owner, &key);
    world.apply(instruction::stake_deposit(&owner, &key, &machine.payout, RENDER), &[&machine.wallet]);
    world.refuse(close.clone(), &[&machine.wallet], RenderError::NodeBusy);
    world.apply(instruction::stake_unbond(&owner, &key, RENDER), &[&machine.wallet]);
    world.refuse(close.clone(), &[&machine.wallet], RenderError::NodeBusy);
    world.warp(world.network().parameters().unbonding_seconds);
    world.apply(instruction::stake_withdraw(&owner, &key, &machine.payout), &[&machine.wallet]);
    world.apply(close, &[&machine.wallet]);
}

#[test]
fn a_node_with_slashed_render_or_a_lease_stays() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    let (owner, key) = (machine.operator(), machine.key());
    let close = instruction::node_close(&owner, &key);
    // Everything else is gone: only the lease, then only what was slashed, holds the node.
    let stake = world.get::<Node>(&machine.node).stake;
    world.warp_to(world.get::<Lease>(&lease).deadline);
    world.apply(instruction::stake_unbond(&owner, &key, stake), &[&machine.wallet]);
    world.refuse(close.clone(), &[&machine.wallet], RenderError::NodeBusy);
    world.warp(1);
    world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    world.warp(world.network().parameters().unbonding_seconds);
    world.apply(instruction::stake_withdraw(&owner, &key, &machine.payout), &[&machine.wallet]);
    world.refuse(close.clone(), &[&machine.wallet], RenderError::NodeBusy);
    world.apply(instruction::slash_burn(&world.network(), &machine.node), &[&world.crank]);
    world.apply(close, &[&machine.wallet]);
}

#[test]
fn only_the_operator_closes_a_node() {
    let (world, machine) = idle();
    let other = world.machine("other");
    let close = instruction::node_close(&machine.operator(), &machine.key());
    let (own, others) = (address::operator(&machine.operator()), address::operator(&other.operator()));
    let by_other = replaced(close.clone(), &machine.operator(), &other.operator());
    world.refuse(by_other.clone(), &[&other.wallet], RenderError::NotOperator);
    // With the other's own operator account too.
    world.refuse(replaced(by_other, &own, &others), &[&other.wallet], RenderError::NotOperator);
    world.refuse(replaced(close.clone(), &own, &others), &[&machine.wallet], RenderError::NotOperator);
    let forged = replaced(close, &machine.node, &world.forge(&machine.node));
    world.refuse(forged, &[&machine.wallet], InstructionError::IllegalOwner);
}
