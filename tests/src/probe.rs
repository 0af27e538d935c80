//! Nodes that are probed: from enrolment to the end of a probe, without computing anything.

use crate::world::{Machine, World, audited_parameters, short_parameters};
use market_model::Parameters;
use render_compute::{
    constants::{CLASS_PROBE, PROBE_ENGINE, VERIFICATION_EXACT},
    instructions::ProbeOffer,
    probe::{measurement, peer_entry},
    state::*,
};
use render_compute_client::{
    Address, Instruction, address,
    chain::Confirmed,
    instruction::{self, EngineRegister},
    lottery, probe,
};

/// Test networks whose nodes are probed once in eight slots.
pub fn probe_parameters() -> Parameters {
    Parameters { probe_interval_slots: 8, probe_work_seconds: 1, ..short_parameters() }
}

/// The same, with every probe audited.
pub fn audited_probe_parameters() -> Parameters {
    Parameters { probe_interval_slots: 8, probe_work_seconds: 1, ..audited_parameters() }
}

/// The ratings of the reference node.
pub fn probe_offer() -> ProbeOffer {
    ProbeOffer { compute: 660_000, clock: 20_000, address: [1; 16], port: 7_000 }
}

impl World {
    /// A network with the engine of probes.
    pub fn with_probes(parameters: Parameters) -> Self {
        let world = Self::with(1, 1, parameters);
        world.apply(instruction::engine_register(&world.probe_engine()), &[&world.authority]);
        world
    }

    /// The registration of the engine of probes.
    pub fn probe_engine(&self) -> EngineRegister {
        EngineRegister {
            id: PROBE_ENGINE,
            digest: [6; 32],
            referee: probe_referee::ID,
            format: kernels::probe::FORMAT,
            class: CLASS_PROBE,
            verification: VERIFICATION_EXACT,
            ..self.engine()
        }
    }

    /// A machine that is enrolled, with its record and shard of the epoch.
    pub fn enrolled(&self, name: &str) -> Machine {
        let machine = self.machine(name);
        self.enroll(&machine);
        machine
    }

    /// Enrols a machine, and opens its record and shard of the epoch.
    pub fn enroll(&self, machine: &Machine) {
        self.apply(self.enrolling(machine), &[&machine.identity]);
        self.prepare_accept(machine);
    }

    /// The enrolment of a machine with the ratings of the reference node.
    pub fn enrolling(&self, machine: &Machine) -> Instruction {
        instruction::probe_enroll(&machine.key(), &machine.key(), probe_offer())
    }

    /// Lets slots pass until a probe of the machine is due; gives the slot.
    pub fn due(&self, machine: &Machine) -> u64 {
        loop {
            let hashes = self.chain.read(&address::SLOT_HASHES).map(|account| account.data).unwrap_or_default();
            let (node, now) = (self.get::<Node>(&machine.node), self.chain.now().slot);
            if let Some(slot) = probe::due_slot(&hashes, &self.network(), &machine.node, &node, now) {
                return slot;
            }
            self.chain.advance_slots(1);
        }
    }

    /// The opening of a machine's probe that is due at `slot`; the crank pays.
    pub fn opening(&self, machine: &Machine, slot: u64, opener: Option<&Machine>) -> Instruction {
        let number = self.get::<Node>(&machine.node).probes;
        instruction::probe_open(&self.crank_key(), &machine.node, number, slot, opener.map(|opener| opener.node))
    }

    /// Waits until a machine's probe is due, and opens it; gives the probe.
    pub fn open_probe(&self, machine: &Machine, opener: Option<&Machine>) -> Address {
        let slot = self.due(machine);
        let number = self.get::<Node>(&machine.node).probes;
        self.apply(self.opening(machine, slot, opener), &[&self.crank]);
        address::probe(&machine.node, number)
    }

    /// The next slot's hash becomes the seed of a probe.
    pub fn seed_probe(&self, probe: &Address) {
        self.chain.advance_slots(2);
        self.apply(instruction::job_seed(&self.get::<Probe>(probe).job), &[&self.crank]);
    }

    /// Opens and seeds a probe; gives it and its lease.
    pub fn asked(&self, machine: &Machine, opener: Option<&Machine>) -> (Address, Address) {
        let probe = self.open_probe(machine, opener);
        self.seed_probe(&probe);
        (probe, self.get::<Probe>(&probe).lease)
    }

    /// Commits and reveals an answer that nobody audits.
    pub fn answer(&self, machine: &Machine, lease: &Address) {
        self.commit(machine, lease);
        self.apply(Self::revealing(machine, lease), &[&machine.identity]);
    }

    /// The end of a probe in the running epoch.
    pub fn finishing(&self, probe: &Address) -> Instruction {
        let state: Probe = self.get(probe);
        let record: Option<NodeEpoch> = self.find(&address::node_epoch(&state.opener, self.epoch()));
        instruction::probe_finish(&state, &self.get(&state.node), self.epoch(), record.is_some())
    }

    /// Waits for the challenge window's end and finishes a probe that was answered.
    pub fn finish(&self, probe: &Address) -> Confirmed {
        let lease: Lease = self.get(&self.get::<Probe>(probe).lease);
        self.warp_to(lease.deadline + 1);
        self.apply(self.finishing(probe), &[&self.crank])
    }

    /// Everything from a due slot to a passed probe; gives what the end confirmed.
    pub fn prove(&self, machine: &Machine, opener: Option<&Machine>) -> Confirmed {
        let (probe, lease) = self.asked(machine, opener);
        self.answer(machine, &lease);
        self.finish(&probe)
    }

    /// Lets the time of a probe pass; gives its expiry.
    pub fn missing(&self, probe: &Address) -> Instruction {
        self.warp_to(self.get::<Probe>(probe).deadline + 1);
        instruction::probe_expire(&self.get(probe))
    }

    /// The first second in which a peer may commit to a measurement.
    pub fn peer_turn(&self, peer: &Machine, probe: &Address) -> i64 {
        let state: Probe = self.get(probe);
        let (job, node) = (self.get::<Job>(&state.job), self.get::<Node>(&peer.node));
        let entry =
            peer_entry(&self.network(), probe, &state, &job.seed, &peer.node, &node).expect("the peer has a turn");
        market_model::race::eligible_at(state.opened_at, entry.delay_ms).expect("the turn is a time")
    }

    /// The commitment of a peer to a measurement.
    pub fn measuring(&self, peer: &Machine, probe: &Address, index: u8, mbps: u32) -> Instruction {
        let node: Node = self.get(&peer.node);
        let commitment = measurement(probe, &peer.node, &node, index, mbps, &Self::salt(probe));
        instruction::measure_commit(&peer.key(), &self.get(probe), index, commitment)
    }

    /// The reveal of a peer's measurement.
    pub fn showing(&self, peer: &Machine, probe: &Address, index: u8, mbps: u32) -> Instruction {
        instruction::measure_reveal(&peer.key(), &self.get(probe), index, mbps, Self::salt(probe))
    }

    /// Waits for a peer's turn, and commits to a measurement.
    pub fn measure(&self, peer: &Machine, probe: &Address, index: u8, mbps: u32) {
        self.warp_to(self.peer_turn(peer, probe));
        self.apply(self.measuring(peer, probe, index, mbps), &[&peer.identity]);
    }

    /// The content of SlotHashes, by slot.
    pub fn slot_hash(&self, slot: u64) -> Option<[u8; 32]> {
        let hashes = self.chain.read(&address::SLOT_HASHES)?.data;
        lottery::slots(&hashes).find(|(other, _)| *other == slot).map(|(_, hash)| hash)
    }
}
