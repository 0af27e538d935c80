//! Golden layouts: what accounts, events, instructions and errors look like from outside. A change of any of them breaks clients
//! and stored accounts, so it must be seen: `UPDATE_GOLDEN=1` writes the file anew.

use anchor_lang::Discriminator;
use render_compute::{events::*, instruction as data, state::*};
use render_compute_client::error::describe;
use std::{fmt::Write, fs, mem::offset_of, path::Path};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

macro_rules! layouts {
    ($($name:ident { $($field:ident),+ $(,)? })+) => {
        fn layouts(text: &mut String) {
            $(
                // Names every field, or does not compile.
                let _ = |value: $name| {
                    let $name { $($field: _),+ } = value;
                };
                let _ = writeln!(text, "{} {} {}", stringify!($name), hex($name::DISCRIMINATOR), size_of::<$name>());
                $(let _ = writeln!(text, "  {} {}", offset_of!($name, $field), stringify!($field));)+
            )+
        }
    };
}

macro_rules! instructions {
    ($($name:ident),+ $(,)?) => {
        fn instructions(text: &mut String) {
            $(let _ = writeln!(text, "{} {}", stringify!($name), hex(data::$name::DISCRIMINATOR));)+
        }
    };
}

layouts! {
    Network { authority, pending_authority, mint, stake_vault, operations, oracle, pyth_program, pyth_feed, genesis_at, epoch, paused, active_stake, price_index_bps, proposals, parameters, oracle_kind, version, bump, stake_vault_bump, governed, reserved }
    Schedule { yearly, operations_bps, creators_bps, version, bump, reserved }
    Oracle { publishers, count, version, bump, reserved }
    Engine { id, digest, referee, format, class, verification, enabled, version, bump, reserved }
    CreditAccount { owner, payer, available, escrowed_total, refunded_total, bought_total, burned_total, jobs, reputation_at, outcomes, reputation, version, bump, reserved }
    Operator { wallet, payout, nodes, version, bump, reserved }
    Node { identity, operator, stake, unbonding, unbonding_until, slashed, slashed_total, exposure, registered_slot, staked_slot, reputation_at, asks, leases_accepted, credits_accepted, rated_compute, rated_clock, measured_bandwidth, probed_slot, proved_at, maintenance_from, maintenance_until, maintenance_epoch, reviewed_epoch, outcomes, leases_expired, leases_returned, leases_held, disputes_lost, audits_accepted, capacity, memory_mib, reputation, probes, maintenance_used, region, uptime_bps, minimum_requester_reputation, port, address, enrolled, is_probed, tier, good_epochs, bad_epochs, classes, draining, version, bump, reserved, hardware }
    Job { requester, payer, manifest, engine, client, seed, statement, nonce, units, price_per_unit, premium_per_unit, work_per_unit, escrow, units_accepted, spent, refunded, opened_slot, opened_at, deadline, units_per_lease, leases, leases_settled, lease_seconds, input_faults, minimum_memory_mib, minimum_reputation, region, audit_probability_bps, requester_reputation, tier, bandwidth_tier, replicas, class, verification, status, seeded, version, bump, fault_operators, fault_operator, reserved, settled }
    Lease { job, node, payer, commitment, root, result, audit_seed, auditors, first_unit, value, premium, penalty, claimable_at, claimed_at, entered_at, deadline, committed_slot, index, units, busy_seconds, disputes, attempt, audit_attempt, replica, status, class, drawn, audits_owed, audits_claimed, audits_committed, audits_revealed, audits_paid, input_fault, version, bump, reserved }
    Audit { lease, node, payer, commitment, root, value, penalty, entered_at, deadline, committed_slot, attempt, index, status, class, version, bump, reserved }
    Dispute { lease, job, payer, defender, challenger, defender_key, challenger_key, audit, referee, statement, root, low, high, output, trace, bond, owed, forfeited, unit, first, count, segments, segment_steps, segment, opened_at, deadline, hashes, number, moves, turn_seconds, attempt, stage, posted, verdict, version, bump, reserved }
    Evidence { author, dispute }
    Epoch { number, payer, starts_at, ends_at, work, smoothed_work, availability, qualified, spent, stake, busy_seconds, capacity_seconds, smoothed_burned, recycled, unrecycled, availability_cap, price_index_bps, burned, bought, rate_burned, rate_bought, emission, operations_pool, creators_pool, availability_pool, work_pools, carry, shards_summed, state, operations_claimed, version, bump, reserved }
    EpochShard { epoch, payer, work, availability, qualified, spent, stake, busy_seconds, capacity_seconds, burned, bought, shard, version, bump, reserved }
    NodeEpoch { node, payer, epoch, work, availability, points, service_points, busy_seconds, claimed, probes_passed, probes_missed, is_claimed, is_reviewed, is_qualified, version, bump, reserved }
    NetworkInitialized { authority, mint, operations, oracle, genesis_at, parameters }
    ParametersChanged { before, after }
    PauseChanged { before, after }
    AuthorityOffered { authority, pending }
    AuthorityAccepted { before, after }
    OracleChanged { oracle, pyth_program, pyth_feed, kind }
    PublishersChanged { publishers, count }
    PriceReported { publisher, price, confidence, published_at }
    EngineRegistered { engine, id, digest, referee, format, class, verification, enabled, padding }
    CreditAccountOpened { owner, payer }
    CreditsBought { owner, credits, price, burned, fee, available_before, available_after, epoch, shard }
    OperatorRegistered { wallet, payout }
    OperatorClosed { wallet }
    PayoutChanged { wallet, before, after }
    NodeRegistered { node, identity, operator, hardware, asks, registered_slot, capacity, memory_mib, region, minimum_requester_reputation, classes, draining, padding }
    NodeClosed { node, operator }
    StakeChanged { node, stake_before, stake_after, unbonding_before, unbonding_after, unbonding_until }
    StakeSlashed { node, evidence, from_stake, from_unbonding, reason }
    SlashBurned { node, amount }
    JobOpened { job, requester, manifest, engine, client, statement, nonce, units, price_per_unit, premium_per_unit, network_price_per_unit, price_index_bps, work_per_unit, escrow, available_before, available_after, opened_slot, opened_at, deadline, units_per_lease, leases, lease_seconds, minimum_memory_mib, minimum_reputation, region, audit_probability_bps, requester_reputation, replicas, class, tier, bandwidth_tier, at_network_price, padding }
    JobSeeded { job, seed, slot }
    JobCancelled { job, leases_settled }
    LeaseReleased { job, index, refund, escrow_after, available_after }
    JobClosed { job, spent, refunded, reputation_before, reputation_after, closed_at, input_faults, reason, padding }
    LeaseClaimed { lease, job, node, first_unit, value, premium, penalty, weight, delay_ms, claimed_at, deadline, index, units, attempt, replica }
    LeaseReturned { lease, node, claimable_at, reputation_before, reputation_after, input_faults, fault_operators, reason, padding }
    LeaseExpired { lease, node, deadline, claimable_at, reputation_before, reputation_after }
    AttestationCommitted { lease, node, commitment, slot, reveal_by }
    AttestationRevealed { lease, node, root, result, challenge_until }
    LeaseAccepted { lease, job, node, root, result, value, premium, escrow_after, epoch, node_work_after, busy_seconds, index, units, reputation_before, reputation_after }
    LeaseClosed { lease, payer }
    AuditDrawn { lease, job, seed, slot, draw, threshold, picked, audits, drawn_at, deadline }
    AuditClaimed { audit, lease, node, operator, value, penalty, weight, delay_ms, claimed_at, deadline, index, attempt }
    AuditCommitted { audit, lease, node, commitment, slot, missing, deadline }
    AuditRevealed { audit, lease, node, root, missing, deadline }
    AuditAccepted { audit, lease, node, value, epoch, node_work_after, unpaid, reputation_before, reputation_after }
    AuditExpired { audit, lease, node, missed, entered_at, deadline, audits, status, reputation_before, reputation_after }
    AuditLapsed { lease, before, after, status, deadline }
    AuditForfeited { audit, lease, node, auditor, taken, fee, auditor_stake_after }
    AuditClosed { audit, lease, node, payer }
    DisputeOpened { dispute, lease, job, payer, defender, challenger, defender_key, challenger_key, audit, referee, root, bond, unit, count, opened_at, deadline, number, attempt }
    DisputeDivided { dispute, first, count, deadline, stage, posted, hashes }
    DisputePicked { dispute, root, low, high, picked, unit, first, count, segment, deadline, stage }
    UnitShown { dispute, output, trace, low, high, unit, segments, segment_steps, deadline, stage }
    SegmentShown { dispute, low, segment, deadline, stage }
    StepExecuted { dispute, before, claimed, computed, is_fault }
    DisputeDecided { dispute, verdict }
    WorkForfeited { node, dispute, epoch, work }
    DisputeSettled { dispute, lease, winner, loser, taken, fee, owed, forfeited, reason, claimable_at, challenge_until, reputation_before, reputation_after }
    DisputeClosed { dispute, payer, paid, burned }
    EvidenceOpened { evidence, dispute, author, size }
    EvidenceClosed { evidence, dispute, author }
    EpochOpened { number, payer, starts_at, ends_at }
    EpochShardOpened { number, shard, payer }
    EpochShardClosed { number, shard, payer }
    NodeEpochOpened { number, node, payer, stake }
    NodeEpochClosed { number, node, payer }
    EpochShardSummed { number, shard, work, availability, qualified, spent, stake, busy_seconds, capacity_seconds, burned, bought }
    EpochFinalized { number, emission, work, smoothed_work, availability, qualified, spent, stake, busy_seconds, capacity_seconds, recycled, unrecycled, smoothed_burned, rate_burned, rate_bought, availability_cap, burned, bought, operations_pool, creators_pool, availability_pool, work_pools, carry, price_index_bps }
    EpochClaimed { number, node, operator, payout, work, points, amounts, availability_amount }
    OperationsClaimed { number, amount }
    Client { id, authority, payout, metadata, volume, earned, registered_at, share_bps, enabled, version, bump, reserved }
    Proposal { number, proposer, opened_at, ends_at, final_seconds, timelock_seconds, execution_seconds, quorum_bps, yes, no, supply, key, pause, changes, title, link, action, count, stage, is_emergency, version, bump, reserved }
    VoteLock { wallet, amount, locked_until, proposing_until, version, bump, reserved }
    Vote { proposal, wallet, weights, is_yes, version, bump, reserved }
    JobEpoch { job, requester, client, payer, epoch, spent, claimed, is_claimed, version, bump, reserved }
    MintLimiter { used, at, version, bump, reserved }
    Probe { node, payer, job, lease, opener, compute, clock, bandwidth, slot, opened_slot, opened_at, deadline, peers, memory_mib, number, opener_shard, outcome, committed, revealed, version, bump, reserved }
    ClientRegistered { client, id, authority, payout, metadata, registered_at, share_bps }
    ClientUpdated { client, authority, payout, metadata, share_bps }
    ClientEnabled { client, enabled }
    JobEpochOpened { epoch, job, requester, client, payer }
    JobEpochClosed { epoch, job, payer }
    RebateClaimed { epoch, job, requester, rebate, client, spent, amount, client_amount }
    VoteVaultOpened { vault, payer }
    VoteLockChanged { wallet, amount_before, amount_after, locked_until }
    VoteLockClosed { wallet }
    ProposalOpened { proposal, number, proposer, opened_at, ends_at, final_seconds, timelock_seconds, execution_seconds, quorum_bps, proposing_until, key, pause, changes, title, link, action, count, stage, is_emergency, padding }
    VoteCast { proposal, wallet, weight_before, weight_after, yes, no, locked_until, stage, is_yes, padding }
    ProposalAdvanced { proposal, yes, no, supply, quorum, ends_at, before, after, padding }
    ProposalExecuted { proposal, number, action }
    ProposalCancelled { proposal }
    ProposalClosed { proposal, proposer }
    VoteClosed { proposal, wallet }
    ScheduleChanged { changes, count }
    NetworkGoverned { authority }
    NodeReviewed { node, epoch, reputation_bps, uptime_bps, is_active, verdict, tier_before, tier_after, good_epochs, bad_epochs, is_late, padding }
    ProbeEnrolled { node, compute, clock, probed_slot, address, memory_mib, port, enrolled, padding }
    MaintenanceAnnounced { node, from, until, epoch, used }
    ProbeOpened { probe, node, job, lease, opener, payer, engine, hash, statement, compute, clock, bandwidth, slot, opened_slot, opened_at, deadline, value, penalty, memory_mib, number, audit_probability_bps, units }
    ProbeExpired { probe, lease, node, opener, deadline, taken, fee }
    MeasurementCommitted { probe, node, operator, commitment, weight, delay_ms, committed_at, index }
    MeasurementRevealed { probe, node, mbps, index }
    ProbeFinished { probe, node, job, lease, opener, payer, epoch, points, points_after, availability_after, opener_points, capacity_seconds, bandwidth_before, bandwidth_after, concentration, number, outcome, passed, missed, uptime_before, uptime_after, peers, is_qualified }
    ProbeAudited { probe, node, epoch, points, service_points_after }
}

instructions! {
    NetworkAcceptAuthority, NetworkInit, NetworkOfferAuthority, NetworkPause, NetworkSetOracle, NetworkSetParameters, OraclePublish, OracleSetPublishers, EngineRegister, CreditBuy, CreditOpen, OperatorClose, OperatorRegister, OperatorSetPayout, NodeClose, NodeDrain, NodeRegister, NodeUpdate, SlashBurn, StakeDeposit, StakeUnbond, StakeWithdraw, JobCancel, JobClose, JobOpen, JobSeed, LeaseRelease, LeaseAccept, LeaseClaim, LeaseClose, LeaseExpire, LeaseReturn, AttestationCommit, AttestationReveal, AuditAccept, AuditClaim, AuditClose, AuditCommit, AuditDraw, AuditExpire, AuditForfeit, AuditLapse, AuditReveal, DisputeClose, DisputeDivide, DisputeOpen, DisputeOpenAudit, DisputePick, DisputeProve, DisputeSegment, DisputeSettle, DisputeTimeout, DisputeUnit, EvidenceClose, EvidenceOpen, EvidenceWrite, EpochClaim, EpochClaimOperations, EpochFinalize, EpochOpen, EpochShardClose, EpochShardOpen, EpochSum, NodeEpochClose, NodeEpochOpen, NetworkGovern, ClientEnable, ClientRegister, ClientUpdate, NodeMaintenance, NodeReview, MeasureCommit, MeasureReveal, ProbeEnroll, ProbeExpire, ProbeFinish, ProbeLeave, ProbeOpen, JobEpochClose, JobEpochOpen, RebateClaim, ProposalAdvance, ProposalCancel, ProposalClose, ProposalExecute, ProposalOpen, ProposalVote, VoteClose, VoteLockClose, VoteLockDeposit, VoteLockWithdraw, VoteVaultOpen,
}

fn golden() -> String {
    let mut text =
        "# Accounts and events: discriminator and size, then the offset of each field (without the discriminator)\n"
            .to_owned();
    layouts(&mut text);
    text.push_str("# Instructions: discriminator\n");
    instructions(&mut text);
    text.push_str("# Error codes\n");
    for (code, (name, sentence)) in (6_000..8_000).filter_map(|code| Some((code, describe(code)?))) {
        let _ = writeln!(text, "{code} {name}: {sentence}");
    }
    text
}

#[test]
fn layouts_and_codes_are_as_they_were_published() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("market/layout.golden.txt");
    let golden = golden();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, golden).expect("the golden file can be written");
        return;
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    for (line, (was, is)) in written.lines().zip(golden.lines()).enumerate() {
        assert_eq!(was, is, "line {} of layout.golden.txt; UPDATE_GOLDEN=1 writes it anew if this is meant", line + 1);
    }
    assert_eq!(written.lines().count(), golden.lines().count(), "UPDATE_GOLDEN=1 writes layout.golden.txt anew");
}

#[test]
fn no_two_kinds_share_a_discriminator() {
    let golden = golden();
    let mut seen: Vec<&str> = golden
        .lines()
        .filter(|line| !line.starts_with([' ', '#', '6', '7']))
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), all);
}
