//! What a worker reports about what it did.

use crate::journal::LeaseKey;
use market_model::probe::Outcome;
use render_compute_client::{
    Signature,
    dispute::{Party, party_name},
};
use solana_address::Address;
use std::fmt;

/// One thing a worker did or decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// A lease was won.
    Claimed {
        /// Which.
        key: LeaseKey,
        /// Of which job.
        job: Address,
        /// Position in the job.
        index: u32,
        /// Transaction.
        signature: Signature,
    },
    /// A lease's units are rendered and kept.
    Rendered {
        /// Which.
        key: LeaseKey,
        /// How many.
        units: u64,
        /// Merkle root over them.
        root: [u8; 32],
    },
    /// A commitment stands.
    Committed {
        /// Of which lease.
        key: LeaseKey,
        /// Its slot.
        slot: u64,
        /// Transaction.
        signature: Signature,
    },
    /// The audit lottery of a lease was drawn.
    Drawn {
        /// Of which lease.
        key: LeaseKey,
        /// Audits that must agree before it is paid; 0 when it was not picked.
        audits: u8,
        /// Transaction.
        signature: Signature,
    },
    /// The audit of another node's lease was won.
    AuditClaimed {
        /// Which.
        key: LeaseKey,
        /// Of which job.
        job: Address,
        /// Transaction.
        signature: Signature,
    },
    /// A missed deadline of an audit was marked.
    AuditExpired {
        /// Which.
        key: LeaseKey,
        /// The node that missed it.
        node: Address,
        /// Transaction.
        signature: Signature,
    },
    /// A lease goes on without the audits that nobody claimed.
    AuditsLapsed {
        /// Which.
        lease: Address,
        /// Transaction.
        signature: Signature,
    },
    /// A holder that hid its root from its auditors lost its lease.
    Forfeited {
        /// The lease account.
        lease: Address,
        /// The node that hid it.
        node: Address,
        /// Transaction.
        signature: Signature,
    },
    /// An audit whose lease is not the same any more was closed.
    AuditClosed {
        /// Which.
        key: LeaseKey,
        /// Transaction.
        signature: Signature,
    },
    /// A dispute was opened.
    DisputeOpened {
        /// The dispute account.
        dispute: Address,
        /// The audit that differs.
        key: LeaseKey,
        /// Transaction.
        signature: Signature,
    },
    /// A move of a dispute was made.
    Moved {
        /// The dispute account.
        dispute: Address,
        /// For which side.
        party: Party,
        /// What kind of move.
        what: &'static str,
        /// Transaction.
        signature: Signature,
    },
    /// A dispute ended because the other side missed its turn.
    TimedOut {
        /// The dispute account.
        dispute: Address,
        /// The side that was silent.
        silent: Party,
        /// Transaction.
        signature: Signature,
    },
    /// A dispute is settled.
    DisputeSettled {
        /// The dispute account.
        dispute: Address,
        /// The side that won.
        winner: Party,
        /// Whether that is this node.
        is_own: bool,
        /// RENDER base units that the loser lost.
        taken: u64,
        /// Transaction.
        signature: Signature,
    },
    /// The account of a settled dispute was closed.
    DisputeClosed {
        /// The dispute account.
        dispute: Address,
        /// Transaction.
        signature: Signature,
    },
    /// A root is public; a lease's blob is in the store.
    Revealed {
        /// Of which lease.
        key: LeaseKey,
        /// SHA-256 of the result's bytes.
        result: [u8; 32],
        /// Transaction.
        signature: Signature,
    },
    /// A lease is paid.
    Accepted {
        /// Which.
        key: LeaseKey,
        /// Credits.
        value: u64,
        /// Transaction; `None` when someone else sent it.
        signature: Option<Signature>,
    },
    /// A lease was given back.
    Returned {
        /// Which.
        key: LeaseKey,
        /// Why.
        reason: String,
        /// Transaction.
        signature: Signature,
    },
    /// A lease is not this worker's any more.
    Lost {
        /// Which.
        key: LeaseKey,
        /// Why.
        reason: String,
    },
    /// A missed deadline was marked.
    Expired {
        /// The lease account.
        lease: Address,
        /// The node that missed it.
        node: Address,
        /// Transaction.
        signature: Signature,
    },
    /// A job is left alone.
    PassedOver {
        /// Which.
        job: Address,
        /// Why.
        reason: String,
    },
    /// A probe was opened.
    ProbeOpened {
        /// The probe account.
        probe: Address,
        /// The probed node.
        node: Address,
        /// The slot it was due at.
        slot: u64,
        /// Transaction.
        signature: Signature,
    },
    /// A probe that was not answered in time was taken from its node.
    ProbeExpired {
        /// The probe account.
        probe: Address,
        /// The probed node.
        node: Address,
        /// Transaction.
        signature: Signature,
    },
    /// A probe is counted and closed.
    ProbeFinished {
        /// The probe account.
        probe: Address,
        /// The probed node.
        node: Address,
        /// How it ended; `None` where the chain's node keeps no record of transactions.
        outcome: Option<Outcome>,
        /// Points that the node earned.
        points: u64,
        /// Transaction.
        signature: Signature,
    },
    /// A measure of another node's bandwidth was committed to.
    Measured {
        /// The probe account.
        probe: Address,
        /// The measured node.
        node: Address,
        /// Mbit/s.
        mbps: u32,
        /// Transaction.
        signature: Signature,
    },
    /// A measure was shown.
    MeasureShown {
        /// The probe account.
        probe: Address,
        /// Mbit/s.
        mbps: u32,
        /// Transaction.
        signature: Signature,
    },
    /// An epoch began.
    EpochOpened {
        /// Its number.
        number: u64,
    },
    /// An epoch's pools are fixed.
    EpochClosed {
        /// Its number.
        number: u64,
    },
    /// This node's share of an epoch was minted.
    ShareClaimed {
        /// The epoch's number.
        number: u64,
        /// RENDER base units.
        amount: u64,
        /// Transaction.
        signature: Signature,
    },
    /// Rent of lease accounts came back.
    RentReclaimed {
        /// How many accounts were closed.
        leases: usize,
        /// Transaction.
        signature: Signature,
    },
    /// A job's record of an epoch is closed: its requester has the rebate, and this node its rent.
    JobRecordClosed {
        /// The job account.
        job: Address,
        /// The epoch's number.
        number: u64,
    },
    /// The chain refused something; the worker looks again and goes on.
    Refused {
        /// What.
        what: &'static str,
        /// The chain's sentence.
        reason: String,
    },
}

impl fmt::Display for Done {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed { key, job, index, .. } => {
                write!(formatter, "claimed lease {index} of job {job} (attempt {}, {})", key.attempt, key.lease)
            }
            Self::Rendered { key, units, .. } => write!(formatter, "rendered {units} units of {key}"),
            Self::Committed { key, slot, .. } => write!(formatter, "committed to {key} in slot {slot}"),
            Self::Drawn { key, audits: 0, .. } => write!(formatter, "{key} was not picked for an audit"),
            Self::Drawn { key, audits, .. } => write!(formatter, "{key} was picked for {audits} audits"),
            Self::AuditClaimed { key, job, .. } => write!(formatter, "claimed {key} of job {job}"),
            Self::AuditExpired { key, node, .. } => {
                write!(formatter, "marked the missed deadline of {key} by node {node}")
            }
            Self::AuditsLapsed { lease, .. } => {
                write!(formatter, "lease {lease} goes on without the audits that nobody claimed")
            }
            Self::Forfeited { lease, node, .. } => {
                write!(formatter, "node {node} hid its root from its auditors and forfeits lease {lease}")
            }
            Self::AuditClosed { key, .. } => write!(formatter, "closed {key}, which is out of date"),
            Self::DisputeOpened { dispute, key, .. } => {
                write!(formatter, "{key} differs from its lease's root: opened dispute {dispute}")
            }
            Self::Moved { dispute, party, what, .. } => {
                write!(formatter, "dispute {dispute}: moved as the {} ({what})", party_name(*party))
            }
            Self::TimedOut { dispute, silent, .. } => {
                write!(formatter, "dispute {dispute}: the {} missed its turn", party_name(*silent))
            }
            Self::DisputeSettled { dispute, winner, is_own, taken, .. } => {
                let whose = if *is_own { ", this node" } else { "" };
                let (winner, taken) = (party_name(*winner), crate::amount::render(*taken));
                write!(formatter, "dispute {dispute}: the {winner}{whose} won; the loser lost {taken} RENDER")
            }
            Self::DisputeClosed { dispute, .. } => write!(formatter, "closed dispute {dispute}"),
            Self::Revealed { key, .. } => write!(formatter, "revealed the root of {key}"),
            Self::Accepted { key, value, .. } => write!(formatter, "{key} is accepted: {value} credits"),
            Self::Returned { key, reason, .. } => write!(formatter, "gave back {key}: {reason}"),
            Self::Lost { key, reason } => write!(formatter, "{key} is gone: {reason}"),
            Self::Expired { lease, node, .. } => {
                write!(formatter, "marked the missed deadline of lease {lease} by node {node}")
            }
            Self::PassedOver { job, reason } => write!(formatter, "left job {job} alone: {reason}"),
            Self::ProbeOpened { probe, node, slot, .. } => {
                write!(formatter, "opened probe {probe} of node {node}, due at slot {slot}")
            }
            Self::ProbeExpired { probe, node, .. } => {
                write!(formatter, "marked that node {node} did not answer probe {probe}")
            }
            Self::ProbeFinished { probe, node, outcome, points, .. } => {
                let outcome = match outcome {
                    Some(Outcome::Passed) => format!("passed, {points} points"),
                    Some(Outcome::NotAnswered) => "not answered".into(),
                    Some(Outcome::Hidden) => "committed to and not revealed".into(),
                    Some(Outcome::Disproved) => "disproved".into(),
                    None => "over".into(),
                };
                write!(formatter, "probe {probe} of node {node}: {outcome}")
            }
            Self::Measured { probe, node, mbps, .. } => {
                write!(formatter, "measured {mbps} Mbit/s of node {node} for probe {probe}")
            }
            Self::MeasureShown { probe, mbps, .. } => {
                write!(formatter, "showed a measure of {mbps} Mbit/s for probe {probe}")
            }
            Self::EpochOpened { number } => write!(formatter, "opened epoch {number}"),
            Self::EpochClosed { number } => write!(formatter, "closed epoch {number}"),
            Self::ShareClaimed { number, amount, .. } => {
                write!(formatter, "claimed {} RENDER of epoch {number}", crate::amount::render(*amount))
            }
            Self::RentReclaimed { leases, .. } => write!(formatter, "reclaimed the rent of {leases} lease accounts"),
            Self::JobRecordClosed { job, number } => {
                write!(formatter, "claimed the rebate of job {job} for epoch {number} and closed its record")
            }
            Self::Refused { what, reason } => write!(formatter, "the chain refused {what}: {reason}"),
        }
    }
}
