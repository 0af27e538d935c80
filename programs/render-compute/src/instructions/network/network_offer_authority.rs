//! `network_offer_authority`: first half of handing the network over, so that a mistyped key cannot lose it.

use super::network_set_parameters::NetworkAuthority;
use crate::{errors::RenderError, events::AuthorityOffered};
use anchor_lang::prelude::*;

/// Before: the signer governs and the network is not governed by proposals. After: `to` may accept; zero withdraws the offer.
pub fn network_offer_authority(ctx: &mut Context<NetworkAuthority>, to: Address) -> Result<()> {
    let network = &mut ctx.accounts.network;
    require!(network.governed == 0, RenderError::Governed);
    network.pending_authority = to;
    emit!(AuthorityOffered { authority: network.authority, pending: to });
    Ok(())
}
