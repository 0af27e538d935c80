//! `operator_close`.

use market_tests::{
    World,
    world::{offer, only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::OperatorClosed, state::Operator};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn an_operator_without_nodes_is_removed_and_gets_its_rent_back() {
    let world = World::new();
    let machine = world.machine_with("machine", offer(), 0);
    let (wallet, operator) = (machine.operator(), address::operator(&machine.operator()));
    let close = instruction::operator_close(&wallet);
    world.refuse(close.clone(), &[&machine.wallet], RenderError::OperatorBusy);
    world.apply(instruction::node_close(&wallet, &machine.key()), &[&machine.wallet]);
    let (rent, before) = (world.lamports(&operator), world.lamports(&wallet));
    let confirmed = world.apply_all(std::slice::from_ref(&close), &[&world.crank, &machine.wallet]);
    assert_eq!(only_event(&confirmed), Event::from(OperatorClosed { wallet }));
    assert_eq!(world.lamports(&wallet), before + rent);
    assert!(world.find::<Operator>(&operator).is_none());
    world.refuse(close, &[&machine.wallet], InstructionError::AccountDataTooSmall);
}

#[test]
fn only_the_operator_closes_its_account() {
    let world = World::new();
    let (machine, other) = (world.machine_with("machine", offer(), 0), world.machine("other"));
    world.apply(instruction::node_close(&machine.operator(), &machine.key()), &[&machine.wallet]);
    let close = instruction::operator_close(&machine.operator());
    let stolen = replaced(close.clone(), &machine.operator(), &other.operator());
    world.refuse(stolen, &[&other.wallet], RenderError::NotOperator);
    let nobody = unsigned(close.clone(), &machine.operator());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    let operator = address::operator(&machine.operator());
    let forged = replaced(close, &operator, &world.forge(&operator));
    world.refuse(forged, &[&machine.wallet], InstructionError::IllegalOwner);
}
