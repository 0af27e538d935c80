//! `epoch_claim`: mints a node's share of a finalized epoch to its operator. O(1), whatever the number of nodes.

use crate::{constants::CLASSES, errors::*, events::EpochClaimed, model::sum, state::*, token};
use anchor_lang::prelude::*;
use market_model::epoch::{availability_claim, claim_share};

/// Accounts of `epoch_claim`. Anyone may send it; the money goes to the operator's payout account.
#[derive(Accounts)]
pub struct EpochClaim {
    /// Mint authority.
    pub network: Account<Network>,
    /// Remembers the mint.
    #[account(mut)]
    pub limiter: Account<MintLimiter>,
    /// The finalized epoch.
    #[account(constraint = epoch.state == EPOCH_FINALIZED @ RenderError::EpochNotFinalized)]
    pub epoch: Account<Epoch>,
    /// Says who the operator is.
    #[account(constraint = node_epoch.node == *node.address() @ RenderError::WrongNode)]
    pub node: Account<Node>,
    /// Says where he is paid.
    #[account(constraint = operator.wallet == node.operator @ RenderError::WrongNode)]
    pub operator: Account<Operator>,
    /// Marked as claimed.
    #[account(mut, constraint = node_epoch.epoch == epoch.number @ RenderError::WrongEpoch)]
    pub node_epoch: Account<NodeEpoch>,
    /// RENDER.
    #[account(mut, address = network.mint @ RenderError::WrongMint)]
    pub mint: UncheckedAccount,
    /// The operator's payout account.
    #[account(mut, address = operator.payout @ RenderError::WrongTokenAccount)]
    pub payout: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
}

/// Before: the epoch is finalized and the share not claimed. After: CR_i = N_i / sum(N) x pool per class is minted, rounded down, and the same of
/// the availability pool for the node's points, at most the cap of one node (law L6).
pub fn epoch_claim(ctx: &mut Context<EpochClaim>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let (epoch, record) = (&accounts.epoch, &mut accounts.node_epoch);
    require!(record.is_claimed == 0, RenderError::AlreadyClaimed);
    let mut amounts = [0; CLASSES];
    let points = record.claim_points()?;
    let mut total = availability_claim(points, epoch.availability, epoch.availability_pool, epoch.availability_cap)
        .map_err(refused)?;
    let availability_amount = total;
    for (amount, ((part, whole), pool)) in
        amounts.iter_mut().zip(record.work.iter().zip(&epoch.work).zip(&epoch.work_pools))
    {
        *amount = claim_share(*part, *whole, *pool).map_err(refused)?;
        total = sum(total, *amount)?;
    }
    record.is_claimed = 1;
    record.claimed = total;
    let (mint, payout) = (accounts.mint.account(), accounts.payout.account());
    token::mint_to(&accounts.network, &mut accounts.limiter, mint, payout, total, now)?;
    emit!(EpochClaimed {
        number: accounts.epoch.number,
        node: *accounts.node.address(),
        operator: accounts.operator.wallet,
        payout: accounts.operator.payout,
        work: accounts.node_epoch.work,
        points,
        amounts,
        availability_amount,
    });
    Ok(())
}
