//! What each instruction costs in compute units, in one fixed scenario: the same keys, addresses and bumps every time.

use crate::dispute::{Court, Lie, Side};
use crate::governance::{QUORUM, set};
use crate::probe::audited_probe_parameters;
use crate::world::{CONFIDENCE, PRICE, RENDER, USD, World, offer, order, short_parameters};
use market_model::{
    Parameters,
    dispute::{Party, Stage},
    governance::MAX_CHANGES,
    parameters::SPECS,
};
use render_compute::{constants::EPOCH_SHARDS, instructions::JobOrder, state::*};
use render_compute_client::{
    Signer, address,
    instruction::{self, ClientTerms},
};
use std::collections::BTreeMap;

/// Most compute units that an instruction of the hot path may use.
pub const BARS: [(&str, u64); 5] = [
    ("lease_claim", 12_000),
    ("attestation_commit", 4_000),
    ("attestation_reveal", 6_000),
    ("lease_accept", 8_000),
    ("epoch_claim", 15_000),
];

/// The most compute units that each instruction used in the scenario, by name.
pub fn measure() -> BTreeMap<String, u64> {
    let mut most = BTreeMap::new();
    for world in [scenario(), challenged(), contradicted(), probed(), governed()] {
        for record in world.chain.records() {
            // A transaction may raise its own limit in front of the instruction.
            let others: Vec<_> = record.instructions.iter().filter(|name| *name != "compute_budget").collect();
            let [name] = others[..] else { continue };
            if record.is_executed() && instruction::NAMES.contains(&name.as_str()) {
                let units = most.entry(name.clone()).or_insert(0);
                *units = record.compute_units.max(*units);
            }
        }
    }
    most
}

/// A life of the network in which every instruction is executed alone at least once.
fn scenario() -> World {
    let world = World::with(1, 5, short_parameters());
    let requester = world.requester_with("requester", 100 * USD);
    let machine = world.machine("machine");
    let (identity, owner, key) = (&machine.identity, machine.wallet.pubkey(), machine.key());
    govern(&world);
    audits(&world);

    // Three leases, of which one is accepted, one given back and one lost; then the job is called off.
    let (speaker, payout) = world.client(*b"client\0\0\0\0\0\0\0\0\0\0");
    let client = address::client(b"client\0\0\0\0\0\0\0\0\0\0");
    let terms = ClientTerms { authority: speaker.pubkey(), payout, metadata: [5; 32], share_bps: 900 };
    world.apply(instruction::client_update(&speaker.pubkey(), &client, &terms), &[&speaker]);
    world.apply(instruction::client_enable(&world.authority_key(), &client, true), &[&world.authority]);
    let job = world.open_seeded(&requester, JobOrder { units: 6, client, ..order() });
    world.apply(instruction::job_epoch_open(&world.crank_key(), &job, 1), &[&world.crank]);
    world.work(&machine, &job, 0);
    let returned = world.claim(&machine, &job, 1);
    world.apply(world.returning(&machine, &returned), &[identity]);
    let lost = world.claim(&machine, &job, 2);
    world.warp_to(world.get::<Lease>(&lost).deadline + 1);
    world.apply(instruction::lease_expire(&world.get(&lost)), &[&world.crank]);
    world.apply(instruction::slash_burn(&world.network(), &machine.node), &[&world.crank]);
    // Taking over a lease that exists costs less than creating it.
    world.claim(&machine, &job, 1);
    world.apply(world.returning(&machine, &returned), &[identity]);
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    for index in [1, 2] {
        world.apply(instruction::lease_release(&job, &requester.key(), index), &[&world.crank]);
    }
    let lease: Lease = world.get(&returned);
    world.apply(world.closing(&requester, &job), &[&requester.wallet]);
    world.apply(instruction::lease_close(&lease), &[&world.crank]);

    let opened = world.get::<NodeEpoch>(&address::node_epoch(&machine.node, 1)).payer;
    let shard = address::shard_of(&key);
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    for shard in 0..EPOCH_SHARDS {
        world.apply(instruction::epoch_sum(1, shard), &[&world.crank]);
    }
    world.apply(instruction::epoch_finalize(1), &[&world.crank]);
    world.apply(instruction::epoch_claim_operations(&world.network(), 1), &[&world.crank]);
    world.apply(world.claiming(&machine, 1), &[&world.crank]);
    world.apply(World::reviewing(&machine, 1), &[&world.crank]);
    world.apply(instruction::node_epoch_close(&machine.node, 1, &opened), &[&world.crank]);
    world.apply(instruction::epoch_shard_close(1, shard, &opened), &[&world.crank]);
    let record: JobEpoch = world.get(&address::job_epoch(&job, 1));
    world.apply(world.claiming_rebate(&job, 1), &[&world.crank]);
    world.apply(instruction::job_epoch_close(&record), &[&world.crank]);
    world.apply(instruction::epoch_open(&world.crank.pubkey(), 2), &[&world.crank]);

    let stake = world.get::<Node>(&machine.node).stake;
    world.apply(instruction::node_update(&owner, &key, offer()), &[&machine.wallet]);
    world.apply(instruction::node_drain(&owner, &key, true), &[&machine.wallet]);
    world.apply(instruction::stake_unbond(&owner, &key, stake), &[&machine.wallet]);
    world.warp(world.network().parameters().unbonding_seconds);
    world.apply(instruction::stake_withdraw(&owner, &key, &machine.payout), &[&machine.wallet]);
    world.apply(instruction::operator_set_payout(&owner, &machine.payout), &[&machine.wallet]);
    world.apply(instruction::node_close(&owner, &key), &[&machine.wallet]);
    world.apply(instruction::operator_close(&owner), &[&machine.wallet]);
    world
}

/// Three leases with two audits each: one agrees and is paid, of one nobody claims the second audit, one is hidden by its holder.
fn audits(world: &World) {
    let requester = world.requester_with("audited requester", USD);
    let [holder, one, two] = ["holder", "auditor", "second auditor"].map(|name| world.machine(name));
    let job = world.open_seeded(&requester, JobOrder { units: 6, replicas: 3, ..order() });
    let committed = |lease| {
        [(&one, 0), (&two, 1)].map(|(auditor, index)| {
            let audit = world.audit(auditor, &lease, index, &World::root(&lease));
            (auditor, audit)
        })
    };
    let reveal = |(auditor, audit), lease: &_| {
        world.apply(world.revealing_audit(auditor, &audit, &World::root(lease)), &[&auditor.identity]);
    };

    let lease = world.picked(&holder, &job, 0);
    let audits = committed(lease);
    for audit in audits {
        reveal(audit, &lease);
    }
    world.apply(World::revealing(&holder, &lease), &[&holder.identity]);
    for (auditor, audit) in audits {
        world.accept_audit(auditor, &audit);
    }
    world.accept(&holder, &lease);

    let lease = world.picked(&holder, &job, 1);
    let audit = world.claim_audit(&one, &lease, 0);
    world.warp_to(world.get::<Audit>(&audit).deadline + 1);
    world.apply(instruction::audit_expire(&world.get(&audit)), &[&world.crank]);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::audit_lapse(&world.get(&lease)), &[&world.crank]);

    let lease = world.picked(&holder, &job, 2);
    let audits = committed(lease);
    for audit in audits {
        reveal(audit, &lease);
    }
    let [(_, first), (_, second)] = audits;
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::audit_forfeit(&world.get(&lease), &world.get(&first)), &[&world.crank]);
    world.apply(instruction::audit_close(&world.get(&second)), &[&world.crank]);
}

/// A dispute of a wallet with a bond, with every kind of move.
fn challenged() -> World {
    let court = Court::small();
    let (world, defender) = (&court.world, court.world.machine("defender"));
    let (mut lied, mut true_claim) =
        (court.claim(0, Lie::Steps { unit: 3, segment: 2, step: 77 }), court.claim(0, Lie::None));
    let lease = court.attest(&defender, 0, &mut lied);
    let challenger = court.challenger("challenger");
    let dispute = court.challenge(&challenger, &lease);
    let (mut defending, mut denying) =
        (Side { key: &defender.identity, claim: &mut lied }, Side { key: &challenger.wallet, claim: &mut true_claim });
    court.play_until(&dispute, &mut defending, &mut denying, |dispute| dispute.stage == u8::from(Stage::Step));
    let next = court.next(&dispute, Party::Challenger, &mut true_claim);
    let proof = court.transactions(&dispute, &next.expect("there is a step to prove"), &challenger.wallet);
    for mut transaction in proof {
        // The last one proves and closes; here each instruction is alone.
        let close = (transaction.len() > 2).then(|| transaction.pop()).flatten();
        world.apply_all(&transaction, &[&challenger.wallet]);
        if let Some(close) = close {
            world.apply(close, &[&challenger.wallet]);
        }
    }
    court.settle(&dispute);
    court.close(&dispute, Some(challenger.render));
    court.world
}

/// A dispute of an auditor whose holder is silent.
fn contradicted() -> World {
    let court = Court::audited();
    let [holder, auditor] = ["holder", "auditor"].map(|name| court.world.machine(name));
    let (mut lied, mut found) = (court.claim(0, Lie::Samples), court.claim(0, Lie::None));
    let (lease, audit) = court.attest_audited(&holder, &mut lied, &auditor, &mut found, 0);
    let dispute = court.contradict(&lease, &audit);
    court.time_out(&dispute);
    court.settle(&dispute);
    court.close(&dispute, None);
    court.world
}

/// A network that is handed to its holders, with one proposal that is executed and one that is called off.
fn governed() -> World {
    let world = World::new();
    let voter = world.voter("voter", QUORUM);
    world.apply(instruction::network_govern(&world.authority_key()), &[&world.authority]);
    // The most that one proposal changes.
    let most = SPECS.iter().take(MAX_CHANGES).map(|spec| (spec.name, spec.default)).collect::<Vec<_>>();
    world.enact(&voter, set(&most));
    let key = voter.key();
    world.apply(instruction::proposal_close(&key, 0), &[&world.crank]);
    world.apply(instruction::vote_close(&key, 0), &[&world.crank]);
    world.warp_to(world.get::<VoteLock>(&voter.lock()).locked_until);
    let number = world.propose(&voter, set(&most));
    world.apply(instruction::proposal_cancel(&key, number), &[&voter.wallet]);
    world.warp_to(world.get::<VoteLock>(&voter.lock()).locked_until);
    world.apply(instruction::vote_lock_withdraw(&key, &voter.render, QUORUM), &[&voter.wallet]);
    world.apply(instruction::vote_lock_close(&key), &[&voter.wallet]);
    world
}

/// A probe that is measured, passed and audited, one that is missed, and what else concerns them.
fn probed() -> World {
    let world =
        World::with_probes(Parameters { race_tau_ms: 1_000, race_delay_cap_ms: 10_000, ..audited_probe_parameters() });
    let [machine, opener, third] = ["machine", "opener", "third"].map(|name| world.enrolled(name));
    let (probe, lease) = world.asked(&machine, Some(&opener));
    for (index, peer) in (0..).zip([&opener, &third]) {
        world.measure(peer, &probe, index, 100);
    }
    world.commit(&machine, &lease);
    let audit = world.audited(&opener, &lease, &World::root(&lease));
    world.warp_to(world.get::<Probe>(&probe).deadline + 1);
    for (index, peer) in (0..).zip([&opener, &third]) {
        world.apply(world.showing(peer, &probe, index, 100), &[&peer.identity]);
    }
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let state: Probe = world.get(&probe);
    let accept = instruction::audit_accept_probe(&world.get(&audit), &opener.key(), world.epoch(), &state);
    world.apply(accept, &[&world.crank]);
    world.apply(world.finishing(&probe), &[&world.crank]);

    let probe = world.open_probe(&machine, Some(&opener));
    let expire = world.missing(&probe);
    world.apply(expire, &[&world.crank]);
    world.apply(world.finishing(&probe), &[&world.crank]);
    world.apply(instruction::probe_leave(&machine.key(), &machine.key()), &[&machine.identity]);
    let from = world.time() + 1_000;
    let announce = instruction::node_maintenance(&machine.key(), &machine.key(), from, from + 60);
    world.apply(announce, &[&machine.identity]);
    world
}

fn govern(world: &World) {
    let authority = &world.authority;
    let key = authority.pubkey();
    world.apply(instruction::network_pause(&key, 0), &[authority]);
    world.apply(instruction::network_set_parameters(&key, &world.network().parameters()), &[authority]);
    world.apply(instruction::network_set_oracle_publishers(&key), &[authority]);
    world.publish_all(PRICE, CONFIDENCE);
    world.apply(instruction::network_offer_authority(&key, &key), &[authority]);
    world.apply(instruction::network_accept_authority(&key), &[authority]);
    let other = world.wallet("other operator");
    let payout = world.render(&other, RENDER);
    world.apply(instruction::operator_register(&other.pubkey(), &payout), &[&other]);
    let epoch = world.epoch();
    let crank = world.crank.pubkey();
    let unused =
        (0..EPOCH_SHARDS).find(|shard| world.find::<EpochShard>(&address::epoch_shard(epoch, *shard)).is_none());
    world.apply(
        instruction::epoch_shard_open(&crank, epoch, unused.expect("32 shards are not all in use")),
        &[&world.crank],
    );
    let idle = world.machine_of("idle", other, payout, offer(), 0);
    world.ensure_shard(&idle.key());
    world.apply(instruction::node_epoch_open(&crank, epoch, &idle.key()), &[&world.crank]);
}
