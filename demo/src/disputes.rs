//! The disputes of the story, put together from events as an indexer would.

use crate::{cast::Cast, story::render};
use render_compute_client::{address, event::Event};
use serde::Serialize;
use solana_address::Address;
use solana_signer::Signer;

/// One dispute.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DisputeRow {
    /// The dispute account.
    pub dispute: String,
    /// Whose root was denied.
    pub defender: String,
    /// Who denied it.
    pub challenger: String,
    /// Moves of both sides.
    pub moves: u32,
    /// The unit in which the two differ first.
    pub unit: u64,
    /// Hash of the state that both sides agreed on, before the executed step.
    pub before: String,
    /// Hash of the state after it, as the defender claimed it.
    pub claimed: String,
    /// Hash of the state after it, as the chain computed it.
    pub computed: String,
    /// Whether a step was executed; otherwise a side was silent.
    pub is_by_step: bool,
    /// Who won.
    pub winner: String,
    /// Who lost.
    pub loser: String,
    /// What the loser lost.
    pub taken_render_base_units: u64,
    /// What the winner got of it; the rest is burned.
    pub fee_render_base_units: u64,
}

/// All disputes so far.
#[derive(Clone, Default)]
pub struct Disputes {
    names: Vec<(Address, &'static str)>,
    rows: Vec<DisputeRow>,
}

impl Disputes {
    /// None yet, among these people.
    pub fn new(cast: &Cast) -> Self {
        let names =
            cast.operators.iter().map(|operator| (address::node(&operator.identity.pubkey()), operator.name)).collect();
        Self { names, rows: Vec::new() }
    }

    /// The disputes in the order of their opening.
    pub fn rows(&self) -> Vec<DisputeRow> {
        self.rows.clone()
    }

    fn name(&self, key: &Address) -> String {
        self.names
            .iter()
            .find(|(known, _)| known == key)
            .map_or_else(|| key.to_string(), |(_, name)| (*name).to_owned())
    }

    fn row(&mut self, dispute: &Address) -> &mut DisputeRow {
        let dispute = dispute.to_string();
        let position = self.rows.iter().position(|row| row.dispute == dispute).unwrap_or_else(|| {
            self.rows.push(DisputeRow { dispute, ..DisputeRow::default() });
            self.rows.len() - 1
        });
        &mut self.rows[position]
    }

    /// Takes an event in; a sentence where it says something of a dispute.
    pub fn note(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::DisputeOpened(event) => {
                let (defender, challenger) = (self.name(&event.defender), self.name(&event.challenger));
                let row = self.row(&event.dispute);
                (row.defender, row.challenger) = (defender.clone(), challenger.clone());
                Some(format!("DISPUTE: {challenger} found another root than {defender} over {} units", event.count))
            }
            Event::DisputeDivided(event) => {
                self.row(&event.dispute).moves += 1;
                None
            }
            Event::DisputePicked(event) => {
                self.row(&event.dispute).moves += 1;
                None
            }
            Event::SegmentShown(event) => {
                self.row(&event.dispute).moves += 1;
                None
            }
            Event::UnitShown(event) => {
                let row = self.row(&event.dispute);
                row.moves += 1;
                row.unit = event.unit;
                let (segments, steps) = (event.segments, event.segment_steps);
                Some(format!("unit {} is opened: {segments} segments of {steps} steps", event.unit))
            }
            Event::StepExecuted(event) => {
                let row = self.row(&event.dispute);
                row.moves += 1;
                row.is_by_step = true;
                row.before = hex::encode(event.before);
                row.claimed = hex::encode(event.claimed);
                row.computed = hex::encode(event.computed);
                let [before, claimed, computed] =
                    [&row.before, &row.claimed, &row.computed].map(|hash| hash[..16].to_owned());
                Some(format!("THE CHAIN EXECUTES THE STEP: {before} -> {computed}, claimed was {claimed}"))
            }
            Event::DisputeSettled(event) => {
                let (winner, loser) = (self.name(&event.winner), self.name(&event.loser));
                let row = self.row(&event.dispute);
                (row.winner, row.loser) = (winner.clone(), loser.clone());
                row.taken_render_base_units = event.taken;
                row.fee_render_base_units = event.fee;
                let (taken, fee) = (render(event.taken), render(event.fee));
                Some(format!(
                    "{winner} wins; {loser} loses {taken}, of which {fee} go to {winner} and the rest is burned"
                ))
            }
            _ => None,
        }
    }
}
