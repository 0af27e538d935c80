//! `probe_leave`: a node is probed no more.

use super::probe_enroll::enrolled;
use crate::{errors::RenderError, state::*};
use anchor_lang::prelude::*;

/// Accounts of `probe_leave`.
#[derive(Accounts)]
pub struct ProbeLeave {
    /// The operator's wallet or the machine itself.
    pub signer: Signer,
    /// Changed.
    #[account(mut, constraint = node.operator == *signer.address() || node.identity == *signer.address() @ RenderError::NotOperator)]
    pub node: Account<Node>,
}

/// Before: the signer is the operator or the node; it is enrolled and no probe of it is open. After: no probe of it can be opened. What it earned in
/// the epoch stays.
pub fn probe_leave(ctx: &mut Context<ProbeLeave>) -> Result<()> {
    let node = &mut ctx.accounts.node;
    require!(node.enrolled == 1, RenderError::NotEnrolled);
    require!(node.is_probed == 0, RenderError::ProbeUnderWay);
    node.enrolled = 0;
    emit!(enrolled(node));
    Ok(())
}
