//! Owns the attacks, and whether they pay: each is run in a world of its own and compared with the world in which the same group uses
//! the same resources honestly. Both worlds have the same luck. Where an attack pays, the parameters that could stop it are searched.

use crate::{
    SimulationError,
    demand::Week,
    population::{Group, HONEST, Strategies, Strategy},
    world::{BUNDLES, Ledger, World},
};
use market_model::{
    Parameters,
    parameters::{ParameterSpec, SPECS},
};
use std::thread;

/// Tries of a search in one parameter.
const TRIES: u32 = 12;

/// Something a group may do to earn more than its due.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Attack {
    /// In words.
    pub name: &'static str,
    /// Who does it.
    pub group: Group,
    /// How.
    pub strategy: Strategy,
    /// Parameters that may stop it.
    pub levers: &'static [&'static str],
    /// Whether it changes who wins which race, so that luck is part of its result.
    pub changes_races: bool,
}

/// All attacks.
pub const ATTACKS: [Attack; 10] = [
    Attack {
        name: "fake results",
        group: Group::Lazy,
        strategy: Strategy::Lazy,
        levers: &["audit_penalty_multiple", "audit_probability_bps"],
        changes_races: true,
    },
    Attack {
        name: "fakes of work below every ask",
        group: Group::Lazy,
        strategy: Strategy::LazyInTheDark,
        levers: &["price_min_bps", "audit_probability_bps"],
        changes_races: true,
    },
    Attack {
        name: "identities of one operator",
        group: Group::Sybil,
        strategy: Strategy::SybilOfOperators,
        levers: &["concentration_rate", "min_stake"],
        changes_races: true,
    },
    Attack {
        name: "identities with a wallet each",
        group: Group::Sybil,
        strategy: Strategy::SybilOfWallets,
        levers: &["availability_cap", "min_stake", "probe_interval_slots"],
        changes_races: false,
    },
    Attack {
        name: "wash trading",
        group: Group::Wash,
        strategy: Strategy::Wash,
        levers: &["work_bound_bps", "creators_bound_bps"],
        changes_races: false,
    },
    Attack {
        name: "wash trading at the top",
        group: Group::Wash,
        strategy: Strategy::WashAtTheTop,
        levers: &["work_bound_bps", "creators_bound_bps"],
        changes_races: false,
    },
    Attack {
        name: "under-cutting",
        group: Group::Undercut,
        strategy: Strategy::Undercut,
        levers: &["race_price_exponent_halves", "race_price_min_bps"],
        changes_races: true,
    },
    Attack {
        name: "mass exit",
        group: Group::Fickle,
        strategy: Strategy::Fickle,
        levers: &["expiry_penalty_bps", "unbonding_seconds"],
        changes_races: true,
    },
    Attack {
        name: "collusion with 30 % of the stake",
        group: Group::Large,
        strategy: Strategy::Collude,
        levers: &["audit_penalty_multiple", "audit_probability_bps"],
        changes_races: true,
    },
    Attack {
        name: "fakes by a large operator alone",
        group: Group::Large,
        strategy: Strategy::Lazy,
        levers: &["audit_penalty_multiple", "audit_probability_bps"],
        changes_races: true,
    },
];

/// Every group that can attacks at once.
pub const ALL_AT_ONCE: Strategies = [
    Strategy::Honest,
    Strategy::Lazy,
    Strategy::SybilOfWallets,
    Strategy::Wash,
    Strategy::Undercut,
    Strategy::Fickle,
    Strategy::Collude,
];

/// Whether an attack pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Less than the same resources earn honestly.
    Loses,
    /// More, but not more than luck in the race explains.
    NoMoreThanLuck,
    /// More.
    Gains,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Loses => "loses",
            Self::NoMoreThanLuck => "no more than luck",
            Self::Gains => "GAINS",
        }
    }
}

/// A value of a parameter that stops an attack, the nearest to the present one that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Remedy {
    /// Which parameter.
    pub parameter: &'static str,
    /// Its present value.
    pub from: u64,
    /// The value that stops the attack; none within the bounds.
    pub to: Option<u64>,
    /// What the attack gains then, credit units.
    pub gain: i64,
}

/// An attack's result.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Outcome {
    /// Which.
    pub attack: Attack,
    /// The group's ledger when it attacks.
    pub attacking: Ledger,
    /// The group's ledger when it is honest.
    pub honest: Ledger,
    /// Profit of the one less profit of the other, credit units.
    pub gain: i64,
    /// Two standard errors of the group's luck in the race, credit units; zero where races stay as they are.
    pub luck: i64,
    /// Whether it pays.
    pub verdict: Verdict,
    /// What would stop it, where it pays.
    pub remedies: Vec<Remedy>,
}

/// The strategies of a world in which one group attacks.
pub fn strategies(attack: &Attack) -> Strategies {
    let mut strategies = HONEST;
    strategies[attack.group.index()] = attack.strategy;
    strategies
}

/// What luck in the race may be worth to a group: two standard errors of its number of wins.
fn luck(honest: &Ledger, world: &World) -> i64 {
    let paid: u64 = world.records().iter().map(|record| record.work).sum();
    let bundles = world.records().len() as f64 * f64::from(BUNDLES);
    let share = honest.work_render as f64 / (paid as f64).max(1.0);
    let wins = (bundles * share).max(1.0);
    (2.0 * honest.earned as f64 / wins.sqrt()) as i64
}

/// Compares two worlds.
pub fn judge(attack: &Attack, attacked: &World, honest: &World) -> Outcome {
    let (attacking, honest_ledger) = (*attacked.ledger(attack.group), *honest.ledger(attack.group));
    let gain = attacking.profit() - honest_ledger.profit();
    let luck = if attack.changes_races { luck(&honest_ledger, honest) } else { 0 };
    let verdict = match gain {
        gain if gain > luck => Verdict::Gains,
        gain if gain > 0 => Verdict::NoMoreThanLuck,
        _ => Verdict::Loses,
    };
    Outcome { attack: *attack, attacking, honest: honest_ledger, gain, luck, verdict, remedies: Vec::new() }
}

/// Runs several worlds at once, in as many threads.
pub fn worlds(
    parameters: &Parameters,
    all: &[Strategies],
    weeks: &[Week],
    seed: u64,
) -> Result<Vec<World>, SimulationError> {
    thread::scope(|scope| {
        let running: Vec<_> = all
            .iter()
            .map(|strategies| scope.spawn(|| World::new(*parameters, *strategies, seed).run(weeks)))
            .collect();
        running.into_iter().map(|world| world.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// An attack under parameters, judged.
pub fn trial(attack: &Attack, parameters: &Parameters, weeks: &[Week], seed: u64) -> Result<Outcome, SimulationError> {
    let worlds = worlds(parameters, &[strategies(attack), HONEST], weeks, seed)?;
    Ok(judge(attack, &worlds[0], &worlds[1]))
}

/// The parameters with one of them changed.
pub fn with(parameters: &Parameters, name: &str, value: u64) -> Option<Parameters> {
    let mut values = parameters.values();
    let position = SPECS.iter().position(|spec| spec.name == name)?;
    values[position] = value;
    Some(Parameters::from_values(values))
}

/// Between two values: in the middle of their logarithms where they are far apart.
fn middle(a: u64, b: u64) -> u64 {
    let (low, high) = (a.min(b), a.max(b));
    if low > 0 && high / low > 8 { ((low as f64) * (high as f64)).sqrt() as u64 } else { low.midpoint(high) }
}

/// The value of a parameter nearest to the present one that stops the attack, towards that bound at which it is stopped.
fn remedy(
    attack: &Attack,
    spec: &'static ParameterSpec,
    parameters: &Parameters,
    weeks: &[Week],
    seed: u64,
) -> Result<Option<Remedy>, SimulationError> {
    let Some(position) = SPECS.iter().position(|other| other.name == spec.name) else { return Ok(None) };
    let from = parameters.values()[position];
    // The gain under a value, if the value is allowed and stops the attack.
    let stops = |value: u64| -> Result<Option<i64>, SimulationError> {
        let Some(changed) = with(parameters, spec.name, value).filter(|changed| changed.validate().is_ok()) else {
            return Ok(None);
        };
        let result = trial(attack, &changed, weeks, seed)?;
        Ok((result.verdict != Verdict::Gains).then_some(result.gain))
    };
    for bound in [spec.min, spec.max] {
        let Some(mut gain) = stops(bound)? else { continue };
        let (mut open, mut closed) = (from, bound);
        for _ in 0..TRIES {
            let value = middle(open, closed);
            if value == open || value == closed {
                break;
            }
            match stops(value)? {
                Some(less) => (closed, gain) = (value, less),
                None => open = value,
            }
        }
        return Ok(Some(Remedy { parameter: spec.name, from, to: Some(closed), gain }));
    }
    Ok(Some(Remedy { parameter: spec.name, from, to: None, gain: 0 }))
}

/// What would stop an attack that pays.
pub fn remedies(
    attack: &Attack,
    parameters: &Parameters,
    weeks: &[Week],
    seed: u64,
) -> Result<Vec<Remedy>, SimulationError> {
    let mut found = Vec::new();
    for lever in attack.levers {
        if let Some(spec) = SPECS.iter().find(|spec| spec.name == *lever) {
            found.extend(remedy(attack, spec, parameters, weeks, seed)?);
        }
    }
    Ok(found)
}
