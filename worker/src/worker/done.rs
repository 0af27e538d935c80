//! What a worker reports about what it did.

use crate::journal::LeaseKey;
use render_compute_client::Signature;
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
    /// A root is public and its blob is in the store.
    Revealed {
        /// Of which lease.
        key: LeaseKey,
        /// SHA-256 of the blob.
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
            Self::Rendered { key, units, .. } => write!(formatter, "rendered {units} units of lease {}", key.lease),
            Self::Committed { key, slot, .. } => write!(formatter, "committed to lease {} in slot {slot}", key.lease),
            Self::Revealed { key, .. } => write!(formatter, "revealed the root of lease {}", key.lease),
            Self::Accepted { key, value, .. } => write!(formatter, "lease {} is accepted: {value} credits", key.lease),
            Self::Returned { key, reason, .. } => write!(formatter, "gave back lease {}: {reason}", key.lease),
            Self::Lost { key, reason } => write!(formatter, "lease {} is gone: {reason}", key.lease),
            Self::Expired { lease, node, .. } => {
                write!(formatter, "marked the missed deadline of lease {lease} by node {node}")
            }
            Self::PassedOver { job, reason } => write!(formatter, "left job {job} alone: {reason}"),
            Self::EpochOpened { number } => write!(formatter, "opened epoch {number}"),
            Self::EpochClosed { number } => write!(formatter, "closed epoch {number}"),
            Self::ShareClaimed { number, amount, .. } => {
                write!(formatter, "claimed {} RENDER of epoch {number}", crate::amount::render(*amount))
            }
            Self::RentReclaimed { leases, .. } => write!(formatter, "reclaimed the rent of {leases} lease accounts"),
            Self::Refused { what, reason } => write!(formatter, "the chain refused {what}: {reason}"),
        }
    }
}
