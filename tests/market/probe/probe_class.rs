//! What the market's other instructions do with a probe: nobody but its node ever holds it, nobody is paid for it as work, and its accounts stay
//! until it is finished.

use market_model::{MarketError, reputation::Reason};
use market_tests::{
    World,
    probe::probe_parameters,
    world::{USD, order},
};
use render_compute::{
    constants::{CLASS_COMPUTE, CLASS_PROBE, PROBE_ENGINE},
    errors::RenderError,
    instructions::JobOrder,
    state::*,
};
use render_compute_client::{
    Signer, address,
    instruction::{self, EngineRegister},
};

#[test]
fn nobody_opens_a_job_of_the_engine_of_probes() {
    let world = World::with_probes(probe_parameters());
    let requester = world.requester_with("requester", USD);
    let mut statement = order().statement;
    statement[0] = 2;
    let open = instruction::job_open(&requester.key(), &PROBE_ENGINE, 0, JobOrder { statement, ..order() });
    world.refuse(open, &[&requester.wallet], RenderError::IsProbe);
}

#[test]
fn only_the_engine_of_probes_has_their_class() {
    let world = World::with_probes(probe_parameters());
    for wrong in [
        EngineRegister { class: CLASS_COMPUTE, ..world.probe_engine() },
        EngineRegister { class: CLASS_PROBE, ..world.engine() },
    ] {
        world.refuse(instruction::engine_register(&wrong), &[&world.authority], RenderError::UnknownKind);
    }
}

#[test]
fn a_probe_is_not_given_back_and_not_expired_as_a_lease() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let (probe, lease) = world.asked(&machine, None);
    let back = instruction::lease_return(&machine.key(), &world.get(&lease), Reason::LeaseReturned);
    world.refuse(back, &[&machine.identity], RenderError::IsProbe);
    let expire = world.missing(&probe);
    world.refuse(instruction::lease_expire(&world.get(&lease)), &[&world.crank], RenderError::IsProbe);
    world.apply(expire, &[&world.crank]);
}

#[test]
fn a_probe_that_was_taken_from_its_node_is_claimed_by_nobody() {
    let world = World::with_probes(probe_parameters());
    let (machine, other) = (world.enrolled("machine"), world.enrolled("other"));
    let (probe, _) = world.asked(&machine, None);
    let expire = world.missing(&probe);
    world.apply(expire, &[&world.crank]);
    let job = world.get::<Probe>(&probe).job;
    for machine in [&machine, &other] {
        let claim = instruction::lease_claim(&machine.key(), &job, 0);
        world.refuse(claim, &[&machine.identity], RenderError::IsProbe);
    }
}

#[test]
fn a_probe_is_not_accepted_as_work() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let (_, lease) = world.asked(&machine, None);
    world.answer(&machine, &lease);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let job = world.get::<Lease>(&lease).job;
    world.apply(instruction::job_epoch_open(&world.crank_key(), &job, world.epoch()), &[&world.crank]);
    world.refuse(world.accepting(&machine, &lease), &[&world.crank], RenderError::IsProbe);
}

#[test]
fn a_probes_accounts_stay_until_it_is_finished() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let (probe, lease) = world.asked(&machine, None);
    let expire = world.missing(&probe);
    world.apply(expire, &[&world.crank]);
    // Anyone can open a credit account for the node's address, which is the job's requester.
    world.apply(instruction::credit_open(&world.crank_key(), &machine.node), &[&world.crank]);
    let state: Probe = world.get(&probe);
    world.refuse(instruction::lease_release(&state.job, &machine.node, 0), &[&world.crank], RenderError::IsProbe);
    let close = instruction::job_close(&world.crank_key(), &state.job, &world.get(&state.job));
    world.refuse(close, &[&world.crank], RenderError::IsProbe);
    world.refuse(instruction::lease_close(&world.get(&lease)), &[&world.crank], RenderError::IsProbe);
    world.apply(world.finishing(&probe), &[&world.crank]);
}

#[test]
fn nobody_can_cancel_a_probe() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let job = world.get::<Probe>(&world.open_probe(&machine, None)).job;
    for signer in [&machine.identity, &machine.wallet] {
        let cancel = instruction::job_cancel(&signer.pubkey(), &job);
        world.refuse(cancel, &[signer], RenderError::NotRequester);
    }
}

#[test]
fn a_late_answer_is_refused() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let (probe, lease) = world.asked(&machine, None);
    world.warp_to(world.get::<Probe>(&probe).deadline + 1);
    let commitment = world.commitment(&machine, &lease);
    let commit = instruction::attestation_commit(&machine.key(), &lease, commitment);
    world.refuse(commit, &[&machine.identity], MarketError::LeaseDeadlinePassed);
}

#[test]
fn a_node_holds_its_probe_beside_its_leases() {
    let world = World::with_probes(probe_parameters());
    let requester = world.requester_with("requester", USD);
    let machine = world.enrolled("machine");
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    let (_, probe_lease) = world.asked(&machine, None);
    assert_eq!(world.get::<Node>(&machine.node).leases_held, 2);
    world.answer(&machine, &probe_lease);
    world.commit(&machine, &lease);
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    world.accept(&machine, &lease);
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&machine.node, 1)).work, [2_000, 0]);
}
