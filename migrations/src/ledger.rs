//! Owns the record of what was done on a cluster: one JSON file, rewritten after every step. The chain decides whether a
//! step is done; the ledger only remembers by which transactions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{MigrationError, Outcome, StepReport};

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    cluster: String,
    program: String,
    steps: Vec<Record>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    step: u16,
    name: String,
    /// Empty when the step was found done and nobody recorded by what.
    signatures: Vec<String>,
    addresses: BTreeMap<String, String>,
}

/// The ledger of one cluster.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    content: Content,
}

impl Ledger {
    /// Opens `folder/<cluster>.json`, or begins it.
    pub fn open(folder: &Path, cluster: &str) -> Result<Self, MigrationError> {
        let path = folder.join(format!("{cluster}.json"));
        let refuse = |reason: String| MigrationError::Ledger { path: path.clone(), reason };
        let content = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| refuse(format!("{error}; repair the file or move it away")))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Content { cluster: cluster.to_owned(), program: render_compute::ID.to_string(), steps: Vec::new() }
            }
            Err(error) => return Err(refuse(format!("{error}; check --ledger"))),
        };
        Ok(Self { path, content })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a step down. What is recorded already stays when the step was found done with the same addresses.
    pub fn record(&mut self, step: &StepReport) -> Result<(), MigrationError> {
        let signatures = match &step.outcome {
            Outcome::Done { signatures } => signatures.iter().map(ToString::to_string).collect(),
            Outcome::DoneBefore => Vec::new(),
            Outcome::Waiting => return Ok(()),
        };
        let record =
            Record { step: step.number, name: step.name.to_owned(), signatures, addresses: step.addresses.clone() };
        match self.content.steps.iter_mut().find(|known| known.step == record.step) {
            Some(known) if record.signatures.is_empty() && known.addresses == record.addresses => return Ok(()),
            Some(known) => *known = record,
            None => self.content.steps.push(record),
        }
        self.content.steps.sort_by_key(|known| known.step);
        self.write()
    }

    /// By renaming, so that an interruption leaves the old file or the new one.
    fn write(&self) -> Result<(), MigrationError> {
        let refuse = |error: std::io::Error| MigrationError::Ledger {
            path: self.path.clone(),
            reason: format!("{error}; check --ledger"),
        };
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(refuse)?;
        }
        let mut text = serde_json::to_string_pretty(&self.content).map_err(|error| refuse(error.into()))?;
        text.push('\n');
        let part = self.path.with_extension("json.part");
        std::fs::write(&part, text).map_err(refuse)?;
        std::fs::rename(&part, &self.path).map_err(refuse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(number: u16, outcome: Outcome, mint: &str) -> StepReport {
        let addresses = BTreeMap::from([("mint".to_owned(), mint.to_owned())]);
        StepReport { number, name: "mint", outcome, addresses, detail: String::new() }
    }

    fn done() -> Outcome {
        Outcome::Done { signatures: vec!["signature".into()] }
    }

    #[test]
    fn a_step_found_done_keeps_its_recorded_signatures() {
        let folder = tempfile::tempdir().expect("folder");
        let mut ledger = Ledger::open(folder.path(), "local").expect("new");
        ledger.record(&step(1, done(), "a")).expect("recorded");
        ledger.record(&step(1, Outcome::DoneBefore, "a")).expect("recorded");
        let again = Ledger::open(folder.path(), "local").expect("again");
        assert_eq!(again.content.steps[0].signatures, ["signature"]);
    }

    #[test]
    fn a_step_of_an_earlier_chain_is_replaced() {
        let folder = tempfile::tempdir().expect("folder");
        let mut ledger = Ledger::open(folder.path(), "local").expect("new");
        ledger.record(&step(1, done(), "a")).expect("recorded");
        ledger.record(&step(1, Outcome::DoneBefore, "b")).expect("recorded");
        let again = Ledger::open(folder.path(), "local").expect("again");
        assert!(again.content.steps[0].signatures.is_empty());
    }

    #[test]
    fn a_broken_ledger_is_refused_by_its_path() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("local.json"), "{").expect("written");
        let message = Ledger::open(folder.path(), "local").expect_err("broken").to_string();
        assert!(message.contains("local.json") && message.contains("repair the file"), "{message}");
    }
}
