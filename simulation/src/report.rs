//! Owns what a run leaves behind: numbers as JSON, a page for people, a table for the terminal.

mod chart;
mod page;

use crate::{
    SimulationError,
    attack::{self, ALL_AT_ONCE, ATTACKS, Outcome, Verdict},
    demand,
    population::HONEST,
    statistics,
    world::{Record, World},
};
use market_model::Parameters;

pub use page::page;

/// What is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Epochs of each world.
    pub epochs: usize,
    /// Everything random follows from it.
    pub seed: u64,
    /// Rules of the network.
    pub parameters: Parameters,
    /// Parameters that are not the defaults, as they were given: `name=value`.
    pub changes: Vec<String>,
    /// Whether parameters are searched that stop the attacks that pay.
    pub searches: bool,
}

/// Payouts of a world to the operators of nodes.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Concentration {
    /// Operators.
    pub operators: usize,
    /// Gini coefficient of all payouts.
    pub gini: f64,
    /// Part that the ten largest got.
    pub top_ten: f64,
    /// The Lorenz curve.
    #[serde(skip)]
    pub lorenz: Vec<(f64, f64)>,
}

impl Concentration {
    fn of(world: &World) -> Self {
        let payouts = world.payouts();
        Self {
            operators: payouts.len(),
            gini: statistics::gini(&payouts),
            top_ten: statistics::top_share(&payouts, 10),
            lorenz: statistics::lorenz(&payouts),
        }
    }
}

/// A world in numbers.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Summary {
    /// Its epochs.
    pub epochs: Vec<Record>,
    /// How payouts were spread.
    pub concentration: Concentration,
}

impl Summary {
    fn of(world: &World) -> Self {
        Self { epochs: world.records().to_vec(), concentration: Concentration::of(world) }
    }
}

/// All that a run found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Report {
    /// The command that gives it again.
    pub command: String,
    /// Epochs of each world.
    pub epochs: usize,
    /// The seed.
    pub seed: u64,
    /// Epochs whose demand is published.
    pub published: usize,
    /// Everybody is honest.
    pub honest: Summary,
    /// Every group attacks.
    pub attacked: Summary,
    /// The attacks, one at a time.
    pub attacks: Vec<Outcome>,
}

impl Report {
    /// Runs all worlds.
    pub fn make(settings: &Settings) -> Result<Self, SimulationError> {
        let Settings { epochs, seed, parameters, .. } = settings;
        let weeks = demand::weeks(*epochs, *seed)?;
        let mut strategies = vec![HONEST, ALL_AT_ONCE];
        strategies.extend(ATTACKS.iter().map(attack::strategies));
        let worlds = attack::worlds(parameters, &strategies, &weeks, *seed)?;
        let (honest, attacked) = (&worlds[0], &worlds[1]);
        let mut attacks: Vec<_> =
            ATTACKS.iter().zip(&worlds[2..]).map(|(attack, world)| attack::judge(attack, world, honest)).collect();
        if settings.searches {
            for outcome in attacks.iter_mut().filter(|outcome| outcome.verdict == Verdict::Gains) {
                outcome.remedies = attack::remedies(&outcome.attack, parameters, &weeks, *seed)?;
            }
        }
        Ok(Self {
            command: command(settings),
            epochs: *epochs,
            seed: *seed,
            published: weeks.len().min(demand::published()?.len()),
            honest: Summary::of(honest),
            attacked: Summary::of(attacked),
            attacks,
        })
    }

    /// Whether an attack pays.
    pub fn is_gainful(&self) -> bool {
        self.attacks.iter().any(|outcome| outcome.verdict == Verdict::Gains)
    }

    /// The verdicts as lines of text.
    pub fn table(&self) -> String {
        let mut lines = vec![format!(
            "{:<34} {:>14} {:>14} {:>14}  verdict",
            "attack", "attacking, USD", "honest, USD", "gain, USD"
        )];
        for outcome in &self.attacks {
            lines.push(format!(
                "{:<34} {:>14.0} {:>14.0} {:>14.0}  {}",
                outcome.attack.name,
                dollars(outcome.attacking.profit()),
                dollars(outcome.honest.profit()),
                dollars(outcome.gain),
                outcome.verdict.words(),
            ));
            lines.extend(outcome.remedies.iter().map(|remedy| format!("    {}", remedy_in_words(remedy))));
        }
        let Concentration { operators, gini, top_ten, .. } = &self.honest.concentration;
        lines.push(format!("honest world: {operators} operators, Gini {gini:.3}, top ten {:.1} %", 100.0 * top_ten));
        lines.join("\n")
    }
}

fn command(settings: &Settings) -> String {
    let mut words = format!("cargo xtask simulate --epochs {} --seed {}", settings.epochs, settings.seed);
    for change in &settings.changes {
        words.push_str(" --set ");
        words.push_str(change);
    }
    words
}

fn dollars(credits: i64) -> f64 {
    credits as f64 / 1e6
}

fn remedy_in_words(remedy: &attack::Remedy) -> String {
    let attack::Remedy { parameter, from, to, gain } = remedy;
    match to {
        Some(to) => format!("stopped by --set {parameter}={to} (now {from}); gain then {:.0} USD", dollars(*gain)),
        None => format!("not stopped by {parameter} within its bounds"),
    }
}
