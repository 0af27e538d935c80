//! Owns who takes part: groups of nodes of equal hardware, what they have at stake, and which strategy each group follows.
//!
//! A *rig* is a node of [`GPUS`] cards as RNP-004 counts them: an RTX 4090 earns 8.88 USD a day, 0.37 USD an hour, draws 450 W and
//! costs 1,599 USD. The rest of its costs are assumptions, stated at [`Costs`].

use crate::random::Random;
use market_model::{
    Parameters,
    emission::RENDER,
    reputation::Reputation,
    stake::Stake,
    tier::{Standing, Tier},
};

/// Cards of a rig: leases that it can work on at once.
pub const GPUS: u32 = 8;
/// Credits that an hour of a card is worth at the reference price: RNP-004, RTX 4090.
pub const CREDITS_PER_HOUR: u64 = 370_000;
/// Identities that a Sybil adds to each rig.
pub const SYBIL_IDENTITIES: u32 = 20;

/// What hardware and money cost, in credit units (1e-6 USD).
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    /// Of a busy card, an hour: 450 W (RNP-004) at 0.15 USD/kWh (assumption).
    pub busy_hour: u64,
    /// Of an idle card, an hour: 60 W with its part of the machine (assumption) at the same price.
    pub idle_hour: u64,
    /// Of owning a card, an hour: 1,599 USD (RNP-004) over four years (assumption).
    pub card_hour: u64,
    /// Yearly cost of capital that is locked as stake, bps (assumption).
    pub capital_bps: u64,
}

/// The costs of all worlds.
pub const COSTS: Costs = Costs { busy_hour: 67_500, idle_hour: 9_000, card_hour: 45_600, capital_bps: 1_000 };

/// Groups of nodes. Each is honest in the world of comparison and follows one strategy in the world of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Honest in every world.
    Crowd,
    /// Fakes results.
    Lazy,
    /// Has many identities.
    Sybil,
    /// Buys its own work.
    Wash,
    /// Asks for nothing.
    Undercut,
    /// Leaves when the price falls.
    Fickle,
    /// Has 30 % of the stake.
    Large,
}

impl Group {
    /// All groups, in the order of their nodes.
    pub const ALL: [Group; 7] =
        [Self::Crowd, Self::Lazy, Self::Sybil, Self::Wash, Self::Undercut, Self::Fickle, Self::Large];

    /// Position in [`Group::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The group in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crowd => "honest crowd",
            Self::Lazy => "lazy",
            Self::Sybil => "Sybil",
            Self::Wash => "wash trader",
            Self::Undercut => "under-cutter",
            Self::Fickle => "fickle",
            Self::Large => "large operator",
        }
    }

    /// Rigs of the group: 260 in all, so that the published demand keeps between a tenth and all of them busy.
    fn rigs(self) -> u32 {
        match self {
            Self::Crowd => 150,
            Self::Lazy | Self::Sybil | Self::Wash | Self::Undercut => 8,
            Self::Fickle => 30,
            Self::Large => 48,
        }
    }

    /// Rigs of one operator.
    fn rigs_of_operator(self) -> u32 {
        match self {
            Self::Crowd | Self::Fickle => 1,
            Self::Lazy | Self::Sybil | Self::Wash | Self::Undercut => 2,
            Self::Large => 24,
        }
    }
}

/// What a group does. What each costs and earns is in [`crate::world`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Computes, asks for its marginal cost or somewhat more, stays.
    Honest,
    /// Claims work at any price at which honest nodes work too, computes nothing and posts a made-up root; comes back as a newcomer when its
    /// stake is gone.
    Lazy,
    /// The same, but claims only work that is priced below what every honest node asks: nobody comes to audit it.
    LazyInTheDark,
    /// Splits its stake over identities of its operators.
    SybilOfOperators,
    /// Adds identities with a stake and a wallet each, all on the hardware that it has.
    SybilOfWallets,
    /// Is its own requester, in every epoch, for a quarter of the market.
    Wash,
    /// Is its own requester at the end of an epoch in which RENDER rose: it buys credits at the last price, and is paid by the mean.
    WashAtTheTop,
    /// Asks for nothing and takes work below cost.
    Undercut,
    /// Leaves at once, with its leases unfinished, when the price is 15 % below its mean over four epochs; returns above it.
    Fickle,
    /// Fakes all results and lets its own second operator pass those audits that it wins.
    Collude,
}

/// Which strategy each group follows.
pub type Strategies = [Strategy; 7];

/// Everybody is honest.
pub const HONEST: Strategies = [Strategy::Honest; 7];

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Whose it is.
    pub group: Group,
    /// The wallet that it belongs to.
    pub operator: u32,
    /// Enters the race's hash.
    pub key: u32,
    /// The rig that answers for it; several identities may share one.
    pub rig: u32,
    /// Leases that it may hold at once.
    pub capacity: u32,
    /// RENDER at stake.
    pub stake: Stake,
    /// Standing.
    pub reputation: Reputation,
    /// Share of probes that it answered, as a moving average.
    pub uptime_bps: u64,
    /// Its tier.
    pub standing: Standing,
    /// Times it was slashed for a lease.
    pub blemishes: u32,
    /// Least price it works for, bps of the reference price.
    pub ask_bps: u64,
    /// Whether it works at present.
    pub is_present: bool,
    /// Card seconds that it has worked in this epoch.
    pub busy_seconds: u64,
    /// Credits of accepted work in this epoch, by class.
    pub work: [u64; 2],
}

impl Node {
    /// What is at stake and locked, base units.
    pub fn locked(&self) -> u64 {
        self.stake.staked.saturating_add(self.stake.unbonding)
    }
}

/// The nodes of all groups under their strategies, at `start`.
pub fn nodes(strategies: &Strategies, parameters: &Parameters, random: Random, start: i64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let (mut rig, mut operator) = (0, 0);
    let mut others = 0;
    for (group, strategy) in Group::ALL.into_iter().zip(strategies) {
        for number in 0..group.rigs() {
            if number % group.rigs_of_operator() == 0 {
                operator += 1;
            }
            rig += 1;
            let (ask, stake) = random.pair(Random::NODE, u64::from(rig), 0);
            // 400 to 2,000 RENDER: four times the least stake and more, which covers eight leases of a dollar each.
            let mut stake = parameters.min_stake.saturating_mul(4).saturating_add(stake % (1_600 * RENDER));
            if group == Group::Large {
                // 30 % of all: three sevenths of the others'.
                stake = others / u64::from(group.rigs()) * 3 / 7;
            } else {
                others += stake;
            }
            let ask_bps = match strategy {
                Strategy::Undercut | Strategy::Lazy | Strategy::LazyInTheDark | Strategy::Collude => 0,
                // Marginal cost: 0.0675 USD of current over 80 % of 0.37 USD an hour; up to 1.75 times that.
                _ => 2_300 + ask % 1_700,
            };
            let node = |key, operator, staked, capacity| Node {
                group,
                operator,
                key,
                rig,
                capacity,
                stake: Stake { staked, ..Stake::default() },
                reputation: Reputation::new(start),
                uptime_bps: 10_000,
                standing: Standing { tier: Tier::Economy, good: 0, bad: 0 },
                blemishes: 0,
                ask_bps,
                is_present: true,
                busy_seconds: 0,
                work: [0; 2],
            };
            let key = rig << 8;
            match strategy {
                Strategy::SybilOfOperators => {
                    // A card each, as far as the stake goes.
                    let parts = (stake / parameters.min_stake).clamp(1, u64::from(GPUS));
                    let cards = GPUS / parts as u32;
                    nodes.extend((0..parts as u32).map(|part| node(key | part, operator, stake / parts, cards)));
                }
                Strategy::SybilOfWallets => {
                    nodes.push(node(key, operator, stake, GPUS));
                    // The rig works under its first name only; the others are there to be available.
                    nodes.extend(
                        (1..=SYBIL_IDENTITIES)
                            .map(|part| node(key | part, key | part | 1 << 31, parameters.min_stake, 0)),
                    );
                }
                _ => nodes.push(node(key, operator, stake, GPUS)),
            }
        }
    }
    nodes
}
