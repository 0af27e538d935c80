//! `engine_register`.

use market_tests::{
    World,
    world::{only_event, replaced, unsigned},
};
use render_compute::{constants::*, errors::RenderError, events, state::Engine};
use render_compute_client::{
    Signer, address,
    event::Event,
    instruction::{self, EngineRegister},
};
use solana_instruction_error::InstructionError;

fn tensor(world: &World) -> EngineRegister {
    EngineRegister { id: address::engine_id("tensor").unwrap(), class: CLASS_COMPUTE, ..world.engine() }
}

#[test]
fn an_engine_is_registered_and_changed() {
    let world = World::new();
    let engine = tensor(&world);
    let confirmed = world.apply(instruction::engine_register(&engine), &[&world.authority]);
    let event = events::EngineRegistered {
        engine: address::engine(&engine.id),
        id: engine.id,
        digest: [5; 32],
        referee: engine.referee,
        format: 1,
        class: CLASS_COMPUTE,
        verification: VERIFICATION_EXACT,
        enabled: 1,
        padding: 0,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let changed = EngineRegister { digest: [6; 32], format: 2, enabled: false, ..engine };
    world.apply(instruction::engine_register(&changed), &[&world.authority]);
    let state: Engine = world.get(&address::engine(&engine.id));
    assert_eq!((state.digest, state.format, state.enabled, state.class), ([6; 32], 2, 0, CLASS_COMPUTE));
}

#[test]
fn name_and_digest_must_be_set() {
    let world = World::new();
    let nameless = EngineRegister { id: [0; 16], ..tensor(&world) };
    world.refuse(instruction::engine_register(&nameless), &[&world.authority], RenderError::ZeroValue);
    let meaningless = EngineRegister { digest: [0; 32], ..tensor(&world) };
    world.refuse(instruction::engine_register(&meaningless), &[&world.authority], RenderError::ZeroValue);
}

#[test]
fn class_and_verification_must_be_known() {
    let world = World::new();
    let class = EngineRegister { class: 2, ..tensor(&world) };
    world.refuse(instruction::engine_register(&class), &[&world.authority], RenderError::UnknownKind);
    let verification = EngineRegister { verification: 1, ..tensor(&world) };
    world.refuse(instruction::engine_register(&verification), &[&world.authority], RenderError::UnknownKind);
}

#[test]
fn only_the_authority_registers_engines() {
    let world = World::new();
    let theirs = EngineRegister { authority: world.crank.pubkey(), ..tensor(&world) };
    world.refuse(instruction::engine_register(&theirs), &[&world.crank], RenderError::NotAuthority);
    let register = instruction::engine_register(&tensor(&world));
    let nobody = unsigned(register.clone(), &world.authority.pubkey());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    let forged = replaced(register.clone(), &address::network(), &world.forge(&address::network()));
    world.refuse(forged, &[&world.authority], InstructionError::IllegalOwner);
    let elsewhere = replaced(register, &address::engine(&tensor(&world).id), &address::engine(&address::RENDER_ENGINE));
    world.refuse(elsewhere, &[&world.authority], InstructionError::InvalidSeeds);
}
