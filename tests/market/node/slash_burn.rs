//! `slash_burn`.

use market_model::MarketError;
use market_tests::{
    Machine, World,
    world::{RENDER, USD, only_event, order, replaced},
};
use render_compute::{errors::RenderError, events::SlashBurned, state::*};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn slashed() -> (World, Machine) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    (world, machine)
}

#[test]
fn slashed_render_is_burned_from_the_vault() {
    let (world, machine) = slashed();
    let (supply, vault) = (world.supply(), world.tokens(&address::stake_vault()));
    let burn = instruction::slash_burn(&world.network(), &machine.node);
    let confirmed = world.apply(burn.clone(), &[&world.crank]);
    assert_eq!(only_event(&confirmed), Event::from(SlashBurned { node: machine.node, amount: RENDER }));
    assert_eq!(world.supply(), supply - RENDER);
    assert_eq!(world.tokens(&address::stake_vault()), vault - RENDER);
    let node: Node = world.get(&machine.node);
    assert_eq!((node.slashed, node.slashed_total), (0, RENDER));
    world.refuse(burn, &[&world.crank], MarketError::NoAmount);
}

#[test]
fn look_alikes_are_refused() {
    let (world, machine) = slashed();
    let other = world.machine("other");
    let burn = instruction::slash_burn(&world.network(), &machine.node);
    let elsewhere = replaced(burn.clone(), &address::stake_vault(), &other.payout);
    world.refuse(elsewhere, &[&world.crank], RenderError::WrongTokenAccount);
    let mint = replaced(burn.clone(), &world.mint, &world.forge(&world.mint));
    world.refuse(mint, &[&world.crank], RenderError::WrongMint);
    for original in [address::network(), machine.node] {
        let forged = replaced(burn.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
