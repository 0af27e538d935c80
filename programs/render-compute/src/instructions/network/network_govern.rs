//! `network_govern`: hands the numbers over to proposals, for good.

use super::network_set_parameters::NetworkAuthority;
use crate::{errors::RenderError, events::NetworkGoverned};
use anchor_lang::prelude::*;

/// Before: the signer governs and the network is not governed by proposals. After: parameters, schedule and authority change by proposals only; the
/// signer remains as guardian of pause bits, engines and the oracle. An offer of the authority is void.
pub fn network_govern(ctx: &mut Context<NetworkAuthority>) -> Result<()> {
    let network = &mut ctx.accounts.network;
    require!(network.governed == 0, RenderError::Governed);
    network.governed = 1;
    network.pending_authority = Address::default();
    emit!(NetworkGoverned { authority: network.authority });
    Ok(())
}
