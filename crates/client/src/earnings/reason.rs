//! Why something did not earn, in words, with what to do about it.

use crate::amount::render;
use serde::Serialize;

/// Why a node earned nothing, or not more. Amounts are RENDER base units, times unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[allow(missing_docs)] // The sentences below say what each is.
pub enum Reason {
    Paused,
    StakeBelowMinimum { stake: u64, minimum: u64 },
    StakeCovered { stake: u64, exposure: u64 },
    Draining,
    Full { held: u32, capacity: u32 },
    InMaintenance { until: i64 },
    NotEnrolled,
    NeverProved { probes: u32 },
    NoAddress,
    NotMeasured,
    Concentrated { nodes: u32, free: u64 },
    NoJobs,
    OtherClass { jobs: usize, class: &'static str },
    WantsMemory { jobs: usize, least_mib: u32, has_mib: u32 },
    WantsReputation { jobs: usize, least_bps: u64, has_bps: u64 },
    AskTooHigh { jobs: usize, asks: u64, best: u64 },
    Refused { jobs: usize, sentence: String },
    WantsBandwidth { jobs: usize, least_mbps: u64, has_mbps: u64 },
    RequesterUnknown { jobs: usize, asks_bps: u16 },
    RacesLost { leases: u32 },
    TurnsMissed { leases: u32 },
    TurnAhead { leases: u32, at: Option<i64> },
    NoEpoch,
    StillRunning { ends_at: i64 },
    NotFinalized { ended_at: i64 },
    NoRecord,
    NoWork { class: &'static str },
    NothingBurned { class: &'static str },
    Bounded { class: &'static str, carried: u64, bound_bps: u64 },
    NoProbes { is_enrolled: bool },
    ProbesMissed { missed: u32, of: u32 },
    NotQualified { passed: u32, of: u32, qualify_bps: u64 },
    Capped { share: u64, cap: u64 },
    AvailabilityCarried { carried: u64, qualified: u64 },
    Unclaimed { amount: u64 },
    MintLimited { amount: u64, at: i64 },
    AboveMintLimit { amount: u64, limit: u64 },
}

/// A reason with its sentence, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// What it is.
    #[serde(flatten)]
    pub reason: Reason,
    /// It in words.
    pub sentence: String,
    /// What the operator can do; `None` where it needs nothing of him, or there is nothing.
    pub remedy: Option<String>,
}

impl From<Reason> for Explained {
    fn from(reason: Reason) -> Self {
        let (sentence, remedy) = (reason.sentence(), reason.remedy());
        Self { reason, sentence, remedy }
    }
}

/// A share in percent with the decimals it has.
fn percent(bps: u64) -> String {
    let text = format!("{}.{:02}", bps / 100, bps % 100);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

fn plural(count: impl Into<u64>, one: &str) -> String {
    match count.into() {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

fn jobs(count: usize) -> String {
    plural(count as u64, "open job")
}

impl Reason {
    /// The reason in words.
    pub fn sentence(&self) -> String {
        match self {
            Self::Paused => "no leases are given out: the network is paused by its governance".into(),
            Self::StakeBelowMinimum { stake, minimum } => {
                format!("the stake is {} RENDER; a node needs {} to work", render(*stake), render(*minimum))
            }
            Self::StakeCovered { stake, exposure } => format!(
                "all of the stake of {} RENDER covers what the node holds ({} RENDER)",
                render(*stake),
                render(*exposure)
            ),
            Self::Draining => "the node is draining: it takes no new leases".into(),
            Self::Full { held, capacity } => format!("the node holds {held} leases and audits of at most {capacity}"),
            Self::InMaintenance { until } => {
                format!("the node is in announced maintenance until {until} (unix seconds): no probes, no new leases")
            }
            Self::NotEnrolled => "the node is not enrolled for probes: availability earns nothing".into(),
            Self::NeverProved { probes: 0 } => "no probe of the node has been opened yet".into(),
            Self::NeverProved { probes } => format!("the node has passed none of its {}", plural(*probes, "probe")),
            Self::NoAddress => "the node declares no address for bandwidth: it is rated with the least".into(),
            Self::NotMeasured => {
                "no three peers have measured the node's bandwidth in one probe yet: it is rated with the least".into()
            }
            Self::Concentrated { nodes, free } => format!(
                "the operator has {nodes} nodes: past {free} each further one lowers the availability of all of them"
            ),
            Self::NoJobs => "there are no open jobs".into(),
            Self::OtherClass { jobs: count, class } => {
                format!("{} of class {class}, which the node does not serve", jobs(*count))
            }
            Self::WantsMemory { jobs: count, least_mib, has_mib } => {
                format!("{} for nodes with at least {least_mib} MiB of memory; this one has {has_mib}", jobs(*count))
            }
            Self::WantsReputation { jobs: count, least_bps, has_bps } => {
                format!("{} for reputations of at least {least_bps}; this node's is {has_bps} of 10000", jobs(*count))
            }
            Self::WantsBandwidth { jobs: count, least_mbps, has_mbps } => format!(
                "{} for nodes with a measured {least_mbps} Mbit/s or more; {has_mbps} were measured of this one",
                jobs(*count)
            ),
            Self::RequesterUnknown { jobs: count, asks_bps } => format!(
                "{} of requesters with a lower reputation than the {asks_bps} that the node asks for",
                jobs(*count)
            ),
            Self::AskTooHigh { jobs: count, asks, best } => format!(
                "{} below the node's ask of {asks} credits per million of the work measure; the best pays {best}",
                jobs(*count)
            ),
            Self::Refused { jobs: count, sentence } => format!("{} refused to the node: {sentence}", jobs(*count)),
            Self::RacesLost { leases } => {
                format!("{} went to other nodes, whose turn in the race came first", plural(*leases, "lease"))
            }
            Self::TurnsMissed { leases } => format!(
                "{} went to other nodes although this node's turn had come: it was not running, busy, or slow",
                plural(*leases, "lease")
            ),
            Self::TurnAhead { leases, at: Some(at) } => {
                format!("{} free; the node's first turn comes at {at} (unix seconds)", plural(*leases, "lease"))
            }
            Self::TurnAhead { leases, at: None } => {
                format!("{} free, of jobs that have no seed yet", plural(*leases, "lease"))
            }
            Self::NoEpoch => "the epoch's account is not there: nobody opened it, or it was closed".into(),
            Self::StillRunning { ends_at } => {
                format!("the epoch runs until {ends_at} (unix seconds); its pools are fixed after that")
            }
            Self::NotFinalized { ended_at } => {
                format!("the epoch ended at {ended_at} (unix seconds), and nobody has closed it yet")
            }
            Self::NoRecord => {
                "the node has no record: it had no accepted work and no probe, or the record was closed after its claim"
                    .into()
            }
            Self::NoWork { class } => format!("no {class} work was accepted"),
            Self::NothingBurned { class } => format!(
                "the {class} pool is empty: no RENDER was ever burned for credits, and rewards are bounded by the burn"
            ),
            Self::Bounded { class, carried, bound_bps } => format!(
                "the {class} pool is bounded by {} of the RENDER burned for its credits; {} RENDER were carried on",
                percent(*bound_bps),
                render(*carried)
            ),
            Self::NoProbes { is_enrolled: true } => "no probe of the node was opened and finished".into(),
            Self::NoProbes { is_enrolled: false } => "the node had no probes, and it is not enrolled for them".into(),
            Self::ProbesMissed { missed, of } => {
                format!("{missed} of {} missed or disproved", plural(*of, "probe"))
            }
            Self::NotQualified { passed, of, qualify_bps } => format!(
                "{passed} of {} passed; below {} availability earns nothing",
                plural(*of, "probe"),
                percent(*qualify_bps)
            ),
            Self::Capped { share, cap } => format!(
                "the node's share of the availability pool is {} RENDER; one node has at most {}",
                render(*share),
                render(*cap)
            ),
            Self::AvailabilityCarried { carried, qualified } => format!(
                "availability is bounded by its cap for each of the {}; {} RENDER were carried on",
                plural(*qualified, "qualified node"),
                render(*carried)
            ),
            Self::MintLimited { amount, at } => format!(
                "{} RENDER wait to be claimed; the mint limiter lets no more through before {at} (unix seconds)",
                render(*amount)
            ),
            Self::AboveMintLimit { amount, limit } => format!(
                "{} RENDER wait to be claimed, and the mint limiter lets {} through in its window",
                render(*amount),
                render(*limit)
            ),
            Self::Unclaimed { amount } => format!("{} RENDER wait to be claimed", render(*amount)),
        }
    }

    /// What the operator can do about it.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::StakeBelowMinimum { stake, minimum } => {
                format!("render-worker stake {}", render(minimum.saturating_sub(*stake)))
            }
            Self::StakeCovered { .. } => "wait for what is held to be accepted, or stake more".into(),
            Self::Draining => "render-worker drain --off".into(),
            Self::Full { .. } => "wait, or raise --capacity with render-worker init".into(),
            Self::InMaintenance { .. } => "render-worker maintenance --off ends it now".into(),
            Self::NotEnrolled | Self::NoProbes { is_enrolled: false } => "render-worker enroll".into(),
            Self::NeverProved { probes: 1.. } | Self::ProbesMissed { .. } | Self::NotQualified { .. } => {
                "keep render-worker run going, and enroll with ratings that this machine holds".into()
            }
            Self::NoAddress => "render-worker enroll --address IP with the bandwidth port open".into(),
            Self::NotMeasured => "open the bandwidth port to the Internet, and keep render-worker run going".into(),
            Self::WantsBandwidth { has_mbps: 0, .. } => {
                "render-worker enroll --address IP, so that peers measure it".into()
            }
            Self::MintLimited { .. } => "render-worker claim after that; run does".into(),
            Self::WantsMemory { .. } => "only a larger device helps".into(),
            Self::AskTooHigh { best, .. } if *best > 0 => format!("render-worker init --ask {best}, or less"),
            Self::RacesLost { .. } => "more stake, a better record and a lower ask bring the turn sooner".into(),
            Self::TurnsMissed { .. } => "keep render-worker run going; its log says what was passed over".into(),
            Self::NotFinalized { .. } => "any running worker closes it; render-worker run does".into(),
            Self::Unclaimed { .. } => "render-worker claim".into(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_carry_numbers_and_remedies_the_command() {
        let explained = Explained::from(Reason::StakeBelowMinimum { stake: 150_000_000, minimum: 10_000_000_000 });
        assert_eq!(explained.sentence, "the stake is 1.5 RENDER; a node needs 100 to work");
        assert_eq!(explained.remedy.as_deref(), Some("render-worker stake 98.5"));
        let json = serde_json::to_value(&explained).unwrap();
        assert_eq!(
            (json["code"].as_str(), json["minimum"].as_u64()),
            (Some("stake_below_minimum"), Some(10_000_000_000))
        );
    }

    #[test]
    fn shares_are_told_with_the_decimals_they_have() {
        assert_eq!([5_000, 1_250, 1, 10_000].map(percent), ["50 %", "12.5 %", "0.01 %", "100 %"]);
    }

    #[test]
    fn one_is_not_told_as_many() {
        assert_eq!(Reason::RacesLost { leases: 1 }.sentence().split(' ').take(2).collect::<Vec<_>>(), ["1", "lease"]);
        assert_eq!(Reason::RacesLost { leases: 2 }.sentence().split(' ').take(2).collect::<Vec<_>>(), ["2", "leases"]);
    }
}
