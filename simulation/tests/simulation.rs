//! The simulation's own laws, and the verdicts that the documentation states.

use market_model::{Parameters, parameters::ParameterSpec};
use market_simulation::{
    attack::{self, ALL_AT_ONCE, ATTACKS, Attack, Verdict},
    demand,
    population::{Group, HONEST, Strategy},
    report::{Report, Settings, page},
    world::{LEASE_VALUE, World},
};

const SEED: u64 = 1;
/// The epochs with published demand.
const PUBLISHED: usize = 97;

fn attack(strategy: Strategy, group: Group) -> Attack {
    *ATTACKS.iter().find(|attack| attack.strategy == strategy && attack.group == group).unwrap()
}

fn verdict(strategy: Strategy, group: Group, parameters: &Parameters, epochs: usize) -> Verdict {
    let weeks = demand::weeks(epochs, SEED).unwrap();
    attack::trial(&attack(strategy, group), parameters, &weeks, SEED).unwrap().verdict
}

fn settings(epochs: usize, seed: u64) -> Settings {
    Settings { epochs, seed, parameters: Parameters::DEFAULT, changes: Vec::new(), searches: false }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
    let bytes = |seed| {
        let report = Report::make(&settings(12, seed)).unwrap();
        page(&report) + &serde_json::to_string(&report).unwrap()
    };
    let first = bytes(SEED);
    assert!(first == bytes(SEED));
    assert!(first != bytes(SEED + 1));
}

#[test]
fn with_every_group_attacking_each_law_holds_in_each_epoch() {
    // A broken law ends the run: this goes past the published weeks and past two years of the schedule.
    let weeks = demand::weeks(120, SEED).unwrap();
    for strategies in [HONEST, ALL_AT_ONCE] {
        let world = World::new(Parameters::DEFAULT, strategies, SEED).run(&weeks).unwrap();
        assert_eq!(world.records().len(), 120);
        // What was minted once more, from the epochs' own numbers.
        let minted: u64 = world.records().iter().map(|record| record.minted).sum();
        let emitted: u64 = world.records().iter().map(|record| record.emission).sum();
        let to_operators: u64 = world.payouts().iter().sum();
        let operations: u64 = world.records().iter().map(|record| record.operations).sum();
        let washers = world.ledger(Group::Wash).rebate_render;
        assert_eq!(minted, to_operators + operations + world.rebates() + washers);
        assert!(minted <= emitted);
    }
}

#[test]
fn work_is_never_paid_more_than_its_bound_of_what_was_burned() {
    let weeks = demand::weeks(60, SEED).unwrap();
    let world = World::new(Parameters::DEFAULT, ALL_AT_ONCE, SEED).run(&weeks).unwrap();
    for record in world.records() {
        assert!(record.accepted >= LEASE_VALUE);
        // Credits of older epochs may be spent in this one: they count at this epoch's rate.
        let rate = record.burned as f64 / record.bought as f64;
        assert!(record.work as f64 <= 0.8 * rate * record.accepted as f64 + 2.0);
    }
}

#[test]
fn fake_results_lose() {
    assert_eq!(verdict(Strategy::Lazy, Group::Lazy, &Parameters::DEFAULT, PUBLISHED), Verdict::Loses);
    assert_eq!(verdict(Strategy::Lazy, Group::Large, &Parameters::DEFAULT, 40), Verdict::Loses);
}

#[test]
fn a_third_of_the_stake_does_not_make_collusion_pay() {
    assert_eq!(verdict(Strategy::Collude, Group::Large, &Parameters::DEFAULT, 40), Verdict::Loses);
}

#[test]
fn fakes_win_where_nobody_is_punished() {
    // The penalty is taken away past what the network would accept: the verdict can be another one.
    let parameters = Parameters {
        audit_probability_bps: 1,
        audit_penalty_multiple: 1,
        fraud_slash_bps: 0,
        audit_collusion_bps: 0,
        stake_valuation: u64::MAX / 1_000_000,
        ..Parameters::DEFAULT
    };
    assert!(parameters.validate().is_err());
    assert_eq!(verdict(Strategy::Lazy, Group::Lazy, &parameters, 20), Verdict::Gains);
}

#[test]
fn wash_trading_loses() {
    assert_eq!(verdict(Strategy::Wash, Group::Wash, &Parameters::DEFAULT, PUBLISHED), Verdict::Loses);
}

#[test]
fn wash_trading_wins_under_bounds_that_the_network_refuses() {
    let parameters = Parameters { work_bound_bps: 10_000, ..Parameters::DEFAULT };
    assert!(parameters.validate().is_err());
    assert_eq!(verdict(Strategy::Wash, Group::Wash, &parameters, PUBLISHED), Verdict::Gains);
}

#[test]
fn identities_of_one_operator_lose() {
    let verdict = verdict(Strategy::SybilOfOperators, Group::Sybil, &Parameters::DEFAULT, PUBLISHED);
    assert_ne!(verdict, Verdict::Gains);
}

#[test]
fn mass_exit_loses() {
    assert_eq!(verdict(Strategy::Fickle, Group::Fickle, &Parameters::DEFAULT, PUBLISHED), Verdict::Loses);
}

/// The exceptions that `docs/economy/simulation.md` documents, each with the parameter that closes it.
#[test]
fn the_documented_exceptions_gain_and_their_remedies_stop_them() {
    for (strategy, group, remedy) in [
        (Strategy::SybilOfWallets, Group::Sybil, Parameters { availability_cap: 0, ..Parameters::DEFAULT }),
        (Strategy::WashAtTheTop, Group::Wash, Parameters { work_bound_bps: 5_000, ..Parameters::DEFAULT }),
    ] {
        assert_eq!(verdict(strategy, group, &Parameters::DEFAULT, PUBLISHED), Verdict::Gains, "{strategy:?}");
        remedy.validate().unwrap();
        assert_ne!(verdict(strategy, group, &remedy, PUBLISHED), Verdict::Gains, "{strategy:?}");
    }
}

#[test]
fn every_lever_is_a_parameter() {
    let names: Vec<_> = market_model::parameters::SPECS.iter().map(|ParameterSpec { name, .. }| *name).collect();
    for attack in ATTACKS {
        assert!(attack.levers.iter().all(|lever| names.contains(lever)), "{}", attack.name);
    }
}

#[test]
fn a_parameter_is_changed_by_its_name() {
    let changed = attack::with(&Parameters::DEFAULT, "work_bound_bps", 7_000).unwrap();
    assert_eq!(changed, Parameters { work_bound_bps: 7_000, ..Parameters::DEFAULT });
    assert_eq!(attack::with(&Parameters::DEFAULT, "no_such_parameter", 1), None);
}
