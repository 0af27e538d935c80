//! Stakes: what a node has at risk, in RENDER base units.
//!
//! * Deposits count at once. Unbonding takes `unbonding_seconds` (14 days) and stays slashable; a second unbonding joins the
//!   first and **restarts the whole period for both**, so that no amount ever leaves sooner than a full period after it
//!   stopped securing work. Withdrawal is possible at `t >= unbonding_until`.
//! * A slash takes from the stake first, then from what is unbonding, never more than both. What is slashed stays in the
//!   vault until it is burned, except the finder's fee, which becomes stake of whoever showed the fault.
//! * Law L4 per node: vault = staked + unbonding + slashed, see [`Stake::held`].
//! * A node may work at or above `min_stake`. A missed deadline costs `expiry_penalty_bps` of `min_stake`, rounded up and bounded by
//!   what the node has: the same for a large and a small node, since the lost lease is the same.

use crate::amount::{self, Round};
use crate::error::MarketError;

/// The parameters of stakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StakeRules {
    /// Least stake of a node that may work, in base units.
    pub min_stake: u64,
    /// How long unbonding takes, in seconds.
    pub unbonding_seconds: i64,
    /// Penalty for a missed deadline, as bps of `min_stake`.
    pub expiry_penalty_bps: u64,
}

/// The stake of one node, in base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stake {
    /// Secures work and counts in the race.
    pub staked: u64,
    /// Leaves at `unbonding_until`; slashable until then.
    pub unbonding: u64,
    /// Unix seconds; meaningless while `unbonding` is zero.
    pub unbonding_until: i64,
    /// Taken by slashes and not burned yet.
    pub slashed: u64,
}

impl Stake {
    /// Adds to the stake.
    pub fn deposit(self, amount: u64) -> Result<Self, MarketError> {
        if amount == 0 {
            return Err(MarketError::NoAmount);
        }
        let after = Self { staked: amount::add(self.staked, amount)?, ..self };
        after.held()?; // the vault's balance must stay a u64
        Ok(after)
    }

    /// Starts unbonding, and restarts the period of what was unbonding already.
    pub fn begin_unbonding(self, amount: u64, now: i64, rules: &StakeRules) -> Result<Self, MarketError> {
        if amount == 0 {
            return Err(MarketError::NoAmount);
        }
        Ok(Self {
            staked: self.staked.checked_sub(amount).ok_or(MarketError::StakeTooSmall)?,
            unbonding: amount::add(self.unbonding, amount)?,
            unbonding_until: amount::later(now, rules.unbonding_seconds)?,
            slashed: self.slashed,
        })
    }

    /// Pays out all that has finished unbonding.
    pub fn withdraw(self, now: i64) -> Result<(Self, u64), MarketError> {
        if self.unbonding == 0 {
            return Err(MarketError::NothingUnbonding);
        }
        if now < self.unbonding_until {
            return Err(MarketError::StillUnbonding);
        }
        Ok((Self { unbonding: 0, unbonding_until: 0, ..self }, self.unbonding))
    }

    /// Takes a penalty, stake first, then what is unbonding; gives back how much it could take.
    pub fn slash(self, penalty: u64) -> Result<(Self, u64), MarketError> {
        let from_staked = penalty.min(self.staked);
        let from_unbonding = amount::sub(penalty, from_staked)?.min(self.unbonding);
        let taken = amount::add(from_staked, from_unbonding)?;
        let after = Self {
            staked: amount::sub(self.staked, from_staked)?,
            unbonding: amount::sub(self.unbonding, from_unbonding)?,
            unbonding_until: self.unbonding_until,
            slashed: amount::add(self.slashed, taken)?,
        };
        Ok((after, taken))
    }

    /// Takes a penalty like [`Stake::slash`], of which `fee_bps`, rounded down, goes to whoever showed the fault and the rest to the
    /// burn. Gives back how much was taken and how much of that is the fee; the caller puts the fee where it belongs.
    pub fn slash_for(self, penalty: u64, fee_bps: u64) -> Result<(Self, u64, u64), MarketError> {
        let (after, taken) = self.slash(penalty)?;
        let fee = amount::bps_of(taken, fee_bps, Round::Down)?;
        Ok((Self { slashed: amount::sub(after.slashed, fee)?, ..after }, taken, fee))
    }

    /// Hands all that was slashed to the burn.
    pub fn burn_slashed(self) -> Result<(Self, u64), MarketError> {
        if self.slashed == 0 {
            return Err(MarketError::NoAmount);
        }
        Ok((Self { slashed: 0, ..self }, self.slashed))
    }

    /// What the vault holds for this node.
    pub fn held(&self) -> Result<u64, MarketError> {
        amount::add(amount::add(self.staked, self.unbonding)?, self.slashed)
    }

    /// Whether the stake suffices to claim work.
    pub fn check_may_work(&self, rules: &StakeRules) -> Result<(), MarketError> {
        if self.staked < rules.min_stake { Err(MarketError::StakeTooSmall) } else { Ok(()) }
    }

    /// The penalty for a missed deadline, in base units.
    pub fn expiry_penalty(&self, rules: &StakeRules) -> Result<u64, MarketError> {
        let penalty = amount::bps_of(rules.min_stake, rules.expiry_penalty_bps, Round::Up)?;
        Ok(penalty.min(amount::add(self.staked, self.unbonding)?))
    }
}
