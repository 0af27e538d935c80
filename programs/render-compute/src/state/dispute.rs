//! The bisection game over one lease: who plays, what is agreed, what is denied, whose turn it is.

use crate::{
    constants::{STATEMENT_BYTES, STEP_PARTS},
    errors::{RenderError, refused},
};
use anchor_lang::prelude::*;
use market_model::{
    MarketError,
    dispute::{DisputeRules, Game, Stage, Verdict},
};

/// A dispute. `stage` and `posted` say whose turn it is, `low` and `high` what is agreed and denied; see `market_model::dispute`.
#[account]
pub struct Dispute {
    /// The [`Lease`](super::Lease).
    pub lease: Address,
    /// Its job.
    pub job: Address,
    /// Who paid the rent and receives it back.
    pub payer: Address,
    /// The node that revealed the root.
    pub defender: Address,
    /// Who denies it: the auditor's node, or the wallet that posted the bond.
    pub challenger: Address,
    /// Signs the defender's moves: its node's identity.
    pub defender_key: Address,
    /// Signs the challenger's moves: its node's identity, or its wallet.
    pub challenger_key: Address,
    /// The [`Audit`](super::Audit) that differs; zero for a challenge with a bond.
    pub audit: Address,
    /// The program that executes the disputed step.
    pub referee: Address,
    /// The job's statement.
    pub statement: [u8; STATEMENT_BYTES],
    /// Root of the tree or subtree under dispute: over units, then over a unit's trace.
    pub root: [u8; 32],
    /// Hash of the state that both sides take for right.
    pub low: [u8; 32],
    /// Hash of the later state that the defender claims and the challenger denies.
    pub high: [u8; 32],
    /// The disputed unit's output as the defender claims it.
    pub output: [u8; 32],
    /// Root of the disputed unit's trace as the defender claims it.
    pub trace: [u8; 32],
    /// RENDER base units that the challenger put up.
    pub bond: u64,
    /// RENDER base units that the vault owes the challenger's wallet.
    pub owed: u64,
    /// RENDER base units of the bond that are to be burned.
    pub forfeited: u64,
    /// The disputed unit; the lease's first unit while the stage is `Units`.
    pub unit: u64,
    /// First leaf or step still under dispute.
    pub first: u64,
    /// Leaves or steps still under dispute.
    pub count: u64,
    /// Segments of the disputed unit's trace.
    pub segments: u64,
    /// Steps of one segment.
    pub segment_steps: u64,
    /// The disputed segment of the unit, from 0, once the game has come down to one (stages `Segment`, `Steps` and `Step`):
    /// it begins at boundary `segment` and ends at boundary `segment + 1`. Players need it to know which states `low` and `high` are.
    pub segment: u64,
    /// When it was opened, unix seconds.
    pub opened_at: i64,
    /// Latest moment of the next move.
    pub deadline: i64,
    /// Hashes that the defender posted last.
    pub hashes: [[u8; 32]; STEP_PARTS - 1],
    /// Number among the lease's disputes, from 0.
    pub number: u32,
    /// Moves made.
    pub moves: u32,
    /// Time for one move, as the network had it at the opening; a move need not name the network then.
    pub turn_seconds: u32,
    /// Attempt of the lease.
    pub attempt: u16,
    /// Code of `market_model::dispute::Stage`.
    pub stage: u8,
    /// Hashes that wait for the challenger's pick; 0 while the defender is to move.
    pub posted: u8,
    /// Code of `market_model::dispute::Verdict`.
    pub verdict: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 21],
}

/// Bytes for the referee: the state before the disputed step and the words of memory that the step reads. Its author writes them
/// behind this header piece by piece, because they are more than a transaction holds.
#[account]
pub struct Evidence {
    /// Who writes it, paid the rent and receives it back.
    pub author: Address,
    /// The [`Dispute`].
    pub dispute: Address,
}

impl Dispute {
    /// The game of `market_model::dispute` as it stands.
    pub fn game(&self) -> Result<Game> {
        Ok(Game {
            stage: Stage::try_from(self.stage).map_err(refused)?,
            verdict: Verdict::try_from(self.verdict).map_err(refused)?,
            unit: self.unit,
            first: self.first,
            count: self.count,
            posted: self.posted,
            segments: self.segments,
            segment_steps: self.segment_steps,
            segment: self.segment,
            deadline: self.deadline,
        })
    }

    /// The rules that it is played by.
    pub fn rules(&self) -> DisputeRules {
        DisputeRules { turn_seconds: i64::from(self.turn_seconds) }
    }

    /// Takes over what a rule made of the game.
    pub fn set_game(&mut self, game: &Game) {
        self.stage = game.stage.into();
        self.verdict = game.verdict.into();
        self.unit = game.unit;
        self.first = game.first;
        self.count = game.count;
        self.posted = game.posted;
        self.segments = game.segments;
        self.segment_steps = game.segment_steps;
        self.segment = game.segment;
        self.deadline = game.deadline;
    }

    /// Takes over what a party's move made of the game.
    pub fn moved(&mut self, game: &Game) {
        self.set_game(game);
        self.moves = self.moves.saturating_add(1);
    }

    /// Whether an audit opened it, and not a wallet with a bond.
    pub fn is_by_audit(&self) -> bool {
        self.audit != Address::default()
    }

    /// Hash number `index` of those that wait for a pick.
    pub fn posted_hash(&self, index: usize) -> Result<[u8; 32]> {
        let posted = self.hashes.get(..usize::from(self.posted)).and_then(|hashes| hashes.get(index));
        posted.copied().ok_or_else(|| refused(MarketError::NoSuchPart))
    }

    /// Refuses a key that does not sign the defender's moves.
    pub fn require_defender(&self, key: &Address) -> Result<()> {
        require!(self.defender_key == *key, RenderError::NotDefender);
        Ok(())
    }

    /// Refuses a key that does not sign the challenger's moves.
    pub fn require_challenger(&self, key: &Address) -> Result<()> {
        require!(self.challenger_key == *key, RenderError::NotChallenger);
        Ok(())
    }
}
