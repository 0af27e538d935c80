//! `operator_register`.

use market_tests::{
    World,
    world::{RENDER, only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::OperatorRegistered, state::Operator};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_wallet_becomes_an_operator_once() {
    let world = World::new();
    let wallet = world.wallet("wallet");
    let (key, payout) = (wallet.pubkey(), world.render(&wallet, RENDER));
    let register = instruction::operator_register(&key, &payout);
    let confirmed = world.apply(register.clone(), &[&wallet]);
    assert_eq!(only_event(&confirmed), Event::from(OperatorRegistered { wallet: key, payout }));
    let operator: Operator = world.get(&address::operator(&key));
    assert_eq!((operator.wallet, operator.payout, operator.nodes), (key, payout, 0));
    assert!(world.send(&[register], &[&wallet]).is_err());
}

#[test]
fn the_payout_account_is_a_render_account_of_the_wallet() {
    let world = World::new();
    let wallet = world.wallet("wallet");
    let (key, payout) = (wallet.pubkey(), world.render(&wallet, RENDER));
    let other = world.requester("other");
    let forged = world.forge(&payout);
    // Another's, a wallet, the mint, and the right bytes under another program.
    for wrong in [other.render, other.key(), world.mint] {
        let register = instruction::operator_register(&key, &wrong);
        world.refuse(register, &[&wallet], RenderError::WrongTokenAccount);
    }
    let raw = world.chain.read(&payout).unwrap();
    world.plant(&forged, render_compute_client::chain::RawAccount { owner: address::PROGRAM, ..raw });
    let register = instruction::operator_register(&key, &forged);
    world.refuse(register, &[&wallet], RenderError::WrongTokenAccount);
    world.apply(instruction::operator_register(&key, &payout), &[&wallet]);
}

#[test]
fn look_alikes_and_missing_signatures_are_refused() {
    let world = World::new();
    let wallet = world.wallet("wallet");
    let (key, payout) = (wallet.pubkey(), world.render(&wallet, RENDER));
    let register = instruction::operator_register(&key, &payout);
    let nobody = unsigned(register.clone(), &key);
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    let forged = replaced(register.clone(), &address::network(), &world.forge(&address::network()));
    world.refuse(forged, &[&wallet], InstructionError::IllegalOwner);
    let elsewhere = replaced(register, &address::operator(&key), &address::operator(&world.crank.pubkey()));
    world.refuse(elsewhere, &[&wallet], InstructionError::InvalidSeeds);
}
