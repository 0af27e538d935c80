//! Disputes over probes on the chain: both sides play, and the built referee executes the last step.

use kernels::{
    attestation::commitment,
    probe::{
        FORMAT,
        machine::{CHAIN, CLOCK, Job, UNITS, WALK},
        prove::Processor,
        trace::{Units, run},
    },
};
use market_model::dispute::{Party, Verdict};
use market_tests::{
    World,
    dispute::{Court, Picture, Side},
    probe_referee::SMALL,
    world,
};
use render_compute::{constants::LOTTERY_DELAY_SLOTS, instructions::JobOrder, state::*};
use render_compute_client::{
    address,
    dispute::RecomputedProbe,
    instruction::{self, EngineRegister},
};

const ENGINE: [u8; 16] = *b"a probe's engine";
const JOB: Job = Job { plan: SMALL, seed: [31; 32] };

type Claimed = RecomputedProbe<Processor>;

/// Who ran the probe, and has one bit of one byte of a digest wrong, or none.
fn claimed(wrong: Option<usize>) -> Claimed {
    let mut bytes = run(&JOB).expect("a plan").to_bytes();
    if let Some(digest) = wrong {
        bytes[32 * digest + 13] ^= 0x20;
    }
    let units = Units::from_bytes(&SMALL, &bytes).expect("as many as the plan says");
    RecomputedProbe::new(JOB, units, Processor::new(JOB).expect("a plan"))
}

/// A digest of each kind: its place in a run, and its unit.
const DIGESTS: [(usize, u64); 6] = [(1, CLOCK), (2, CLOCK), (3, CHAIN), (5, CHAIN), (8, WALK), (13, WALK)];

/// A dispute over a probe from its opening to the verdict, with the unit it came down to.
fn played(mut defended: Claimed, mut denied: Claimed) -> (Verdict, u64) {
    let world = World::new();
    let engine = EngineRegister { id: ENGINE, referee: probe_referee::ID, format: FORMAT, ..world.engine() };
    world.apply(instruction::engine_register(&engine), &[&world.authority]);
    let requester = world.requester_with("requester", world::USD);
    let statement = SMALL.statement(&JOB.seed);
    let order = JobOrder { units: UNITS, units_per_lease: UNITS as u32, statement, ..world::order() };
    world.apply(instruction::job_open(&requester.key(), &ENGINE, 0, order), &[&requester.wallet]);
    world.chain.advance_slots(2);
    let job = address::job(&requester.key(), 0);
    world.apply(instruction::job_seed(&job), &[&world.crank]);

    let machine = world.machine("defender");
    let lease = world.claim(&machine, &job, 0);
    let registered = world.get::<Node>(&machine.node).registered_slot;
    let (root, salt) = (defended.root(), World::salt(&lease));
    let commitment = commitment(lease.as_array(), machine.node.as_array(), registered, 0, &root, &salt);
    world.apply(instruction::attestation_commit(&machine.key(), &lease, commitment), &[&machine.identity]);
    world.chain.advance_slots(LOTTERY_DELAY_SLOTS + 2);
    world.draw(&lease);
    let reveal = instruction::attestation_reveal(&machine.key(), &lease, root, World::result(&lease), salt);
    world.apply(reveal, &[&machine.identity]);

    // The court plays any claim; its picture is not what is disputed here.
    let court = Court { world, picture: Picture::small(), requester, job, units_per_lease: UNITS as u32 };
    let challenger = court.challenger("challenger");
    let state: Lease = court.world.get(&lease);
    let (network, engine) = (court.world.network(), address::engine(&ENGINE));
    let open = instruction::dispute_open(&network, &challenger.key(), &challenger.render, &engine, &state);
    court.world.apply(open, &[&challenger.wallet]);
    let dispute = address::dispute(&lease, 0);
    let verdict = court.play(
        &dispute,
        &mut Side { key: &machine.identity, claim: &mut defended },
        &mut Side { key: &challenger.wallet, claim: &mut denied },
    );
    let unit = court.world.get::<Dispute>(&dispute).unit;
    court.settle(&dispute);
    (verdict, unit)
}

#[test]
fn a_wrong_digest_of_any_unit_is_disproved_by_a_step_on_the_chain() {
    for (digest, unit) in DIGESTS {
        let (verdict, disputed) = played(claimed(Some(digest)), claimed(None));
        assert_eq!((verdict, disputed), (Verdict::ChallengerWins, unit), "digest {digest}");
    }
}

#[test]
fn a_true_answer_stands_against_whoever_has_a_wrong_digest() {
    for (digest, _) in DIGESTS {
        let (verdict, _) = played(claimed(None), claimed(Some(digest)));
        assert_eq!(verdict.winner(), Some(Party::Defender), "digest {digest}");
    }
}
