//! `network_set_parameters`: replaces the tunable numbers.

use crate::{errors::*, events::ParametersChanged, state::*};
use anchor_lang::prelude::*;
use market_model::Parameters;

/// Accounts of every instruction that only the network's authority may send.
#[derive(Accounts)]
pub struct NetworkAuthority {
    /// Governs.
    pub authority: Signer,
    /// Changed.
    #[account(mut, constraint = network.authority == *authority.address() @ RenderError::NotAuthority)]
    pub network: Account<Network>,
}

/// Before: the signer governs, the network is not governed by proposals, and every number lies in its bounds. After: the numbers are in force for everything that starts from now;
/// leases and epochs that exist keep the deadlines they were given.
pub fn network_set_parameters(ctx: &mut Context<NetworkAuthority>, parameters: [u64; PARAMETERS]) -> Result<()> {
    require!(ctx.accounts.network.governed == 0, RenderError::Governed);
    validate(&parameters)?;
    replace_parameters(&mut ctx.accounts.network, &parameters);
    Ok(())
}

// Each part has a frame of its own: together they would not fit the 4 KiB of one.

#[inline(never)]
fn validate(parameters: &[u64; PARAMETERS]) -> Result<()> {
    Parameters::from_values(*parameters).validate().map_err(refused)
}

/// Puts validated numbers into force.
#[inline(never)]
pub(crate) fn replace_parameters(network: &mut Network, after: &[u64; PARAMETERS]) {
    emit!(ParametersChanged { before: network.parameters, after: *after });
    network.parameters = *after;
}
