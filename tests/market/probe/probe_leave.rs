//! `probe_leave`.

use market_tests::{
    World,
    probe::probe_parameters,
    world::{only_event, replaced},
};
use render_compute::{errors::RenderError, state::*};
use render_compute_client::{event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_node_that_left_is_not_probed() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let slot = world.due(&machine);
    let confirmed = world.apply(instruction::probe_leave(&machine.key(), &machine.key()), &[&machine.identity]);
    let Event::ProbeEnrolled(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!((event.node, event.enrolled), (machine.node, 0));
    assert_eq!(world.get::<Node>(&machine.node).enrolled, 0);
    world.refuse(world.opening(&machine, slot, None), &[&world.crank], RenderError::NotEnrolled);
}

#[test]
fn a_node_leaves_once_and_not_during_a_probe() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let leave = instruction::probe_leave(&machine.key(), &machine.key());
    let probe = world.open_probe(&machine, None);
    world.refuse(leave.clone(), &[&machine.identity], RenderError::ProbeUnderWay);
    let expire = world.missing(&probe);
    world.apply_all(&[expire, world.finishing(&probe)], &[&world.crank]);
    world.apply(leave, &[&machine.identity]);
    let by_operator = instruction::probe_leave(&machine.operator(), &machine.key());
    world.refuse(by_operator, &[&machine.wallet], RenderError::NotEnrolled);
}

#[test]
fn nobody_else_may_take_a_node_out() {
    let world = World::with_probes(probe_parameters());
    let (machine, other) = (world.enrolled("machine"), world.machine("other"));
    let leave = instruction::probe_leave(&other.key(), &machine.key());
    world.refuse(leave, &[&other.identity], RenderError::NotOperator);
    let leave = instruction::probe_leave(&machine.key(), &machine.key());
    let forged = replaced(leave, &machine.node, &world.forge(&machine.node));
    world.refuse(forged, &[&machine.identity], InstructionError::IllegalOwner);
}
