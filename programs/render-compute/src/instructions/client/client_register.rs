//! `client_register`: admits an external network.

use crate::{constants::*, errors::*, events::ClientRegistered, state::*, token};
use anchor_lang::prelude::*;
use market_model::client::check_share;

/// Accounts of `client_register`.
#[derive(Accounts)]
#[instruction(id: [u8; 16])]
pub struct ClientRegister {
    /// Governs and pays.
    #[account(mut)]
    pub authority: Signer,
    /// Names the authority and the mint.
    #[account(constraint = network.authority == *authority.address() @ RenderError::NotAuthority)]
    pub network: Account<Network>,
    /// RENDER token account that the client's share is minted to; any owner. Checked in the handler.
    pub payout: UncheckedAccount,
    /// Created.
    #[account(init, payer = authority, seeds = [SEED_CLIENT, id], bump)]
    pub client: Account<Client>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the signer governs and nobody has the id; the share is at most `client_share_max_bps`. After: jobs may be opened for the client, and it
/// has `share_bps` of their rebates.
pub fn client_register(
    ctx: &mut Context<ClientRegister>,
    id: [u8; 16],
    authority: Address,
    metadata: [u8; 32],
    share_bps: u16,
) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let bump = ctx.bumps.client;
    let accounts = &mut ctx.accounts;
    require!(id != [0; 16] && authority != Address::default(), RenderError::ZeroValue);
    check_share(u64::from(share_bps), accounts.network.parameters().client_share_max_bps).map_err(refused)?;
    token::require_mint_of(accounts.payout.account(), &accounts.network.mint)?;
    let (address, payout) = (*accounts.client.address(), *accounts.payout.address());
    let client = &mut accounts.client;
    client.id = id;
    client.authority = authority;
    client.payout = payout;
    client.metadata = metadata;
    client.registered_at = now;
    client.share_bps = share_bps;
    client.enabled = 1;
    client.version = LAYOUT_VERSION;
    client.bump = bump;
    emit!(ClientRegistered {
        client: address,
        id,
        authority,
        payout,
        metadata,
        registered_at: now,
        share_bps: u64::from(share_bps),
    });
    Ok(())
}
