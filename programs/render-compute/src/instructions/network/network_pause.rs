//! `network_pause`: stops and restarts inflows, area by area. Nothing pauses withdrawals, refunds or claims.

use super::network_set_parameters::NetworkAuthority;
use crate::{constants::PAUSE_ALL, errors::RenderError, events::PauseChanged};
use anchor_lang::prelude::*;

/// Before: the signer governs. After: exactly the areas in `bits` are paused.
pub fn network_pause(ctx: &mut Context<NetworkAuthority>, bits: u64) -> Result<()> {
    require!(bits & !PAUSE_ALL == 0, RenderError::UnknownPauseBit);
    let network = &mut ctx.accounts.network;
    let before = core::mem::replace(&mut network.paused, bits);
    emit!(PauseChanged { before, after: bits });
    Ok(())
}
