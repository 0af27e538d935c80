//! Disputes for tests: a small picture that is really rendered, parties that stand for it or lie about it, and their moves.

use crate::{Machine, Requester, World, world};
use kernels::{
    attestation::{UnitAttestation, commitment, lease_root},
    merkle::{Digest, root, sha256},
    referee::Statement,
    render::{Frame, Tracer, compile, render_unit},
};
use market_model::dispute::{Party, Stage, Verdict};
use render_compute::{constants::LOTTERY_DELAY_SLOTS, instructions::JobOrder, state::*};
use render_compute_client::{
    Address, Instruction, Keypair, Signer, address,
    chain::Confirmed,
    dispute::{Claim, ClaimError, Move, Recomputed, instructions_for, next_move, turn},
    instruction,
};
use std::{ops::Range, sync::Arc};

/// A scene and a frame of it.
#[derive(Clone)]
pub struct Picture {
    tracer: Arc<Tracer>,
    /// What is rendered.
    pub frame: Frame,
}

impl Picture {
    /// A frame of the Cornell box.
    pub fn new(frame: Frame) -> Self {
        let image = compile(&crate::referee::scenes::cornell()).expect("the scene is valid");
        Self { tracer: Arc::new(Tracer::new(image).expect("the image can be traced")), frame }
    }

    /// Six units of four pixels of two samples.
    pub fn small() -> Self {
        Self::new(Frame { width: 6, height: 4, tile: 2, samples: 2, max_bounces: 2, seed: 7 })
    }

    /// Twenty units of 25 pixels: all trees of a dispute need two divisions.
    pub fn large() -> Self {
        Self::new(Frame { width: 100, height: 5, tile: 5, samples: 1, max_bounces: 1, seed: 7 })
    }

    /// What a job says about it.
    pub fn statement(&self) -> [u8; 128] {
        Statement::of(&self.frame, self.tracer.image()).to_bytes()
    }

    /// The result of some units.
    pub fn result(&self, units: Range<u64>) -> Vec<u8> {
        Self::rendered(&self.tracer, &self.frame, units)
    }

    fn rendered(tracer: &Tracer, frame: &Frame, units: Range<u64>) -> Vec<u8> {
        units.flat_map(|unit| render_unit(tracer, frame, unit).expect("the unit exists").to_bytes()).collect()
    }

    /// What somebody stands for who computed these units, or lies about them.
    pub fn claim(&self, units: Range<u64>, lie: Lie) -> Standing {
        let first = units.start;
        let bytes_before =
            |unit: u64| (first..unit).map(|unit| 24 * self.frame.unit_pixels(unit) as usize).sum::<usize>();
        let mut result = self.result(units.clone());
        match lie {
            Lie::Pixel { unit, pixel } | Lie::Steps { unit, segment: pixel, .. } => {
                result[bytes_before(unit) + 24 * pixel as usize] ^= 1;
            }
            Lie::Samples => {
                let half = Frame { samples: self.frame.samples / 2, ..self.frame };
                let sums = Self::rendered(&self.tracer, &half, units.clone());
                let doubled = sums.as_chunks::<8>().0.iter().map(|sum| 2 * i64::from_le_bytes(*sum));
                result = doubled.flat_map(i64::to_le_bytes).collect();
            }
            Lie::None | Lie::Output { .. } | Lie::Trace { .. } => {}
        }
        let computed = Recomputed::new(Arc::clone(&self.tracer), self.frame, units, Some(result.into()));
        Standing { computed: computed.expect("the result has the units' length"), lie }
    }
}

/// The settlement of a decided dispute.
pub fn settling(world: &World, dispute: &Address) -> Instruction {
    let state: Dispute = world.get(dispute);
    let winner = state.game().expect("the dispute is one that games reach").verdict.winner();
    let loser = match winner {
        Some(Party::Challenger) => Some(state.defender),
        _ if state.is_by_audit() => Some(state.challenger),
        _ => None,
    };
    let audit: Option<Audit> = world.find(&state.audit);
    instruction::dispute_settle(
        dispute,
        &state,
        audit.map(|audit| audit.payer),
        Some(world.epoch()),
        loser.map(|node| instruction::Loser { node, identity: world.get::<Node>(&node).identity }),
    )
}

/// A way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// None.
    None,
    /// One pixel has another colour, and all that follows from the result is as if it had.
    Pixel {
        /// Unit.
        unit: u64,
        /// Pixel of the unit.
        pixel: u64,
    },
    /// Half of the samples were computed and counted twice.
    Samples,
    /// The unit's output has another digest, its trace is right.
    Output {
        /// Unit.
        unit: u64,
    },
    /// One boundary in the trace is wrong, the output is right.
    Trace {
        /// Unit.
        unit: u64,
        /// Leaf of the trace.
        leaf: usize,
    },
    /// One pixel is wrong, and so is every state of its segment from one on.
    Steps {
        /// Unit.
        unit: u64,
        /// Segment.
        segment: u64,
        /// First step that gives a wrong state.
        step: u64,
    },
}

/// What a party stands for: the truth but for one lie.
pub struct Standing {
    computed: Recomputed,
    lie: Lie,
}

impl Standing {
    /// The root over its units.
    pub fn root(&mut self) -> Digest {
        let units = self.units();
        let attested: Vec<_> = units.clone().map(|unit| self.unit(unit).expect("the unit is the lease's")).collect();
        lease_root(units.start, &attested)
    }
}

fn lied_about(what: &[u8], place: u64) -> Digest {
    sha256(&[b"a lie about ", what, &place.to_le_bytes()])
}

impl Claim for Standing {
    fn units(&self) -> Range<u64> {
        self.computed.units()
    }

    fn unit(&mut self, unit: u64) -> Result<UnitAttestation, ClaimError> {
        let mut attested = self.computed.unit(unit)?;
        match self.lie {
            Lie::Output { unit: lied } if lied == unit => attested.output = lied_about(b"the output", unit),
            Lie::Trace { unit: lied, .. } if lied == unit => attested.trace = root(&self.boundaries(unit)?),
            _ => {}
        }
        Ok(attested)
    }

    fn boundaries(&mut self, unit: u64) -> Result<Vec<Digest>, ClaimError> {
        let mut boundaries = self.computed.boundaries(unit)?;
        if let Lie::Trace { unit: lied, leaf } = self.lie
            && lied == unit
        {
            boundaries[leaf] = lied_about(b"a boundary", unit);
        }
        Ok(boundaries)
    }

    fn states(&mut self, unit: u64, segment: u64, offsets: &[u64]) -> Result<Vec<Digest>, ClaimError> {
        let mut states = self.computed.states(unit, segment, offsets)?;
        if let Lie::Steps { unit: lied, segment: where_lied, step } = self.lie
            && (lied, where_lied) == (unit, segment)
        {
            for (state, offset) in states.iter_mut().zip(offsets).filter(|(_, offset)| **offset > step) {
                *state = lied_about(b"a state", *offset);
            }
        }
        Ok(states)
    }

    fn evidence(&mut self, unit: u64, segment: u64, offset: u64) -> Result<Vec<u8>, ClaimError> {
        self.computed.evidence(unit, segment, offset)
    }
}

/// A world with a picture to be rendered: one job, whose leases are attested with what their holders stand for.
pub struct Court {
    /// The world.
    pub world: World,
    /// What is rendered.
    pub picture: Picture,
    /// Ordered it.
    pub requester: Requester,
    /// The job, seeded.
    pub job: Address,
    /// Units of a lease.
    pub units_per_lease: u32,
}

/// One of the two who dispute.
pub struct Side<'a> {
    /// Signs its moves.
    pub key: &'a Keypair,
    /// What it stands for.
    pub claim: &'a mut dyn Claim,
}

impl Court {
    /// The picture as one job with so many units to a lease, each computed by `replicas` nodes.
    pub fn new(world: World, picture: Picture, units_per_lease: u32, replicas: u8) -> Self {
        let requester = world.requester_with("requester", world::USD);
        let job = world.open_seeded(
            &requester,
            JobOrder {
                units: picture.frame.units(),
                units_per_lease,
                replicas,
                statement: picture.statement(),
                ..world::order()
            },
        );
        Self { world, picture, requester, job, units_per_lease }
    }

    /// The small picture in a single lease that nobody audits.
    pub fn small() -> Self {
        Self::new(World::new(), Picture::small(), 6, 1)
    }

    /// The small picture in a single lease that another node audits.
    pub fn audited() -> Self {
        Self::new(World::new(), Picture::small(), 6, 2)
    }

    /// The units of a lease.
    pub fn units(&self, index: u32) -> Range<u64> {
        let first = u64::from(index) * u64::from(self.units_per_lease);
        first..(first + u64::from(self.units_per_lease)).min(self.picture.frame.units())
    }

    /// What somebody stands for in a lease.
    pub fn claim(&self, index: u32, lie: Lie) -> Standing {
        self.picture.claim(self.units(index), lie)
    }

    /// Has a machine claim, commit to and draw a lease.
    pub fn commit(&self, machine: &Machine, index: u32, root: &Digest) -> Address {
        let lease = self.world.claim(machine, &self.job, index);
        let registered = self.world.get::<Node>(&machine.node).registered_slot;
        let attempt = self.world.get::<Lease>(&lease).attempt;
        let salt = World::salt(&lease);
        let commitment = commitment(lease.as_array(), machine.node.as_array(), registered, attempt, root, &salt);
        let commit = instruction::attestation_commit(&machine.key(), &lease, commitment);
        self.world.apply(commit, &[&machine.identity]);
        self.world.chain.advance_slots(LOTTERY_DELAY_SLOTS + 2);
        self.world.draw(&lease);
        lease
    }

    /// Has a machine reveal the root of a lease.
    pub fn reveal(&self, machine: &Machine, lease: &Address, root: Digest) {
        let (result, salt) = (World::result(lease), World::salt(lease));
        let reveal = instruction::attestation_reveal(&machine.key(), lease, root, result, salt);
        self.world.apply(reveal, &[&machine.identity]);
    }

    /// Has a machine attest a lease with what it stands for.
    pub fn attest(&self, machine: &Machine, index: u32, claim: &mut Standing) -> Address {
        let root = claim.root();
        let lease = self.commit(machine, index, &root);
        self.reveal(machine, &lease, root);
        lease
    }

    /// Has a machine attest a lease and another audit it, each with what it stands for; gives lease and audit.
    pub fn attest_audited(
        &self,
        machine: &Machine,
        claim: &mut Standing,
        auditor: &Machine,
        audit_claim: &mut Standing,
        index: u32,
    ) -> (Address, Address) {
        let root = claim.root();
        let lease = self.commit(machine, index, &root);
        let audit = self.world.audited(auditor, &lease, &audit_claim.root());
        self.reveal(machine, &lease, root);
        (lease, audit)
    }

    /// A wallet with RENDER for a bond.
    pub fn challenger(&self, name: &str) -> Requester {
        let wallet = self.world.wallet(name);
        let render = self.world.render(&wallet, 100 * world::RENDER);
        Requester { wallet, render }
    }

    /// The challenge of a lease with a bond.
    pub fn challenging(&self, challenger: &Requester, lease: &Address) -> Instruction {
        let engine = address::engine(&address::RENDER_ENGINE);
        let (network, state) = (self.world.network(), self.world.get(lease));
        instruction::dispute_open(&network, &challenger.key(), &challenger.render, &engine, &state)
    }

    /// Challenges a lease with a bond; gives the dispute.
    pub fn challenge(&self, challenger: &Requester, lease: &Address) -> Address {
        let number = self.world.get::<Lease>(lease).disputes;
        self.world.apply(self.challenging(challenger, lease), &[&challenger.wallet]);
        address::dispute(lease, number)
    }

    /// The dispute of a lease with an audit that differs; the crank pays the rent.
    pub fn contradicting(&self, lease: &Address, audit: &Address) -> Instruction {
        let engine = address::engine(&address::RENDER_ENGINE);
        let (state, audit) = (self.world.get(lease), self.world.get(audit));
        instruction::dispute_open_audit(&self.world.crank.pubkey(), &engine, &state, &audit)
    }

    /// Opens the dispute over an audit that differs.
    pub fn contradict(&self, lease: &Address, audit: &Address) -> Address {
        let number = self.world.get::<Lease>(lease).disputes;
        self.world.apply(self.contradicting(lease, audit), &[&self.world.crank]);
        address::dispute(lease, number)
    }

    /// Whose turn it is.
    pub fn turn(&self, dispute: &Address) -> Option<Party> {
        turn(&self.world.get(dispute)).expect("the dispute is one that games reach")
    }

    /// The stage of a dispute.
    pub fn stage(&self, dispute: &Address) -> Stage {
        self.world.get::<Dispute>(dispute).game().expect("the dispute is one that games reach").stage
    }

    /// The verdict of a dispute.
    pub fn verdict(&self, dispute: &Address) -> Verdict {
        self.world.get::<Dispute>(dispute).game().expect("the dispute is one that games reach").verdict
    }

    /// What a side would do now; `None` where it is not its turn, or it does not know what to do.
    pub fn next(&self, dispute: &Address, party: Party, claim: &mut dyn Claim) -> Option<Move> {
        next_move(&self.world.get(dispute), party, claim).ok().flatten()
    }

    /// The transactions of a move.
    pub fn transactions(&self, dispute: &Address, next: &Move, key: &Keypair) -> Vec<Vec<Instruction>> {
        let evidence = self.world.chain.read(&address::evidence(dispute, &key.pubkey()));
        instructions_for(dispute, &self.world.get(dispute), next, &key.pubkey(), evidence.as_ref())
    }

    /// Sends a move, all of whose transactions must be executed; gives the last one.
    #[track_caller]
    pub fn make(&self, dispute: &Address, next: &Move, key: &Keypair) -> Confirmed {
        let mut last = None;
        for transaction in self.transactions(dispute, next, key) {
            last = Some(self.world.apply_all(&transaction, &[key]));
        }
        last.expect("a move has a transaction")
    }

    /// Lets the time of the next move pass and ends the dispute.
    #[track_caller]
    pub fn time_out(&self, dispute: &Address) -> Confirmed {
        self.world.warp_to(self.world.get::<Dispute>(dispute).deadline + 1);
        self.world.apply(instruction::dispute_timeout(dispute), &[&self.world.crank])
    }

    /// Plays until `stop`, or until there is a verdict: each side does what its claim says, and who has nothing to say misses its turn.
    #[track_caller]
    pub fn play_until(
        &self,
        dispute: &Address,
        defender: &mut Side,
        challenger: &mut Side,
        stop: impl Fn(&Dispute) -> bool,
    ) {
        while let Some(party) = self.turn(dispute) {
            if stop(&self.world.get(dispute)) {
                return;
            }
            let (next, key) = match party {
                Party::Defender => (self.next(dispute, party, defender.claim), defender.key),
                Party::Challenger => (self.next(dispute, party, challenger.claim), challenger.key),
            };
            match next {
                Some(next) => drop(self.make(dispute, &next, key)),
                None => drop(self.time_out(dispute)),
            }
        }
    }

    /// Plays to the verdict.
    #[track_caller]
    pub fn play(&self, dispute: &Address, defender: &mut Side, challenger: &mut Side) -> Verdict {
        self.play_until(dispute, defender, challenger, |_| false);
        self.verdict(dispute)
    }

    /// The settlement of a decided dispute.
    pub fn settling(&self, dispute: &Address) -> Instruction {
        settling(&self.world, dispute)
    }

    /// Settles a decided dispute.
    #[track_caller]
    pub fn settle(&self, dispute: &Address) -> Confirmed {
        self.world.apply(self.settling(dispute), &[&self.world.crank])
    }

    /// Closes a settled dispute; what it owes goes to `destination`.
    #[track_caller]
    pub fn close(&self, dispute: &Address, destination: Option<Address>) -> Confirmed {
        let state = self.world.get(dispute);
        let close = instruction::dispute_close(&self.world.network(), dispute, &state, destination);
        self.world.apply(close, &[&self.world.crank])
    }
}
