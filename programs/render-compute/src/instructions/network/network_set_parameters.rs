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

/// Before: the signer governs and every number lies in its bounds. After: the numbers are in force for everything that starts from now;
/// leases and epochs that exist keep the deadlines they were given.
pub fn network_set_parameters(ctx: &mut Context<NetworkAuthority>, parameters: [u64; PARAMETERS]) -> Result<()> {
    Parameters::from_values(parameters).validate().map_err(refused)?;
    let network = &mut ctx.accounts.network;
    let before = core::mem::replace(&mut network.parameters, parameters);
    emit!(ParametersChanged { before, after: parameters });
    Ok(())
}
