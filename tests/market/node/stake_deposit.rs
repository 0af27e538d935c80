//! `stake_deposit`.

use market_model::MarketError;
use market_tests::{
    Reason, World,
    world::{RENDER, offer, only_event, replaced, unsigned},
};
use render_compute::{constants::PAUSE_STAKES, errors::RenderError, events::StakeChanged, state::Node};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_deposit_moves_render_into_the_vault() {
    let world = World::new();
    let machine = world.machine_with("machine", offer(), 5);
    let held = world.tokens(&machine.payout);
    let deposit = instruction::stake_deposit(&machine.operator(), &machine.key(), &machine.payout, RENDER);
    let confirmed = world.apply(deposit, &[&machine.wallet]);
    let event = StakeChanged {
        node: machine.node,
        stake_before: 5,
        stake_after: RENDER + 5,
        unbonding_before: 0,
        unbonding_after: 0,
        unbonding_until: 0,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(world.tokens(&machine.payout), held - RENDER);
    assert_eq!(world.tokens(&address::stake_vault()), RENDER + 5);
    assert_eq!(world.get::<Node>(&machine.node).stake, RENDER + 5);
}

#[test]
fn nobody_else_adds_to_a_nodes_stake() {
    let world = World::new();
    let (machine, stranger) = (world.machine_with("machine", offer(), 0), world.requester("stranger"));
    let deposit = instruction::stake_deposit(&stranger.key(), &machine.key(), &stranger.render, RENDER);
    world.refuse(deposit, &[&stranger.wallet], RenderError::NotOperator);
    let deposit = instruction::stake_deposit(&machine.key(), &machine.key(), &machine.payout, RENDER);
    world.refuse(deposit, &[&machine.identity], RenderError::NotOperator);
}

#[test]
fn a_deposit_is_remembered_by_its_slot() {
    let world = World::new();
    let machine = world.machine("machine");
    world.chain.advance_slots(5);
    let deposit = instruction::stake_deposit(&machine.operator(), &machine.key(), &machine.payout, 1);
    world.apply(deposit, &[&machine.wallet]);
    assert_eq!(world.get::<Node>(&machine.node).staked_slot, world.chain.now().slot);
}

#[test]
fn nothing_cannot_be_deposited() {
    let world = World::new();
    let machine = world.machine("machine");
    let deposit = instruction::stake_deposit(&machine.operator(), &machine.key(), &machine.payout, 0);
    world.refuse(deposit, &[&machine.wallet], MarketError::NoAmount);
}

#[test]
fn more_than_the_source_holds_is_refused_by_the_token_program() {
    let world = World::new();
    let machine = world.machine("machine");
    let too_much = world.tokens(&machine.payout) + 1;
    let deposit = instruction::stake_deposit(&machine.operator(), &machine.key(), &machine.payout, too_much);
    world.refuse(deposit, &[&machine.wallet], Reason::Token(1));
    let deposit = instruction::stake_deposit(&machine.operator(), &machine.key(), &machine.payout, u64::MAX);
    world.refuse(deposit, &[&machine.wallet], MarketError::Overflow);
}

#[test]
fn stake_is_not_deposited_while_paused() {
    let world = World::new();
    let machine = world.machine("machine");
    world.apply(instruction::network_pause(&world.authority.pubkey(), PAUSE_STAKES), &[&world.authority]);
    let deposit = instruction::stake_deposit(&machine.operator(), &machine.key(), &machine.payout, 1);
    world.refuse(deposit, &[&machine.wallet], RenderError::Paused);
}

#[test]
fn look_alikes_and_missing_signatures_are_refused() {
    let world = World::new();
    let (machine, other) = (world.machine("machine"), world.machine("other"));
    let deposit = instruction::stake_deposit(&machine.operator(), &machine.key(), &machine.payout, RENDER);
    let signers = [&machine.wallet];
    let stolen = replaced(deposit.clone(), &machine.payout, &other.payout);
    world.refuse(stolen, &signers, Reason::Token(4));
    let elsewhere = replaced(deposit.clone(), &address::stake_vault(), &other.payout);
    world.refuse(elsewhere, &signers, RenderError::WrongTokenAccount);
    for original in [address::network(), machine.node] {
        let forged = replaced(deposit.clone(), &original, &world.forge(&original));
        world.refuse(forged, &signers, InstructionError::IllegalOwner);
    }
    let nobody = unsigned(deposit, &machine.operator());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn the_vault_cannot_be_the_source() {
    let world = World::new();
    let machine = world.machine("machine");
    let deposit = instruction::stake_deposit(&machine.operator(), &machine.key(), &address::stake_vault(), RENDER);
    assert!(world.send(&[deposit], &[&machine.wallet]).is_err());
}
