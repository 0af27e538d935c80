//! The market's events, read from transaction logs.

use crate::address;
use anchor_lang::Discriminator;
use base64::{Engine, prelude::BASE64_STANDARD};
use render_compute::events::*;
use std::fmt;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Any event. Each variant's fields are documented in the program.
        #[derive(Clone, Copy)]
        #[allow(clippy::large_enum_variant)]
        pub enum Event {
            $(
                #[doc = concat!("See [`render_compute::events::", stringify!($name), "`].")]
                $name($name),
            )+
        }

        impl Event {
            /// Every event's name.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// The event's name.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)+ }
            }

            /// Discriminator and fields as they stand in the log.
            pub fn to_bytes(&self) -> Vec<u8> {
                match self {
                    $(Self::$name(event) => [$name::DISCRIMINATOR, bytemuck::bytes_of(event)].concat(),)+
                }
            }

            /// Reads discriminator and fields. `None` for anything that is not exactly one event.
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                let (discriminator, fields) = bytes.split_at_checked(8)?;
                $(
                    if discriminator == $name::DISCRIMINATOR {
                        return bytemuck::try_pod_read_unaligned(fields).ok().map(Self::$name);
                    }
                )+
                None
            }
        }

        $(
            impl From<$name> for Event {
                fn from(event: $name) -> Self {
                    Self::$name(event)
                }
            }
        )+

        #[cfg(test)]
        fn one_of_each() -> Vec<Event> {
            vec![$(Event::$name(bytemuck::Zeroable::zeroed())),+]
        }
    };
}

events! {
    NetworkInitialized, ParametersChanged, PauseChanged, AuthorityOffered, AuthorityAccepted, OracleChanged,
    PublishersChanged, PriceReported, EngineRegistered,
    CreditAccountOpened, CreditsBought,
    OperatorRegistered, OperatorClosed, PayoutChanged, NodeRegistered, NodeReviewed, NodeClosed, StakeChanged, StakeSlashed, SlashBurned,
    JobOpened, JobSeeded, JobCancelled, LeaseReleased, JobClosed,
    LeaseClaimed, LeaseReturned, LeaseExpired, AttestationCommitted, AttestationRevealed, LeaseAccepted, LeaseClosed,
    AuditDrawn, AuditClaimed, AuditCommitted, AuditRevealed, AuditAccepted, AuditExpired, AuditLapsed, AuditForfeited,
    AuditClosed,
    DisputeOpened, DisputeDivided, DisputePicked, UnitShown, SegmentShown, StepExecuted, DisputeDecided, WorkForfeited,
    DisputeSettled, DisputeClosed, EvidenceOpened, EvidenceClosed,
    ProbeEnrolled, MaintenanceAnnounced, ProbeOpened, ProbeExpired, MeasurementCommitted, MeasurementRevealed, ProbeFinished,
    ProbeAudited,
    EpochOpened, EpochShardOpened, EpochShardSummed, EpochShardClosed, EpochFinalized, EpochClaimed, OperationsClaimed,
    NodeEpochOpened, NodeEpochClosed, JobEpochOpened, JobEpochClosed, RebateClaimed,
    ClientRegistered, ClientUpdated, ClientEnabled,
    VoteVaultOpened, VoteLockChanged, VoteLockClosed, ProposalOpened, VoteCast, ProposalAdvanced, ProposalExecuted,
    ProposalCancelled, ProposalClosed, VoteClosed, ScheduleChanged, NetworkGoverned,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Eq for Event {}

impl fmt::Debug for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}({})", self.name(), hex::encode(&self.to_bytes()[8..]))
    }
}

/// The market's events in a transaction's logs, in order.
///
/// Only what the market itself logged counts: another program in the same transaction may log the same bytes.
pub fn decode(logs: &[String]) -> Vec<Event> {
    let market = address::PROGRAM.to_string();
    let mut running: Vec<bool> = Vec::new();
    let mut events = Vec::new();
    for line in logs {
        if let Some(data) = line.strip_prefix("Program data: ") {
            if running.last() == Some(&true) {
                events.extend(BASE64_STANDARD.decode(data).ok().and_then(|bytes| Event::from_bytes(&bytes)));
            }
            continue;
        }
        let Some((program, rest)) = line.strip_prefix("Program ").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        if rest.starts_with("invoke [") {
            running.push(program == market);
        } else if rest == "success" || rest.starts_with("failed: ") {
            running.pop();
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(program: &str, event: &Event) -> Vec<String> {
        vec![
            format!("Program {program} invoke [1]"),
            format!("Program data: {}", BASE64_STANDARD.encode(event.to_bytes())),
            format!("Program {program} success"),
        ]
    }

    #[test]
    fn every_event_survives_the_log() {
        let market = address::PROGRAM.to_string();
        for event in one_of_each() {
            assert_eq!(decode(&logged(&market, &event)), [event], "{}", event.name());
        }
        assert_eq!(one_of_each().len(), Event::NAMES.len());
    }

    #[test]
    fn every_event_of_the_program_is_known() {
        let declared: Vec<&str> = [
            include_str!("../../../programs/render-compute/src/events/audit.rs"),
            include_str!("../../../programs/render-compute/src/events/client.rs"),
            include_str!("../../../programs/render-compute/src/events/credit.rs"),
            include_str!("../../../programs/render-compute/src/events/dispute.rs"),
            include_str!("../../../programs/render-compute/src/events/epoch.rs"),
            include_str!("../../../programs/render-compute/src/events/governance.rs"),
            include_str!("../../../programs/render-compute/src/events/job.rs"),
            include_str!("../../../programs/render-compute/src/events/lease.rs"),
            include_str!("../../../programs/render-compute/src/events/network.rs"),
            include_str!("../../../programs/render-compute/src/events/node.rs"),
            include_str!("../../../programs/render-compute/src/events/probe.rs"),
        ]
        .into_iter()
        .flat_map(|source| source.split("#[event(bytemuck)]").skip(1))
        .filter_map(|item| item.split_once("pub struct ")?.1.split_once(' ').map(|(name, _)| name))
        .collect();
        assert!(!declared.is_empty());
        for name in &declared {
            assert!(Event::NAMES.contains(name), "{name}");
        }
        assert_eq!(declared.len(), Event::NAMES.len());
    }

    #[test]
    fn fields_come_back_as_they_were_logged() {
        let mut event: LeaseAccepted = bytemuck::Zeroable::zeroed();
        event.value = 12_345;
        event.index = 7;
        event.result = [9; 32];
        let events = decode(&logged(&address::PROGRAM.to_string(), &event.into()));
        let [Event::LeaseAccepted(read)] = events[..] else { panic!("{events:?}") };
        assert_eq!((read.value, read.index, read.result), (12_345, 7, [9; 32]));
    }

    #[test]
    fn the_same_bytes_logged_by_another_program_are_no_event() {
        let event = one_of_each()[0];
        assert_eq!(decode(&logged("11111111111111111111111111111111", &event)), []);
        let mut nested = vec![format!("Program {} invoke [1]", address::PROGRAM)];
        nested.extend(logged("11111111111111111111111111111111", &event));
        assert_eq!(decode(&nested), []);
        nested.push(format!("Program data: {}", BASE64_STANDARD.encode(event.to_bytes())));
        assert_eq!(decode(&nested), [event]);
    }

    #[test]
    fn a_truncated_event_is_no_event() {
        let bytes = one_of_each()[0].to_bytes();
        assert_eq!(Event::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Event::from_bytes(&bytes[..4]), None);
    }
}
