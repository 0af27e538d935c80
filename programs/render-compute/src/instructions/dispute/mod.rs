//! Disputes, from the first denial to the last refund, and the evidence for their last step.

pub mod dispute_close;
pub mod dispute_divide;
pub mod dispute_open;
pub mod dispute_open_audit;
pub mod dispute_pick;
pub mod dispute_prove;
pub mod dispute_segment;
pub mod dispute_settle;
pub mod dispute_timeout;
pub mod dispute_unit;
pub mod evidence_close;
pub mod evidence_open;
pub mod evidence_write;

use crate::{constants::*, errors::*, state::*};
use anchor_lang::prelude::*;
use market_model::dispute::{DisputeRules, Game};

/// Who disputes with whom, and about what is at stake.
pub(crate) struct Opening {
    /// The program that will execute the disputed step.
    pub referee: Address,
    /// Signs the defender's moves.
    pub defender_key: Address,
    /// The auditor's node, or the wallet.
    pub challenger: Address,
    /// Signs the challenger's moves.
    pub challenger_key: Address,
    /// The audit that differs; zero for a wallet.
    pub audit: Address,
    /// RENDER base units put up.
    pub bond: u64,
    /// Who pays the rent.
    pub payer: Address,
    /// PDA bump.
    pub bump: u8,
}

/// Checks that the engine has a referee that understands the job; gives its program.
pub(crate) fn require_referee(engine: &Engine, job: &Job) -> Result<Address> {
    require!(engine.referee != Address::default(), RenderError::NoReferee);
    let format = job.statement.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    require!(format == engine.format, RenderError::WrongFormat);
    Ok(engine.referee)
}

/// Fills the new account, and counts it among the lease's disputes.
pub(crate) fn begin(
    dispute: &mut Dispute,
    lease: &mut Account<Lease>,
    job: &Job,
    opening: &Opening,
    now: i64,
    rules: &DisputeRules,
) -> Result<()> {
    let game = Game::open(lease.first_unit, u64::from(lease.units), now, rules).map_err(refused)?;
    dispute.lease = *lease.address();
    dispute.job = lease.job;
    dispute.payer = opening.payer;
    dispute.defender = lease.node;
    dispute.challenger = opening.challenger;
    dispute.defender_key = opening.defender_key;
    dispute.challenger_key = opening.challenger_key;
    dispute.audit = opening.audit;
    dispute.referee = opening.referee;
    dispute.statement = job.statement;
    dispute.root = lease.root;
    dispute.bond = opening.bond;
    dispute.opened_at = now;
    dispute.number = lease.disputes;
    dispute.turn_seconds = u32::try_from(rules.turn_seconds).map_err(|_| Error::ArithmeticOverflow)?;
    dispute.attempt = lease.attempt;
    dispute.version = LAYOUT_VERSION;
    dispute.bump = opening.bump;
    dispute.set_game(&game);
    lease.disputes = lease.disputes.checked_add(1).ok_or(Error::ArithmeticOverflow)?;
    Ok(())
}
