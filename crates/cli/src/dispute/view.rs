//! Owns how a dispute is shown.

use market_model::dispute::{Stage, Verdict};
use render_compute::state::Dispute;
use render_compute_client::dispute::{describe, game_of, party_name};
use render_compute_client::{Address, account};
use serde::Serialize;

use super::read;
use crate::output::{facts, table};
use crate::{CliError, Context};

/// A dispute as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DisputeView {
    /// Its account.
    pub dispute: String,
    /// The disputed lease.
    pub lease: String,
    /// Its job.
    pub job: String,
    /// The node that revealed the root.
    pub defender: String,
    /// The auditor's node, or the wallet with the bond.
    pub challenger: String,
    /// The audit that differs; none where a wallet challenges.
    pub audit: Option<String>,
    /// `units`, `unit`, `segments`, `segment`, `steps`, `step`, `decided` or `settled`.
    pub stage: &'static str,
    /// `defender` or `challenger`; none once it is decided.
    pub turn: Option<&'static str>,
    /// Latest moment of the next move.
    pub deadline_unix_seconds: i64,
    /// Moves made.
    pub moves: u32,
    /// The disputed unit, once there is one.
    pub unit: u64,
    /// The disputed segment of the unit, once there is one.
    pub segment: u64,
    /// First leaf or step under dispute.
    pub first: u64,
    /// Leaves or steps under dispute.
    pub count: u64,
    /// `open`, `defender wins`, `challenger wins`, `defender silent` or `challenger silent`.
    pub verdict: &'static str,
    /// Put up by the challenger's wallet.
    pub bond_render_base_units: u64,
    /// Owed to the challenger's wallet.
    pub owed_render_base_units: u64,
    /// Of the bond, to be burned.
    pub forfeited_render_base_units: u64,
    #[serde(skip)]
    lines: Vec<(&'static str, String)>,
}

/// Every dispute that was not closed, the latest first.
pub async fn list(context: &Context<'_>) -> Result<Vec<DisputeView>, CliError> {
    let mut disputes = account::disputes(context.chain).await?;
    disputes.sort_by_key(|(address, dispute)| (std::cmp::Reverse(dispute.opened_at), *address));
    let now = context.chain.clock().await?.unix_timestamp;
    disputes.iter().map(|(address, dispute)| DisputeView::new(address, dispute, now)).collect()
}

/// One dispute.
pub async fn show(context: &Context<'_>, dispute: &Address) -> Result<DisputeView, CliError> {
    let state = read(context, dispute).await?;
    DisputeView::new(dispute, &state, context.chain.clock().await?.unix_timestamp)
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Units => "units",
        Stage::Unit => "unit",
        Stage::Segments => "segments",
        Stage::Segment => "segment",
        Stage::Steps => "steps",
        Stage::Step => "step",
        Stage::Decided => "decided",
        Stage::Settled => "settled",
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::None => "open",
        Verdict::DefenderWins => "defender wins",
        Verdict::ChallengerWins => "challenger wins",
        Verdict::DefenderSilent => "defender silent",
        Verdict::ChallengerSilent => "challenger silent",
    }
}

impl DisputeView {
    pub(super) fn new(address: &Address, dispute: &Dispute, now: i64) -> Result<Self, CliError> {
        let damaged = |error: render_compute_client::dispute::PlayError| {
            CliError::operation(format!("the dispute at {address} cannot be read: {error}"))
        };
        let game = game_of(dispute).map_err(damaged)?;
        Ok(Self {
            dispute: address.to_string(),
            lease: dispute.lease.to_string(),
            job: dispute.job.to_string(),
            defender: dispute.defender.to_string(),
            challenger: dispute.challenger.to_string(),
            audit: dispute.is_by_audit().then(|| dispute.audit.to_string()),
            stage: stage_name(game.stage),
            turn: game.turn().map(party_name),
            deadline_unix_seconds: dispute.deadline,
            moves: dispute.moves,
            unit: game.unit,
            segment: game.segment,
            first: game.first,
            count: game.count,
            verdict: verdict_name(game.verdict),
            bond_render_base_units: dispute.bond,
            owed_render_base_units: dispute.owed,
            forfeited_render_base_units: dispute.forfeited,
            lines: describe(dispute, now).map_err(damaged)?,
        })
    }

    pub(super) fn text(&self) -> String {
        let mut pairs = vec![("dispute", self.dispute.clone())];
        pairs.extend(self.lines.iter().cloned());
        facts(&pairs)
    }

    /// One line of what is under dispute and whose turn it is.
    pub(super) fn sentence(&self) -> String {
        let value = |wanted: &str| {
            let line = self.lines.iter().find(|(name, _)| *name == wanted);
            line.map(|(_, value)| value.clone())
        };
        let stage = value("stage").unwrap_or_default();
        match value("verdict").or(value("turn")) {
            Some(next) => format!("{stage}; {next}"),
            None => stage,
        }
    }
}

pub(super) fn text_of_all(disputes: &[DisputeView]) -> String {
    let rows: Vec<[String; 6]> = disputes
        .iter()
        .map(|view| {
            [
                view.dispute.clone(),
                view.lease.clone(),
                view.stage.to_owned(),
                view.turn.unwrap_or_default().to_owned(),
                view.moves.to_string(),
                view.verdict.to_owned(),
            ]
        })
        .collect();
    table(["dispute", "lease", "stage", "turn", "moves", "verdict"], &rows)
}
