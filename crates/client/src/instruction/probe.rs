//! Probes and maintenance.

use super::audit_at;
use crate::address::{self, SYSTEM_PROGRAM};
use render_compute::{
    accounts,
    constants::PROBE_ENGINE,
    instruction as data,
    state::{Audit, Node, Probe},
};
use solana_address::Address;
use solana_instruction::Instruction;

pub use render_compute::instructions::ProbeOffer;

/// Announces maintenance from `from` until `until`, unix seconds; both 0 call it off. `signer` is the operator's wallet or the identity.
pub fn node_maintenance(signer: &Address, identity: &Address, from: i64, until: i64) -> Instruction {
    data::NodeMaintenance { from, until }.to_instruction(accounts::NodeMaintenance {
        signer: *signer,
        network: address::network(),
        node: address::node(identity),
    })
}

/// Declares ratings that probes may prove. `signer` is the operator's wallet or the identity.
pub fn probe_enroll(signer: &Address, identity: &Address, offer: ProbeOffer) -> Instruction {
    data::ProbeEnroll { offer }.to_instruction(accounts::ProbeEnroll {
        signer: *signer,
        network: address::network(),
        node: address::node(identity),
    })
}

/// Has a node probed no more. `signer` is the operator's wallet or the identity.
pub fn probe_leave(signer: &Address, identity: &Address) -> Instruction {
    data::ProbeLeave {}.to_instruction(accounts::ProbeLeave { signer: *signer, node: address::node(identity) })
}

/// Opens the probe of a node that is due at `slot`; `number` is the node's next one (`node.probes`). `opener`: the node account, of another
/// operator, that earns for it.
pub fn probe_open(payer: &Address, node: &Address, number: u32, slot: u64, opener: Option<Address>) -> Instruction {
    let job = address::job(node, u64::from(number));
    data::ProbeOpen { slot }.to_instruction(accounts::ProbeOpen {
        payer: *payer,
        network: address::network(),
        engine: address::engine(&PROBE_ENGINE),
        node: *node,
        opener,
        job,
        lease: address::lease(&job, 0, 0),
        probe: address::probe(node, number),
        system_program: SYSTEM_PROGRAM,
    })
}

fn opener(probe: &Probe) -> Option<Address> {
    Some(probe.opener).filter(|opener| *opener != Address::default())
}

/// Takes a probe from a node that did not answer in time.
pub fn probe_expire(probe: &Probe) -> Instruction {
    data::ProbeExpire {}.to_instruction(accounts::ProbeExpire {
        network: address::network(),
        probe: address::probe(&probe.node, probe.number),
        node: probe.node,
        lease: probe.lease,
        opener: opener(probe),
    })
}

/// Counts a probe that is over in the running epoch, and closes it. The epoch's shard and record of the node must exist
/// ([`crate::flow::prepare_accept`]). `opener_has_record`: whether the opener has a record in the epoch, without which it earns nothing.
pub fn probe_finish(probe: &Probe, node: &Node, epoch: u64, opener_has_record: bool) -> Instruction {
    let shard = address::shard_of(&node.identity);
    let opener = opener(probe);
    let has_other_shard = opener.is_some() && opener_has_record && probe.opener_shard != shard;
    data::ProbeFinish {}.to_instruction(accounts::ProbeFinish {
        network: address::network(),
        probe: address::probe(&probe.node, probe.number),
        node: probe.node,
        operator: address::operator(&node.operator),
        job: probe.job,
        lease: probe.lease,
        payer: probe.payer,
        epoch: address::epoch(epoch),
        shard: address::epoch_shard(epoch, shard),
        node_epoch: address::node_epoch(&probe.node, epoch),
        opener_epoch: opener.map(|opener| address::node_epoch(&opener, epoch)),
        opener_shard: has_other_shard.then(|| address::epoch_shard(epoch, probe.opener_shard)),
    })
}

/// Commits to a bandwidth measured of a probed node; see `render_compute::probe::measurement`.
pub fn measure_commit(identity: &Address, probe: &Probe, index: u8, commitment: [u8; 32]) -> Instruction {
    data::MeasureCommit { index, commitment }.to_instruction(accounts::MeasureCommit {
        identity: *identity,
        network: address::network(),
        node: address::node(identity),
        probed: probe.node,
        job: probe.job,
        probe: address::probe(&probe.node, probe.number),
    })
}

/// Shows the bandwidth that was committed to.
pub fn measure_reveal(identity: &Address, probe: &Probe, index: u8, mbps: u32, salt: [u8; 32]) -> Instruction {
    data::MeasureReveal { index, mbps, salt }.to_instruction(accounts::MeasureReveal {
        identity: *identity,
        node: address::node(identity),
        probe: address::probe(&probe.node, probe.number),
    })
}

/// Pays an auditor of a probe; else like [`super::audit_accept`].
pub fn audit_accept_probe(audit: &Audit, identity: &Address, epoch: u64, probe: &Probe) -> Instruction {
    data::AuditAccept {}.to_instruction(accounts::AuditAccept {
        network: address::network(),
        lease: audit.lease,
        audit: audit_at(audit),
        node: audit.node,
        epoch: address::epoch(epoch),
        shard: address::epoch_shard(epoch, address::shard_of(identity)),
        node_epoch: address::node_epoch(&audit.node, epoch),
        payer: audit.payer,
        probe: Some(address::probe(&probe.node, probe.number)),
    })
}
