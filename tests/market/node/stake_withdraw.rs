//! `stake_withdraw`.

use market_model::MarketError;
use market_tests::{
    Machine, Reason, World,
    world::{RENDER, USD, only_event, order, replaced, unsigned},
};
use render_compute::{
    constants::PAUSE_ALL, errors::RenderError, events::StakeChanged, instructions::JobOrder, state::Node,
};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn unbonding() -> (World, Machine, i64) {
    let world = World::new();
    let machine = world.machine("machine");
    let unbond = instruction::stake_unbond(&machine.operator(), &machine.key(), 50 * RENDER);
    world.apply(unbond, &[&machine.wallet]);
    let until = world.get::<Node>(&machine.node).unbonding_until;
    (world, machine, until)
}

#[test]
fn what_has_unbonded_leaves_the_vault() {
    let (world, machine, until) = unbonding();
    world.warp_to(until);
    let held = world.tokens(&machine.payout);
    let withdraw = instruction::stake_withdraw(&machine.operator(), &machine.key(), &machine.payout);
    let confirmed = world.apply(withdraw.clone(), &[&machine.wallet]);
    let event = StakeChanged {
        node: machine.node,
        stake_before: 150 * RENDER,
        stake_after: 150 * RENDER,
        unbonding_before: 50 * RENDER,
        unbonding_after: 0,
        unbonding_until: 0,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(world.tokens(&machine.payout), held + 50 * RENDER);
    assert_eq!(world.tokens(&address::stake_vault()), 150 * RENDER);
    world.refuse(withdraw, &[&machine.wallet], MarketError::NothingUnbonding);
}

#[test]
fn stake_is_withdrawn_from_the_second_in_which_unbonding_ends() {
    let (world, machine, until) = unbonding();
    let withdraw = instruction::stake_withdraw(&machine.operator(), &machine.key(), &machine.payout);
    world.warp_to(until - 1);
    world.refuse(withdraw.clone(), &[&machine.wallet], MarketError::StillUnbonding);
    world.warp_to(until);
    world.apply(withdraw, &[&machine.wallet]);
}

#[test]
fn a_node_that_holds_a_lease_withdraws_nothing() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let long = JobOrder { lease_seconds: 86_400, open_seconds: 86_400, ..order() };
    let job = world.open_seeded(&requester, long);
    let unbond = instruction::stake_unbond(&machine.operator(), &machine.key(), 50 * RENDER);
    world.apply(unbond, &[&machine.wallet]);
    let lease = world.claim(&machine, &job, 0);
    world.warp_to(world.get::<Node>(&machine.node).unbonding_until);
    let withdraw = instruction::stake_withdraw(&machine.operator(), &machine.key(), &machine.payout);
    world.refuse(withdraw.clone(), &[&machine.wallet], RenderError::NodeBusy);
    world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    world.apply(withdraw, &[&machine.wallet]);
}

#[test]
fn no_pause_stops_a_withdrawal() {
    let (world, machine, until) = unbonding();
    world.apply(instruction::network_pause(&world.authority.pubkey(), PAUSE_ALL), &[&world.authority]);
    world.warp_to(until);
    let withdraw = instruction::stake_withdraw(&machine.operator(), &machine.key(), &machine.payout);
    world.apply(withdraw, &[&machine.wallet]);
}

#[test]
fn only_the_operator_withdraws() {
    let (world, machine, until) = unbonding();
    let other = world.machine("other");
    world.warp_to(until);
    let theft = instruction::stake_withdraw(&other.operator(), &machine.key(), &other.payout);
    world.refuse(theft, &[&other.wallet], RenderError::NotOperator);
    let withdraw = instruction::stake_withdraw(&machine.operator(), &machine.key(), &machine.payout);
    let nobody = unsigned(withdraw.clone(), &machine.operator());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    let from = replaced(withdraw.clone(), &address::stake_vault(), &other.payout);
    world.refuse(from, &[&machine.wallet], RenderError::WrongTokenAccount);
    for original in [address::network(), machine.node] {
        let forged = replaced(withdraw.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&machine.wallet], InstructionError::IllegalOwner);
    }
}

#[test]
fn a_withdrawal_into_the_vault_itself_is_refused() {
    let (world, machine, until) = unbonding();
    world.warp_to(until);
    let withdraw = instruction::stake_withdraw(&machine.operator(), &machine.key(), &address::stake_vault());
    // Anchor's code for an account that is passed twice to be changed.
    world.refuse(withdraw, &[&machine.wallet], Reason::Market(2_040));
}
