//! `dispute_close`. What is paid and burned stands in `games`.

use super::{Audited, Bonded};
use market_tests::{
    dispute::Lie,
    world::{only_event, replaced},
};
use render_compute::{errors::RenderError, events::DisputeClosed, state::*};
use render_compute_client::{Address, Instruction, Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A settled dispute that the holder lost to a wallet.
fn settled() -> Bonded {
    let mut game = Bonded::new(Lie::Samples, Lie::None);
    game.play();
    game.court.settle(&game.dispute);
    game
}

fn closing(game: &Bonded, destination: Option<Address>) -> Instruction {
    let world = &game.court.world;
    instruction::dispute_close(&world.network(), &game.dispute, &world.get(&game.dispute), destination)
}

#[test]
fn a_closed_dispute_has_paid_what_it_owed_and_given_its_rent_back() {
    let game = settled();
    let world = &game.court.world;
    let (before, state): (u64, Dispute) = (world.lamports(&game.challenger.key()), world.get(&game.dispute));
    let rent = world.lamports(&game.dispute);
    let confirmed = world.apply(closing(&game, Some(game.challenger.render)), &[&world.crank]);
    assert!(world.find::<Dispute>(&game.dispute).is_none());
    assert_eq!(world.lamports(&game.challenger.key()), before + rent);
    let event = DisputeClosed { dispute: game.dispute, payer: game.challenger.key(), paid: state.owed, burned: 0 };
    assert_eq!(only_event(&confirmed), Event::from(event));
}

#[test]
fn an_unsettled_dispute_stays_open() {
    let mut game = Bonded::new(Lie::Samples, Lie::None);
    let world = &game.court.world;
    world.refuse(closing(&game, None), &[&world.crank], RenderError::DisputeUnsettled);
    game.play();
    let world = &game.court.world;
    world.refuse(closing(&game, None), &[&world.crank], RenderError::DisputeUnsettled);
}

#[test]
fn only_an_account_of_the_challenger_is_paid() {
    let game = settled();
    let world = &game.court.world;
    let thief = game.court.challenger("thief");
    let foreign = market_tests::world::now(render_compute_client::flow::create_render_mint(
        &world.chain,
        &world.authority,
        &world.chain.keypair("another mint"),
        1_000,
    ));
    foreign.expect("another mint can be made");
    let mint = world.chain.keypair("another mint").pubkey();
    let create = instruction::create_associated_token(&world.crank.pubkey(), &game.challenger.key(), &mint);
    world.apply(create, &[&world.crank]);
    let other_mint = address::associated_token(&game.challenger.key(), &mint);
    for wrong in [thief.render, address::stake_vault(), other_mint, game.lease] {
        let close = closing(&game, Some(wrong));
        // The vault would be named twice to be changed.
        match wrong == address::stake_vault() {
            true => assert!(world.send(&[close], &[&world.crank]).is_err()),
            false => world.refuse(close, &[&world.crank], RenderError::WrongTokenAccount),
        }
    }
    world.refuse(closing(&game, None), &[&world.crank], RenderError::WrongTokenAccount);
    world.apply(closing(&game, Some(game.challenger.render)), &[&world.crank]);
}

#[test]
fn no_account_can_be_replaced_by_a_look_alike() {
    let game = settled();
    let world = &game.court.world;
    let close = closing(&game, Some(game.challenger.render));
    for account in [address::network(), game.dispute] {
        let forged = world.forge(&account);
        let wrong = replaced(close.clone(), &account, &forged);
        world.refuse(wrong, &[&world.crank], InstructionError::IllegalOwner);
    }
    let thief = game.court.challenger("thief");
    let rent = replaced(close.clone(), &game.challenger.key(), &thief.key());
    world.refuse(rent, &[&world.crank], RenderError::WrongDispute);
    let vault = replaced(close.clone(), &address::stake_vault(), &thief.render);
    world.refuse(vault, &[&world.crank], RenderError::WrongTokenAccount);
    let mint = replaced(close, &world.mint, &thief.render);
    world.refuse(mint, &[&world.crank], RenderError::WrongMint);
}

#[test]
fn a_dispute_between_nodes_leaves_nothing_in_the_vault() {
    let mut game = Audited::new(Lie::Samples, Lie::None);
    game.play();
    game.court.settle(&game.dispute);
    let vault = game.court.world.tokens(&address::stake_vault());
    let confirmed = game.court.close(&game.dispute, None);
    let Event::DisputeClosed(closed) = only_event(&confirmed) else { panic!("another event") };
    assert_eq!((closed.paid, closed.burned), (0, 0));
    assert_eq!(game.court.world.tokens(&address::stake_vault()), vault);
}
