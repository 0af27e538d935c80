//! Random lives of a small network: requesters and machines do whatever comes to their minds, time jumps, and after every
//! transaction the laws hold and a shadow of credits and stakes, kept by the market model alone, agrees.
//!
//! `MARKET_SEED` chooses other lives than those of the default seed; a failure prints the seed and the shortest life that fails.

use anchor_lang::Discriminator;
use market_model::{
    Parameters, Round,
    amount::bps_of,
    audit::{AuditRules, AuditState},
    credit::CreditBalance,
    job::JobTerms,
    lease::LeaseState,
    reputation::Reason,
    stake::Stake,
};
use market_tests::{
    Machine, Requester, World,
    world::{CONFIDENCE, PRICE, RENDER, USD, audited_parameters, order, short_parameters},
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};
use render_compute::{
    constants::{PAUSE_CREDITS, PAUSE_JOBS, PAUSE_STAKES},
    events::*,
    instructions::JobOrder,
    state::*,
};
use render_compute_client::{Address, Instruction, Keypair, Signer, account, address, event::Event, flow, instruction};
use std::collections::BTreeMap;

const LIVES: u32 = 10;
const ACTIONS: usize = 200;
const REQUESTERS: usize = 2;
const MACHINES: usize = 3;

/// What somebody does. Numbers choose among what there is, whatever there is.
#[derive(Clone, Debug)]
enum Action {
    Buy {
        who: usize,
        credits: u64,
    },
    Open {
        who: usize,
        units: u64,
        units_per_lease: u32,
        price: u64,
        replicas: u8,
    },
    Seed {
        job: usize,
    },
    Cancel {
        job: usize,
        who: usize,
    },
    CloseJob {
        job: usize,
    },
    Claim {
        job: usize,
        index: u32,
        machine: usize,
    },
    Return {
        lease: usize,
        machine: usize,
        is_fault: bool,
    },
    Commit {
        lease: usize,
        machine: usize,
    },
    Draw {
        lease: usize,
    },
    ClaimAudit {
        lease: usize,
        index: u8,
        machine: usize,
    },
    CommitAudit {
        audit: usize,
        is_honest: bool,
    },
    RevealAudit {
        audit: usize,
    },
    ExpireAudit {
        audit: usize,
    },
    LapseAudit {
        lease: usize,
    },
    AcceptAudit {
        audit: usize,
    },
    Forfeit {
        audit: usize,
    },
    CloseAudit {
        audit: usize,
    },
    /// Whatever brings a lease on from where it stands.
    Advance {
        job: usize,
        index: u32,
        machine: usize,
    },
    Reveal {
        lease: usize,
        machine: usize,
    },
    Accept {
        lease: usize,
    },
    Expire {
        lease: usize,
    },
    Release {
        job: usize,
        index: u32,
    },
    CloseLease {
        lease: usize,
    },
    Deposit {
        machine: usize,
        amount: u64,
    },
    Unbond {
        machine: usize,
        amount: u64,
    },
    Withdraw {
        machine: usize,
    },
    BurnSlashed {
        machine: usize,
    },
    Drain {
        machine: usize,
        draining: bool,
    },
    Pause {
        bits: u64,
    },
    NextEpoch,
    ClaimShare {
        machine: usize,
        back: u64,
    },
    Wait {
        seconds: u64,
    },
}

fn action() -> impl Strategy<Value = Action> {
    let (who, machine) = (0..REQUESTERS, 0..MACHINES);
    let (job, lease, index) = (0..8usize, 0..16usize, 0..4u32);
    prop_oneof![
        160 => (0..4usize, index.clone(), machine.clone())
            .prop_map(|(job, index, machine)| Action::Advance { job, index, machine }),
        3 => (who.clone(), 1..50 * USD).prop_map(|(who, credits)| Action::Buy { who, credits }),
        4 => (who.clone(), 1..8u64, 1..4u32, 1..3 * USD, prop_oneof![3 => Just(1), 1 => 2..4u8]).prop_map(
            |(who, units, units_per_lease, price, replicas)| Action::Open { who, units, units_per_lease, price, replicas },
        ),
        3 => job.clone().prop_map(|job| Action::Seed { job }),
        1 => (job.clone(), who).prop_map(|(job, who)| Action::Cancel { job, who }),
        2 => job.clone().prop_map(|job| Action::CloseJob { job }),
        8 => (job.clone(), index.clone(), machine.clone())
            .prop_map(|(job, index, machine)| Action::Claim { job, index, machine }),
        1 => (lease.clone(), machine.clone(), any::<bool>())
            .prop_map(|(lease, machine, is_fault)| Action::Return { lease, machine, is_fault }),
        6 => (lease.clone(), machine.clone()).prop_map(|(lease, machine)| Action::Commit { lease, machine }),
        6 => lease.clone().prop_map(|lease| Action::Draw { lease }),
        9 => (lease.clone(), 0..2u8, machine.clone())
            .prop_map(|(lease, index, machine)| Action::ClaimAudit { lease, index, machine }),
        5 => (lease.clone(), prop::bool::weighted(0.9))
            .prop_map(|(audit, is_honest)| Action::CommitAudit { audit, is_honest }),
        5 => lease.clone().prop_map(|audit| Action::RevealAudit { audit }),
        2 => lease.clone().prop_map(|audit| Action::ExpireAudit { audit }),
        2 => lease.clone().prop_map(|lease| Action::LapseAudit { lease }),
        4 => lease.clone().prop_map(|audit| Action::AcceptAudit { audit }),
        2 => lease.clone().prop_map(|audit| Action::Forfeit { audit }),
        1 => lease.clone().prop_map(|audit| Action::CloseAudit { audit }),
        6 => (lease.clone(), machine.clone()).prop_map(|(lease, machine)| Action::Reveal { lease, machine }),
        6 => lease.clone().prop_map(|lease| Action::Accept { lease }),
        3 => lease.clone().prop_map(|lease| Action::Expire { lease }),
        3 => (job, index).prop_map(|(job, index)| Action::Release { job, index }),
        2 => lease.prop_map(|lease| Action::CloseLease { lease }),
        1 => (machine.clone(), 0..300 * RENDER).prop_map(|(machine, amount)| Action::Deposit { machine, amount }),
        1 => (machine.clone(), 0..300 * RENDER).prop_map(|(machine, amount)| Action::Unbond { machine, amount }),
        1 => machine.clone().prop_map(|machine| Action::Withdraw { machine }),
        1 => machine.clone().prop_map(|machine| Action::BurnSlashed { machine }),
        1 => (machine.clone(), any::<bool>()).prop_map(|(machine, draining)| Action::Drain { machine, draining }),
        1 => prop_oneof![4 => Just(0), 1 => 0..16u64].prop_map(|bits| Action::Pause { bits }),
        1 => Just(Action::NextEpoch),
        2 => (machine, 1..3u64).prop_map(|(machine, back)| Action::ClaimShare { machine, back }),
        6 => prop_oneof![12 => 1..40u64, 4 => 40..400u64, 1 => 3_000..700_000u64]
            .prop_map(|seconds| Action::Wait { seconds }),
    ]
}

/// The network, and what the model says must be in it.
struct Life {
    world: World,
    requesters: Vec<Requester>,
    machines: Vec<Machine>,
    jobs: Vec<Address>,
    leases: Vec<Address>,
    /// What each node risks with the leases and audits that it took, and what auditors committed to.
    penalties: BTreeMap<Address, u64>,
    roots: BTreeMap<Address, [u8; 32]>,
    credits: Vec<CreditBalance>,
    stakes: Vec<Stake>,
}

impl Life {
    fn new(parameters: Parameters) -> Self {
        let world = World::with(1, 1, parameters);
        let requesters: Vec<_> =
            (0..REQUESTERS).map(|number| world.requester(&format!("requester {number}"))).collect();
        let machines: Vec<_> = (0..MACHINES).map(|number| world.machine(&format!("machine {number}"))).collect();
        let stakes = machines.iter().map(|machine| world.get::<Node>(&machine.node).stake_model()).collect();
        let credits = vec![CreditBalance::default(); REQUESTERS];
        Self {
            world,
            requesters,
            machines,
            jobs: Vec::new(),
            leases: Vec::new(),
            penalties: BTreeMap::new(),
            roots: BTreeMap::new(),
            credits,
            stakes,
        }
    }

    /// A life in which there is work: each requester has a seeded job, one of them with two nodes to a lease.
    fn with_work(parameters: Parameters) -> Self {
        let mut life = Self::new(parameters);
        for who in 0..REQUESTERS {
            life.act(&Action::Buy { who, credits: 50 * USD });
            let replicas = if who == 0 { 1 } else { 2 };
            life.act(&Action::Open { who, units: 8, units_per_lease: 2, price: USD / 2, replicas });
            life.act(&Action::Seed { job: who });
        }
        life
    }

    /// Sends, and keeps the shadow by the events of what was executed.
    fn send(&mut self, instructions: &[Instruction], signer: impl Fn(&Self) -> &Keypair) -> bool {
        let outcome = self.world.send(instructions, &[signer(self)]);
        let executed = outcome.is_ok();
        for event in outcome.map(|confirmed| confirmed.events).unwrap_or_default() {
            self.follow(&event);
        }
        executed
    }

    fn follow(&mut self, event: &Event) {
        match event {
            Event::LeaseAccepted(event) => {
                let who = self.owner_of(&event.job);
                self.credits[who] =
                    self.credits[who].spend(event.value + event.premium).expect("what is spent was escrowed");
            }
            Event::LeaseReleased(event) => {
                let who = self.owner_of(&event.job);
                self.credits[who] = self.credits[who].refund(event.refund).expect("what is refunded was escrowed");
            }
            Event::LeaseClaimed(event) => self.risk(event.lease, &event.job, event.value, event.penalty),
            Event::AuditClaimed(event) => {
                let job = self.world.get::<Lease>(&event.lease).job;
                self.risk(event.audit, &job, event.value, event.penalty);
            }
            Event::StakeSlashed(event) => {
                let machine = self.machine(&event.node);
                let rules = self.world.network().parameters().stake_rules();
                let penalty = match event.reason {
                    SLASH_LEASE_EXPIRED | SLASH_REVEAL_MISSED | SLASH_AUDIT_EXPIRED => {
                        self.stakes[machine].expiry_penalty(&rules).expect("a penalty is a number")
                    }
                    _ => self.penalties[&event.evidence],
                };
                self.stakes[machine] = self.stakes[machine].slash(penalty).expect("a slash is bounded").0;
            }
            Event::AuditForfeited(event) => {
                let (loser, winner) = (self.machine(&event.node), self.machine(&event.auditor));
                let rate = self.world.network().parameters().finder_fee_bps;
                let fee = bps_of(event.taken, rate, Round::Down).expect("a fee is a part");
                self.stakes[loser].slashed -= fee;
                self.stakes[winner].staked += fee;
            }
            _ => {}
        }
    }

    /// What the model says that a claim risks, and that the chain says the same.
    fn risk(&mut self, of: Address, job: &Address, value: u64, penalty: u64) {
        let probability_bps = u64::from(self.world.get::<Job>(job).audit_probability_bps);
        let rules = AuditRules { probability_bps, ..self.world.network().parameters().audit_rules() };
        assert_eq!(rules.penalty(value), Ok(penalty), "the penalty of {of}");
        self.penalties.insert(of, penalty);
    }

    fn machine(&self, node: &Address) -> usize {
        self.machines.iter().position(|machine| machine.node == *node).expect("it is ours")
    }

    fn owner_of(&self, job: &Address) -> usize {
        let owner = |requester: &Requester| (0..64).any(|nonce| address::job(&requester.key(), nonce) == *job);
        self.requesters.iter().position(owner).expect("every job is one of ours")
    }

    fn paused(&self, bits: u64) -> bool {
        self.world.network().is_paused(bits)
    }

    /// Opens the running epoch and what it needs, as clients do in front of what they send.
    fn catch_up(&self) {
        self.world.flow(flow::ensure_running_epoch(&self.world.chain, &self.world.crank));
    }

    fn act(&mut self, action: &Action) {
        match *action {
            Action::Buy { who, credits } => {
                self.catch_up();
                self.world.publish_all(PRICE, CONFIDENCE);
                self.world.ensure_shard(&self.requesters[who].key());
                let purchase = self.world.purchase(&self.requesters[who], credits);
                let affordable = credits * 60 < self.world.tokens(&self.requesters[who].render);
                let executed = self.send(&[purchase], |life| &life.requesters[who].wallet);
                if self.paused(PAUSE_CREDITS) {
                    assert!(!executed, "credits were sold while paused");
                } else if affordable {
                    assert!(executed, "a purchase within the buyer's means was refused");
                }
                if executed {
                    self.credits[who] = self.credits[who].buy(credits).expect("credits were bought");
                }
            }
            Action::Open { who, units, units_per_lease, price, replicas } => {
                let key = self.requesters[who].key();
                let nonce = self.world.get::<CreditAccount>(&self.requesters[who].credit()).jobs;
                let order = JobOrder { units, units_per_lease, price_per_unit: price, replicas, ..order() };
                let rules = self.world.network().parameters().audit_rules();
                let premium_per_unit = rules.premium_per_unit(price, replicas).expect("a premium is a number");
                let units_per_lease = u64::from(units_per_lease);
                let terms = JobTerms { units, units_per_lease, price_per_unit: price, premium_per_unit };
                let after = terms.plan().and_then(|plan| self.credits[who].escrow(plan.escrow));
                let open = instruction::job_open(&key, &address::RENDER_ENGINE, nonce, order);
                let allowed = after.is_ok() && !self.paused(PAUSE_JOBS);
                let executed = self.send(&[open], |life| &life.requesters[who].wallet);
                assert_eq!(executed, allowed, "job_open and the model disagree: {after:?}");
                if executed {
                    self.credits[who] = after.expect("it was allowed");
                    self.jobs.push(address::job(&key, nonce));
                    self.world.chain.advance_slots(2);
                }
            }
            Action::Seed { job } => {
                let Some(job) = self.job(job) else { return };
                self.send(&[instruction::job_seed(&job)], |life| &life.world.crank);
            }
            Action::Cancel { job, who } => {
                let Some(job) = self.job(job) else { return };
                let key = self.requesters[who].key();
                self.send(&[instruction::job_cancel(&key, &job)], |life| &life.requesters[who].wallet);
            }
            Action::CloseJob { job } => {
                let Some(job) = self.job(job) else { return };
                let Some(state) = self.world.find::<Job>(&job) else { return };
                let owner = self.owner_of(&job);
                let key = self.requesters[owner].key();
                self.send(&[instruction::job_close(&key, &job, &state)], |life| &life.requesters[owner].wallet);
            }
            Action::Claim { job, index, machine } => {
                let Some(job) = self.job(job) else { return };
                let lease = address::lease(&job, index, 0);
                let claim = instruction::lease_claim(&self.machines[machine].key(), &job, index);
                if self.send(&[claim], |life| &life.machines[machine].identity) && !self.leases.contains(&lease) {
                    self.leases.push(lease);
                }
            }
            Action::Return { lease, machine, is_fault } => {
                let Some((_, state)) = self.lease(lease) else { return };
                let reason = if is_fault { Reason::InputsUnusable } else { Reason::LeaseReturned };
                let back = instruction::lease_return(&self.machines[machine].key(), &state, reason);
                self.send(&[back], |life| &life.machines[machine].identity);
            }
            Action::Commit { lease, machine } => {
                let Some((lease, state)) = self.lease(lease) else { return };
                let machine = self.holder(&state).unwrap_or(machine);
                let commitment = self.world.commitment(&self.machines[machine], &lease);
                let commit = instruction::attestation_commit(&self.machines[machine].key(), &lease, commitment);
                self.send(&[commit], |life| &life.machines[machine].identity);
                self.world.chain.advance_slots(1);
            }
            Action::Draw { lease } => {
                let Some((lease, state)) = self.lease(lease) else { return };
                self.world.chain.advance_slots(6);
                let now = self.world.chain.now().slot;
                let due = state.status == u8::from(LeaseState::Committed)
                    && state.drawn == 0
                    && (state.committed_slot + 6..=state.committed_slot + 517).contains(&now);
                let executed = self.send(&[instruction::audit_draw(&state)], |life| &life.world.crank);
                assert_eq!(executed, due, "audit_draw and the model disagree over {lease}");
            }
            Action::ClaimAudit { lease, index, machine } => {
                let Some((_, state)) = self.lease(lease) else { return };
                let claim = instruction::audit_claim(&self.machines[machine].key(), &state, index);
                self.send(&[claim], |life| &life.machines[machine].identity);
            }
            Action::CommitAudit { audit, is_honest } => {
                let Some((audit, state)) = self.audit(audit) else { return };
                let machine = self.machine(&state.node);
                let root = if is_honest { World::root(&state.lease) } else { [9; 32] };
                let commitment = self.world.audit_commitment(&self.machines[machine], &audit, &root);
                let commit = instruction::audit_commit(&self.machines[machine].key(), &state, commitment);
                if self.send(&[commit], |life| &life.machines[machine].identity) {
                    self.roots.insert(audit, root);
                }
                self.world.chain.advance_slots(1);
            }
            Action::RevealAudit { audit } => {
                let Some((audit, state)) = self.audit(audit) else { return };
                let Some(root) = self.roots.get(&audit).copied() else { return };
                let machine = self.machine(&state.node);
                let reveal = self.world.revealing_audit(&self.machines[machine], &audit, &root);
                self.send(&[reveal], |life| &life.machines[machine].identity);
            }
            Action::ExpireAudit { audit } => {
                let Some((_, state)) = self.audit(audit) else { return };
                self.send(&[instruction::audit_expire(&state)], |life| &life.world.crank);
            }
            Action::LapseAudit { lease } => {
                let Some((_, state)) = self.lease(lease) else { return };
                self.send(&[instruction::audit_lapse(&state)], |life| &life.world.crank);
            }
            Action::AcceptAudit { audit } => {
                let Some((audit, state)) = self.audit(audit) else { return };
                let machine = self.machine(&state.node);
                self.catch_up();
                self.world.prepare_accept(&self.machines[machine]);
                let lease: Lease = self.world.get(&state.lease);
                let due = lease.status == u8::from(LeaseState::Revealed)
                    && lease.attempt == state.attempt
                    && self.world.time() > lease.deadline
                    && lease.root == state.root;
                let accept = self.world.accepting_audit(&self.machines[machine], &audit);
                assert_eq!(self.send(&[accept], |life| &life.world.crank), due, "audit_accept and the model disagree");
            }
            Action::Forfeit { audit } => {
                let Some((_, state)) = self.audit(audit) else { return };
                let Some(lease) = self.world.find::<Lease>(&state.lease) else { return };
                self.send(&[instruction::audit_forfeit(&lease, &state)], |life| &life.world.crank);
            }
            Action::CloseAudit { audit } => {
                let Some((_, state)) = self.audit(audit) else { return };
                let is_over = self.world.find::<Lease>(&state.lease).is_none_or(|lease| lease.attempt != state.attempt);
                let executed = self.send(&[instruction::audit_close(&state)], |life| &life.world.crank);
                assert_eq!(executed, is_over, "audit_close and the model disagree");
            }
            Action::Reveal { lease, machine } => {
                let Some((lease, state)) = self.lease(lease) else { return };
                let machine = self.holder(&state).unwrap_or(machine);
                let reveal = World::revealing(&self.machines[machine], &lease);
                self.send(&[reveal], |life| &life.machines[machine].identity);
            }
            Action::Accept { lease } => {
                let Some((lease, state)) = self.lease(lease) else { return };
                let Some(machine) = self.holder(&state) else { return };
                self.catch_up();
                self.world.prepare_accept(&self.machines[machine]);
                let accept = self.world.accepting(&self.machines[machine], &lease);
                let due = state.status == u8::from(LeaseState::Revealed)
                    && self.world.time() > state.deadline
                    && state.audits_paid == state.audits_owed;
                let executed = self.send(&[accept], |life| &life.world.crank);
                assert_eq!(executed, due, "lease_accept and the model disagree");
            }
            Action::Expire { lease } => {
                let Some((_, state)) = self.lease(lease) else { return };
                self.send(&[instruction::lease_expire(&state)], |life| &life.world.crank);
            }
            Action::Release { job, index } => {
                let Some(job) = self.job(job) else { return };
                let owner = self.requesters[self.owner_of(&job)].key();
                self.send(&[instruction::lease_release(&job, &owner, index)], |life| &life.world.crank);
            }
            Action::CloseLease { lease } => {
                let Some((lease, state)) = self.lease(lease) else { return };
                if self.send(&[instruction::lease_close(&state)], |life| &life.world.crank) {
                    self.leases.retain(|other| *other != lease);
                }
            }
            Action::Deposit { machine, amount } => {
                let (owner, key, payout) = self.keys(machine);
                let after = self.stakes[machine].deposit(amount);
                let allowed = after.is_ok() && !self.paused(PAUSE_STAKES) && self.world.tokens(&payout) >= amount;
                let deposit = instruction::stake_deposit(&owner, &key, &payout, amount);
                self.stake(machine, deposit, allowed, after.ok());
            }
            Action::Unbond { machine, amount } => {
                let (owner, key, _) = self.keys(machine);
                let rules = self.world.network().parameters().stake_rules();
                let after = self.stakes[machine].begin_unbonding(amount, self.world.time(), &rules);
                self.stake(machine, instruction::stake_unbond(&owner, &key, amount), after.is_ok(), after.ok());
            }
            Action::Withdraw { machine } => {
                let (owner, key, payout) = self.keys(machine);
                let after = self.stakes[machine].withdraw(self.world.time()).map(|(after, _)| after);
                let free = self.world.get::<Node>(&self.machines[machine].node).leases_held == 0;
                let allowed = after.is_ok() && free;
                self.stake(machine, instruction::stake_withdraw(&owner, &key, &payout), allowed, after.ok());
            }
            Action::BurnSlashed { machine } => {
                let after = self.stakes[machine].burn_slashed().map(|(after, _)| after);
                let burn = instruction::slash_burn(&self.world.network(), &self.machines[machine].node);
                self.stake(machine, burn, after.is_ok(), after.ok());
            }
            Action::Drain { machine, draining } => {
                let (owner, key, _) = self.keys(machine);
                self.send(&[instruction::node_drain(&owner, &key, draining)], |life| &life.machines[machine].wallet);
            }
            Action::Pause { bits } => {
                let pause = instruction::network_pause(&self.world.authority.pubkey(), bits);
                assert!(self.send(&[pause], |life| &life.world.authority));
            }
            Action::NextEpoch => {
                self.catch_up();
                self.world.end_epoch();
            }
            Action::ClaimShare { machine, back } => {
                let number = self.world.epoch().saturating_sub(back);
                let claim = self.world.claiming(&self.machines[machine], number);
                self.send(&[claim], |life| &life.world.crank);
            }
            Action::Advance { job, index, machine } => self.advance(job, index, machine),
            Action::Wait { seconds } => self.world.warp(seconds),
        }
    }

    /// What an honest node would do next about a lease.
    fn advance(&mut self, job: usize, index: u32, machine: usize) {
        let Some(address) = self.job(job) else { return };
        let (lease, state) = (address::lease(&address, index, 0), self.world.get::<Job>(&address));
        let found = self.world.find::<Lease>(&lease);
        let standing = found.map_or(LeaseState::Open, |lease| LeaseState::try_from(lease.status).expect("a state"));
        let number = self.leases.iter().position(|other| *other == lease);
        let audits = self.audits();
        let audit = |status: AuditState| {
            audits.iter().position(|(_, audit)| audit.lease == lease && audit.status == u8::from(status))
        };
        let next = match (standing, found, number) {
            (LeaseState::Open | LeaseState::Returned | LeaseState::Expired, ..) => {
                if state.seeded == 1 && index < state.leases {
                    self.world.warp_to(self.world.turn(&self.machines[machine], &address, index));
                }
                Action::Claim { job, index, machine }
            }
            (LeaseState::Claimed, _, Some(lease)) => Action::Commit { lease, machine },
            (LeaseState::Committed, Some(found), Some(lease)) if found.drawn == 0 => Action::Draw { lease },
            (LeaseState::Committed, _, Some(lease)) => Action::Reveal { lease, machine },
            (LeaseState::Auditing, Some(found), Some(number)) if found.audits_claimed < found.audits_owed => {
                let free = found.auditors.iter().position(|auditor| *auditor == Address::default()).unwrap_or(0);
                let index = u8::try_from(free).expect("two audits");
                self.world.warp_to(self.world.audit_turn(&self.machines[machine], &lease, index));
                Action::ClaimAudit { lease: number, index, machine }
            }
            (LeaseState::Auditing, ..) => match audit(AuditState::Claimed) {
                Some(audit) => Action::CommitAudit { audit, is_honest: true },
                None => return,
            },
            (LeaseState::Opening, ..) => match audit(AuditState::Committed) {
                Some(audit) => Action::RevealAudit { audit },
                None => return,
            },
            (LeaseState::Revealed, Some(found), Some(lease)) => {
                self.world.warp_to(found.deadline + 1);
                match audit(AuditState::Revealed) {
                    Some(audit) if found.audits_paid < found.audits_owed => Action::AcceptAudit { audit },
                    _ => Action::Accept { lease },
                }
            }
            _ => return,
        };
        self.act(&next);
    }

    fn stake(&mut self, machine: usize, instruction: Instruction, allowed: bool, after: Option<Stake>) {
        let executed = self.send(std::slice::from_ref(&instruction), |life| &life.machines[machine].wallet);
        assert_eq!(executed, allowed, "{} and the model disagree", instruction::name(&instruction));
        if executed {
            self.stakes[machine] = after.expect("it was allowed");
        }
    }

    fn keys(&self, machine: usize) -> (Address, Address, Address) {
        let machine = &self.machines[machine];
        (machine.operator(), machine.key(), machine.payout)
    }

    fn job(&self, number: usize) -> Option<Address> {
        let live: Vec<_> = self.jobs.iter().filter(|job| self.world.find::<Job>(job).is_some()).collect();
        live.get(number % live.len().max(1)).map(|job| **job)
    }

    fn lease(&self, number: usize) -> Option<(Address, Lease)> {
        let lease = self.leases.get(number % self.leases.len().max(1))?;
        Some((*lease, self.world.get(lease)))
    }

    fn audits(&self) -> Vec<(Address, Audit)> {
        let all = self.world.chain.read_all(Audit::DISCRIMINATOR);
        all.into_iter().filter_map(|(address, raw)| Some((address, account::decode(&raw.data)?))).collect()
    }

    fn audit(&self, number: usize) -> Option<(Address, Audit)> {
        let all = self.audits();
        all.get(number % all.len().max(1)).copied()
    }

    fn holder(&self, lease: &Lease) -> Option<usize> {
        self.machines.iter().position(|machine| machine.node == lease.node)
    }

    /// The shadow and the accounts say the same.
    fn agree(&self) {
        for (requester, shadow) in self.requesters.iter().zip(&self.credits) {
            let credit: CreditAccount = self.world.get(&requester.credit());
            assert!(shadow.is_conserved(), "{shadow:?}");
            assert_eq!((credit.available, credit.bought_total), (shadow.available, shadow.bought), "credits");
            let escrowed = credit.escrowed_total - credit.refunded_total - shadow.spent;
            assert_eq!(escrowed, shadow.escrowed, "escrowed credits");
        }
        for (machine, shadow) in self.machines.iter().zip(&self.stakes) {
            assert_eq!(self.world.get::<Node>(&machine.node).stake_model(), *shadow, "stake");
        }
    }
}

fn live(actions: &[Action]) {
    // Often enough that a short life has audits.
    let mut life = Life::with_work(Parameters { audit_probability_bps: 4_000, ..short_parameters() });
    for action in actions {
        life.act(action);
        life.agree();
    }
}

#[test]
fn the_laws_hold_in_random_lives() {
    let seed: u64 = std::env::var("MARKET_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: LIVES, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let outcome = runner.run(&vec(action(), 1..ACTIONS), |actions| {
        live(&actions);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, actions)) => panic!("MARKET_SEED={seed}: {reason}\n{actions:#?}"),
        Err(TestError::Abort(reason)) => panic!("MARKET_SEED={seed}: {reason}"),
    }
}

#[test]
fn a_life_with_everything_in_it_pays_for_its_work() {
    let mut life = Life::new(short_parameters());
    let open = Action::Open { who: 0, units: 4, units_per_lease: 2, price: USD, replicas: 1 };
    for action in
        [Action::Buy { who: 0, credits: 20 * USD }, open, Action::Seed { job: 0 }, Action::Wait { seconds: 130 }]
    {
        life.act(&action);
    }
    for (lease, index) in (0..2).enumerate() {
        life.act(&Action::Claim { job: 0, index, machine: 0 });
        life.act(&Action::Commit { lease, machine: 0 });
        life.act(&Action::Draw { lease });
        life.act(&Action::Reveal { lease, machine: 0 });
    }
    life.act(&Action::Wait { seconds: 31 });
    for lease in 0..2 {
        life.act(&Action::Accept { lease });
    }
    life.act(&Action::NextEpoch);
    life.act(&Action::ClaimShare { machine: 0, back: 1 });
    life.agree();
    // A thousandth is for audits.
    assert_eq!(life.credits[0].spent, 4 * USD + 4 * USD / 1_000);
    let record: NodeEpoch = life.world.get(&address::node_epoch(&life.machines[0].node, 1));
    assert!(record.claimed > 0);
}

#[test]
fn a_life_with_audits_pays_holder_and_auditors() {
    let mut life = Life::new(audited_parameters());
    let open = Action::Open { who: 0, units: 2, units_per_lease: 2, price: USD, replicas: 3 };
    let actions = [
        Action::Buy { who: 0, credits: 20 * USD },
        open,
        Action::Seed { job: 0 },
        Action::Wait { seconds: 130 },
        Action::Claim { job: 0, index: 0, machine: 0 },
        Action::Commit { lease: 0, machine: 0 },
        Action::Draw { lease: 0 },
        Action::Wait { seconds: 130 },
        Action::ClaimAudit { lease: 0, index: 0, machine: 1 },
        Action::ClaimAudit { lease: 0, index: 1, machine: 2 },
        Action::CommitAudit { audit: 0, is_honest: true },
        Action::CommitAudit { audit: 1, is_honest: true },
        Action::RevealAudit { audit: 0 },
        Action::RevealAudit { audit: 1 },
        Action::Reveal { lease: 0, machine: 0 },
        Action::Wait { seconds: 31 },
        Action::AcceptAudit { audit: 0 },
        Action::AcceptAudit { audit: 0 },
        Action::Accept { lease: 0 },
    ];
    for action in actions {
        life.act(&action);
        life.agree();
    }
    // Value, and a premium of twice that.
    assert_eq!(life.credits[0].spent, 6 * USD);
    for machine in &life.machines {
        assert_eq!(life.world.get::<Node>(&machine.node).credits_accepted, 2 * USD);
    }
}
