//! `rebate_claim`: mints a requester's rebate for what one of its jobs spent in an epoch, and the compute client's share of it.

use crate::{errors::*, events::RebateClaimed, model::sum, state::*, token};
use anchor_lang::prelude::*;
use market_model::epoch::{self, Rebate};

/// Accounts of `rebate_claim`. Anyone may send it; the money goes to the requester and its compute client.
#[derive(Accounts)]
pub struct RebateClaim {
    /// Mint authority.
    pub network: Account<Network>,
    /// Remembers the mint.
    #[account(mut)]
    pub limiter: Account<MintLimiter>,
    /// The finalized epoch.
    #[account(constraint = epoch.state == EPOCH_FINALIZED @ RenderError::EpochNotFinalized)]
    pub epoch: Account<Epoch>,
    /// Marked as claimed.
    #[account(mut, constraint = job_epoch.epoch == epoch.number @ RenderError::WrongEpoch)]
    pub job_epoch: Account<JobEpoch>,
    /// RENDER.
    #[account(mut, address = network.mint @ RenderError::WrongMint)]
    pub mint: UncheckedAccount,
    /// The requester's associated token account. May be the client's payout account: both only receive. Checked in the handler.
    #[account(mut, unsafe(dup))]
    pub rebate: UncheckedAccount,
    /// The compute client that the job came through; none where it came through none. Checked in the handler.
    #[account(mut)]
    pub client: Option<Account<Client>>,
    /// The client's payout account; none where there is no client. Checked in the handler.
    #[account(mut, unsafe(dup))]
    pub payout: Option<UncheckedAccount>,
    /// SPL Token.
    pub token_program: Program<Token>,
}

/// Before: the epoch is finalized and the rebate not claimed. After: spent_i / sum(spent) x pool, rounded down, is minted; the client that the job
/// came through has its share of it, the requester the rest. A client whose payout account is no RENDER account any more has no share: it
/// cannot hold up its requesters.
pub fn rebate_claim(ctx: &mut Context<RebateClaim>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    require!(accounts.job_epoch.is_claimed == 0, RenderError::AlreadyClaimed);
    let requester = accounts.job_epoch.requester;
    token::require_associated(accounts.rebate.account(), &accounts.network.mint, &requester)?;
    let share_bps = client_share(accounts)?;
    let maximum_bps = accounts.network.parameters().client_share_max_bps;
    let (epoch, spent) = (&accounts.epoch, accounts.job_epoch.spent);
    let paid = epoch::rebate(spent, epoch.spent, epoch.creators_pool, share_bps, maximum_bps).map_err(refused)?;
    let Rebate { requester: amount, client: client_amount } = paid;

    let record = &mut accounts.job_epoch;
    record.is_claimed = 1;
    record.claimed = sum(amount, client_amount)?;
    if let Some(client) = &mut accounts.client {
        client.volume = sum(client.volume, spent)?;
        client.earned = sum(client.earned, client_amount)?;
    }
    let (network, mint, limiter) = (&accounts.network, accounts.mint.account(), &mut accounts.limiter);
    token::mint_to(network, limiter, mint, accounts.rebate.account(), amount, now)?;
    if let Some(payout) = &accounts.payout {
        token::mint_to(network, limiter, mint, payout.account(), client_amount, now)?;
    }
    announce(accounts, amount, client_amount);
    Ok(())
}

/// The share of the client that the job came through; nothing where there is none, or where it cannot be paid.
#[inline(never)]
fn client_share(accounts: &RebateClaim) -> Result<u64> {
    let named = accounts.job_epoch.client;
    let Some(client) = &accounts.client else {
        require!(named == Address::default() && accounts.payout.is_none(), RenderError::WrongClient);
        return Ok(0);
    };
    require!(*client.address() == named, RenderError::WrongClient);
    let payout = accounts.payout.as_ref().ok_or(RenderError::WrongClient)?;
    require!(*payout.address() == client.payout, RenderError::WrongClient);
    let can_be_paid = token::require_mint_of(payout.account(), &accounts.network.mint).is_ok();
    Ok(if can_be_paid { u64::from(client.share_bps) } else { 0 })
}

#[inline(never)]
fn announce(accounts: &RebateClaim, amount: u64, client_amount: u64) {
    let record = &accounts.job_epoch;
    emit!(RebateClaimed {
        epoch: record.epoch,
        job: record.job,
        requester: record.requester,
        rebate: *accounts.rebate.address(),
        client: record.client,
        spent: record.spent,
        amount,
        client_amount,
    });
}
