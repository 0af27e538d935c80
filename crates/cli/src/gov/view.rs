//! Owns how a proposal is shown.

use market_model::amount::WHOLE_BPS;
use market_model::governance::Stage;
use market_model::parameters::SPECS;
use render_compute::constants::{ACTION_AUTHORITY, ACTION_PARAMETERS, ACTION_PAUSE, ACTION_YEARS};
use render_compute::state::{Network, Proposal};
use render_compute_client::{account, address};
use serde::Serialize;

use super::{proposal, stage_name};
use crate::amount::Render;
use crate::network::areas_of;
use crate::node::printable;
use crate::output::{facts, table};
use crate::{CliError, Context};

/// Votes of one stage.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct VotesView {
    /// For it.
    pub yes_render_base_units: u64,
    /// Against it.
    pub no_render_base_units: u64,
}

/// A proposal.
#[derive(Clone, Debug, Serialize)]
pub struct ProposalView {
    /// Its number.
    pub number: u64,
    /// Its account.
    pub proposal: String,
    /// What it is called.
    pub title: String,
    /// Where its reasons stand.
    pub link: String,
    /// Who opened it.
    pub proposer: String,
    /// Where it stands.
    pub stage: &'static str,
    /// Whether it skipped the initial vote.
    pub is_emergency: bool,
    /// What it changes, one change each.
    pub changes: Vec<String>,
    /// When it was opened.
    pub opened_at_unix_seconds: i64,
    /// End of the vote or the timelock of its stage; when it was over, once it is.
    pub ends_at_unix_seconds: i64,
    /// From when its next step cannot be made any more; `null` when it is over.
    pub expires_at_unix_seconds: Option<i64>,
    /// The initial vote.
    pub initial_vote: VotesView,
    /// The final vote.
    pub final_vote: VotesView,
    /// Votes that the final vote needs of the present supply.
    pub quorum_render_base_units: u64,
    /// What happens next, and who makes it happen.
    pub next: String,
}

/// Every proposal, by number.
pub async fn list(context: &Context<'_>) -> Result<Vec<ProposalView>, CliError> {
    let network = account::network(context.chain).await?;
    let supply = account::mint(context.chain, &network.mint).await?.supply;
    let now = context.chain.clock().await?.unix_timestamp;
    let proposals = account::proposals(context.chain).await?;
    proposals.iter().map(|(_, proposal)| ProposalView::new(proposal, &network, supply, now)).collect()
}

/// One proposal by its number.
pub async fn show(context: &Context<'_>, number: u64) -> Result<ProposalView, CliError> {
    let network = account::network(context.chain).await?;
    let supply = account::mint(context.chain, &network.mint).await?.supply;
    let now = context.chain.clock().await?.unix_timestamp;
    ProposalView::new(&proposal(context, number).await?, &network, supply, now)
}

impl ProposalView {
    fn new(proposal: &Proposal, network: &Network, supply: u64, now: i64) -> Result<Self, CliError> {
        let unknown = |_| CliError::operation("the proposal is in a state that this version does not know");
        let stage = Stage::try_from(proposal.stage).map_err(unknown)?;
        let model = proposal.model().map_err(|_| CliError::operation("the proposal's account cannot be read"))?;
        let rule = |error: market_model::MarketError| CliError::operation(error.to_string());
        let expires_at = model.expires_at().map_err(rule)?;
        let votes = |stage: usize| VotesView {
            yes_render_base_units: proposal.yes[stage],
            no_render_base_units: proposal.no[stage],
        };
        Ok(Self {
            number: proposal.number,
            proposal: address::proposal(proposal.number).to_string(),
            title: printable(&proposal.title),
            link: printable(&proposal.link),
            proposer: proposal.proposer.to_string(),
            stage: stage_name(stage),
            is_emergency: proposal.is_emergency == 1,
            changes: changes(proposal, network),
            opened_at_unix_seconds: proposal.opened_at,
            ends_at_unix_seconds: proposal.ends_at,
            expires_at_unix_seconds: (!stage.is_over()).then_some(expires_at),
            initial_vote: votes(0),
            final_vote: votes(1),
            quorum_render_base_units: model.quorum(supply).map_err(rule)?,
            next: next(proposal, stage, expires_at, now),
        })
    }

    pub(super) fn text(&self) -> String {
        let votes = |votes: &VotesView| {
            format!("{} yes, {} no", Render(votes.yes_render_base_units), Render(votes.no_render_base_units))
        };
        let kind = if self.is_emergency { "emergency, " } else { "" };
        let head = facts(&[
            ("proposal", format!("{} ({})", self.number, self.proposal)),
            ("title", self.title.clone()),
            ("link", self.link.clone()),
            ("proposer", self.proposer.clone()),
            ("stage", format!("{kind}{}", self.stage)),
            ("opened at", self.opened_at_unix_seconds.to_string()),
            ("ends at", self.ends_at_unix_seconds.to_string()),
            ("initial vote", votes(&self.initial_vote)),
            ("final vote", votes(&self.final_vote)),
            ("quorum", format!("{} of the present supply", Render(self.quorum_render_base_units))),
            ("next", self.next.clone()),
        ]);
        format!("{head}\n\nchanges\n{}", self.changes.join("\n"))
    }
}

/// What a proposal changes, with what is in force now.
fn changes(proposal: &Proposal, network: &Network) -> Vec<String> {
    let percent = |bps: u64| format!("{}.{:02} %", bps / 100, bps % 100);
    match proposal.action {
        ACTION_PARAMETERS => proposal
            .used_changes()
            .filter_map(|change| {
                let index = usize::try_from(change.subject).ok()?;
                let (spec, now) = (SPECS.get(index)?, network.parameters.get(index)?);
                Some(format!("{} from {now} to {} {}", spec.name, change.value, spec.unit))
            })
            .collect(),
        ACTION_YEARS => proposal
            .used_changes()
            .map(|change| {
                let (operations, creators) = (u64::from(change.operations_bps), u64::from(change.creators_bps));
                let nodes = WHOLE_BPS.saturating_sub(operations).saturating_sub(creators);
                format!(
                    "year {} emits {}: operations {}, creators {}, nodes {}",
                    change.subject,
                    Render(change.value),
                    percent(operations),
                    percent(creators),
                    percent(nodes)
                )
            })
            .collect(),
        ACTION_PAUSE => {
            let areas = areas_of(proposal.pause);
            let areas = if areas.is_empty() { "nothing".to_owned() } else { areas.join(", ") };
            vec![format!("exactly these areas are paused: {areas}")]
        }
        ACTION_AUTHORITY => vec![format!("the guardian becomes {}", proposal.key)],
        _ => vec!["an action that this version does not know".to_owned()],
    }
}

fn next(proposal: &Proposal, stage: Stage, expires_at: i64, now: i64) -> String {
    let number = proposal.number;
    if stage.is_over() {
        return format!("nothing; `render-compute gov close {number}` returns the rent");
    }
    if now >= expires_at {
        return format!("it has expired; anyone says so with `render-compute gov advance {number}`");
    }
    match (stage, now < proposal.ends_at) {
        (Stage::Queued, true) => format!("the timelock passes in {} seconds", proposal.ends_at - now),
        (Stage::Queued, false) => format!("anyone sends `render-compute gov execute {number}`"),
        (_, true) => format!("`render-compute gov vote {number} yes|no`, for {} more seconds", proposal.ends_at - now),
        (_, false) => format!("anyone has it counted with `render-compute gov advance {number}`"),
    }
}

pub(super) fn text_of_all(proposals: &[ProposalView]) -> String {
    let rows: Vec<[String; 6]> = proposals
        .iter()
        .map(|proposal| {
            let votes = if proposal.stage == "initial vote" { &proposal.initial_vote } else { &proposal.final_vote };
            [
                proposal.number.to_string(),
                proposal.stage.to_owned(),
                Render(votes.yes_render_base_units).to_string(),
                Render(votes.no_render_base_units).to_string(),
                proposal.ends_at_unix_seconds.to_string(),
                proposal.title.clone(),
            ]
        })
        .collect();
    table(["number", "stage", "yes", "no", "ends at", "title"], &rows)
}
