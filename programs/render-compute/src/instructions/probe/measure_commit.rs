//! `measure_commit`: a peer binds itself to the bandwidth that it measured of a probed node.

use crate::{errors::*, events::MeasurementCommitted, probe, state::*};
use anchor_lang::prelude::*;
use market_model::race::check_eligible;

/// Accounts of `measure_commit`.
#[derive(Accounts)]
pub struct MeasureCommit {
    /// The peer's identity.
    pub identity: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The peer.
    #[account(constraint = node.identity == *identity.address() @ RenderError::NotIdentity)]
    pub node: Account<Node>,
    /// The probed node: read for its operator.
    #[account(constraint = probe.node == *probed.address() @ RenderError::WrongProbe)]
    pub probed: Account<Node>,
    /// Holds the seed of the race.
    #[account(constraint = probe.job == *job.address() @ RenderError::WrongProbe)]
    pub job: Account<Job>,
    /// Changed.
    #[account(mut)]
    pub probe: Account<Probe>,
}

/// Before: the job is seeded; the place is free; the peer is enrolled, has the least stake, is of another operator than the node and the other
/// peers, and its turn in the race has come; the probe's deadline has not passed and no measurement is revealed. After: the place is the peer's.
pub fn measure_commit(ctx: &mut Context<MeasureCommit>, index: u8, commitment: [u8; 32]) -> Result<()> {
    require!(commitment != [0; 32], RenderError::ZeroValue);
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let (network, node, job) = (&accounts.network, &accounts.node, &accounts.job);
    let probe = &mut accounts.probe;
    require!(job.seeded == 1, RenderError::NotSeeded);
    require!(node.enrolled == 1, RenderError::NotEnrolled);
    require!(now <= probe.deadline && probe.revealed == 0, RenderError::MeasurementsClosed);
    node.stake_model().check_may_work(&network.parameters().stake_rules()).map_err(refused)?;
    require!(
        node.operator != accounts.probed.operator && probe.peers.iter().all(|peer| peer.operator != node.operator),
        RenderError::SameOperator
    );
    let entry = probe::peer_entry(network, probe.address(), probe, &job.seed, node.address(), node)?;
    check_eligible(probe.opened_at, entry.delay_ms, now).map_err(refused)?;
    let place = probe.peers.get_mut(usize::from(index)).ok_or(RenderError::WrongPlace)?;
    require!(place.state == PEER_FREE, RenderError::WrongPlace);
    *place = Peer {
        node: *node.address(),
        operator: node.operator,
        commitment,
        mbps: 0,
        state: PEER_COMMITTED,
        reserved: [0; 3],
    };
    probe.committed = probe.committed.saturating_add(1);
    emit!(MeasurementCommitted {
        probe: *probe.address(),
        node: *node.address(),
        operator: node.operator,
        commitment,
        weight: entry.weight,
        delay_ms: entry.delay_ms,
        committed_at: now,
        index: u64::from(index),
    });
    Ok(())
}
