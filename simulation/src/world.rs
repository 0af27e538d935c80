//! Owns one world: a population under its strategies, epoch by epoch.
//!
//! An epoch: requesters buy credits; nodes come and go; the work is cut into [`BUNDLES`] bundles of leases of one dollar, and each bundle
//! goes to the node that is first in the race (what it cannot do in time goes to the second, and so on); a tenth of the
//! work is audited by the winner of a second race; pools are fixed and claimed.
//!
//! After each epoch the laws are checked: what was minted is what was claimed and at most C(t) and what was recycled (L5), the claims of a pool are at most the
//! pool (L6), emission and carry in are pools and carry out, and no credit is lost (L1).

use crate::{
    SimulationError,
    demand::Week,
    population::{self, COSTS, CREDITS_PER_HOUR, Group, Node, Strategies, Strategy},
    random::Random,
    rules,
};
use market_model::{
    MarketError, Parameters, Round,
    amount::{self, mul_div},
    audit,
    credit::{self, BASE_UNITS_TIMES_PRICE_PER_CREDIT, CreditBalance, Purchase},
    emission::{self, DEFAULT_SCHEDULE, DEFAULT_SPLIT, YEAR_SECONDS},
    epoch::{self, BurnRate, Carry, FinalizeInput, Finalized, Usage, availability_claim, claim_share},
    price, probe,
    race::{self, RaceRules},
    reputation::{Reason, Reputation},
    tier::{self, EpochFacts, Standing, Tier},
};

/// Bundles that the work of an epoch is cut into.
pub const BUNDLES: u32 = 128;
/// Credits of a lease: one dollar.
pub const LEASE_VALUE: u64 = 1_000_000;
/// Begin of the schedule: 2023-12-20, as RNP-006 has it.
pub const GENESIS: i64 = 1_703_030_400;
/// Bundles of compute work, bps of all (assumption).
const COMPUTE_BPS: u64 = 1_500;
/// Offers: a bargain hunter's, then 100 % to 140 % of the going price in steps of 10 % (assumption).
const OFFERS: u64 = 6;
/// Bundles of requesters that offer half of the going price, bps of all (assumption).
const BARGAIN_BPS: u64 = 500;
/// Offer of those, least offer of the others, and its step: bps of the going price.
const OFFER_BPS: [u64; 3] = [5_000, 10_000, 1_000];
/// Classes x tiers x offers.
const LEVELS: usize = 4 * OFFERS as usize;
/// In the order of their levels.
const TIERS: [Tier; 2] = [Tier::Economy, Tier::Priority];
/// Price below its mean over four epochs at which fickle nodes leave, bps.
const FLIGHT_BPS: u64 = 8_500;
/// Unserved credits over an epoch's purchases, bps, above which requesters offer more (assumption).
const PATIENCE_BPS: u64 = 2_000;
/// How much more they offer after such an epoch, and less after another one, bps (assumption).
const LEARNING_BPS: [u64; 2] = [1_000, 500];
/// Least and most that they learn to offer, bps of the reference price.
const GOING_BPS: [u64; 2] = [1_000, 100_000];
/// Updates of a reputation by one bundle.
const JUDGEMENTS: u64 = 16;

/// What a group earned and paid. RENDER in base units, money in credit units (1e-6 USD), RENDER counted at its mean price of the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Ledger {
    /// RENDER for work.
    pub work_render: u64,
    /// RENDER for availability.
    pub availability_render: u64,
    /// RENDER for spending credits.
    pub rebate_render: u64,
    /// RENDER for showing another's fault.
    pub finder_render: u64,
    /// RENDER slashed.
    pub slashed_render: u64,
    /// RENDER paid for credits, with the fee.
    pub bought_render: u64,
    /// What all earnings were worth.
    pub earned: i64,
    /// What was slashed.
    pub slashed: i64,
    /// What credits cost.
    pub bought: i64,
    /// What hardware and current cost.
    pub hardware: i64,
    /// What the locked stake cost.
    pub capital: i64,
}

impl Ledger {
    /// Earnings less all costs, credit units.
    pub fn profit(&self) -> i64 {
        self.earned - self.slashed - self.bought - self.hardware - self.capital
    }
}

/// An epoch in numbers. RENDER in base units, credits in credit units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Record {
    /// Its number.
    pub epoch: u64,
    /// Price of RENDER, 1e-8 USD.
    pub price: u64,
    /// Emission of the schedule.
    pub emission: u64,
    /// RENDER burned for credits.
    pub burned: u64,
    /// Credits bought with them.
    pub bought: u64,
    /// RENDER burned from slashed stakes.
    pub slashed: u64,
    /// RENDER minted.
    pub minted: u64,
    /// Of it for network operations.
    pub operations: u64,
    /// Of it for availability.
    pub availability: u64,
    /// Of it for work.
    pub work: u64,
    /// Of it for creators.
    pub creators: u64,
    /// Credits of work accepted.
    pub accepted: u64,
    /// Credits that requesters hold because nobody took their work.
    pub unserved: u64,
    /// Busy card time, bps of what was there.
    pub utilisation_bps: u64,
    /// Floating price of render work, bps of the base price.
    pub index_bps: u64,
    /// Floating price of compute work.
    pub compute_index_bps: u64,
    /// What requesters learnt to offer, bps of the reference price.
    pub going_bps: u64,
    /// Nodes of the priority tier.
    pub priority_nodes: u64,
    /// Stake at work.
    pub stake: u64,
    /// Nodes present.
    pub nodes: u64,
    /// Payouts of the ten operators that got most, bps of all payouts to nodes.
    pub top_ten_bps: u64,
}

/// A bundle of equal leases.
#[derive(Clone, Copy)]
struct Bundle {
    number: u32,
    class: usize,
    tier: Tier,
    /// Which of the classes, tiers and offers, as one number.
    level: usize,
}

/// A world and all that has happened in it.
pub struct World {
    parameters: Parameters,
    strategies: Strategies,
    random: Random,
    nodes: Vec<Node>,
    ledgers: [Ledger; 7],
    requesters: CreditBalance,
    washers: CreditBalance,
    carry: Carry,
    smoothed: Usage,
    rate: BurnRate,
    indices_bps: [u64; 2],
    /// What requesters have learnt that nodes work for, bps of the reference price; they offer the network's price where that is more.
    going_bps: u64,
    smoothed_burned: u64,
    unrecycled: u64,
    recycled: u64,
    active_stake: u64,
    prices: Vec<u64>,
    records: Vec<Record>,
    payouts: std::collections::BTreeMap<u32, u64>,
    rebates: u64,
    minted: u64,
}

/// What happened in the running epoch.
struct Running {
    number: u64,
    start: i64,
    week: Week,
    /// Price at the end of the epoch.
    last_price: u64,
    race: RaceRules,
    penalty: u64,
    weights: Vec<Vec<u64>>,
    /// Card seconds worked by class.
    busy: [u64; 2],
    /// What probes found of each node.
    probed: Vec<probe::Record>,
    purchases: BurnRate,
    spent: u64,
    washed: u64,
    slashed: u64,
}

fn worth(render: u64, price: u64) -> Result<i64, MarketError> {
    let credits = mul_div(render, price, BASE_UNITS_TIMES_PRICE_PER_CREDIT, Round::Down)?;
    i64::try_from(credits).map_err(|_| MarketError::Overflow)
}

fn money(credits: u64) -> Result<i64, MarketError> {
    i64::try_from(credits).map_err(|_| MarketError::Overflow)
}

impl World {
    /// A world before its first epoch.
    pub fn new(parameters: Parameters, strategies: Strategies, seed: u64) -> Self {
        let random = Random::new(seed);
        let nodes = population::nodes(&strategies, &parameters, random, GENESIS);
        let active_stake = nodes.iter().map(|node| node.stake.staked).sum();
        Self {
            parameters,
            strategies,
            random,
            nodes,
            ledgers: [Ledger::default(); 7],
            requesters: CreditBalance::default(),
            washers: CreditBalance::default(),
            carry: Carry::default(),
            smoothed: Usage::default(),
            rate: BurnRate::default(),
            indices_bps: [10_000; 2],
            going_bps: 10_000,
            smoothed_burned: 0,
            unrecycled: 0,
            recycled: 0,
            active_stake,
            prices: Vec::new(),
            records: Vec::new(),
            payouts: std::collections::BTreeMap::new(),
            rebates: 0,
            minted: 0,
        }
    }

    /// Runs all weeks.
    pub fn run(mut self, weeks: &[Week]) -> Result<Self, SimulationError> {
        for (index, week) in weeks.iter().enumerate() {
            // Half way to the mean of the week after.
            let next = weeks.get(index + 1).unwrap_or(week);
            self.epoch(*week, week.price.midpoint(next.price))?;
        }
        Ok(self)
    }

    /// What each group earned and paid.
    pub fn ledger(&self, group: Group) -> &Ledger {
        &self.ledgers[group.index()]
    }

    /// All epochs.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// RENDER minted to each operator, in ascending order.
    pub fn payouts(&self) -> Vec<u64> {
        let mut payouts: Vec<_> = self.payouts.values().copied().collect();
        payouts.sort_unstable();
        payouts
    }

    /// RENDER minted to requesters as rebates.
    pub fn rebates(&self) -> u64 {
        self.rebates
    }

    fn strategy(&self, group: Group) -> Strategy {
        self.strategies[group.index()]
    }

    fn fakes(&self, group: Group) -> bool {
        matches!(self.strategy(group), Strategy::Lazy | Strategy::LazyInTheDark | Strategy::Collude)
    }

    fn epoch(&mut self, week: Week, last_price: u64) -> Result<(), SimulationError> {
        let number = self.records.len() as u64 + 1;
        let start = GENESIS + (number as i64 - 1) * self.parameters.epoch_seconds as i64;
        let mut running = Running {
            number,
            start,
            week,
            last_price,
            race: rules::race_rules(&self.parameters, self.active_stake),
            penalty: self.parameters.audit_rules().penalty(LEASE_VALUE)?,
            weights: Vec::new(),
            busy: [0; 2],
            probed: Vec::new(),
            purchases: BurnRate::default(),
            spent: 0,
            washed: 0,
            slashed: 0,
        };
        self.prices.push(week.price);
        self.come_and_go(&mut running)?;
        running.probed = self.probe()?;
        let bought = self.buy(&mut running, week.credits, week.price)?;
        self.requesters = self.requesters.buy(bought.credits)?;
        running.weights =
            (0..self.nodes.len()).map(|node| self.weights_of(node, &running)).collect::<Result<_, _>>()?;
        self.work(&mut running)?;
        self.wash(&mut running)?;
        self.pay_costs(&running)?;
        let outcome = self.finalize(&running)?;
        self.claim(&running, &outcome)
    }

    /// Buys credits, which counts in the epoch's rate.
    fn buy(&mut self, running: &mut Running, credits: u64, price: u64) -> Result<Purchase, MarketError> {
        let purchase = credit::purchase(credits, price, self.parameters.burn_bps, u64::MAX)?;
        running.purchases.burned = amount::add(running.purchases.burned, purchase.burned)?;
        running.purchases.credits = amount::add(running.purchases.credits, purchase.credits)?;
        Ok(purchase)
    }

    /// Fickle nodes leave and return; those that lost their stake come back as newcomers.
    fn come_and_go(&mut self, running: &mut Running) -> Result<(), MarketError> {
        let recent = &self.prices[self.prices.len().saturating_sub(4)..];
        let mean = recent.iter().sum::<u64>() / recent.len() as u64;
        let (price, now) = (running.week.price, running.start);
        let (stake_rules, reputation_rules) = (self.parameters.stake_rules(), self.parameters.reputation_rules());
        for node in &mut self.nodes {
            node.busy_seconds = 0;
            node.work = [0; 2];
            let ledger = &mut self.ledgers[node.group.index()];
            match self.strategies[node.group.index()] {
                Strategy::Fickle if node.is_present && price * 10_000 < mean * FLIGHT_BPS => {
                    node.is_present = false;
                    // What it holds runs into its deadlines.
                    for _ in 0..node.capacity {
                        let (after, taken) = node.stake.slash(node.stake.expiry_penalty(&stake_rules)?)?;
                        ledger.slashed_render += taken;
                        ledger.slashed += worth(taken, price)?;
                        running.slashed += taken;
                        node.stake = after.burn_slashed()?.0;
                        node.blemishes += 1;
                        node.reputation =
                            node.reputation.update(Reason::LeaseExpired, LEASE_VALUE, now, &reputation_rules)?;
                    }
                    node.stake = node.stake.begin_unbonding(node.stake.staked, now, &stake_rules)?;
                }
                Strategy::Fickle if !node.is_present && price >= mean && node.stake.withdraw(now).is_ok() => {
                    let (after, back) = node.stake.withdraw(now)?;
                    node.stake = after.deposit(back)?;
                    node.is_present = true;
                }
                Strategy::Lazy | Strategy::LazyInTheDark | Strategy::Collude
                    if node.stake.check_may_work(&stake_rules).is_err() =>
                {
                    node.stake = node.stake.deposit(stake_rules.min_stake - node.stake.staked)?;
                    node.reputation = Reputation::new(now);
                    node.standing = Standing { tier: Tier::Economy, good: 0, bad: 0 };
                    node.blemishes = 0;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The price of a level, bps of the reference price. A dollar buys as many OctaneBench hours as the parameters say; the reference is what
    /// it buys by default in the priority tier.
    fn price_bps(&self, level: usize) -> u64 {
        let (class, tier, offer) = (level / (2 * OFFERS as usize), level / OFFERS as usize % 2, level as u64 % OFFERS);
        let hours = match TIERS[tier] {
            Tier::Economy => self.parameters.obh_per_dollar_economy,
            Tier::Priority => self.parameters.obh_per_dollar_priority,
        };
        let of_network = self.indices_bps[class] * Parameters::DEFAULT.obh_per_dollar_priority / hours;
        let [bargain, least, step] = OFFER_BPS;
        let offer = if offer == 0 { bargain } else { least + step * (offer - 1) };
        of_network.max(self.going_bps) * offer / 10_000
    }

    /// Card seconds of a lease at a price.
    fn lease_seconds(&self, level: usize) -> u64 {
        LEASE_VALUE * 3_600 * 10_000 / (CREDITS_PER_HOUR * self.price_bps(level).max(1))
    }

    /// Card seconds that a node has left in the epoch.
    fn free_seconds(&self, node: &Node, penalty: u64) -> u64 {
        let all = u64::from(rules::places(node, penalty)) * self.parameters.epoch_seconds;
        all.saturating_sub(node.busy_seconds)
    }

    /// A node's weight at each level; zero where it cannot or would not work.
    fn weights_of(&self, node: usize, running: &Running) -> Result<Vec<u64>, MarketError> {
        let node = &self.nodes[node];
        let seconds = self.free_seconds(node, running.penalty);
        let free = u32::try_from(seconds.div_ceil(self.parameters.epoch_seconds)).unwrap_or(u32::MAX);
        (0..LEVELS)
            .map(|level| {
                if seconds < self.lease_seconds(level) {
                    return Ok(0);
                }
                let weight = rules::weight(node, Some(self.price_bps(level)), free, &self.parameters, &running.race)?;
                Ok(weight.unwrap_or(0))
            })
            .collect()
    }

    /// When each node may claim, by the second; nodes of the same second are in the order of luck, as a block's leader would have them.
    fn race(
        &self,
        running: &Running,
        bundle: Bundle,
        what: u32,
        draw: u16,
        may: impl Fn(&Node) -> bool,
    ) -> Result<Vec<(i64, u64, usize)>, MarketError> {
        let moment = running.number << 32 | u64::from(bundle.number) << 16 | u64::from(draw);
        let mut runners = Vec::new();
        for (index, (node, weights)) in self.nodes.iter().zip(&running.weights).enumerate() {
            let weight = match what {
                // Work ends within the hour that an audit waits: who is busy for the whole epoch has a place then. What it asks does not count.
                Random::AUDIT if node.capacity > 0 => {
                    rules::weight(node, None, 1, &self.parameters, &running.race)?.unwrap_or(0)
                }
                _ => weights[bundle.level],
            };
            if weight > 0 && may(node) {
                let (x, luck) = self.random.pair(what, moment, node.key);
                let delay = race::delay_ms(x, weight, &running.race);
                // Class and tier order what requesters ask for; audits are nobody's order.
                let by = match what {
                    Random::RACE => {
                        rules::put_back_ms(&self.parameters, bundle.class == 1, bundle.tier, node.standing.tier)
                    }
                    _ => 0,
                };
                let delay = race::put_back_ms(delay, by, &running.race);
                runners.push((race::eligible_at(0, delay)?, luck, index));
            }
        }
        Ok(runners)
    }

    /// Whether no honest node works for this price, so that none audits at it either.
    fn is_shunned(&self, level: usize) -> bool {
        let price_bps = self.price_bps(level);
        !self.nodes.iter().any(|node| node.is_present && !self.fakes(node.group) && node.ask_bps <= price_bps)
    }

    /// Cuts the market's credits into bundles and gives each to the winners of its race.
    fn work(&mut self, running: &mut Running) -> Result<(), MarketError> {
        let premium = self.parameters.audit_rules().premium_per_unit(LEASE_VALUE, 1)?;
        let leases = self.requesters.available / (LEASE_VALUE + premium);
        let mut given = 0;
        for number in 0..BUNDLES {
            let size = leases * u64::from(number + 1) / u64::from(BUNDLES) - given;
            given += size;
            let moment = running.number << 16 | u64::from(number);
            let (tier, offer) = self.random.pair(Random::BUNDLE, moment, 0);
            let tier = usize::from(tier % 10_000 < running.week.priority_bps);
            let class = usize::from(self.random.below(Random::BUNDLE, moment, 1, 10_000) < COMPUTE_BPS);
            let is_bargain = (offer >> 32) % 10_000 < BARGAIN_BPS;
            let offer = if is_bargain { 0 } else { 1 + offer % (OFFERS - 1) };
            let level = (2 * class + tier) * OFFERS as usize + offer as usize;
            let bundle = Bundle { number, class, tier: TIERS[tier], level };
            let escrow = size * (LEASE_VALUE + premium);
            self.requesters = self.requesters.escrow(escrow)?;
            let accepted = self.work_on(running, bundle, size)?;
            let spent = accepted * (LEASE_VALUE + premium);
            self.requesters = self.requesters.spend(spent)?.refund(escrow - spent)?;
            running.spent = amount::add(running.spent, spent)?;
        }
        Ok(())
    }

    /// Gives a bundle out. Returns how many of its leases were accepted.
    fn work_on(&mut self, running: &mut Running, bundle: Bundle, size: u64) -> Result<u64, MarketError> {
        let (mut left, mut accepted) = (size, 0);
        let is_shunned = self.is_shunned(bundle.level);
        let may = |node: &Node| match self.strategy(node.group) {
            Strategy::LazyInTheDark => is_shunned,
            Strategy::Lazy | Strategy::Collude => !is_shunned,
            _ => true,
        };
        let runners = self.race(running, bundle, Random::RACE, 0, may)?;
        while left > 0 {
            let able = runners.iter().filter(|(_, _, node)| running.weights[*node][bundle.level] > 0);
            let Some(&(_, _, winner)) = able.min() else {
                return Ok(accepted);
            };
            if self.fakes(self.nodes[winner].group) {
                let (held, passed) = self.fake(running, bundle, winner, left)?;
                left -= held;
                accepted += passed;
                running.weights[winner] = self.weights_of(winner, running)?;
                continue;
            }
            let taken = self.compute(running, bundle, winner, left)?;
            left -= taken;
            accepted += taken;
            let draw = self.random.pair(Random::LOTTERY, running.number << 16 | u64::from(bundle.number), 0).0;
            if audit::is_picked(draw, self.parameters.audit_probability_bps, 1) {
                self.audit(running, bundle, winner, taken)?;
            }
        }
        Ok(accepted)
    }

    /// An honest node works on as many leases as it can finish. Returns how many.
    fn compute(&mut self, running: &mut Running, bundle: Bundle, index: usize, most: u64) -> Result<u64, MarketError> {
        let seconds = self.lease_seconds(bundle.level);
        let leases = (self.free_seconds(&self.nodes[index], running.penalty) / seconds).min(most);
        let (now, rules) = (running.start, self.parameters.reputation_rules());
        let node = &mut self.nodes[index];
        node.busy_seconds += leases * seconds;
        running.busy[bundle.class] += leases * seconds;
        node.work[bundle.class] = amount::add(node.work[bundle.class], leases * LEASE_VALUE)?;
        for _ in 0..JUDGEMENTS.min(leases) {
            let credits = leases * LEASE_VALUE / JUDGEMENTS.min(leases);
            node.reputation = node.reputation.update(Reason::LeaseAccepted, credits, now, &rules)?;
        }
        running.weights[index] = self.weights_of(index, running)?;
        Ok(leases)
    }

    /// Another operator's honest node computes the leases again and is paid for it.
    fn audit(&mut self, running: &mut Running, bundle: Bundle, holder: usize, leases: u64) -> Result<(), MarketError> {
        let operator = self.nodes[holder].operator;
        let fakes = Group::ALL.map(|group| self.fakes(group));
        let may = |node: &Node| node.operator != operator && !fakes[node.group.index()];
        let first = self.race(running, bundle, Random::AUDIT, 0, may)?.into_iter().min();
        if let Some((_, _, auditor)) = first {
            self.compute(running, bundle, auditor, leases)?;
        }
        Ok(())
    }

    /// A node takes as many leases as it likes, for it computes none, until it is caught too often to go on. Returns how many it held and
    /// how many were accepted.
    fn fake(
        &mut self,
        running: &mut Running,
        bundle: Bundle,
        index: usize,
        most: u64,
    ) -> Result<(u64, u64), MarketError> {
        let rules = self.parameters.audit_rules();
        let stake_rules = self.parameters.stake_rules();
        let Node { group, operator, .. } = self.nodes[index];
        let (mut held, mut passed) = (0, 0);
        while held < most && self.nodes[index].stake.check_may_work(&stake_rules).is_ok() {
            held += 1;
            let draw = held as u16;
            let moment = running.number << 32 | u64::from(bundle.number) << 16 | u64::from(draw);
            let lot = self.random.pair(Random::LOTTERY, moment, self.nodes[index].key).0;
            if audit::is_picked(lot, self.parameters.audit_probability_bps, 1) {
                let colludes = self.strategy(group) == Strategy::Collude;
                let runners = self.race(running, bundle, Random::AUDIT, draw, |node| {
                    node.operator != operator && (!self.fakes(node.group) || (colludes && node.group == group))
                })?;
                match runners.into_iter().min().map(|(_, _, auditor)| auditor) {
                    // Nobody audits: the audit lapses and the lease goes on.
                    None => {}
                    Some(auditor) if self.nodes[auditor].group == group => {
                        let work = &mut self.nodes[auditor].work[bundle.class];
                        *work = amount::add(*work, LEASE_VALUE)?;
                    }
                    Some(auditor) => {
                        self.catch(running, index, auditor, &rules)?;
                        continue;
                    }
                }
            }
            passed += 1;
            let work = &mut self.nodes[index].work[bundle.class];
            *work = amount::add(*work, LEASE_VALUE)?;
        }
        let now = running.start;
        let node = &mut self.nodes[index];
        let outcome = if passed == held { Reason::LeaseAccepted } else { Reason::DisputeLost };
        node.reputation = node.reputation.update(outcome, LEASE_VALUE, now, &self.parameters.reputation_rules())?;
        Ok((held, passed))
    }

    /// A lost dispute.
    fn catch(
        &mut self,
        running: &mut Running,
        index: usize,
        auditor: usize,
        rules: &audit::AuditRules,
    ) -> Result<(), MarketError> {
        let price = running.week.price;
        let node = &mut self.nodes[index];
        let penalty = rules.fraud_penalty(node.stake.staked, node.stake.unbonding, running.penalty)?;
        let (after, taken, fee) = node.stake.slash_for(penalty, rules.finder_fee_bps)?;
        let (after, burned) = after.burn_slashed()?;
        node.stake = after;
        node.blemishes += 1;
        node.standing = tier::after_lost_dispute(node.standing);
        running.slashed = amount::add(running.slashed, burned)?;
        let ledger = &mut self.ledgers[node.group.index()];
        ledger.slashed_render += taken;
        ledger.slashed += worth(taken, price)?;
        let finder = &mut self.nodes[auditor];
        finder.stake = finder.stake.deposit(fee)?;
        let ledger = &mut self.ledgers[finder.group.index()];
        ledger.finder_render += fee;
        ledger.earned += worth(fee, price)?;
        Ok(())
    }

    /// A group that is its own requester: its jobs ask for what only its own nodes have, so that they compute and audit them, and the
    /// work is nothing at all.
    fn wash(&mut self, running: &mut Running) -> Result<(), MarketError> {
        let (buys_at, credits) = match self.strategy(Group::Wash) {
            Strategy::Wash => (running.week.price, running.week.credits / 4),
            Strategy::WashAtTheTop => (running.last_price, self.best_wash(running)?),
            _ => return Ok(()),
        };
        if credits == 0 {
            return Ok(());
        }
        let bought = self.buy(running, credits, buys_at)?;
        let ledger = &mut self.ledgers[Group::Wash.index()];
        ledger.bought_render += bought.total;
        ledger.bought += worth(bought.total, running.week.price)?;
        self.washers = self.washers.buy(credits)?.escrow(credits)?.spend(credits)?;
        running.washed = credits;
        running.spent = amount::add(running.spent, credits)?;
        // Value and premium: the audits are its own as well.
        if let Some(node) = self.nodes.iter_mut().find(|node| node.group == Group::Wash) {
            node.work[0] = amount::add(node.work[0], credits)?;
        }
        Ok(())
    }

    /// The purchase that earns most, among some multiples of the market's; none where all lose. Everything that it depends on is public
    /// before the epoch's last block.
    fn best_wash(&self, running: &Running) -> Result<u64, MarketError> {
        let mut best = (0, 0);
        for tenths in 1..=40 {
            let credits = running.week.credits / 10 * tenths;
            let cost = credit::purchase(credits, running.last_price, self.parameters.burn_bps, u64::MAX)?;
            let purchases = BurnRate {
                burned: amount::add(running.purchases.burned, cost.burned)?,
                credits: amount::add(running.purchases.credits, credits)?,
            };
            let input = FinalizeInput { purchases, ..self.input(running, credits)? };
            let pools =
                epoch::finalize(&input, &self.parameters.splits(DEFAULT_SPLIT), &self.parameters.epoch_rules())?.pools;
            let work = claim_share(credits, input.usage.render, pools.render)?;
            let rebate = claim_share(credits, amount::add(running.spent, credits)?, pools.creators)?;
            let gain = amount::add(work, rebate)?.saturating_sub(cost.total);
            if gain > best.0 {
                best = (gain, credits);
            }
        }
        Ok(best.1)
    }

    /// Hardware, current and capital of an epoch.
    fn pay_costs(&mut self, running: &Running) -> Result<(), MarketError> {
        let epoch_seconds = self.parameters.epoch_seconds;
        let mut last_rig = 0;
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let has_cards = !self.fakes(node.group);
            let mut hardware = 0;
            if has_cards {
                let cards = u64::from(population::GPUS);
                if node.rig != last_rig {
                    hardware += COSTS.card_hour * cards * epoch_seconds / 3_600;
                    if node.is_present {
                        hardware += COSTS.idle_hour * cards * epoch_seconds / 3_600;
                    }
                }
                hardware += (COSTS.busy_hour - COSTS.idle_hour) * node.busy_seconds / 3_600;
            }
            last_rig = node.rig;
            let is_free = !node.is_present && node.stake.withdraw(running.start).is_ok();
            let locked = if is_free { 0 } else { worth(node.locked(), running.week.price)? };
            let year = money(YEAR_SECONDS)? * 10_000;
            let capital =
                i128::from(locked) * i128::from(COSTS.capital_bps) * i128::from(epoch_seconds) / i128::from(year);
            let ledger = &mut self.ledgers[node.group.index()];
            ledger.hardware += money(hardware)?;
            ledger.capital += i64::try_from(capital).map_err(|_| MarketError::Overflow)?;
        }
        Ok(())
    }

    fn usage(&self) -> Result<Usage, MarketError> {
        let mut usage = Usage::default();
        for node in &self.nodes {
            usage.render = amount::add(usage.render, node.work[0])?;
            usage.compute = amount::add(usage.compute, node.work[1])?;
        }
        Ok(usage)
    }

    /// What probes find of each node in an epoch. Whoever fakes results has no hardware to answer with.
    fn probe(&mut self) -> Result<Vec<probe::Record>, MarketError> {
        let due = rules::probes_due(&self.parameters);
        let weight_bps = self.parameters.uptime_weight_bps;
        let mut of_operators = std::collections::BTreeMap::<u32, u64>::new();
        let mut of_rigs = std::collections::BTreeMap::<u32, u64>::new();
        for node in &self.nodes {
            *of_operators.entry(node.operator).or_default() += 1;
            *of_rigs.entry(node.rig).or_default() += 1;
        }
        let mut records = Vec::with_capacity(self.nodes.len());
        for index in 0..self.nodes.len() {
            let fakes = self.fakes(self.nodes[index].group);
            let node = &mut self.nodes[index];
            if !node.is_present {
                records.push(probe::Record::default());
                continue;
            }
            // Identities of a rig share what it can answer.
            let answers = rules::probes_answerable(&self.parameters) / of_rigs[&node.rig];
            let passed = if fakes { 0 } else { due.min(answers) };
            records.push(rules::probed(passed, due - passed, of_operators[&node.operator], &self.parameters)?);
            for probe in 0..due {
                node.uptime_bps = probe::uptime_after(node.uptime_bps, probe < passed, weight_bps)?;
            }
        }
        Ok(records)
    }

    /// Points that count, of each node.
    fn points(&self, running: &Running) -> Vec<u64> {
        let qualify_bps = self.parameters.probe_qualify_bps;
        running.probed.iter().map(|record| record.availability(qualify_bps)).collect()
    }

    /// What the epoch's end depends on, with `more` render credits than the nodes have worked.
    fn input(&self, running: &Running, more: u64) -> Result<FinalizeInput, MarketError> {
        let usage = self.usage()?;
        let end = running.start + self.parameters.epoch_seconds as i64;
        Ok(FinalizeInput {
            emission: emission::amount(&DEFAULT_SCHEDULE, GENESIS, running.start, end)?,
            carry: self.carry,
            usage: Usage { render: amount::add(usage.render, more)?, ..usage },
            spent: amount::add(running.spent, more)?,
            availability_total: self.points(running).iter().sum(),
            qualified: self.points(running).iter().filter(|points| **points > 0).count() as u64,
            smoothed_usage: self.smoothed,
            purchases: running.purchases,
            last_rate: self.rate,
            smoothed_burned: self.smoothed_burned,
            unrecycled: self.unrecycled,
        })
    }

    fn finalize(&mut self, running: &Running) -> Result<Finalized, SimulationError> {
        let input = self.input(running, 0)?;
        let outcome = epoch::finalize(&input, &self.parameters.splits(DEFAULT_SPLIT), &self.parameters.epoch_rules())?;
        let inflow = amount::add(amount::add(input.emission, outcome.recycled)?, self.carry.total()?)?;
        if inflow != amount::add(outcome.pools.total()?, outcome.carry.total()?)? {
            return Err(SimulationError::Law {
                law: "emission + recycled + carry in = pools + carry out",
                epoch: running.number,
            });
        }
        self.carry = outcome.carry;
        self.smoothed = outcome.smoothed_usage;
        self.rate = outcome.rate;
        self.smoothed_burned = outcome.smoothed_burned;
        self.unrecycled = outcome.unrecycled;
        self.recycled = amount::add(self.recycled, outcome.recycled)?;
        Ok(outcome)
    }

    /// Mints what is claimed, and checks the laws.
    fn claim(&mut self, running: &Running, outcome: &Finalized) -> Result<(), SimulationError> {
        let pools = &outcome.pools;
        let usage = self.usage()?;
        let points = self.points(running);
        let total: u64 = points.iter().sum();
        let (mut work, mut available) = ([0_u64; 2], 0_u64);
        let mut of_operators = std::collections::BTreeMap::<u32, u64>::new();
        for (node, points) in self.nodes.iter().zip(points) {
            let render = claim_share(node.work[0], usage.render, pools.render)?;
            let compute = claim_share(node.work[1], usage.compute, pools.compute)?;
            let availability = availability_claim(points, total, pools.availability, self.parameters.availability_cap)?;
            work = [amount::add(work[0], render)?, amount::add(work[1], compute)?];
            available = amount::add(available, availability)?;
            let ledger = &mut self.ledgers[node.group.index()];
            ledger.work_render += render + compute;
            ledger.availability_render += availability;
            ledger.earned += worth(render + compute + availability, running.week.price)?;
            *of_operators.entry(node.operator).or_default() += render + compute + availability;
        }
        let rebate = claim_share(running.washed, running.spent, pools.creators)?;
        let rest = claim_share(running.spent - running.washed, running.spent, pools.creators)?;
        let ledger = &mut self.ledgers[Group::Wash.index()];
        ledger.rebate_render += rebate;
        ledger.earned += worth(rebate, running.week.price)?;
        self.rebates += rest;
        let paid = [work[0], work[1], available, rebate + rest];
        let limits = [pools.render, pools.compute, pools.availability, pools.creators];
        if paid.iter().zip(limits).any(|(paid, limit)| *paid > limit) {
            return Err(SimulationError::Law {
                law: "L6: claims of a pool are at most the pool",
                epoch: running.number,
            });
        }
        let minted = paid.iter().sum::<u64>() + pools.operations;
        self.record(running, minted, pools.operations, &paid, &of_operators)?;
        for (operator, payout) in of_operators {
            *self.payouts.entry(operator).or_default() += payout;
        }
        self.check_laws(running)?;
        Ok(self.review(running)?)
    }

    /// Moves prices by the use that was made of the nodes, and nodes between tiers by how they did.
    fn review(&mut self, running: &Running) -> Result<(), MarketError> {
        let is_patient = self.requesters.available * 10_000 <= running.week.credits * PATIENCE_BPS;
        self.going_bps = match is_patient {
            true => (self.going_bps * (10_000 - LEARNING_BPS[1]) / 10_000).max(GOING_BPS[0]),
            false => (self.going_bps * (10_000 + LEARNING_BPS[0]) / 10_000).min(GOING_BPS[1]),
        };
        let capacity = self.capacity_seconds(running)?;
        for (index, busy) in self.indices_bps.iter_mut().zip(running.busy) {
            *index = price::next_index(*index, busy, capacity, &self.parameters.price_rules())?;
        }
        let end = running.start + self.parameters.epoch_seconds as i64;
        let (reputation_rules, tier_rules) = (self.parameters.reputation_rules(), self.parameters.tier_rules());
        for (node, probed) in self.nodes.iter_mut().zip(&running.probed) {
            let facts = EpochFacts {
                reputation_bps: node.reputation.decayed(end, &reputation_rules)?.bps(),
                uptime_bps: node.uptime_bps,
                is_active: probed.passed + probed.missed > 0 || node.work != [0; 2],
                is_next: node.is_present,
            };
            node.standing = tier::review(node.standing, &facts, &tier_rules).0;
        }
        Ok(())
    }

    /// Seconds of places that probes have shown, of either class: every node serves both.
    fn capacity_seconds(&self, running: &Running) -> Result<u64, MarketError> {
        self.nodes.iter().zip(&running.probed).try_fold(0, |sum, (node, probed)| {
            let each = probe::capacity_seconds(self.parameters.probe_interval_slots, node.capacity)?;
            amount::add(sum, amount::mul(each, u64::from(probed.passed))?)
        })
    }

    fn record(
        &mut self,
        running: &Running,
        minted: u64,
        operations: u64,
        paid: &[u64; 4],
        of_operators: &std::collections::BTreeMap<u32, u64>,
    ) -> Result<(), SimulationError> {
        self.minted = amount::add(self.minted, minted)?;
        let usage = self.usage()?;
        let busy: u64 = self.nodes.iter().map(|node| node.busy_seconds).sum();
        let places: u64 = self
            .nodes
            .iter()
            .filter(|node| node.is_present && !self.fakes(node.group))
            .map(|node| u64::from(rules::places(node, running.penalty)))
            .sum();
        let all: u64 = of_operators.values().sum();
        let mut payouts: Vec<_> = of_operators.values().copied().collect();
        payouts.sort_unstable_by(|a, b| b.cmp(a));
        let top: u64 = payouts.iter().take(10).sum();
        let share =
            |part: u64, whole: u64| (u128::from(part) * 10_000).checked_div(u128::from(whole)).unwrap_or(0) as u64;
        let present = self.nodes.iter().filter(|node| node.is_present);
        self.active_stake = present.clone().map(|node| node.stake.staked).sum();
        self.records.push(Record {
            epoch: running.number,
            price: running.week.price,
            emission: emission::amount(
                &DEFAULT_SCHEDULE,
                GENESIS,
                running.start,
                running.start + self.parameters.epoch_seconds as i64,
            )?,
            burned: running.purchases.burned,
            bought: running.purchases.credits,
            slashed: running.slashed,
            minted,
            operations,
            availability: paid[2],
            work: paid[0] + paid[1],
            creators: paid[3],
            accepted: amount::add(usage.render, usage.compute)?,
            unserved: self.requesters.available,
            utilisation_bps: share(busy, places * self.parameters.epoch_seconds),
            index_bps: self.indices_bps[0],
            compute_index_bps: self.indices_bps[1],
            going_bps: self.going_bps,
            priority_nodes: present.clone().filter(|node| node.standing.tier == Tier::Priority).count() as u64,
            stake: self.active_stake,
            nodes: present.count() as u64,
            top_ten_bps: share(top, all),
        });
        Ok(())
    }

    fn check_laws(&self, running: &Running) -> Result<(), SimulationError> {
        let broken = |law| Err(SimulationError::Law { law, epoch: running.number });
        let end = running.start + self.parameters.epoch_seconds as i64;
        let scheduled = emission::cumulative(&DEFAULT_SCHEDULE, GENESIS, end)?;
        if self.minted > amount::add(scheduled, self.recycled)? {
            return broken("L5: RENDER minted is at most C(t) and what was recycled");
        }
        let to_groups: u64 = self
            .ledgers
            .iter()
            .map(|ledger| ledger.work_render + ledger.availability_render + ledger.rebate_render)
            .sum();
        let operations: u64 = self.records.iter().map(|record| record.operations).sum();
        if to_groups + operations + self.rebates != self.minted {
            return broken("what is minted is what is claimed");
        }
        if !self.requesters.is_conserved() || !self.washers.is_conserved() {
            return broken("L1: no credit is made or lost");
        }
        Ok(())
    }
}
