//! `dispute_divide`: the defender divides what is under dispute.

use crate::{constants::*, errors::*, events::DisputeDivided, state::*};
use alloc::vec::Vec;
use anchor_lang::prelude::*;
use market_model::{MarketError, dispute::Stage};

/// Accounts of `dispute_divide`. No others: with 31 hashes the transaction has 1,208 of 1,232 bytes.
#[derive(Accounts)]
pub struct DisputeDivide {
    /// The defender's key.
    pub signer: Signer,
    /// Changed.
    #[account(mut)]
    pub dispute: Account<Dispute>,
}

/// Before: it is the defender's turn, and a tree or a range of steps is under dispute; the hashes are as many as its division needs, and those of a
/// tree give its root. After: they are posted and it is the challenger's turn.
pub fn dispute_divide(ctx: &mut Context<DisputeDivide>, mut hashes: Vec<[u8; 32]>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let dispute = &mut accounts.dispute;
    dispute.require_defender(accounts.signer.address())?;
    let game = dispute.game()?;
    let count = u64::try_from(hashes.len()).map_err(|_| Error::ArithmeticOverflow)?;
    let next = game.divide(count, now, &dispute.rules()).map_err(refused)?;
    let (first, count, stage) = (dispute.first, dispute.count, dispute.stage);
    dispute.moved(&next);
    dispute.hashes = [[0; 32]; STEP_PARTS - 1];
    let places = dispute.hashes.get_mut(..hashes.len()).ok_or_else(|| refused(MarketError::WrongHashCount))?;
    places.copy_from_slice(&hashes);
    if game.stage != Stage::Steps {
        require!(kernels::merkle::root_of(&mut hashes) == dispute.root, RenderError::WrongDivision);
    }
    posted(dispute, first, count, stage);
    Ok(())
}

/// In a frame of its own, because the event has a kilobyte.
#[inline(never)]
fn posted(dispute: &Account<Dispute>, first: u64, count: u64, stage: u8) {
    emit!(DisputeDivided {
        dispute: *dispute.address(),
        first,
        count,
        deadline: dispute.deadline,
        stage: u64::from(stage),
        posted: u64::from(dispute.posted),
        hashes: dispute.hashes,
    });
}
