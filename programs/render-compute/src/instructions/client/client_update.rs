//! `client_update`: a compute client changes what is said about it and where it is paid.

use crate::{errors::*, events::ClientUpdated, state::*, token};
use anchor_lang::prelude::*;
use market_model::client::check_share_change;

/// Accounts of `client_update`.
#[derive(Accounts)]
pub struct ClientUpdate {
    /// Speaks for the client.
    pub authority: Signer,
    /// Names the mint.
    pub network: Account<Network>,
    /// RENDER token account that its share is minted to; any owner. Checked in the handler.
    pub payout: UncheckedAccount,
    /// Changed.
    #[account(mut, constraint = client.authority == *authority.address() @ RenderError::NotClientAuthority)]
    pub client: Account<Client>,
}

/// Before: the signer speaks for the client and raises its share not. After: the client is as given; `next` speaks for it. Rebates that are
/// not claimed yet follow the new payout and share.
pub fn client_update(ctx: &mut Context<ClientUpdate>, next: Address, metadata: [u8; 32], share_bps: u16) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(next != Address::default(), RenderError::ZeroValue);
    check_share_change(u64::from(accounts.client.share_bps), u64::from(share_bps)).map_err(refused)?;
    token::require_mint_of(accounts.payout.account(), &accounts.network.mint)?;
    let (address, payout) = (*accounts.client.address(), *accounts.payout.address());
    let client = &mut accounts.client;
    client.authority = next;
    client.payout = payout;
    client.metadata = metadata;
    client.share_bps = share_bps;
    emit!(ClientUpdated { client: address, authority: next, payout, metadata, share_bps: u64::from(share_bps) });
    Ok(())
}
