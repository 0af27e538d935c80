//! `client_enable`.

use super::{ID, terms};
use market_tests::{
    World,
    world::{USD, only_event, order, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::ClientEnabled, instructions::JobOrder, state::*};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_disabled_client_takes_no_jobs_and_keeps_those_it_has() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    world.client(ID);
    let client = address::client(&ID);
    let job = world.open(&requester, JobOrder { client, ..order() });
    let confirmed =
        world.apply(instruction::client_enable(&world.authority_key(), &client, false), &[&world.authority]);
    assert_eq!(only_event(&confirmed), Event::from(ClientEnabled { client, enabled: 0 }));
    let open = |nonce| {
        let order = JobOrder { client, ..order() };
        instruction::job_open(&requester.key(), &address::RENDER_ENGINE, nonce, order)
    };
    world.refuse(open(1), &[&requester.wallet], RenderError::ClientDisabled);
    assert_eq!(world.get::<Job>(&job).client, client);
    world.apply(instruction::client_enable(&world.authority_key(), &client, true), &[&world.authority]);
    world.apply(open(1), &[&requester.wallet]);
}

#[test]
fn only_the_networks_authority_switches_clients() {
    let world = World::new();
    let (speaker, terms) = terms(&world, "client");
    world.apply(instruction::client_register(&world.authority_key(), ID, &terms), &[&world.authority]);
    let client = address::client(&ID);
    let theirs = instruction::client_enable(&speaker.pubkey(), &client, false);
    world.refuse(theirs, &[&speaker], RenderError::NotAuthority);
    let disable = instruction::client_enable(&world.authority_key(), &client, false);
    let nobody = unsigned(disable.clone(), &world.authority_key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    for original in [address::network(), client] {
        let forged = replaced(disable.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.authority], InstructionError::IllegalOwner);
    }
}
