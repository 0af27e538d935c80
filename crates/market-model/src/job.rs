//! Jobs: what an order is, how it is cut into leases, what it escrows, and when it ends.
//!
//! * A unit is the smallest deliverable piece, all units of a job have one price in credit units, and a lease is a contiguous
//!   range of `units_per_lease` units; the last lease holds the rest. At most [`MAX_LEASES`] leases, so that a job's leases
//!   fit one bit map.
//! * Escrow = units x (price + premium per unit), exact. Amounts of the leases sum to it exactly, so there is no dust (law L3).
//!   The premium pays for audits, see [`crate::audit`], and is spent with the lease whether it was audited or not.
//! * Times: a lease may be claimed while the job is open and `now <= deadline`. A lease that was claimed in time runs to its
//!   own end. A job closes when no lease is in flight and all are accepted, or it was cancelled, or its deadline has passed
//!   (`now > deadline`); what was not spent is refunded.

use crate::amount;
use crate::error::MarketError;

/// Most leases of one job.
pub const MAX_LEASES: u64 = 1_024;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStatus {
    /// Its leases may be claimed until the deadline.
    Open,
    /// The requester withdrew what was not claimed yet; leases in flight are finished and paid.
    Cancelled,
    /// Settled: its escrow is empty.
    Closed,
}

impl From<JobStatus> for u8 {
    fn from(status: JobStatus) -> u8 {
        match status {
            JobStatus::Open => 0,
            JobStatus::Cancelled => 1,
            JobStatus::Closed => 2,
        }
    }
}

impl TryFrom<u8> for JobStatus {
    type Error = MarketError;

    fn try_from(code: u8) -> Result<Self, MarketError> {
        match code {
            0 => Ok(JobStatus::Open),
            1 => Ok(JobStatus::Cancelled),
            2 => Ok(JobStatus::Closed),
            _ => Err(MarketError::UnknownState),
        }
    }
}

/// The order as the requester states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobTerms {
    /// Units of the job, at least one.
    pub units: u64,
    /// Units of one lease, at least one.
    pub units_per_lease: u64,
    /// Credit units that a node earns for each accepted unit, at least one.
    pub price_per_unit: u64,
    /// Credit units that each accepted unit pays for audits, see [`crate::audit::AuditRules::premium_per_unit`].
    pub premium_per_unit: u64,
}

/// A contiguous range of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitRange {
    /// First unit of the range.
    pub first: u64,
    /// How many units it holds, at least one.
    pub count: u64,
}

/// What follows from valid terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobPlan {
    /// Credit units to escrow.
    pub escrow: u64,
    /// Number of leases, 1 to [`MAX_LEASES`].
    pub leases: u64,
}

impl JobTerms {
    /// Checks the terms and computes escrow and lease count.
    pub fn plan(&self) -> Result<JobPlan, MarketError> {
        if self.units == 0 {
            return Err(MarketError::JobWithoutUnits);
        }
        if self.price_per_unit == 0 {
            return Err(MarketError::JobWithoutPrice);
        }
        let leases = self.leases()?;
        if leases > MAX_LEASES {
            return Err(MarketError::TooManyLeases);
        }
        let cost_per_unit = amount::add(self.price_per_unit, self.premium_per_unit)?;
        Ok(JobPlan { escrow: amount::mul(self.units, cost_per_unit)?, leases })
    }

    fn leases(&self) -> Result<u64, MarketError> {
        let full = self.units.checked_div(self.units_per_lease).ok_or(MarketError::LeaseWithoutUnits)?;
        // Cannot wrap: full x units_per_lease <= units.
        let rest = self.units.wrapping_sub(full.wrapping_mul(self.units_per_lease));
        if rest == 0 { Ok(full) } else { amount::add(full, 1) }
    }

    /// The units of lease `index`.
    pub fn lease_units(&self, index: u64) -> Result<UnitRange, MarketError> {
        let first = index.checked_mul(self.units_per_lease).ok_or(MarketError::NoSuchLease)?;
        match self.units.checked_sub(first) {
            Some(left) if left > 0 && self.units_per_lease > 0 => {
                Ok(UnitRange { first, count: left.min(self.units_per_lease) })
            }
            _ => Err(MarketError::NoSuchLease),
        }
    }

    /// Credit units that a node earns with lease `index`.
    pub fn lease_value(&self, index: u64) -> Result<u64, MarketError> {
        amount::mul(self.lease_units(index)?.count, self.price_per_unit)
    }

    /// Credit units that lease `index` pays for audits.
    pub fn lease_premium(&self, index: u64) -> Result<u64, MarketError> {
        amount::mul(self.lease_units(index)?.count, self.premium_per_unit)
    }

    /// Credit units that the acceptance of lease `index` spends: value and premium.
    pub fn lease_amount(&self, index: u64) -> Result<u64, MarketError> {
        amount::add(self.lease_value(index)?, self.lease_premium(index)?)
    }
}

/// Checks a job's deadline at its opening: after `opened_at`, and no more than `max_seconds` later.
pub fn check_deadline(opened_at: i64, deadline: i64, max_seconds: i64) -> Result<(), MarketError> {
    if deadline <= opened_at || deadline > amount::later(opened_at, max_seconds)? {
        return Err(MarketError::JobDeadlineInvalid);
    }
    Ok(())
}

/// Whether leases of the job may be claimed at `now`.
pub fn check_claimable(status: JobStatus, deadline: i64, now: i64) -> Result<(), MarketError> {
    match status {
        JobStatus::Open if now <= deadline => Ok(()),
        JobStatus::Open => Err(MarketError::JobDeadlinePassed),
        JobStatus::Cancelled | JobStatus::Closed => Err(MarketError::JobNotOpen),
    }
}

/// The requester withdraws what is not claimed yet.
pub fn cancel(status: JobStatus) -> Result<JobStatus, MarketError> {
    match status {
        JobStatus::Open => Ok(JobStatus::Cancelled),
        JobStatus::Cancelled => Err(MarketError::JobNotOpen),
        JobStatus::Closed => Err(MarketError::JobAlreadyClosed),
    }
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobProgress {
    /// All leases of the job.
    pub leases: u64,
    /// Leases accepted.
    pub accepted: u64,
    /// Leases claimed, committed or revealed.
    pub in_flight: u64,
    /// Credit units escrowed at the opening.
    pub escrow: u64,
    /// Credit units spent on accepted leases.
    pub spent: u64,
}

/// What a closed job leaves behind, in credit units; both sum to the escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobSettlement {
    /// Spent on accepted leases.
    pub spent: u64,
    /// Returned to the requester.
    pub refund: u64,
}

/// Closes a job and says what is refunded.
pub fn close(status: JobStatus, progress: &JobProgress, deadline: i64, now: i64) -> Result<JobSettlement, MarketError> {
    if amount::add(progress.accepted, progress.in_flight)? > progress.leases {
        return Err(MarketError::ProgressInvalid);
    }
    if status == JobStatus::Closed {
        return Err(MarketError::JobAlreadyClosed);
    }
    if progress.in_flight > 0 {
        return Err(MarketError::LeasesInFlight);
    }
    if status == JobStatus::Open && progress.accepted < progress.leases && now <= deadline {
        return Err(MarketError::JobStillOpen);
    }
    let refund = progress.escrow.checked_sub(progress.spent).ok_or(MarketError::EscrowTooSmall)?;
    Ok(JobSettlement { spent: progress.spent, refund })
}
