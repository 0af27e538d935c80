//! `operator_set_payout`.

use market_tests::{
    World,
    world::{USD, only_event, order, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::PayoutChanged, state::Operator};
use render_compute_client::{Address, Signer, address, chain::RawAccount, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A second RENDER account of a wallet, as the token program would have made it.
fn second_account(world: &World, first: &Address) -> Address {
    let mut raw = world.chain.read(first).unwrap();
    raw.data[64..72].copy_from_slice(&0u64.to_le_bytes());
    let second = world.chain.keypair("second account").pubkey();
    world.plant(&second, RawAccount { ..raw });
    second
}

#[test]
fn past_epochs_are_paid_to_the_new_account() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    world.work(&machine, &job, 0);
    world.end_epoch();
    let second = second_account(&world, &machine.payout);
    let set = instruction::operator_set_payout(&machine.operator(), &second);
    let confirmed = world.apply(set, &[&machine.wallet]);
    let event = PayoutChanged { wallet: machine.operator(), before: machine.payout, after: second };
    assert_eq!(only_event(&confirmed), Event::from(event));
    world.refuse(world.claiming(&machine, 1), &[&world.crank], RenderError::WrongTokenAccount);
    world.apply(replaced(world.claiming(&machine, 1), &machine.payout, &second), &[&world.crank]);
    assert!(world.tokens(&second) > 0);
}

#[test]
fn only_the_operator_sets_an_account_of_its_own() {
    let world = World::new();
    let (machine, other) = (world.machine("machine"), world.machine("other"));
    let set = instruction::operator_set_payout(&machine.operator(), &other.payout);
    world.refuse(set, &[&machine.wallet], RenderError::WrongTokenAccount);
    let set = instruction::operator_set_payout(&other.operator(), &other.payout);
    let own = address::operator(&machine.operator());
    let stolen = replaced(set, &address::operator(&other.operator()), &own);
    world.refuse(stolen, &[&other.wallet], RenderError::NotOperator);
    let set = instruction::operator_set_payout(&machine.operator(), &machine.payout);
    let nobody = unsigned(set.clone(), &machine.operator());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    let forged = replaced(set, &own, &world.forge(&own));
    world.refuse(forged, &[&machine.wallet], InstructionError::IllegalOwner);
    assert_eq!(world.get::<Operator>(&own).payout, machine.payout);
}
