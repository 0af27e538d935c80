//! What a node has earned, epoch by epoch, and why not more.
//!
//! [`look`] reads the accounts, [`explain`] and [`amounts`] are pure functions of them: the numbers come from the functions that
//! the chain itself pays by, the reasons from the checks that it refuses by. A command line and an HTTP API show the same.
//!
//! Accounts forget: a record that was closed after its claim, a lease that was closed after its pay. What they no longer say
//! stands in the events alone. The race is judged by the node as it stands now.

mod epochs;
mod reason;
mod work;

pub use epochs::{Amounts, ClassShare, EpochReport, EpochState, Points, amounts};
pub use reason::{Explained, Reason};
pub use work::{Market, OpenWork, Unfit};

use crate::{account, address, chain::Chain, error::ClientError, price};
use market_model::{
    amount::{Round, mul_div},
    reputation,
};
use render_compute::{
    constants::PAUSE_LEASES,
    state::{Epoch, MintLimiter, Network, Node, NodeEpoch, Operator},
};
use serde::Serialize;
use solana_address::Address;

/// Everything that earnings are told from.
pub struct Facts {
    /// The chain's time, unix seconds.
    pub now: i64,
    /// The network.
    pub network: Network,
    /// The node account's address.
    pub address: Address,
    /// The node.
    pub node: Node,
    /// Its operator.
    pub operator: Operator,
    /// 10^-8 USD per RENDER, or why there is no price.
    pub price: Result<u64, String>,
    /// The epochs asked for, the latest first, with the node's record where it has one.
    pub epochs: Vec<(u64, Option<Epoch>, Option<NodeEpoch>)>,
    /// What was minted lately.
    pub limiter: Option<MintLimiter>,
    /// What could be worked on now.
    pub market: Market,
}

/// A node's earnings.
#[derive(Clone, Debug, Serialize)]
pub struct Earnings {
    /// The node account.
    pub node: String,
    /// Its operator's wallet.
    pub operator: String,
    /// The chain's time, unix seconds.
    pub at: i64,
    /// Price that USD are told by, 10^-8 USD per RENDER; `None` where there is no fresh one.
    pub price_e8_usd: Option<u64>,
    /// Why there is no price.
    pub no_price: Option<String>,
    /// The epochs, the latest first.
    pub epochs: Vec<EpochReport>,
    /// What the node is remembered by, the latest first.
    pub latest: Vec<Remembered>,
    /// Why the node does not earn, or not as much as it could, now. Empty when nothing is in its way.
    pub now: Vec<Explained>,
}

/// An outcome that the node is remembered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remembered {
    /// When, unix seconds.
    pub at: i64,
    /// What happened.
    pub what: &'static str,
    /// The node's reputation after it, bps.
    pub reputation_bps: u32,
}

/// Reads and explains the last `epochs` epochs of the node of an identity.
///
/// # Errors
/// The chain's, or that the identity is not registered.
pub async fn look(chain: &(impl Chain + ?Sized), identity: &Address, epochs: usize) -> Result<Earnings, ClientError> {
    explain(&facts(chain, identity, epochs).await?)
}

/// Reads what [`explain`] needs.
///
/// # Errors
/// The chain's, or that the identity is not registered.
pub async fn facts(chain: &(impl Chain + ?Sized), identity: &Address, epochs: usize) -> Result<Facts, ClientError> {
    let now = chain.clock().await?.unix_timestamp;
    let network = account::network(chain).await?;
    let address = address::node(identity);
    let node: Node = account::fetch(chain, &address).await?;
    let operator: Operator = account::fetch(chain, &address::operator(&node.operator)).await?;
    let price = price::current(chain, &network, now).await?;
    let numbers: Vec<u64> = (1..=network.epoch).rev().take(epochs).collect();
    let accounts: Vec<Address> = numbers.iter().map(|number| address::epoch(*number)).collect();
    let records: Vec<Address> = numbers.iter().map(|number| address::node_epoch(&address, *number)).collect();
    let accounts = account::find_all::<Epoch>(chain, &accounts).await?;
    let records = account::find_all::<NodeEpoch>(chain, &records).await?;
    let epochs =
        numbers.into_iter().zip(accounts).zip(records).map(|((number, epoch), record)| (number, epoch, record));
    let limiter = account::find::<MintLimiter>(chain, &address::limiter()).await?;
    let market = Market::read(chain, &network, &address, &node, now).await?;
    Ok(Facts { now, network, address, node, operator, price, epochs: epochs.collect(), limiter, market })
}

/// Tells what a node earned and why not more.
///
/// # Errors
/// Accounts that contradict each other.
pub fn explain(facts: &Facts) -> Result<Earnings, ClientError> {
    let price = facts.price.as_ref().ok().copied();
    let mut epochs = Vec::new();
    for (number, epoch, record) in &facts.epochs {
        epochs.push(epochs::report(facts, *number, epoch.as_ref(), record.as_ref(), price)?);
    }
    Ok(Earnings {
        node: facts.address.to_string(),
        operator: facts.node.operator.to_string(),
        at: facts.now,
        price_e8_usd: price,
        no_price: facts.price.as_ref().err().cloned(),
        epochs,
        latest: latest(&facts.node),
        now: standing(facts)?.into_iter().map(Explained::from).collect(),
    })
}

fn latest(node: &Node) -> Vec<Remembered> {
    let told = |outcome: &render_compute::state::Remembered| {
        let reason = reputation::Reason::try_from(outcome.reason).ok()?;
        Some(Remembered { at: outcome.at, what: reason.message(), reputation_bps: outcome.reputation >> 16 })
    };
    node.outcomes.iter().filter_map(told).collect()
}

/// 10^-6 USD of an amount of RENDER at a price, rounded down.
fn usd_micros(amount: u64, price_e8_usd: u64) -> Option<u64> {
    // Base units x 10^-8 RENDER x price x 10^-8 USD = 10^-16 USD.
    mul_div(amount, price_e8_usd, 10_000_000_000, Round::Down).ok()
}

fn refused(error: market_model::MarketError) -> ClientError {
    ClientError::NotYet(format!("the accounts cannot be explained: {}", error.message()))
}

/// What stands between the node and its earnings now.
fn standing(facts: &Facts) -> Result<Vec<Reason>, ClientError> {
    let Facts { now, network, node, operator, market, .. } = facts;
    let parameters = network.parameters();
    let mut reasons = Vec::new();
    if network.is_paused(PAUSE_LEASES) {
        reasons.push(Reason::Paused);
    }
    if node.stake_model().check_may_work(&parameters.stake_rules()).is_err() {
        reasons.push(Reason::StakeBelowMinimum { stake: node.stake, minimum: parameters.min_stake });
    } else if node.exposure >= node.stake {
        reasons.push(Reason::StakeCovered { stake: node.stake, exposure: node.exposure });
    }
    if node.draining == 1 {
        reasons.push(Reason::Draining);
    }
    if node.leases_held >= node.capacity {
        reasons.push(Reason::Full { held: node.leases_held, capacity: node.capacity });
    }
    if node.maintenance().lasts(*now) {
        reasons.push(Reason::InMaintenance { until: node.maintenance_until });
    }
    if node.enrolled == 0 {
        reasons.push(Reason::NotEnrolled);
    } else {
        if node.proved_at == 0 {
            reasons.push(Reason::NeverProved { probes: node.probes });
        }
        if node.port == 0 || node.address == [0; 16] {
            reasons.push(Reason::NoAddress);
        } else if node.measured_bandwidth == 0 {
            reasons.push(Reason::NotMeasured);
        }
    }
    if u64::from(operator.nodes) > parameters.concentration_free {
        reasons.push(Reason::Concentrated { nodes: operator.nodes, free: parameters.concentration_free });
    }
    reasons.extend(market.reasons(node));
    Ok(reasons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use market_model::Parameters;
    use render_compute::{
        constants::{CLASS_RENDER, NEUTRAL_REPUTATION},
        state::{EPOCH_FINALIZED, Job},
    };

    const RENDER: u64 = 100_000_000;

    /// A node that nothing stands in the way of, and a finalized epoch in which it earned half of everything.
    fn facts() -> Facts {
        let mut network = Network::zeroed();
        network.parameters = Parameters::DEFAULT.values();
        let mut node = Node::zeroed();
        node.stake = network.parameters().min_stake;
        node.capacity = 4;
        node.classes = 1 << CLASS_RENDER;
        node.reputation = NEUTRAL_REPUTATION;
        (node.enrolled, node.proved_at, node.port, node.address, node.measured_bandwidth) = (1, 5, 7, [1; 16], 400);
        let mut operator = Operator::zeroed();
        operator.nodes = 1;
        let mut epoch = Epoch::zeroed();
        (epoch.starts_at, epoch.ends_at, epoch.state) = (0, 100, EPOCH_FINALIZED);
        (epoch.work, epoch.work_pools) = ([100, 0], [3 * RENDER, 0]);
        (epoch.availability, epoch.availability_pool, epoch.availability_cap) = (10, RENDER, RENDER);
        (epoch.rate_burned, epoch.rate_bought, epoch.qualified) = (1, 1, 2);
        let mut record = NodeEpoch::zeroed();
        (record.work, record.points, record.availability, record.is_qualified) = ([50, 0], 5, 5, 1);
        (record.probes_passed, record.is_claimed, record.claimed) = (3, 1, 2 * RENDER);
        Facts {
            now: 1_000,
            network,
            address: Address::default(),
            node,
            operator,
            price: Ok(4 * RENDER),
            epochs: vec![(1, Some(epoch), Some(record))],
            limiter: None,
            market: Market { open: vec![job(1_000, None)], reputation_bps: 5_000 },
        }
    }

    fn job(price: u64, unfit: Option<Unfit>) -> OpenWork {
        let mut job = Job::zeroed();
        (job.price_per_unit, job.work_per_unit, job.minimum_memory_mib) = (price, 1_000_000, 9);
        job.minimum_reputation = 7_000;
        OpenWork { job, unfit, free: 0, turn_at: None, lost: 0, missed: 0 }
    }

    fn reasons_now(change: impl FnOnce(&mut Facts)) -> Vec<Reason> {
        let mut facts = facts();
        change(&mut facts);
        explain(&facts).unwrap().now.into_iter().map(|explained| explained.reason).collect()
    }

    fn reasons_of_epoch(change: impl FnOnce(&mut Epoch, &mut NodeEpoch, &mut Facts)) -> Vec<Reason> {
        let mut facts = facts();
        let (mut epoch, mut record) = (facts.epochs[0].1.unwrap(), facts.epochs[0].2.unwrap());
        change(&mut epoch, &mut record, &mut facts);
        facts.epochs = vec![(1, Some(epoch), Some(record))];
        let told = explain(&facts).unwrap();
        told.epochs[0].reasons.iter().map(|explained| explained.reason.clone()).collect()
    }

    #[test]
    fn a_node_that_earns_has_nothing_explained() {
        let told = explain(&facts()).unwrap();
        assert_eq!((told.now.len(), told.epochs[0].reasons.len()), (0, 0));
    }

    #[test]
    fn shares_and_amounts_are_those_that_the_chain_pays() {
        let told = explain(&facts()).unwrap();
        let epoch = &told.epochs[0];
        assert_eq!((epoch.work[0].share_bps, epoch.work[0].amount), (5_000, 150_000_000));
        assert_eq!((epoch.availability.share_bps, epoch.availability.amount), (5_000, 50_000_000));
        assert_eq!((epoch.amount, epoch.claimed, epoch.is_claimed), (2 * RENDER, 2 * RENDER, true));
        // 2 RENDER at 4 USD.
        assert_eq!(epoch.amount_usd_micros, Some(8_000_000));
    }

    #[test]
    fn without_a_fresh_price_there_are_no_dollars_and_a_reason() {
        let mut facts = facts();
        facts.price = Err("the price is too old".into());
        let told = explain(&facts).unwrap();
        assert_eq!((told.price_e8_usd, told.epochs[0].amount_usd_micros), (None, None));
        assert_eq!(told.no_price.as_deref(), Some("the price is too old"));
    }

    #[test]
    fn every_state_of_a_node_that_keeps_it_from_work_is_told() {
        let minimum = Parameters::DEFAULT.min_stake;
        type Case = (fn(&mut Facts), Reason);
        let cases: [Case; 12] = [
            (|facts| facts.network.paused = PAUSE_LEASES, Reason::Paused),
            (|facts| facts.node.stake -= 1, Reason::StakeBelowMinimum { stake: minimum - 1, minimum }),
            (
                |facts| facts.node.exposure = facts.node.stake,
                Reason::StakeCovered { stake: minimum, exposure: minimum },
            ),
            (|facts| facts.node.draining = 1, Reason::Draining),
            (|facts| facts.node.leases_held = 4, Reason::Full { held: 4, capacity: 4 }),
            (
                |facts| (facts.node.maintenance_from, facts.node.maintenance_until) = (1_000, 1_001),
                Reason::InMaintenance { until: 1_001 },
            ),
            (|facts| facts.node.enrolled = 0, Reason::NotEnrolled),
            (|facts| (facts.node.proved_at, facts.node.probes) = (0, 2), Reason::NeverProved { probes: 2 }),
            (|facts| facts.node.port = 0, Reason::NoAddress),
            (|facts| facts.node.measured_bandwidth = 0, Reason::NotMeasured),
            (|facts| facts.operator.nodes = 4, Reason::Concentrated { nodes: 4, free: 3 }),
            (|facts| facts.market.open.clear(), Reason::NoJobs),
        ];
        for (change, expected) in cases {
            assert_eq!(reasons_now(change), [expected]);
        }
    }

    #[test]
    fn maintenance_counts_from_its_first_second_until_before_its_last() {
        let is_told = |from, until| {
            let reasons =
                reasons_now(|facts| (facts.node.maintenance_from, facts.node.maintenance_until) = (from, until));
            !reasons.is_empty()
        };
        assert!(is_told(1_000, 1_001) && !is_told(1_001, 1_002) && !is_told(999, 1_000));
    }

    #[test]
    fn jobs_that_are_not_for_the_node_are_counted_by_what_they_want() {
        let reasons = reasons_now(|facts| {
            facts.node.asks = [2_000, 0];
            let unfit = [Unfit::Ask, Unfit::Memory, Unfit::Ask, Unfit::Reputation, Unfit::Class(1)];
            facts.market.open = (0..).zip(unfit).map(|(price, unfit)| job(1_000 + price, Some(unfit))).collect();
        });
        assert_eq!(
            reasons,
            [
                Reason::OtherClass { jobs: 1, class: "compute" },
                Reason::WantsMemory { jobs: 1, least_mib: 9, has_mib: 0 },
                Reason::WantsReputation { jobs: 1, least_bps: 7_000, has_bps: 5_000 },
                Reason::AskTooHigh { jobs: 2, asks: 2_000, best: 1_002 },
            ]
        );
    }

    #[test]
    fn leases_that_others_won_are_told_from_those_that_were_let_pass() {
        let reasons = reasons_now(|facts| {
            facts.market.open = vec![OpenWork { lost: 3, missed: 1, free: 2, turn_at: Some(9), ..job(1, None) }];
        });
        assert_eq!(
            reasons,
            [
                Reason::RacesLost { leases: 3 },
                Reason::TurnsMissed { leases: 1 },
                Reason::TurnAhead { leases: 2, at: Some(9) }
            ]
        );
    }

    #[test]
    fn probes_that_were_missed_are_told_and_below_half_of_them_nothing_counts() {
        let told = |passed, missed, availability| {
            reasons_of_epoch(|_, record, _| {
                (record.probes_passed, record.probes_missed, record.availability) = (passed, missed, availability);
            })
        };
        assert_eq!(told(3, 1, 5), [Reason::ProbesMissed { missed: 1, of: 4 }]);
        assert_eq!(
            told(1, 2, 0),
            [Reason::ProbesMissed { missed: 2, of: 3 }, Reason::NotQualified { passed: 1, of: 3, qualify_bps: 5_000 },]
        );
        assert_eq!(told(0, 0, 0), [Reason::NoProbes { is_enrolled: true }]);
    }

    #[test]
    fn a_pool_that_the_burn_bounds_is_told_with_what_was_carried() {
        let bounded = reasons_of_epoch(|epoch, _, _| epoch.carry = [0, 0, 7, 0]);
        assert_eq!(bounded, [Reason::Bounded { class: "render", carried: 7, bound_bps: 8_000 }]);
        let empty = reasons_of_epoch(|epoch, _, _| (epoch.carry, epoch.rate_burned) = ([0, 0, 7, 0], 0));
        assert_eq!(empty, [Reason::NothingBurned { class: "render" }]);
    }

    #[test]
    fn an_epoch_without_work_record_or_claim_says_so() {
        assert_eq!(reasons_of_epoch(|_, record, _| record.work = [0, 0]), [Reason::NoWork { class: "render" }]);
        let unclaimed = reasons_of_epoch(|_, record, _| record.is_claimed = 0);
        assert_eq!(unclaimed, [Reason::Unclaimed { amount: 2 * RENDER }]);
        let running = reasons_of_epoch(|epoch, record, facts| {
            (epoch.state, epoch.ends_at, record.is_claimed) = (0, 2_000, 0);
            facts.now = 1_999;
        });
        assert_eq!(running, [Reason::StillRunning { ends_at: 2_000 }]);
        let ended = reasons_of_epoch(|epoch, record, facts| {
            (epoch.state, epoch.ends_at, record.is_claimed) = (0, 2_000, 0);
            facts.now = 2_000;
        });
        assert_eq!(ended, [Reason::NotFinalized { ended_at: 2_000 }]);
        let mut facts = facts();
        facts.epochs[0].2 = None;
        assert_eq!(explain(&facts).unwrap().epochs[0].reasons[0].reason, Reason::NoRecord);
        facts.epochs[0].1 = None;
        let told = explain(&facts).unwrap();
        assert_eq!((told.epochs[0].state, &told.epochs[0].reasons[0].reason), (EpochState::Absent, &Reason::NoEpoch));
    }

    #[test]
    fn points_for_service_count_beside_those_of_probes_and_the_cap_holds_for_both() {
        let told = |service, cap| {
            let mut facts = facts();
            let (_, epoch, record) = &mut facts.epochs[0];
            epoch.as_mut().unwrap().availability_cap = cap;
            record.as_mut().unwrap().service_points = service;
            explain(&facts).unwrap().epochs.remove(0)
        };
        assert_eq!(told(3, RENDER).availability.amount, 80_000_000);
        let capped = told(3, 70_000_000);
        assert_eq!(capped.availability.amount, 70_000_000);
        assert_eq!(capped.reasons[0].reason, Reason::Capped { share: 80_000_000, cap: 70_000_000 });
    }

    #[test]
    fn a_claim_that_the_mint_limiter_holds_up_is_told_with_its_moment() {
        let mut limiter = MintLimiter::zeroed();
        (limiter.used, limiter.at) = (Parameters::DEFAULT.mint_limit, 1_000);
        let told = |limiter| {
            reasons_of_epoch(|_, record, facts| {
                record.is_claimed = 0;
                facts.limiter = Some(limiter);
            })
        };
        let [Reason::MintLimited { amount, at }] = told(limiter)[..] else { panic!("another reason") };
        assert_eq!(amount, 2 * RENDER);
        assert!(at > 1_000);
        limiter.used = 0;
        assert_eq!(told(limiter), [Reason::Unclaimed { amount: 2 * RENDER }]);
    }

    #[test]
    fn what_a_node_is_remembered_by_is_told_in_words() {
        let mut facts = facts();
        facts.node.outcomes[0].at = 7;
        facts.node.outcomes[0].reason = 10;
        facts.node.outcomes[0].reputation = 4_999 << 16;
        let told = explain(&facts).unwrap().latest;
        assert_eq!(told, [Remembered { at: 7, what: "a probe was missed", reputation_bps: 4_999 }]);
    }

    #[test]
    fn a_record_with_more_than_all_nodes_together_is_refused() {
        let mut facts = facts();
        facts.epochs[0].2.as_mut().unwrap().work = [101, 0];
        assert!(explain(&facts).is_err());
    }
}
