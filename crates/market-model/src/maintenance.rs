//! Maintenance: time that a node announces to be away. While it lasts no probe of the node is opened and it claims no work; nothing
//! that it holds is excused.
//!
//! * `notice_seconds` lie between the announcement and the beginning, so that a node that sees a probe coming cannot step aside.
//! * At most `most_seconds` are announced in an epoch. Announced is used: a period that is called off or replaced gives nothing back, else
//!   a node could keep one at hand for ever. A period that reaches into the next epoch counts where it was announced.
//! * A new announcement replaces the one before, also while it lasts.
//!
//! Times are unix seconds; the period is [from, until).

use crate::amount;
use crate::error::MarketError;

/// The parameters of maintenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaintenanceRules {
    /// From the announcement to the beginning, at least.
    pub notice_seconds: i64,
    /// Most seconds announced in an epoch.
    pub most_seconds: i64,
}

/// An announced period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// First second.
    pub from: i64,
    /// First second after it; not later than `from` where there is none.
    pub until: i64,
}

impl Maintenance {
    /// Whether it lasts at `now`.
    pub fn lasts(&self, now: i64) -> bool {
        self.from <= now && now < self.until
    }
}

/// Announces a period at `now`, in an epoch in which `used` seconds were announced before. Gives the seconds used after it.
pub fn announce(period: Maintenance, now: i64, used: i64, rules: &MaintenanceRules) -> Result<i64, MarketError> {
    if period.until <= period.from {
        return Err(MarketError::MaintenanceEmpty);
    }
    if period.from < amount::later(now, rules.notice_seconds)? {
        return Err(MarketError::MaintenanceTooSoon);
    }
    let length = period.until.checked_sub(period.from).ok_or(MarketError::Overflow)?;
    let after = amount::later(used, length)?;
    if after > rules.most_seconds { Err(MarketError::MaintenanceTooLong) } else { Ok(after) }
}
