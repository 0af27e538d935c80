//! `dispute_open`: anyone denies a root, with a bond.

use super::{Opening, begin, require_referee};
use crate::{constants::*, errors::*, events::dispute_opened, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `dispute_open`.
#[derive(Accounts)]
pub struct DisputeOpen {
    /// Challenges; pays the bond and the rent.
    #[account(mut)]
    pub challenger: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The lease's job; its statement is what the root is about.
    #[account(constraint = lease.job == *job.address() @ RenderError::WrongLease)]
    pub job: Account<Job>,
    /// Names the referee.
    #[account(constraint = job.engine == *engine.address() @ RenderError::WrongDispute)]
    pub engine: Account<Engine>,
    /// The defender; its identity signs its moves.
    #[account(constraint = lease.node == *node.address() @ RenderError::WrongLease)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
    /// Created.
    #[account(
        init,
        payer = challenger,
        seeds = [SEED_DISPUTE, lease.address().as_ref(), lease.disputes.to_le_bytes()],
        bump
    )]
    pub dispute: Account<Dispute>,
    /// The challenger's RENDER; the token program checks mint and owner.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// Receives the bond.
    #[account(mut, address = network.stake_vault @ RenderError::WrongTokenAccount)]
    pub vault: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the root is revealed and its challenge window is open; the engine has a referee. After: the lease is under dispute, the bond lies
/// in the vault and it is the defender's turn.
pub fn dispute_open(ctx: &mut Context<DisputeOpen>) -> Result<()> {
    let bump = ctx.bumps.dispute;
    let accounts = &mut ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    let parameters = accounts.network.parameters();
    let referee = require_referee(&accounts.engine, &accounts.job)?;
    let next = accounts.lease.model()?.challenge(now).map_err(refused)?;
    accounts.lease.enter(&next);
    let challenger = *accounts.challenger.address();
    let opening = Opening {
        referee,
        defender_key: accounts.node.identity,
        challenger,
        challenger_key: challenger,
        audit: Address::default(),
        bond: parameters.challenge_bond,
        payer: challenger,
        bump,
    };
    begin(&mut accounts.dispute, &mut accounts.lease, &accounts.job, &opening, now, &parameters.dispute_rules())?;
    token::transfer(
        accounts.source.account(),
        accounts.vault.account(),
        accounts.challenger.account(),
        parameters.challenge_bond,
    )?;
    emit!(dispute_opened(accounts.dispute.address(), &accounts.dispute, accounts.lease.units));
    Ok(())
}
