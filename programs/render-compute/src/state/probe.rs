//! A probe of a node's hardware: what it was asked, who opened it, and what its peers measured.

use anchor_lang::prelude::*;
use market_model::probe::{PEERS, Ratings};

/// One measurement of the node's bandwidth. All zero where the place is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IdlType, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Peer {
    /// The measuring [`Node`](super::Node).
    pub node: Address,
    /// Its operator.
    pub operator: Address,
    /// Salted commitment to what it measured.
    pub commitment: [u8; 32],
    /// What it measured, Mbit/s; 0 before the reveal.
    pub mbps: u32,
    /// One of the `PEER_*` constants.
    pub state: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

/// The place is free.
pub const PEER_FREE: u8 = 0;
/// The peer has committed.
pub const PEER_COMMITTED: u8 = 1;
/// The peer has revealed.
pub const PEER_REVEALED: u8 = 2;

/// A probe. Its answer is a [`Lease`](super::Lease) of a [`Job`](super::Job) that the network opened for it: the node is the job's requester.
#[account]
pub struct Probe {
    /// The probed [`Node`](super::Node).
    pub node: Address,
    /// Who paid the rent of probe, job and lease, and receives it back.
    pub payer: Address,
    /// The job.
    pub job: Address,
    /// Its one lease.
    pub lease: Address,
    /// Node that earns for the opening; zero for none.
    pub opener: Address,
    /// Compute rating that it proves, 1e9 int8 operations a second.
    pub compute: u64,
    /// Hash rate of one core that it proves, 1e3 a second.
    pub clock: u64,
    /// Bandwidth as measured before, Mbit/s.
    pub bandwidth: u64,
    /// The due slot.
    pub slot: u64,
    /// Slot of the opening.
    pub opened_slot: u64,
    /// When it was opened, unix seconds.
    pub opened_at: i64,
    /// Latest moment of the answer's commitment, and of the peers' unless all have committed before.
    pub deadline: i64,
    /// The peers' places.
    pub peers: [Peer; PEERS],
    /// Memory that it proves, MiB.
    pub memory_mib: u32,
    /// Which of the node's probes.
    pub number: u32,
    /// The opener's shard of an epoch.
    pub opener_shard: u8,
    /// Code of `market_model::probe::Outcome` where the answer was not committed in time; else 0.
    pub outcome: u8,
    /// Peers that have committed.
    pub committed: u8,
    /// Peers that have revealed.
    pub revealed: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 26],
}

impl Probe {
    /// What it proves, with a bandwidth.
    pub fn ratings(&self, bandwidth: u64) -> Ratings {
        Ratings { compute: self.compute, memory_mib: u64::from(self.memory_mib), clock: self.clock, bandwidth }
    }
}
