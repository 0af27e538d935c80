//! `network_accept_authority`: second half of handing the network over.

use crate::{errors::RenderError, events::AuthorityAccepted, state::Network};
use anchor_lang::prelude::*;

/// Accounts of `network_accept_authority`.
#[derive(Accounts)]
pub struct NetworkAcceptAuthority {
    /// The key the authority was offered to.
    pub authority: Signer,
    /// Changed.
    #[account(mut, constraint = network.pending_authority == *authority.address() @ RenderError::NotPendingAuthority)]
    pub network: Account<Network>,
}

/// Before: the authority was offered to the signer. After: the signer governs and no offer stands.
pub fn network_accept_authority(ctx: &mut Context<NetworkAcceptAuthority>) -> Result<()> {
    let after = *ctx.accounts.authority.address();
    let network = &mut ctx.accounts.network;
    let before = core::mem::replace(&mut network.authority, after);
    network.pending_authority = Address::default();
    emit!(AuthorityAccepted { before, after });
    Ok(())
}
