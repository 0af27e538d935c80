//! `measure_reveal`: a peer shows the bandwidth that it measured.

use crate::{errors::RenderError, events::MeasurementRevealed, probe, state::*};
use anchor_lang::prelude::*;
use market_model::probe::PEERS;

/// Accounts of `measure_reveal`.
#[derive(Accounts)]
pub struct MeasureReveal {
    /// The peer's identity.
    pub identity: Signer,
    /// The peer; its registration slot is part of the commitment.
    #[account(constraint = node.identity == *identity.address() @ RenderError::NotIdentity)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut)]
    pub probe: Account<Probe>,
}

/// Before: the place is committed by the peer; all places are committed, or the probe's deadline has passed; number and salt give the commitment.
/// After: the measurement is public, and nobody can commit to another.
pub fn measure_reveal(ctx: &mut Context<MeasureReveal>, index: u8, mbps: u32, salt: [u8; 32]) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let (node, probe) = (&ctx.accounts.node, &mut ctx.accounts.probe);
    let address = *probe.address();
    require!(usize::from(probe.committed) == PEERS || now > probe.deadline, RenderError::MeasurementsOpen);
    let expected = probe::measurement(&address, node.address(), node, index, mbps, &salt);
    let place = probe.peers.get_mut(usize::from(index)).ok_or(RenderError::WrongPlace)?;
    require!(place.state == PEER_COMMITTED && place.node == *node.address(), RenderError::WrongPlace);
    require!(expected == place.commitment, RenderError::CommitmentMismatch);
    place.mbps = mbps;
    place.state = PEER_REVEALED;
    probe.revealed = probe.revealed.saturating_add(1);
    emit!(MeasurementRevealed {
        probe: address,
        node: *node.address(),
        mbps: u64::from(mbps),
        index: u64::from(index),
    });
    Ok(())
}
