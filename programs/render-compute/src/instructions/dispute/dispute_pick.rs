//! `dispute_pick`: the challenger names what it denies.

use crate::{errors::*, events::dispute_picked, state::*};
use anchor_lang::prelude::*;
use market_model::dispute::Stage;

/// Accounts of `dispute_pick`.
#[derive(Accounts)]
pub struct DisputePick {
    /// The challenger's key.
    pub signer: Signer,
    /// Changed.
    #[account(mut)]
    pub dispute: Account<Dispute>,
}

/// Before: hashes are posted and it is the challenger's turn. `part` counts from 0: a node of the tree; at the top of a unit's trace also one
/// more, for "all these are right, only the end is wrong"; or the first part of the steps whose end is wrong. After: only that part is under
/// dispute, its beginning is agreed, and it is the defender's turn, or the last step is to be proved.
pub fn dispute_pick(ctx: &mut Context<DisputePick>, part: u8) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let dispute = &mut accounts.dispute;
    dispute.require_challenger(accounts.signer.address())?;
    let game = dispute.game()?;
    let next = game.pick(u64::from(part), now, &dispute.rules()).map_err(refused)?;
    let index = usize::from(part);
    match game.stage {
        Stage::Steps => {
            // The last part ends where the whole range ends, which is denied already; the first begins where it begins.
            let high = if part < dispute.posted { dispute.posted_hash(index)? } else { dispute.high };
            if let Some(before) = index.checked_sub(1) {
                dispute.low = dispute.posted_hash(before)?;
            }
            dispute.high = high;
        }
        // Only the end is denied, which is what `high` says since the unit was opened.
        _ if part == dispute.posted => {}
        stage => {
            dispute.root = dispute.posted_hash(index)?;
            if stage == Stage::Segments && next.stage != Stage::Segments {
                dispute.high = dispute.root;
            }
        }
    }
    dispute.moved(&next);
    emit!(dispute_picked(dispute.address(), dispute, part));
    Ok(())
}
