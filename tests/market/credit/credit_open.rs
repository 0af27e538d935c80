//! `credit_open`.

use market_tests::{
    World,
    world::{only_event, replaced},
};
use render_compute::{constants::NEUTRAL_REPUTATION, events::CreditAccountOpened, state::CreditAccount};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_wallet_gets_an_empty_account_paid_by_somebody_else() {
    let world = World::new();
    let wallet = world.wallet("wallet");
    let (payer, owner) = (world.crank.pubkey(), wallet.pubkey());
    let confirmed = world.apply(instruction::credit_open(&payer, &owner), &[&world.crank]);
    assert_eq!(only_event(&confirmed), Event::from(CreditAccountOpened { owner, payer }));
    let credit: CreditAccount = world.get(&address::credit(&owner));
    assert_eq!((credit.owner, credit.payer, credit.available), (owner, payer, 0));
    assert_eq!(credit.reputation, NEUTRAL_REPUTATION);
}

#[test]
fn a_second_account_for_a_wallet_is_refused() {
    let world = World::new();
    let requester = world.requester("requester");
    let key = requester.key();
    // The system program's own code for an account that exists.
    let again = instruction::credit_open(&key, &key);
    assert!(world.send(&[again], &[&requester.wallet]).is_err());
}

#[test]
fn an_account_opens_at_an_address_that_somebody_has_sent_lamports_to() {
    let world = World::new();
    let wallet = world.wallet("wallet");
    let credit = address::credit(&wallet.pubkey());
    world.apply(instruction::transfer_sol(&world.crank.pubkey(), &credit, 1_000_000), &[&world.crank]);
    world.apply(instruction::credit_open(&wallet.pubkey(), &wallet.pubkey()), &[&wallet]);
    assert_eq!(world.get::<CreditAccount>(&credit).owner, wallet.pubkey());
}

#[test]
fn another_wallets_address_is_refused() {
    let world = World::new();
    let (one, other) = (world.wallet("one"), world.wallet("other"));
    let (own, others) = (address::credit(&one.pubkey()), address::credit(&other.pubkey()));
    let open = replaced(instruction::credit_open(&one.pubkey(), &one.pubkey()), &own, &others);
    world.refuse(open, &[&one], InstructionError::InvalidSeeds);
}
