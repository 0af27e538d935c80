//! One machine: its identity, stake, capabilities and record.

use super::{Remembered, outcome::remember};
use crate::{constants::OUTCOMES, errors::refused};
use anchor_lang::prelude::*;
use market_model::{
    audit,
    maintenance::Maintenance,
    probe::Ratings,
    reputation::{Reason, Reputation, ReputationRules},
    stake::Stake,
    tier::{self, Standing, Tier},
};

/// A node. Written only by its own instructions.
#[account]
pub struct Node {
    /// Key that the machine signs with.
    pub identity: Address,
    /// Wallet of its operator.
    pub operator: Address,
    /// RENDER at stake, base units.
    pub stake: u64,
    /// RENDER on its way out; still slashable.
    pub unbonding: u64,
    /// When `unbonding` can be withdrawn, unix seconds.
    pub unbonding_until: i64,
    /// RENDER slashed and not burned from the vault yet.
    pub slashed: u64,
    /// RENDER ever slashed.
    pub slashed_total: u64,
    /// Sum of the penalties of what the node holds, RENDER base units; a claim needs stake above it.
    pub exposure: u64,
    /// Slot of registration; bound into commitments so that a key's earlier life cannot be replayed.
    pub registered_slot: u64,
    /// Slot of the latest deposit. For jobs opened before it the node comes last in the race: else identities could be made, or
    /// stake moved, to fit a seed that is known already.
    pub staked_slot: u64,
    /// When reputation was last updated, unix seconds.
    pub reputation_at: i64,
    /// Least credits per work measure that the node works for; per class.
    pub asks: [u64; 2],
    /// Leases accepted.
    pub leases_accepted: u64,
    /// Credits of accepted work, all time.
    pub credits_accepted: u64,
    /// Compute rating as declared, 1e9 int8 operations a second; a passed probe proves it.
    pub rated_compute: u64,
    /// Sequential hash rate of one core as declared, 1e3 a second; a passed probe proves it.
    pub rated_clock: u64,
    /// Bandwidth as peers measured it, Mbit/s: the median of the latest probe that had enough of them.
    pub measured_bandwidth: u64,
    /// The latest slot for which a probe was opened; of the enrolment before.
    pub probed_slot: u64,
    /// Latest probe passed, unix seconds; 0 before.
    pub proved_at: i64,
    /// Announced maintenance: from, unix seconds.
    pub maintenance_from: i64,
    /// Announced maintenance: until, unix seconds.
    pub maintenance_until: i64,
    /// Epoch that `maintenance_used` counts in.
    pub maintenance_epoch: u64,
    /// Latest epoch that the tier was reviewed by.
    pub reviewed_epoch: u64,
    /// Its last outcomes, the latest first.
    pub outcomes: [Remembered; OUTCOMES],
    /// Leases that ran past their deadline.
    pub leases_expired: u32,
    /// Leases given back.
    pub leases_returned: u32,
    /// Leases and audits held now.
    pub leases_held: u32,
    /// Disputes lost.
    pub disputes_lost: u32,
    /// Audits that were found to agree.
    pub audits_accepted: u32,
    /// Leases that may be held at once.
    pub capacity: u32,
    /// Memory of the accelerator, MiB, as declared.
    pub memory_mib: u32,
    /// Standing, basis points with 16 fraction bits; 5,000 is neutral.
    pub reputation: u32,
    /// Probes opened so far; the next one's number.
    pub probes: u32,
    /// Seconds of maintenance announced in `maintenance_epoch`.
    pub maintenance_used: u32,
    /// Region by the operator's word, see `market_model::region`; 0 unknown.
    pub region: u16,
    /// Share of the time the node answered, basis points.
    pub uptime_bps: u16,
    /// Least requester's reputation it works for, basis points.
    pub minimum_requester_reputation: u16,
    /// Port that peers measure its bandwidth at; 0 for none.
    pub port: u16,
    /// IPv6 address (or mapped IPv4) that peers measure its bandwidth at; zero for none.
    pub address: [u8; 16],
    /// 1 while probes of it may be opened.
    pub enrolled: u8,
    /// 1 while a probe of it is open.
    pub is_probed: u8,
    /// One of the `TIER_*` constants.
    pub tier: u8,
    /// Good epochs in a row.
    pub good_epochs: u8,
    /// Bad epochs in a row.
    pub bad_epochs: u8,
    /// Bit per class the node works for.
    pub classes: u8,
    /// 1 while the node takes no new leases.
    pub draining: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 71],
    /// Name of the accelerator as the worker found it, zero-padded.
    pub hardware: [u8; 32],
}

impl Node {
    /// The stake by the rules' names.
    pub fn stake_model(&self) -> Stake {
        Stake {
            staked: self.stake,
            unbonding: self.unbonding,
            unbonding_until: self.unbonding_until,
            slashed: self.slashed,
        }
    }

    /// Takes over what a rule made of the stake.
    pub fn set_stake(&mut self, stake: &Stake) {
        self.stake = stake.staked;
        self.unbonding = stake.unbonding;
        self.unbonding_until = stake.unbonding_until;
        self.slashed = stake.slashed;
    }

    /// The reputation by the rules' names.
    pub fn reputation_model(&self) -> Reputation {
        Reputation { score: u64::from(self.reputation), updated_at: self.reputation_at }
    }

    /// Moves the reputation by an outcome worth `credits`, and remembers why. Without credits it is only remembered.
    pub fn remember(&mut self, reason: Reason, credits: u64, now: i64, rules: &ReputationRules) -> Result<()> {
        let after = self.reputation_model().update(reason, credits, now, rules).map_err(refused)?;
        self.reputation = u32::try_from(after.score).map_err(|_| Error::ArithmeticOverflow)?;
        self.reputation_at = after.updated_at;
        remember(&mut self.outcomes, reason, self.reputation, now);
        Ok(())
    }

    /// The tier by the rules' names.
    pub fn standing(&self) -> Result<Standing> {
        Ok(Standing { tier: Tier::try_from(self.tier).map_err(refused)?, good: self.good_epochs, bad: self.bad_epochs })
    }

    /// Takes over what a rule made of the tier.
    pub fn set_standing(&mut self, standing: &Standing) {
        self.tier = standing.tier.code();
        self.good_epochs = standing.good;
        self.bad_epochs = standing.bad;
    }

    /// Loses a dispute: its record says so, its reputation falls, and it is of the economy tier from now.
    pub fn lose_dispute(&mut self, credits: u64, now: i64, rules: &ReputationRules) -> Result<()> {
        self.remember(Reason::DisputeLost, credits, now, rules)?;
        self.disputes_lost = self.disputes_lost.saturating_add(1);
        self.set_standing(&tier::after_lost_dispute(self.standing()?));
        Ok(())
    }

    /// Takes on a lease or an audit whose penalty the stake must cover with those of all else it holds.
    pub fn hold(&mut self, penalty: u64) -> Result<()> {
        self.exposure = audit::cover(self.stake, self.exposure, penalty).map_err(refused)?;
        self.leases_held = self.leases_held.checked_add(1).ok_or(Error::ArithmeticOverflow)?;
        Ok(())
    }

    /// Lets go of a lease or an audit that it held under this penalty.
    pub fn release(&mut self, penalty: u64) {
        self.exposure = self.exposure.saturating_sub(penalty);
        self.leases_held = self.leases_held.saturating_sub(1);
    }

    /// Takes a penalty of which `fee_bps` goes to whoever showed the fault. Gives what was taken and how much of it is the fee.
    pub fn punish(&mut self, penalty: u64, fee_bps: u64) -> Result<(u64, u64)> {
        let (after, taken, fee) = self.stake_model().slash_for(penalty, fee_bps).map_err(refused)?;
        self.set_stake(&after);
        self.slashed_total = self.slashed_total.saturating_add(taken);
        Ok((taken, fee))
    }

    /// What a probe opened now would prove.
    pub fn ratings(&self) -> Ratings {
        Ratings {
            compute: self.rated_compute,
            memory_mib: u64::from(self.memory_mib),
            clock: self.rated_clock,
            bandwidth: self.measured_bandwidth,
        }
    }

    /// The announced maintenance.
    pub fn maintenance(&self) -> Maintenance {
        Maintenance { from: self.maintenance_from, until: self.maintenance_until }
    }

    /// Whether the node works for `class`.
    pub fn serves(&self, class: u8) -> bool {
        self.classes & (1u8.wrapping_shl(u32::from(class))) != 0
    }
}
