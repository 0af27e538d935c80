//! `epoch_open`: begins the next epoch.

use crate::{constants::*, errors::RenderError, events::EpochOpened, state::*};
use anchor_lang::prelude::*;

/// Accounts of `epoch_open`. Anyone may send it.
#[derive(Accounts)]
#[instruction(number: u64)]
pub struct EpochOpen {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer,
    /// Keeps the number of the latest epoch.
    #[account(mut)]
    pub network: Account<Network>,
    /// The epoch before; none for the first.
    pub previous: Option<Account<Epoch>>,
    /// Created.
    #[account(init, payer = payer, seeds = [SEED_EPOCH, number.to_le_bytes()], bump)]
    pub epoch: Account<Epoch>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: `number` is the next one and the epoch before has ended (epoch 1: the network's genesis has come). After: it follows without a gap.
pub fn epoch_open(ctx: &mut Context<EpochOpen>, number: u64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let bump = ctx.bumps.epoch;
    let accounts = &mut ctx.accounts;
    let network = &mut accounts.network;
    require!(network.epoch.checked_add(1) == Some(number), RenderError::WrongEpoch);
    let starts_at = match &accounts.previous {
        None => {
            require!(number == 1, RenderError::WrongEpoch);
            network.genesis_at
        }
        Some(previous) => {
            require!(previous.number == network.epoch, RenderError::WrongEpoch);
            previous.ends_at
        }
    };
    require!(now >= starts_at, RenderError::EpochNotOver);
    let seconds = i64::try_from(network.parameters().epoch_seconds).map_err(|_| Error::ArithmeticOverflow)?;
    let ends_at = starts_at.checked_add(seconds).ok_or(Error::ArithmeticOverflow)?;
    network.epoch = number;
    let payer = *accounts.payer.address();
    let epoch = &mut accounts.epoch;
    epoch.number = number;
    epoch.payer = payer;
    epoch.starts_at = starts_at;
    epoch.ends_at = ends_at;
    epoch.version = LAYOUT_VERSION;
    epoch.bump = bump;
    emit!(EpochOpened { number, payer, starts_at, ends_at });
    Ok(())
}
