//! Events of probes, of who measures and audits them, and of maintenance.

use crate::constants::STATEMENT_BYTES;
use anchor_lang::prelude::*;

/// A node declared ratings that probes may prove, or left.
#[event(bytemuck)]
pub struct ProbeEnrolled {
    /// The node account.
    pub node: Address,
    /// Compute rating, 1e9 int8 operations a second.
    pub compute: u64,
    /// Hash rate of one core, 1e3 a second.
    pub clock: u64,
    /// Probes are due at later slots than this.
    pub probed_slot: u64,
    /// IPv6 address that bandwidth is measured at.
    pub address: [u8; 16],
    /// Memory, MiB.
    pub memory_mib: u32,
    /// Port that bandwidth is measured at.
    pub port: u16,
    /// 1 while probes of it may be opened.
    pub enrolled: u8,
    /// Zero.
    pub padding: u8,
}

/// A node announced maintenance, or called it off.
#[event(bytemuck)]
pub struct MaintenanceAnnounced {
    /// The node account.
    pub node: Address,
    /// From, unix seconds; 0 when it was called off.
    pub from: i64,
    /// Until, unix seconds.
    pub until: i64,
    /// Epoch that it counts in.
    pub epoch: u64,
    /// Seconds announced in that epoch so far.
    pub used: u64,
}

/// A due probe was opened: its job, and its lease in the hands of the node.
#[event(bytemuck)]
pub struct ProbeOpened {
    /// The probe account.
    pub probe: Address,
    /// The probed node.
    pub node: Address,
    /// The job account.
    pub job: Address,
    /// The lease account.
    pub lease: Address,
    /// Node that earns for the opening; zero for none.
    pub opener: Address,
    /// Who paid the rent.
    pub payer: Address,
    /// The engine.
    pub engine: Address,
    /// Hash of the due slot.
    pub hash: [u8; 32],
    /// What is to be computed, without its seed.
    pub statement: [u8; STATEMENT_BYTES],
    /// Compute rating that it proves.
    pub compute: u64,
    /// Hash rate that it proves.
    pub clock: u64,
    /// Bandwidth as measured before.
    pub bandwidth: u64,
    /// The due slot.
    pub slot: u64,
    /// Slot of the opening.
    pub opened_slot: u64,
    /// Unix seconds.
    pub opened_at: i64,
    /// Latest moment of the commitment.
    pub deadline: i64,
    /// Credits that penalty and audit are measured by.
    pub value: u64,
    /// RENDER base units that the node loses at most for hiding or faking its answer.
    pub penalty: u64,
    /// Memory that it proves, MiB.
    pub memory_mib: u32,
    /// Which of the node's probes.
    pub number: u32,
    /// Chance of an audit, basis points.
    pub audit_probability_bps: u32,
    /// Units.
    pub units: u32,
}

/// A probe was not answered in time.
#[event(bytemuck)]
pub struct ProbeExpired {
    /// The probe account.
    pub probe: Address,
    /// The lease account.
    pub lease: Address,
    /// The probed node.
    pub node: Address,
    /// Node that received the penalty; zero where it waits for the burn.
    pub opener: Address,
    /// The deadline that passed.
    pub deadline: i64,
    /// RENDER taken.
    pub taken: u64,
    /// RENDER that the opener received as stake.
    pub fee: u64,
}

/// A peer bound itself to what it measured.
#[event(bytemuck)]
pub struct MeasurementCommitted {
    /// The probe account.
    pub probe: Address,
    /// The measuring node.
    pub node: Address,
    /// Its operator.
    pub operator: Address,
    /// Salted commitment.
    pub commitment: [u8; 32],
    /// The peer's weight in the race (Q32).
    pub weight: u64,
    /// The peer's delay in the race, milliseconds.
    pub delay_ms: u64,
    /// Unix seconds.
    pub committed_at: i64,
    /// Its place.
    pub index: u64,
}

/// A peer showed what it measured.
#[event(bytemuck)]
pub struct MeasurementRevealed {
    /// The probe account.
    pub probe: Address,
    /// The measuring node.
    pub node: Address,
    /// Mbit/s.
    pub mbps: u64,
    /// Its place.
    pub index: u64,
}

/// A probe is over; job, lease and probe are closed.
#[event(bytemuck)]
pub struct ProbeFinished {
    /// The probe account.
    pub probe: Address,
    /// The probed node.
    pub node: Address,
    /// The job account.
    pub job: Address,
    /// The lease account.
    pub lease: Address,
    /// Node that opened it; zero for none.
    pub opener: Address,
    /// Who received the rent.
    pub payer: Address,
    /// Epoch it counts in.
    pub epoch: u64,
    /// Points that the node earned.
    pub points: u64,
    /// Points of the node in the epoch, after.
    pub points_after: u64,
    /// Points of the node that count in the epoch, after.
    pub availability_after: u64,
    /// Points that the opener earned; 0 where it has no record in the epoch.
    pub opener_points: u64,
    /// Seconds that the node's places count as having been there.
    pub capacity_seconds: u64,
    /// Bandwidth before, Mbit/s.
    pub bandwidth_before: u64,
    /// Bandwidth after.
    pub bandwidth_after: u64,
    /// What each node of the operator counts for, Q32.
    pub concentration: u64,
    /// Which of the node's probes.
    pub number: u32,
    /// Code of `market_model::probe::Outcome`.
    pub outcome: u32,
    /// Probes passed in the epoch, after.
    pub passed: u32,
    /// Probes missed in the epoch, after.
    pub missed: u32,
    /// Uptime before, basis points.
    pub uptime_before: u16,
    /// Uptime after.
    pub uptime_after: u16,
    /// Peers that revealed a measurement.
    pub peers: u16,
    /// 1 while the node qualifies for availability.
    pub is_qualified: u16,
}

/// An auditor of a probe earned points: what the probe was worth before its bandwidth was measured anew.
#[event(bytemuck)]
pub struct ProbeAudited {
    /// The probe account.
    pub probe: Address,
    /// The auditing node.
    pub node: Address,
    /// Epoch it counts in.
    pub epoch: u64,
    /// Points.
    pub points: u64,
    /// Service points of the auditor in the epoch, after.
    pub service_points_after: u64,
}
