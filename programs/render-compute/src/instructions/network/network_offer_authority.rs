//! `network_offer_authority`: first half of handing the network over, so that a mistyped key cannot lose it.

use super::network_set_parameters::NetworkAuthority;
use crate::events::AuthorityOffered;
use anchor_lang::prelude::*;

/// Before: the signer governs. After: `to` may accept; zero withdraws the offer.
pub fn network_offer_authority(ctx: &mut Context<NetworkAuthority>, to: Address) -> Result<()> {
    let network = &mut ctx.accounts.network;
    network.pending_authority = to;
    emit!(AuthorityOffered { authority: network.authority, pending: to });
    Ok(())
}
