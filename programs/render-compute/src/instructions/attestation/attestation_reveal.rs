//! `attestation_reveal`: a node shows the root it committed to. Hot path.

use crate::{errors::*, events::AttestationRevealed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `attestation_reveal`.
#[derive(Accounts)]
pub struct AttestationReveal {
    /// The node's identity.
    pub identity: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The holder; its registration slot is part of the commitment.
    #[account(constraint = node.identity == *identity.address() @ RenderError::NotIdentity)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut, constraint = lease.node == *node.address() @ RenderError::WrongLease)]
    pub lease: Account<Lease>,
}

/// Before: a commitment stands and its time has not run out; its lottery is drawn, from a later slot, and every audit that it owes is
/// revealed; root and salt give the commitment. After: the challenge window runs.
/// `result` names the blob that anyone can recompute the root from.
pub fn attestation_reveal(
    ctx: &mut Context<AttestationReveal>,
    root: [u8; 32],
    result: [u8; 32],
    salt: [u8; 32],
) -> Result<()> {
    require!(root != [0; 32] && result != [0; 32], RenderError::ZeroValue);
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let lease = &mut accounts.lease;
    let rules = accounts.network.parameters().lease_rules();
    let next = lease.model()?.reveal(now, &rules).map_err(refused)?;
    let expected = kernels::attestation::commitment(
        lease.address().as_array(),
        accounts.node.address().as_array(),
        accounts.node.registered_slot,
        lease.attempt,
        &root,
        &salt,
    );
    require!(expected == lease.commitment, RenderError::CommitmentMismatch);
    lease.enter(&next);
    lease.root = root;
    lease.result = result;
    emit!(AttestationRevealed {
        lease: *lease.address(),
        node: lease.node,
        root,
        result,
        challenge_until: lease.deadline,
    });
    Ok(())
}
