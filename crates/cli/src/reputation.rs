//! `reputation show`: how a node or a requester stands now, and what moved it last.

use clap::Subcommand;
use market_model::reputation::{Reason, Reputation};
use render_compute::state::{CreditAccount, Node, Remembered};
use render_compute_client::{Address, account, address};
use serde::Serialize;

use crate::output::{facts, table};
use crate::{CliError, Context};

/// Commands of reputations.
#[derive(Debug, Subcommand)]
pub enum ReputationCommand {
    /// Shows how a node or a requester stands now, and its last outcomes
    Show {
        /// A node's identity or account, or a requester's wallet or credit account
        who: Address,
    },
}

pub(crate) async fn run(context: &Context<'_>, command: ReputationCommand) -> Result<(), CliError> {
    match command {
        ReputationCommand::Show { who } => context.output.show(&show(context, &who).await?, ReputationView::text),
    }
}

/// A standing, as any client can read it from one account.
#[derive(Clone, Debug, Serialize)]
pub struct ReputationView {
    /// The account that carries it.
    pub account: String,
    /// `node` or `requester`.
    pub role: &'static str,
    /// As of now: what its last outcome left, with the decay since.
    pub score_bps: u64,
    /// As its last outcome left it.
    pub last_score_bps: u64,
    /// When that was; nothing before the first outcome.
    pub updated_at_unix_seconds: i64,
    /// The chain's time at which it was read.
    pub read_at_unix_seconds: i64,
    /// The latest first, at most eight.
    pub outcomes: Vec<OutcomeView>,
}

/// Something that moved a reputation, or was only remembered.
#[derive(Clone, Debug, Serialize)]
pub struct OutcomeView {
    /// When.
    pub at_unix_seconds: i64,
    /// Its code.
    pub reason_code: u8,
    /// In words.
    pub reason: &'static str,
    /// The score after it.
    pub score_bps: u64,
}

/// How a node or a requester stands.
pub async fn show(context: &Context<'_>, who: &Address) -> Result<ReputationView, CliError> {
    let now = context.chain.clock().await?.unix_timestamp;
    let rules = account::network(context.chain).await?.parameters().reputation_rules();
    let view = |account: &Address, role, reputation: Reputation, outcomes: &[Remembered]| {
        let decayed = reputation.decayed(now, &rules).map_err(|error| CliError::operation(error.to_string()))?;
        Ok(ReputationView {
            account: account.to_string(),
            role,
            score_bps: decayed.bps(),
            last_score_bps: reputation.bps(),
            updated_at_unix_seconds: reputation.updated_at,
            read_at_unix_seconds: now,
            outcomes: outcomes.iter().filter_map(outcome).collect(),
        })
    };
    for address in [address::node(who), *who] {
        if let Ok(Some(node)) = account::find::<Node>(context.chain, &address).await {
            return view(&address, "node", node.reputation_model(), &node.outcomes);
        }
    }
    for address in [address::credit(who), *who] {
        if let Ok(Some(credit)) = account::find::<CreditAccount>(context.chain, &address).await {
            return view(&address, "requester", credit.reputation_model(), &credit.outcomes);
        }
    }
    Err(CliError::operation(format!(
        "WHO: {who} is neither a node, the identity of one, a requester's wallet nor its credit account"
    )))
}

fn outcome(remembered: &Remembered) -> Option<OutcomeView> {
    let reason = Reason::try_from(remembered.reason).ok()?;
    let score = Reputation { score: u64::from(remembered.reputation), updated_at: remembered.at };
    Some(OutcomeView {
        at_unix_seconds: remembered.at,
        reason_code: reason.code(),
        reason: reason.message(),
        score_bps: score.bps(),
    })
}

impl ReputationView {
    fn text(&self) -> String {
        let head = facts(&[
            (self.role, self.account.clone()),
            ("reputation", format!("{} of 10000; 5000 is neutral", self.score_bps)),
            ("last outcome", format!("left it at {}", self.last_score_bps)),
        ]);
        if self.outcomes.is_empty() {
            return format!("{head}\nno outcomes yet");
        }
        let rows: Vec<[String; 3]> = self
            .outcomes
            .iter()
            .map(|outcome| {
                let ago = self.read_at_unix_seconds.saturating_sub(outcome.at_unix_seconds);
                [age(ago), outcome.score_bps.to_string(), outcome.reason.to_owned()]
            })
            .collect();
        format!("{head}\n\n{}", table(["when", "then", "what happened"], &rows))
    }
}

/// How long ago, in the largest unit that fits.
fn age(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{} s ago", seconds.max(0)),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_largest_unit_that_fits() {
        let told = [-5, 119, 120, 7_199, 7_200, 172_799, 172_800].map(age);
        assert_eq!(told, ["0 s ago", "119 s ago", "2 min ago", "119 min ago", "2 h ago", "47 h ago", "2 days ago"]);
    }

    #[test]
    fn places_without_an_outcome_are_not_shown() {
        let nothing = Remembered::default();
        let expired = Remembered { at: 7, reputation: 4_000 << 16, reason: 3, reserved: [0; 3] };
        assert!(outcome(&nothing).is_none());
        let view = outcome(&expired).expect("an outcome");
        assert_eq!((view.score_bps, view.reason), (4_000, "a lease ran past its deadline"));
    }
}
