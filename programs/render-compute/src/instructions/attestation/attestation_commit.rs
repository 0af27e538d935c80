//! `attestation_commit`: a node binds itself to a result without showing it, so that nobody can copy it. Hot path.

use crate::{errors::*, events::AttestationCommitted, state::*};
use anchor_lang::prelude::*;

/// Accounts of `attestation_commit`.
#[derive(Accounts)]
pub struct AttestationCommit {
    /// The node's identity.
    pub identity: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The holder.
    #[account(constraint = node.identity == *identity.address() @ RenderError::NotIdentity)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut, constraint = lease.node == *node.address() @ RenderError::WrongLease)]
    pub lease: Account<Lease>,
}

/// Before: the node holds the lease and its deadline has not passed. After: the commitment stands, the time to reveal runs, and the
/// seconds since the claim are what the lease was worked on.
pub fn attestation_commit(ctx: &mut Context<AttestationCommit>, commitment: [u8; 32]) -> Result<()> {
    require!(commitment != [0; 32], RenderError::ZeroValue);
    let clock = Clock::get()?;
    let accounts = &mut ctx.accounts;
    let lease = &mut accounts.lease;
    let rules = accounts.network.parameters().lease_rules();
    let next = lease.model()?.commit(clock.unix_timestamp, &rules).map_err(refused)?;
    lease.enter(&next);
    lease.busy_seconds = u32::try_from(clock.unix_timestamp.saturating_sub(lease.claimed_at)).unwrap_or(u32::MAX);
    lease.commitment = commitment;
    lease.committed_slot = clock.slot;
    emit!(AttestationCommitted {
        lease: *lease.address(),
        node: lease.node,
        commitment,
        slot: clock.slot,
        reveal_by: lease.deadline,
    });
    Ok(())
}
