//! `client_enable`: switches a compute client off and on.

use crate::{errors::RenderError, events::ClientEnabled, state::*};
use anchor_lang::prelude::*;

/// Accounts of `client_enable`.
#[derive(Accounts)]
pub struct ClientEnable {
    /// Governs.
    pub authority: Signer,
    /// Names the authority.
    #[account(constraint = network.authority == *authority.address() @ RenderError::NotAuthority)]
    pub network: Account<Network>,
    /// Changed.
    #[account(mut)]
    pub client: Account<Client>,
}

/// Before: the signer governs. After: jobs may be opened for the client, or not; jobs that are open keep their client, and it its share.
pub fn client_enable(ctx: &mut Context<ClientEnable>, enabled: bool) -> Result<()> {
    let client = &mut ctx.accounts.client;
    client.enabled = u8::from(enabled);
    emit!(ClientEnabled { client: *client.address(), enabled: u64::from(enabled) });
    Ok(())
}
