//! The life of a faulty node on any chain: one look at the accounts at a time, and whatever can be done then.

use crate::{Forged, Lie, Mode};
use anyhow::{Context as _, Result};
use kernels::{attestation, merkle::sha256, render::render_units};
use market_model::{lease::LeaseState, race::eligible_at};
use render_compute::{
    constants::LOTTERY_DELAY_SLOTS,
    race,
    state::{Dispute, Job, Lease, Network, Node},
};
use render_compute_client::{
    Chain, ChainError, Instruction, account, address,
    blob::BlobStore,
    chain::ChainClock,
    dispute::{Party, instructions_for, next_move},
    flow, instruction,
};
use render_worker::scenes::Scenes;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use std::{collections::BTreeMap, sync::Arc};

/// Scenes kept in memory, and the largest, in bytes.
const SCENES: usize = 2;
const MOST_SCENE_BYTES: u64 = 1 << 30;

/// A node that cheats in one way.
pub struct FaultyNode {
    mode: Mode,
    chain: Arc<dyn Chain>,
    store: BlobStore,
    identity: Keypair,
    scenes: Scenes,
    /// By lease and attempt.
    work: BTreeMap<(Address, u16), Forged>,
    /// Most leases held at once.
    most: u32,
    moves: u32,
}

impl FaultyNode {
    /// A node whose operator has registered and staked for it.
    pub fn new(mode: Mode, chain: Arc<dyn Chain>, store: BlobStore, identity: Keypair) -> Self {
        let scenes = Scenes::new(store.clone(), SCENES, MOST_SCENE_BYTES);
        Self { mode, chain, store, identity, scenes, work: BTreeMap::new(), most: 1, moves: 0 }
    }

    /// Holds up to so many leases at once.
    #[must_use]
    pub fn holding(mut self, most: u32) -> Self {
        self.most = most;
        self
    }

    /// Its node account.
    pub fn node(&self) -> Address {
        address::node(&self.identity.pubkey())
    }

    /// The way it cheats.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Looks at the chain and does what can be done now; says what.
    ///
    /// # Errors
    /// The chain or the blob store does not answer. What the chain refuses is said, and is no error.
    pub async fn step(&mut self) -> Result<Vec<String>> {
        let mut said = Vec::new();
        let clock = self.chain.clock().await?;
        for (lease_address, lease) in account::leases_of_node(&*self.chain, &self.node()).await? {
            self.advance(&lease_address, &lease, clock, &mut said).await?;
        }
        self.claim(clock, &mut said).await?;
        Ok(said)
    }

    async fn advance(
        &mut self,
        lease_address: &Address,
        lease: &Lease,
        clock: ChainClock,
        said: &mut Vec<String>,
    ) -> Result<()> {
        match LeaseState::try_from(lease.status) {
            Ok(LeaseState::Claimed) if self.mode != Mode::NeverDeliver && clock.unix_timestamp <= lease.deadline => {
                self.commit(lease_address, lease, said).await
            }
            Ok(LeaseState::Committed) if clock.unix_timestamp <= lease.deadline => {
                self.reveal(lease_address, lease, clock, said).await
            }
            Ok(LeaseState::Disputed) => self.defend(lease_address, lease, clock, said).await,
            Ok(LeaseState::Revealed) if clock.unix_timestamp > lease.deadline => self.accept(lease, said).await,
            _ => Ok(()),
        }
    }

    fn salt(&self, lease_address: &Address, lease: &Lease) -> [u8; 32] {
        sha256(&[self.identity.secret_bytes(), lease_address.as_ref(), &lease.attempt.to_le_bytes()])
    }

    async fn commit(&mut self, lease_address: &Address, lease: &Lease, said: &mut Vec<String>) -> Result<()> {
        let root = self.forge(lease_address, lease).await?.root;
        let node: Node =
            account::node(&*self.chain, &self.identity.pubkey()).await?.context("the node is not registered")?;
        let salt = self.salt(lease_address, lease);
        let commitment = attestation::commitment(
            lease_address.as_array(),
            self.node().as_array(),
            node.registered_slot,
            lease.attempt,
            &root,
            &salt,
        );
        let what = format!("commits to lease {} ({})", lease.index, self.mode);
        self.send(&[instruction::attestation_commit(&self.identity.pubkey(), lease_address, commitment)], &what, said)
            .await
    }

    async fn reveal(
        &mut self,
        lease_address: &Address,
        lease: &Lease,
        clock: ChainClock,
        said: &mut Vec<String>,
    ) -> Result<()> {
        if lease.drawn == 0 {
            if clock.slot <= lease.committed_slot + LOTTERY_DELAY_SLOTS + 1 {
                return Ok(());
            }
            let draw = instruction::audit_draw(lease);
            return self.send(&[draw], &format!("draws the lottery of lease {}", lease.index), said).await;
        }
        if lease.audits_revealed < lease.audits_owed {
            return Ok(());
        }
        let mut salt = self.salt(lease_address, lease);
        if self.mode == Mode::WrongSalt {
            salt[0] ^= 1;
        }
        let forged = self.forge(lease_address, lease).await?;
        let (root, result) = (forged.root, forged.result.clone());
        if self.mode != Mode::Withhold {
            self.store.put(result.clone()).await?;
        }
        let reveal =
            instruction::attestation_reveal(&self.identity.pubkey(), lease_address, root, sha256(&[&result]), salt);
        self.send(&[reveal], &format!("reveals lease {} ({})", lease.index, self.mode), said).await
    }

    async fn defend(
        &mut self,
        lease_address: &Address,
        lease: &Lease,
        clock: ChainClock,
        said: &mut Vec<String>,
    ) -> Result<()> {
        let most = match self.mode {
            Mode::Silent(most) => most,
            Mode::Withhold => 0,
            _ => u32::MAX,
        };
        let dispute_address = address::dispute(lease_address, lease.disputes.saturating_sub(1));
        let Some(dispute) = account::find::<Dispute>(&*self.chain, &dispute_address).await? else { return Ok(()) };
        if self.moves >= most || clock.unix_timestamp > dispute.deadline {
            return Ok(());
        }
        let lie = &mut self.forge(lease_address, lease).await?.lie;
        // A lie that cannot be told further is the end of the game for it.
        let Ok(Some(next)) = next_move(&dispute, Party::Defender, lie) else { return Ok(()) };
        let name = next.name();
        for instructions in instructions_for(&dispute_address, &dispute, &next, &self.identity.pubkey(), None) {
            self.send(&instructions, &format!("defends lease {}: {name}", lease.index), said).await?;
        }
        self.moves += 1;
        Ok(())
    }

    async fn accept(&mut self, lease: &Lease, said: &mut Vec<String>) -> Result<()> {
        if lease.audits_paid < lease.audits_owed {
            return Ok(());
        }
        let key = self.identity.pubkey();
        let (epoch, _) = flow::ensure_running_epoch(&*self.chain, &self.identity).await?;
        let mut instructions = flow::prepare_lease_accept(&*self.chain, &key, &key, &lease.job, epoch).await?;
        instructions.push(instruction::lease_accept(lease, &key, epoch));
        self.send(&instructions, &format!("asks for the pay of lease {}", lease.index), said).await
    }

    /// What it stands for in a lease, made once. It is the truth with a bend in it, so that only the bend can be found.
    async fn forge(&mut self, lease_address: &Address, lease: &Lease) -> Result<&mut Forged> {
        let key = (*lease_address, lease.attempt);
        if !self.work.contains_key(&key) {
            let job: Job = account::fetch(&*self.chain, &lease.job).await?;
            let prepared = self.scenes.prepare(lease.job, &job).await.map_err(|error| anyhow::anyhow!("{error}"))?;
            let units = lease.range();
            let outputs = render_units(&prepared.tracer, &prepared.frame, units.clone())?;
            let copied = self.somebody_elses_root(lease).await?;
            let tracer = Arc::clone(&prepared.tracer);
            let forged = Lie::forge(self.mode, tracer, prepared.frame, units, &outputs, copied)?;
            self.work.insert(key, forged);
        }
        self.work.get_mut(&key).context("it was made above")
    }

    /// A root that another node has revealed, or else one of no result at all.
    async fn somebody_elses_root(&self, lease: &Lease) -> Result<Option<[u8; 32]>> {
        let leases = account::leases_of_job(&*self.chain, &lease.job).await?;
        let other =
            leases.iter().map(|(_, other)| other).find(|other| other.root != [0; 32] && other.node != lease.node);
        Ok(Some(other.map_or_else(|| sha256(&[b"no result", &lease.index.to_le_bytes()]), |other| other.root)))
    }

    /// Claims the first lease whose turn has come.
    async fn claim(&mut self, clock: ChainClock, said: &mut Vec<String>) -> Result<()> {
        let network = account::network(&*self.chain).await?;
        let Some(node) = account::node(&*self.chain, &self.identity.pubkey()).await? else { return Ok(()) };
        if node.leases_held >= self.most {
            return Ok(());
        }
        for (job_address, job) in account::open_jobs(&*self.chain).await? {
            if clock.unix_timestamp > job.deadline {
                continue;
            }
            if job.seeded == 0 {
                // Where nobody else has done it, and where it is too early, it is looked at again.
                self.send(&[instruction::job_seed(&job_address)], "seeds a job", said).await?;
                continue;
            }
            if let Some(index) = self.turn(&network, &node, &job_address, &job, clock).await? {
                let claim = instruction::lease_claim(&self.identity.pubkey(), &job_address, index);
                return self.send(&[claim], &format!("claims lease {index}"), said).await;
            }
        }
        Ok(())
    }

    /// A lease of the job that this node may claim now.
    async fn turn(
        &self,
        network: &Network,
        node: &Node,
        job_address: &Address,
        job: &Job,
        clock: ChainClock,
    ) -> Result<Option<u32>> {
        let now = clock.unix_timestamp;
        let Ok(reputation) = race::require_requirements(network, job, node, now) else { return Ok(None) };
        let leases = account::leases_of_job(&*self.chain, job_address).await?;
        let leases: BTreeMap<u32, Lease> = leases.into_iter().map(|(_, lease)| (lease.index, lease)).collect();
        for index in (0..job.leases).filter(|index| !job.is_settled(*index)) {
            let (attempt, claimable_at) = match leases.get(&index) {
                Some(lease) if !LeaseState::try_from(lease.status).is_ok_and(LeaseState::is_claimable) => continue,
                Some(lease) => (lease.attempt, lease.claimable_at),
                None => (0, job.opened_at),
            };
            let entry = race::entry(network, job_address, job, &self.node(), node, index, attempt, 0, &reputation);
            let turn = entry.ok().and_then(|entry| eligible_at(claimable_at, entry.delay_ms).ok());
            if turn.is_some_and(|turn| turn <= now) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    async fn send(&self, instructions: &[Instruction], what: &str, said: &mut Vec<String>) -> Result<()> {
        match self.chain.send(instructions, &[&self.identity]).await {
            Ok(_) => said.push(what.to_owned()),
            Err(ChainError::Refused { message, .. }) => said.push(format!("{what}: refused, {message}")),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
