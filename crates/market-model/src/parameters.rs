//! Every number that governance may change, with its unit, default, bounds and source, and the rules that follow from them.
//!
//! All parameters are `u64` in declaration order, so that the account that holds them is their array, and a proposal names a
//! parameter by its position in [`SPECS`]. [`Parameters::validate`] checks each bound and what must hold between them. The order
//! is part of the account layout: new parameters go to the end.

use core::fmt;

use crate::amount::{self, WHOLE_BPS};
use crate::audit::AuditRules;
use crate::concentration::ConcentrationRules;
use crate::dispute::DisputeRules;
use crate::emission::{DEFAULT_SPLIT, YearSplit};
use crate::epoch::{EpochRules, Splits};
use crate::error::MarketError;
use crate::governance::GovernanceRules;
use crate::lease::LeaseRules;
use crate::limiter::LimiterRules;
use crate::maintenance::MaintenanceRules;
use crate::oracle::OracleRules;
use crate::price::PriceRules;
use crate::probe::{ProbeRules, Ratings};
use crate::race::{FactorRule, RaceRules};
use crate::reputation::ReputationRules;
use crate::stake::StakeRules;
use crate::tier::TierRules;

/// One parameter in words and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterSpec {
    /// The field of [`Parameters`].
    pub name: &'static str,
    /// The unit of its value.
    pub unit: &'static str,
    /// Its value in a new network.
    pub default: u64,
    /// Least value, inclusive.
    pub min: u64,
    /// Largest value, inclusive.
    pub max: u64,
    /// Where the default comes from.
    pub source: &'static str,
}

/// A parameter outside its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds {
    /// Which, and what its bounds are.
    pub spec: &'static ParameterSpec,
    /// The refused value.
    pub value: u64,
}

impl fmt::Display for OutOfBounds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spec: ParameterSpec { name, unit, min, max, .. }, value } = self;
        write!(formatter, "{name} is {value} {unit}, but must lie between {min} and {max}")
    }
}

impl core::error::Error for OutOfBounds {}

macro_rules! parameters {
    ($($name:ident : $unit:literal, $default:literal, $min:literal ..= $max:literal, $source:literal, $doc:literal;)+) => {
        /// All parameters of a network.
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Parameters {
            $(
                #[doc = concat!($doc, " Unit: ", $unit, ". Source: ", $source, ".")]
                pub $name: u64,
            )+
        }

        /// Unit, default, bounds and source of each parameter, in the order of the fields.
        pub const SPECS: [ParameterSpec; COUNT] = [
            $(ParameterSpec {
                name: stringify!($name), unit: $unit, default: $default, min: $min, max: $max, source: $source,
            },)+
        ];

        /// What each parameter is, in the order of [`SPECS`]. Apart from them, so that the program carries no sentences that it never says.
        pub const DESCRIPTIONS: [&str; COUNT] = [$($doc,)+];

        /// Number of parameters.
        pub const COUNT: usize = [$(stringify!($name)),+].len();

        impl Parameters {
            /// The parameters of a new network.
            pub const DEFAULT: Parameters = Parameters { $($name: $default,)+ };

            /// The values in the order of [`SPECS`].
            pub const fn values(&self) -> [u64; COUNT] {
                [$(self.$name,)+]
            }

            /// Parameters from values in the order of [`SPECS`], not validated.
            pub const fn from_values(values: [u64; COUNT]) -> Parameters {
                let [$($name,)+] = values;
                Parameters { $($name,)+ }
            }
        }
    };
}

parameters! {
    oracle_max_age_seconds: "seconds", 60, 5..=600, "design 4", "Oldest price that is accepted.";
    oracle_max_confidence_bps: "bps", 150, 10..=1_000, "design 4, AEP-79", "Widest confidence of a price, as a share of it.";
    oracle_confidence_multiple_hundredths: "1/100", 200, 0..=1_000, "Helium data credits", "Confidences taken off the price.";

    burn_bps: "bps", 9_500, 5_000..=10_000, "RNP-006, RNP-021", "Part of a credit payment that is burned; the rest is the operations fee.";

    job_max_seconds: "seconds", 2_592_000, 60..=31_536_000, "this project", "Longest time from the opening of a job to its deadline.";

    lease_seconds: "seconds", 600, 5..=604_800, "this project", "From the claim of a lease to its commitment.";
    reveal_seconds: "seconds", 120, 5..=86_400, "this project", "From the commitment of a lease to its reveal.";
    challenge_seconds: "seconds", 300, 1..=604_800, "this project", "From the reveal of a lease to its acceptance.";

    min_stake: "RENDER base units", 10_000_000_000, 100_000_000..=100_000_000_000_000, "this project", "Least stake of a node that may work.";
    unbonding_seconds: "seconds", 1_209_600, 604_800..=5_184_000, "design 4", "From the start of unbonding to withdrawal.";
    expiry_penalty_bps: "bps", 100, 0..=1_000, "this project", "Penalty for a missed deadline, as a share of the least stake.";

    reputation_half_life_seconds: "seconds", 2_592_000, 86_400..=31_536_000, "this project", "Time in which the distance of a reputation to neutral halves.";
    reputation_credit_scale: "credit units", 100_000_000, 1_000..=1_000_000_000_000, "this project", "Credits at which an outcome weighs one half, before its bound.";
    reputation_max_weight_bps: "bps", 1_000, 1..=5_000, "this project", "Most weight of one outcome.";
    reputation_returned_target_bps: "bps", 4_000, 0..=10_000, "this project", "What a returned lease counts as.";

    race_tau_ms: "milliseconds", 4_000, 1_000..=60_000, "this project", "Mean delay of a node of weight one.";
    race_delay_cap_ms: "milliseconds", 120_000, 1_000..=3_600_000, "this project", "Longest delay of any node.";
    race_region_min_bps: "bps", 2_500, 1..=10_000, "this project", "Lower clamp of the region factor.";
    race_region_max_bps: "bps", 10_000, 1..=10_000, "this project", "Upper clamp of the region factor.";
    race_region_exponent_halves: "1/2", 2, 0..=8, "this project", "Exponent of the region factor.";
    race_price_min_bps: "bps", 1_000, 1..=10_000, "this project", "Lower clamp of the price factor.";
    race_price_max_bps: "bps", 10_000, 1..=10_000, "this project", "Upper clamp of the price factor.";
    race_price_exponent_halves: "1/2", 1, 0..=8, "this project", "Exponent of the price factor.";
    race_uptime_min_bps: "bps", 1_000, 1..=10_000, "this project", "Lower clamp of the uptime factor.";
    race_uptime_max_bps: "bps", 9_900, 1..=10_000, "Spheron's first tier, 99 %", "Upper clamp of the uptime factor.";
    race_uptime_exponent_halves: "1/2", 2, 0..=8, "this project", "Exponent of the uptime factor.";
    race_reputation_min_bps: "bps", 500, 1..=10_000, "this project", "Lower clamp of the reputation factor.";
    race_reputation_max_bps: "bps", 10_000, 1..=10_000, "this project", "Upper clamp of the reputation factor.";
    race_reputation_exponent_halves: "1/2", 2, 0..=8, "this project", "Exponent of the reputation factor.";
    race_capacity_min_bps: "bps", 1_000, 1..=10_000, "this project", "Lower clamp of the capacity factor.";
    race_capacity_max_bps: "bps", 10_000, 1..=10_000, "this project", "Upper clamp of the capacity factor.";
    race_capacity_exponent_halves: "1/2", 1, 0..=8, "this project", "Exponent of the capacity factor.";
    race_history_min_bps: "bps", 500, 1..=10_000, "this project", "Lower clamp of the slash history factor.";
    race_history_max_bps: "bps", 10_000, 1..=10_000, "this project", "Upper clamp of the slash history factor.";
    race_history_exponent_halves: "1/2", 2, 0..=8, "this project", "Exponent of the slash history factor.";

    epoch_seconds: "seconds", 604_800, 10..=2_678_400, "RNP-006: seven days", "Length of an epoch.";
    availability_numerator: "parts", 2_800, 0..=1_000_000, "RNP-022", "Availability's part of the nodes' share.";
    availability_denominator: "parts", 17_800, 1..=1_000_000, "RNP-022", "The nodes' share in the same parts.";
    usage_weight_bps: "bps", 2_500, 1..=10_000, "Helium's average over seven epochs: 2/(7 + 1)", "Weight of an epoch in the average of usage.";
    work_bound_bps: "bps", 8_000, 0..=10_000, "this project; RNP-023 keeps the burn above the reward", "Most reward of a class, as a share of the RENDER burned for its accepted credits.";
    creators_bound_bps: "bps", 2_000, 0..=10_000, "this project", "Most reward of creators, as a share of the RENDER burned for the credits spent on accepted work.";

    audit_probability_bps: "bps", 1_000, 10..=10_000, "this project", "Chance of a lease to be audited by another operator's node.";
    audit_collusion_bps: "bps", 3_333, 0..=9_000, "this project; the usual bound of a third", "Share of the stake that the deterrence inequality takes for a cheater's own.";
    audit_penalty_multiple: "times the lease's value", 25, 1..=10_000, "this project: the deterrence inequality", "What a node loses at least for faking or hiding a result.";
    audit_wait_seconds: "seconds", 3_600, 30..=604_800, "this project", "How long an audit waits for somebody to claim it.";
    audit_reveal_seconds: "seconds", 3_600, 30..=604_800, "this project", "From the last commitment of an audited lease to each reveal.";
    stake_valuation: "1e-8 USD per RENDER", 100_000_000, 1_000_000..=100_000_000_000, "this project; a cautious price", "What stake is taken to be worth when it covers penalties.";
    fraud_slash_bps: "bps", 5_000, 1_000..=10_000, "this project", "Least share of its stake that the loser of a dispute loses.";
    finder_fee_bps: "bps", 3_000, 500..=5_000, "Livepeer's finder's fee", "Winner's part of a slash; the rest is burned.";
    challenge_bond: "RENDER base units", 1_000_000_000, 1_000_000..=10_000_000_000_000, "this project", "Bond of a challenge by anyone.";
    dispute_turn_seconds: "seconds", 1_800, 10..=604_800, "this project", "Time for one move of a dispute.";

    burn_weight_bps: "bps", 2_500, 1..=10_000, "Helium's average over seven epochs: 2/(7 + 1)", "Weight of an epoch in the average of burned RENDER.";
    recycle_bps: "bps", 0, 0..=2_000, "RNP-004: net emissions capped at a small percentage of the burn; off", "Most RENDER minted again in an epoch, as a share of the average burn.";
    client_share_max_bps: "bps", 2_000, 0..=10_000, "this project", "Most of its requesters' rebates that a compute client may take.";
    availability_cap: "RENDER base units", 230_000_000, 0..=100_000_000_000, "RNP-013: 10 RENDER per node and month", "Most availability reward of a node in an epoch.";
    concentration_free: "nodes", 3, 1..=1_000, "RNP-015", "Nodes of an operator whose availability counts whole.";
    concentration_rate: "1/10,000", 6_500, 0..=100_000, "RNP-015: exp(-0.65 (n - 3))", "Rate at which availability falls with each further node of the operator.";
    mint_window_seconds: "seconds", 604_800, 60..=31_536_000, "this project: one epoch", "Time in which the mint limiter forgets what was minted.";
    mint_limit: "RENDER base units", 87_500_000_000_000, 100_000_000..=10_737_418_200_000_000, "HIP-77: five epochs", "Most RENDER minted in the limiter's window.";

    probe_interval_slots: "slots", 54_000, 8..=10_000_000, "this project: about six hours", "Mean number of slots between two probes of a node.";
    probe_open_slots: "slots", 150, 1..=400, "this project: a minute", "How long after its slot a due probe may be opened.";
    probe_work_seconds: "seconds", 40, 1..=3_600, "this project", "How long the work of a probe takes on hardware of the declared ratings.";
    probe_seconds: "seconds", 64, 2..=7_200, "this project; below twice the work, see kernels::probe::walk", "From the opening of a probe to its commitment.";
    probe_value: "credit units", 1_000_000, 1..=1_000_000_000, "this project", "What a probe is taken to be worth for its audit and penalty.";
    probe_penalty: "RENDER base units", 10_000_000, 0..=10_000_000_000, "this project", "Penalty for a missed probe; who opened it receives it.";
    probe_opener_bps: "bps", 200, 0..=2_000, "this project", "What the opener of a probe earns, as a share of the points that the probed node earns.";
    probe_qualify_bps: "bps", 5_000, 0..=10_000, "RNP-013: online at least half of the epoch", "Least share of its probes that a node must pass to be paid for availability.";
    reference_compute: "1e9 int8 operations per second", 660_000, 1..=1_000_000_000, "RTX 4090, dense int8; RNP-019's GPU of score 1", "Compute rating of the reference node (t).";
    reference_memory_mib: "MiB", 24_576, 1..=16_777_216, "RTX 4090; RNP-019", "Memory of the reference node (m).";
    reference_clock: "1e3 hashes per second", 20_000, 1..=10_000_000, "this project: one core with SHA extensions", "Sequential hash rate of the reference node (c).";
    reference_bandwidth: "Mbit/s", 400, 1..=1_000_000, "RNP-019: 400 down scores 1", "Bandwidth of the reference node (b).";
    rating_min_bps: "bps", 2_500, 1..=10_000, "this project", "Lower clamp of each rating's ratio to the reference.";
    rating_max_bps: "bps", 40_000, 10_000..=40_000, "this project", "Upper clamp of each rating's ratio to the reference.";
    uptime_weight_bps: "bps", 1_000, 1..=10_000, "this project", "Weight of a probe in a node's uptime.";
    maintenance_notice_seconds: "seconds", 900, 0..=604_800, "this project", "From the announcement of maintenance to its beginning.";
    maintenance_max_seconds: "seconds", 86_400, 0..=2_678_400, "this project", "Most maintenance of a node in an epoch.";

    obh_per_dollar_priority: "OctaneBench hours per dollar", 100, 1..=1_000_000, "Render's knowledge base: tier 2", "Render work that a dollar buys in the priority tier, before surcharges.";
    obh_per_dollar_economy: "OctaneBench hours per dollar", 200, 1..=1_000_000, "Render's knowledge base: tier 3", "Render work that a dollar buys in the economy tier, before surcharges.";
    work_per_obh: "work measure per OctaneBench hour", 360_000_000, 1..=1_000_000_000_000, "this project: 100 OB taken as ten million camera samples a second", "Work measure of an OctaneBench hour.";
    region_surcharge_bps: "bps", 1_000, 0..=10_000, "this project; RNP-004 prices by location", "Surcharge of a job that asks for a region.";
    price_target_utilisation_bps: "bps", 8_000, 1..=10_000, "RNP-019, RNP-021: scale above 80 %", "Utilisation at which a floating price stays.";
    price_step_bps: "bps", 1_000, 0..=5_000, "RNP-020: 10 % a step", "Most change of a floating price in an epoch.";
    price_min_bps: "bps", 2_500, 1..=10_000, "this project", "Least floating price, as a share of the tier's base price.";
    price_max_bps: "bps", 40_000, 10_000..=1_000_000, "this project", "Largest floating price, as a share of the tier's base price.";

    race_region_near_bps: "bps", 6_000, 0..=10_000, "this project", "Region fit of a node in the same area of the world.";
    race_compute_yield_ms: "milliseconds", 2_000, 0..=60_000, "RNP-004: render before compute", "How much later a node that serves both classes may claim compute work.";
    tier_spill_seconds: "seconds", 30, 0..=86_400, "Render's job assignment: priority work spills to economy nodes", "How much later an economy node may claim priority work, and any node economy work; well below race_delay_cap_ms.";
    tier_promote_reputation_bps: "bps", 6_500, 5_000..=10_000, "this project", "Least reputation of an epoch that counts towards promotion.";
    tier_promote_uptime_bps: "bps", 9_500, 0..=10_000, "Spheron's tiers", "Least uptime of an epoch that counts towards promotion.";
    tier_promote_epochs: "epochs", 3, 1..=52, "this project; Spheron 3 to 30 eras", "Good epochs in a row for promotion.";
    tier_demote_reputation_bps: "bps", 5_500, 0..=10_000, "this project", "Reputation below which an epoch counts towards demotion.";
    tier_demote_uptime_bps: "bps", 9_000, 0..=10_000, "Spheron's tiers", "Uptime below which an epoch counts towards demotion.";
    tier_demote_epochs: "epochs", 2, 1..=52, "this project; Spheron 4 to 32 eras", "Bad epochs in a row for demotion.";

    gov_initial_seconds: "seconds", 259_200, 3_600..=2_592_000, "RNP-000: 72 hours", "Length of a proposal's first vote.";
    gov_final_seconds: "seconds", 518_400, 86_400..=5_184_000, "RNP-000: six days", "Length of a proposal's second vote.";
    gov_quorum_bps: "bps", 1_500, 100..=5_000, "RNP-000: 15 % of the supply", "Least votes of a second vote, as a share of the supply.";
    gov_emergency_quorum_bps: "bps", 2_000, 100..=6_667, "RNP-000: 20 % of the supply", "Least votes of an emergency proposal, as a share of the supply.";
    gov_timelock_seconds: "seconds", 172_800, 3_600..=2_592_000, "design 4: 48 hours", "From the acceptance of a proposal to its execution.";
    gov_execution_seconds: "seconds", 1_209_600, 86_400..=7_776_000, "this project", "How long an accepted proposal can be executed after its timelock.";
    gov_proposer_lock: "RENDER base units", 1_000_000_000_000, 100_000_000..=1_000_000_000_000_000, "this project", "Least RENDER that a proposer has locked.";
}

/// A parameter's position in [`SPECS`] by its name.
pub fn position(name: &str) -> Option<usize> {
    SPECS.iter().position(|spec| spec.name == name)
}

impl Default for Parameters {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A parameter in seconds as a time; what does not fit is later than any time.
fn seconds(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Parameters {
    /// The first parameter outside its bounds.
    pub fn out_of_bounds(&self) -> Option<OutOfBounds> {
        SPECS
            .iter()
            .zip(self.values())
            .find(|(spec, value)| *value < spec.min || *value > spec.max)
            .map(|(spec, value)| OutOfBounds { spec, value })
    }

    /// Checks every bound, that availability is a share of the nodes' part, that no clamp is empty, and that a node that fakes results and a
    /// requester who is its own node lose by it.
    pub fn validate(&self) -> Result<(), MarketError> {
        if self.out_of_bounds().is_some() {
            return Err(MarketError::ParameterOutOfBounds);
        }
        self.splits(DEFAULT_SPLIT).validate()?;
        let race = self.race_rules(self.min_stake);
        for rule in [&race.region, &race.price, &race.uptime, &race.reputation, &race.capacity, &race.history] {
            if rule.min_bps > rule.max_bps {
                return Err(MarketError::ParameterOutOfBounds);
            }
        }
        self.audit_rules().check_deterrence()?;
        // Who burns R pays at least R; what comes back is at most both bounds of R.
        if amount::add(self.work_bound_bps, self.creators_bound_bps)? > WHOLE_BPS {
            return Err(MarketError::WashBoundTooHigh);
        }
        Ok(())
    }

    /// For [`crate::oracle`].
    pub fn oracle_rules(&self) -> OracleRules {
        OracleRules {
            max_age_seconds: seconds(self.oracle_max_age_seconds),
            max_confidence_bps: self.oracle_max_confidence_bps,
            confidence_multiple_hundredths: self.oracle_confidence_multiple_hundredths,
        }
    }

    /// For [`crate::lease`].
    pub fn lease_rules(&self) -> LeaseRules {
        LeaseRules {
            lease_seconds: seconds(self.lease_seconds),
            reveal_seconds: seconds(self.reveal_seconds),
            challenge_seconds: seconds(self.challenge_seconds),
            audit_wait_seconds: seconds(self.audit_wait_seconds),
            audit_reveal_seconds: seconds(self.audit_reveal_seconds),
        }
    }

    /// For [`crate::stake`].
    pub fn stake_rules(&self) -> StakeRules {
        StakeRules {
            min_stake: self.min_stake,
            unbonding_seconds: seconds(self.unbonding_seconds),
            expiry_penalty_bps: self.expiry_penalty_bps,
        }
    }

    /// For [`crate::audit`].
    pub fn audit_rules(&self) -> AuditRules {
        AuditRules {
            probability_bps: self.audit_probability_bps,
            collusion_bps: self.audit_collusion_bps,
            penalty_multiple: self.audit_penalty_multiple,
            stake_valuation: self.stake_valuation,
            fraud_slash_bps: self.fraud_slash_bps,
            finder_fee_bps: self.finder_fee_bps,
        }
    }

    /// For [`crate::concentration`].
    pub fn concentration_rules(&self) -> ConcentrationRules {
        ConcentrationRules { free: self.concentration_free, rate: self.concentration_rate }
    }

    /// For [`crate::probe`].
    pub fn probe_rules(&self) -> ProbeRules {
        ProbeRules {
            reference: Ratings {
                compute: self.reference_compute,
                memory_mib: self.reference_memory_mib,
                clock: self.reference_clock,
                bandwidth: self.reference_bandwidth,
            },
            rating_min_bps: self.rating_min_bps,
            rating_max_bps: self.rating_max_bps,
            interval_slots: self.probe_interval_slots,
            open_slots: self.probe_open_slots,
            opener_bps: self.probe_opener_bps,
            qualify_bps: self.probe_qualify_bps,
            uptime_weight_bps: self.uptime_weight_bps,
        }
    }

    /// For [`crate::maintenance`].
    pub fn maintenance_rules(&self) -> MaintenanceRules {
        MaintenanceRules {
            notice_seconds: seconds(self.maintenance_notice_seconds),
            most_seconds: seconds(self.maintenance_max_seconds),
        }
    }

    /// For [`crate::dispute`].
    pub fn dispute_rules(&self) -> DisputeRules {
        DisputeRules { turn_seconds: seconds(self.dispute_turn_seconds) }
    }

    /// For [`crate::reputation`].
    pub fn reputation_rules(&self) -> ReputationRules {
        ReputationRules {
            half_life_seconds: seconds(self.reputation_half_life_seconds),
            credit_scale: self.reputation_credit_scale,
            max_weight_bps: self.reputation_max_weight_bps,
            returned_target_bps: self.reputation_returned_target_bps,
        }
    }

    /// For [`crate::race`], with the stake whose factor is one.
    pub fn race_rules(&self, stake_reference: u64) -> RaceRules {
        RaceRules {
            region: FactorRule {
                min_bps: self.race_region_min_bps,
                max_bps: self.race_region_max_bps,
                exponent_halves: self.race_region_exponent_halves,
            },
            price: FactorRule {
                min_bps: self.race_price_min_bps,
                max_bps: self.race_price_max_bps,
                exponent_halves: self.race_price_exponent_halves,
            },
            uptime: FactorRule {
                min_bps: self.race_uptime_min_bps,
                max_bps: self.race_uptime_max_bps,
                exponent_halves: self.race_uptime_exponent_halves,
            },
            reputation: FactorRule {
                min_bps: self.race_reputation_min_bps,
                max_bps: self.race_reputation_max_bps,
                exponent_halves: self.race_reputation_exponent_halves,
            },
            capacity: FactorRule {
                min_bps: self.race_capacity_min_bps,
                max_bps: self.race_capacity_max_bps,
                exponent_halves: self.race_capacity_exponent_halves,
            },
            history: FactorRule {
                min_bps: self.race_history_min_bps,
                max_bps: self.race_history_max_bps,
                exponent_halves: self.race_history_exponent_halves,
            },
            stake_reference,
            tau_ms: self.race_tau_ms,
            delay_cap_ms: self.race_delay_cap_ms,
        }
    }

    /// For [`crate::governance`].
    pub fn governance_rules(&self) -> GovernanceRules {
        GovernanceRules {
            initial_seconds: seconds(self.gov_initial_seconds),
            final_seconds: seconds(self.gov_final_seconds),
            quorum_bps: self.gov_quorum_bps,
            emergency_quorum_bps: self.gov_emergency_quorum_bps,
            timelock_seconds: seconds(self.gov_timelock_seconds),
            execution_seconds: seconds(self.gov_execution_seconds),
            proposer_lock: self.gov_proposer_lock,
        }
    }

    /// For [`crate::tier`].
    pub fn tier_rules(&self) -> TierRules {
        TierRules {
            promote_reputation_bps: self.tier_promote_reputation_bps,
            promote_uptime_bps: self.tier_promote_uptime_bps,
            promote_epochs: self.tier_promote_epochs,
            demote_reputation_bps: self.tier_demote_reputation_bps,
            demote_uptime_bps: self.tier_demote_uptime_bps,
            demote_epochs: self.tier_demote_epochs,
        }
    }

    /// For [`crate::epoch`], with the split of the year in which the epoch starts.
    pub fn splits(&self, year: YearSplit) -> Splits {
        Splits {
            operations_bps: u64::from(year.operations_bps),
            creators_bps: u64::from(year.creators_bps),
            availability_numerator: self.availability_numerator,
            availability_denominator: self.availability_denominator,
        }
    }

    /// For [`crate::epoch`].
    pub fn epoch_rules(&self) -> EpochRules {
        EpochRules {
            usage_weight_bps: self.usage_weight_bps,
            work_bound_bps: self.work_bound_bps,
            creators_bound_bps: self.creators_bound_bps,
            burn_weight_bps: self.burn_weight_bps,
            recycle_bps: self.recycle_bps,
            availability_cap: self.availability_cap,
        }
    }

    /// For [`crate::limiter`].
    pub fn limiter_rules(&self) -> LimiterRules {
        LimiterRules { window_seconds: self.mint_window_seconds, limit: self.mint_limit }
    }

    /// For [`crate::price`].
    pub fn price_rules(&self) -> PriceRules {
        PriceRules {
            obh_per_dollar_economy: self.obh_per_dollar_economy,
            obh_per_dollar_priority: self.obh_per_dollar_priority,
            work_per_obh: self.work_per_obh,
            region_surcharge_bps: self.region_surcharge_bps,
            target_utilisation_bps: self.price_target_utilisation_bps,
            step_bps: self.price_step_bps,
            min_bps: self.price_min_bps,
            max_bps: self.price_max_bps,
        }
    }
}
