//! One builder per instruction of the market, under the instruction's own name, and those of the programs beside it.
//!
//! Builders derive addresses and pass what only the sender knows; they check nothing, because the chain does. What each
//! instruction needs and does stands in the program.

mod client;
mod governance;
mod probe;
mod rebate;
mod review;

use crate::address::{self, ASSOCIATED_TOKEN_PROGRAM, PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use anchor_lang::Discriminator;
use market_model::{Parameters, reputation::Reason};
use render_compute::{
    accounts,
    constants::MAX_PUBLISHERS,
    instruction as data,
    state::{Audit, Dispute, Job, Lease, Network},
};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};

pub use client::{ClientTerms, client_enable, client_register, client_update};
pub use governance::*;
pub use probe::*;
pub use rebate::{job_epoch_close, job_epoch_open, rebate_claim};
pub use render_compute::instructions::{JobOrder, NodeOffer, ParameterChange};
pub use review::node_review;
pub use solana_compute_budget_interface::ComputeBudgetInstruction;

/// The parameters that differ from their defaults: all of them would not fit a transaction beside its accounts.
fn changes(parameters: &Parameters) -> Vec<ParameterChange> {
    let pairs = (0..).zip(parameters.values().into_iter().zip(Parameters::DEFAULT.values()));
    pairs
        .filter(|(_, (wanted, default))| wanted != default)
        .map(|(index, (value, _))| ParameterChange { index, value })
        .collect()
}

/// Arguments of [`network_init`].
#[derive(Clone, Debug)]
pub struct NetworkInit {
    /// Pays, governs, and is the program's upgrade authority.
    pub authority: Address,
    /// RENDER: 8 decimals, [`address::network`] as its mint authority, no freeze authority.
    pub mint: Address,
    /// RENDER account of network operations.
    pub operations: Address,
    /// Start of epoch 1, unix seconds.
    pub genesis_at: i64,
    /// Everything governance can tune.
    pub parameters: Parameters,
}

/// Arguments of [`credit_buy`].
#[derive(Clone, Copy, Debug)]
pub struct CreditBuy {
    /// Pays and receives the credits.
    pub owner: Address,
    /// The owner's RENDER account.
    pub payment: Address,
    /// Account that the price is read from; `None` for the one that the network names.
    pub price: Option<Address>,
    /// The running epoch.
    pub epoch: u64,
    /// Credits to buy.
    pub credits: u64,
    /// Most RENDER to pay, operations share included.
    pub maximum_render: u64,
}

/// Arguments of [`engine_register`].
#[derive(Clone, Copy, Debug)]
pub struct EngineRegister {
    /// Governs and pays.
    pub authority: Address,
    /// Name, see [`address::engine_id`].
    pub id: [u8; 16],
    /// SHA-256 of the engine's specification.
    pub digest: [u8; 32],
    /// Program that executes one step of it; zero when it has none.
    pub referee: Address,
    /// Version of its format.
    pub format: u32,
    /// One of the `CLASS_*` constants.
    pub class: u8,
    /// One of the `VERIFICATION_*` constants.
    pub verification: u8,
    /// Whether jobs may be opened for it.
    pub enabled: bool,
}

/// Second half of handing the network over; the signer is the key it was offered to.
pub fn network_accept_authority(authority: &Address) -> Instruction {
    data::NetworkAcceptAuthority {}
        .to_instruction(accounts::NetworkAcceptAuthority { authority: *authority, network: address::network() })
}

/// Creates the network.
pub fn network_init(arguments: &NetworkInit) -> Instruction {
    let NetworkInit { authority, mint, operations, genesis_at, parameters } = arguments;
    data::NetworkInit { genesis_at: *genesis_at, changes: changes(parameters) }.to_instruction(accounts::NetworkInit {
        authority: *authority,
        network: address::network(),
        schedule: address::schedule(),
        oracle: address::oracle(),
        limiter: address::limiter(),
        mint: *mint,
        operations: *operations,
        stake_vault: address::stake_vault(),
        program_data: address::program_data(),
        token_program: TOKEN_PROGRAM,
        system_program: SYSTEM_PROGRAM,
    })
}

fn governance_accounts(authority: &Address) -> accounts::NetworkAuthority {
    accounts::NetworkAuthority { authority: *authority, network: address::network() }
}

/// Offers the authority to another key; the zero address withdraws the offer.
pub fn network_offer_authority(authority: &Address, to: &Address) -> Instruction {
    data::NetworkOfferAuthority { to: *to }.to_instruction(governance_accounts(authority))
}

/// Pauses exactly the areas in `bits`.
pub fn network_pause(authority: &Address, bits: u64) -> Instruction {
    data::NetworkPause { bits }.to_instruction(governance_accounts(authority))
}

/// Reads prices from the publisher-set oracle.
pub fn network_set_oracle_publishers(authority: &Address) -> Instruction {
    data::NetworkSetOracle {
        kind: render_compute::constants::ORACLE_PUBLISHERS,
        oracle: address::oracle(),
        pyth_program: Address::default(),
        pyth_feed: [0; 32],
    }
    .to_instruction(governance_accounts(authority))
}

/// Reads prices from Pyth updates of a feed: from the account `oracle`, or from any that `program` owns when it is `None`.
pub fn network_set_oracle_pyth(
    authority: &Address,
    oracle: Option<Address>,
    program: &Address,
    feed: [u8; 32],
) -> Instruction {
    data::NetworkSetOracle {
        kind: render_compute::constants::ORACLE_PYTH,
        oracle: oracle.unwrap_or_default(),
        pyth_program: *program,
        pyth_feed: feed,
    }
    .to_instruction(governance_accounts(authority))
}

/// Replaces the tunable numbers.
pub fn network_set_parameters(authority: &Address, parameters: &Parameters) -> Instruction {
    data::NetworkSetParameters { parameters: parameters.values() }.to_instruction(governance_accounts(authority))
}

/// Reports a price of RENDER (10^-8 USD).
pub fn oracle_publish(publisher: &Address, price: u64, confidence: u64, published_at: i64) -> Instruction {
    data::OraclePublish { price, confidence, published_at }
        .to_instruction(accounts::OraclePublish { publisher: *publisher, oracle: address::oracle() })
}

/// Replaces the publisher set. Keys past the sixteenth are counted but not sent, so that the chain refuses the set.
pub fn oracle_set_publishers(authority: &Address, publishers: &[Address]) -> Instruction {
    let mut keys = [Address::default(); MAX_PUBLISHERS];
    for (slot, key) in keys.iter_mut().zip(publishers) {
        *slot = *key;
    }
    let count = u8::try_from(publishers.len()).unwrap_or(u8::MAX);
    data::OracleSetPublishers { keys, count }.to_instruction(accounts::OracleSetPublishers {
        authority: *authority,
        network: address::network(),
        oracle: address::oracle(),
    })
}

/// Adds an engine, or changes one.
pub fn engine_register(arguments: &EngineRegister) -> Instruction {
    let EngineRegister { authority, id, digest, referee, format, class, verification, enabled } = *arguments;
    data::EngineRegister { id, digest, referee, format, class, verification, enabled }.to_instruction(
        accounts::EngineRegister {
            authority,
            network: address::network(),
            engine: address::engine(&id),
            system_program: SYSTEM_PROGRAM,
        },
    )
}

/// Burns RENDER for credits. The epoch's shard of the owner must exist: [`crate::flow::prepare_purchase`].
pub fn credit_buy(network: &Network, arguments: &CreditBuy) -> Instruction {
    let CreditBuy { owner, payment, price, epoch, credits, maximum_render } = *arguments;
    data::CreditBuy { credits, maximum_render }.to_instruction(accounts::CreditBuy {
        owner,
        credit: address::credit(&owner),
        network: address::network(),
        oracle: price.unwrap_or(network.oracle),
        mint: network.mint,
        payment,
        operations: network.operations,
        epoch: address::epoch(epoch),
        shard: address::epoch_shard(epoch, address::shard_of(&owner)),
        token_program: TOKEN_PROGRAM,
    })
}

/// Gives a wallet an account for credits.
pub fn credit_open(payer: &Address, owner: &Address) -> Instruction {
    data::CreditOpen { owner: *owner }.to_instruction(accounts::CreditOpen {
        payer: *payer,
        credit: address::credit(owner),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Removes an operator without nodes.
pub fn operator_close(wallet: &Address) -> Instruction {
    data::OperatorClose {}
        .to_instruction(accounts::OperatorClose { wallet: *wallet, operator: address::operator(wallet) })
}

/// Makes a wallet an operator that is paid to `payout`.
pub fn operator_register(wallet: &Address, payout: &Address) -> Instruction {
    data::OperatorRegister {}.to_instruction(accounts::OperatorRegister {
        wallet: *wallet,
        network: address::network(),
        payout: *payout,
        operator: address::operator(wallet),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Changes where an operator is paid.
pub fn operator_set_payout(wallet: &Address, payout: &Address) -> Instruction {
    data::OperatorSetPayout {}.to_instruction(accounts::OperatorSetPayout {
        wallet: *wallet,
        network: address::network(),
        payout: *payout,
        operator: address::operator(wallet),
    })
}

/// Removes a node that owes and holds nothing. Claim its epochs first.
pub fn node_close(wallet: &Address, identity: &Address) -> Instruction {
    data::NodeClose {}.to_instruction(accounts::NodeClose {
        wallet: *wallet,
        operator: address::operator(wallet),
        node: address::node(identity),
    })
}

/// Stops or resumes taking leases; `signer` is the operator's wallet or the identity.
pub fn node_drain(signer: &Address, identity: &Address, draining: bool) -> Instruction {
    data::NodeDrain { draining }.to_instruction(accounts::NodeDrain { signer: *signer, node: address::node(identity) })
}

/// Adds a machine to an operator; wallet and identity sign.
pub fn node_register(wallet: &Address, identity: &Address, offer: NodeOffer) -> Instruction {
    data::NodeRegister { offer }.to_instruction(accounts::NodeRegister {
        wallet: *wallet,
        identity: *identity,
        network: address::network(),
        operator: address::operator(wallet),
        node: address::node(identity),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Changes what a node offers.
pub fn node_update(wallet: &Address, identity: &Address, offer: NodeOffer) -> Instruction {
    data::NodeUpdate { offer }.to_instruction(accounts::NodeUpdate { wallet: *wallet, node: address::node(identity) })
}

/// Burns what was slashed of a node; `node` is the node account.
pub fn slash_burn(network: &Network, node: &Address) -> Instruction {
    data::SlashBurn {}.to_instruction(accounts::SlashBurn {
        network: address::network(),
        node: *node,
        vault: network.stake_vault,
        mint: network.mint,
        token_program: TOKEN_PROGRAM,
    })
}

/// Puts RENDER of `source` at stake for a node.
pub fn stake_deposit(depositor: &Address, identity: &Address, source: &Address, amount: u64) -> Instruction {
    data::StakeDeposit { amount }.to_instruction(accounts::StakeDeposit {
        depositor: *depositor,
        network: address::network(),
        node: address::node(identity),
        source: *source,
        vault: address::stake_vault(),
        token_program: TOKEN_PROGRAM,
    })
}

/// Starts taking stake back.
pub fn stake_unbond(wallet: &Address, identity: &Address, amount: u64) -> Instruction {
    data::StakeUnbond { amount }.to_instruction(accounts::StakeUnbond {
        wallet: *wallet,
        network: address::network(),
        node: address::node(identity),
    })
}

/// Pays out all stake whose unbonding is over.
pub fn stake_withdraw(wallet: &Address, identity: &Address, destination: &Address) -> Instruction {
    data::StakeWithdraw {}.to_instruction(accounts::StakeWithdraw {
        wallet: *wallet,
        network: address::network(),
        node: address::node(identity),
        vault: address::stake_vault(),
        destination: *destination,
        token_program: TOKEN_PROGRAM,
    })
}

/// Calls a job off.
pub fn job_cancel(requester: &Address, job: &Address) -> Instruction {
    data::JobCancel {}.to_instruction(accounts::JobCancel { requester: *requester, job: *job })
}

/// Removes a settled job and judges its requester by it.
pub fn job_close(signer: &Address, address: &Address, job: &Job) -> Instruction {
    data::JobClose {}.to_instruction(accounts::JobClose {
        signer: *signer,
        network: address::network(),
        job: *address,
        credit: address::credit(&job.requester),
        payer: job.payer,
    })
}

/// Escrows credits for work. `nonce` is the requester's next one (`credit.jobs`); `order.client` is a client account or zero.
pub fn job_open(requester: &Address, engine: &[u8; 16], nonce: u64, order: JobOrder) -> Instruction {
    data::JobOpen { nonce, order }.to_instruction(accounts::JobOpen {
        requester: *requester,
        network: address::network(),
        engine: address::engine(engine),
        credit: address::credit(requester),
        job: address::job(requester, nonce),
        system_program: SYSTEM_PROGRAM,
        client: (order.client != Address::default()).then_some(order.client),
    })
}

/// Fixes the randomness of a job's race.
pub fn job_seed(job: &Address) -> Instruction {
    data::JobSeed {}.to_instruction(accounts::JobSeed { job: *job })
}

/// Gives back the credits of a lease that nobody holds, once its job is over.
pub fn lease_release(job: &Address, requester: &Address, index: u32) -> Instruction {
    data::LeaseRelease { index }.to_instruction(accounts::LeaseRelease {
        job: *job,
        credit: address::credit(requester),
        lease: address::lease(job, index, 0),
    })
}

/// Pays a lease whose challenge window has closed. `identity` is the key of the node that holds it.
/// The epoch's shard and the records of node and job must exist: [`crate::flow::prepare_lease_accept`].
pub fn lease_accept(lease: &Lease, identity: &Address, epoch: u64) -> Instruction {
    data::LeaseAccept {}.to_instruction(accounts::LeaseAccept {
        network: address::network(),
        job: lease.job,
        node: lease.node,
        lease: address::lease(&lease.job, lease.index, lease.replica),
        epoch: address::epoch(epoch),
        shard: address::epoch_shard(epoch, address::shard_of(identity)),
        job_epoch: address::job_epoch(&lease.job, epoch),
        node_epoch: address::node_epoch(&lease.node, epoch),
    })
}

/// Takes a lease when the node's turn in the race has come. The job must be seeded: [`job_seed`] may stand in front.
pub fn lease_claim(identity: &Address, job: &Address, index: u32) -> Instruction {
    data::LeaseClaim { index }.to_instruction(accounts::LeaseClaim {
        identity: *identity,
        network: address::network(),
        job: *job,
        node: address::node(identity),
        lease: address::lease(job, index, 0),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Removes a lease account that nobody needs any more.
pub fn lease_close(lease: &Lease) -> Instruction {
    data::LeaseClose {}.to_instruction(accounts::LeaseClose {
        job: lease.job,
        lease: address::lease(&lease.job, lease.index, lease.replica),
        payer: lease.payer,
    })
}

/// Takes a lease from a node that missed a deadline.
pub fn lease_expire(lease: &Lease) -> Instruction {
    data::LeaseExpire {}.to_instruction(accounts::LeaseExpire {
        network: address::network(),
        node: lease.node,
        lease: address::lease(&lease.job, lease.index, lease.replica),
    })
}

/// Gives back a lease before anything was committed to: for the node's own reasons ([`Reason::LeaseReturned`]), or because the job's inputs cannot be
/// used ([`Reason::InputsUnusable`]).
pub fn lease_return(identity: &Address, lease: &Lease, reason: Reason) -> Instruction {
    data::LeaseReturn { reason: reason.code() }.to_instruction(accounts::LeaseReturn {
        identity: *identity,
        network: address::network(),
        job: lease.job,
        node: address::node(identity),
        lease: address::lease(&lease.job, lease.index, lease.replica),
    })
}

/// Commits to a result; see `kernels::attestation::commitment`.
pub fn attestation_commit(identity: &Address, lease: &Address, commitment: [u8; 32]) -> Instruction {
    data::AttestationCommit { commitment }.to_instruction(accounts::AttestationCommit {
        identity: *identity,
        network: address::network(),
        node: address::node(identity),
        lease: *lease,
    })
}

/// Shows the root that was committed to, and names the blob with the results.
pub fn attestation_reveal(
    identity: &Address,
    lease: &Address,
    root: [u8; 32],
    result: [u8; 32],
    salt: [u8; 32],
) -> Instruction {
    data::AttestationReveal { root, result, salt }.to_instruction(accounts::AttestationReveal {
        identity: *identity,
        network: address::network(),
        node: address::node(identity),
        lease: *lease,
    })
}

/// Where a lease's account is.
fn lease_at(lease: &Lease) -> Address {
    address::lease(&lease.job, lease.index, lease.replica)
}

/// Where an audit's account is.
fn audit_at(audit: &Audit) -> Address {
    address::audit(&audit.lease, audit.attempt, audit.index)
}

/// Pays an audit that agrees with its lease, whose challenge window has closed. `identity` is the key of the auditor's node.
/// The epoch's shard and record of that node must exist: [`crate::flow::prepare_accept`].
pub fn audit_accept(audit: &Audit, identity: &Address, epoch: u64) -> Instruction {
    data::AuditAccept {}.to_instruction(accounts::AuditAccept {
        network: address::network(),
        lease: audit.lease,
        audit: audit_at(audit),
        node: audit.node,
        epoch: address::epoch(epoch),
        shard: address::epoch_shard(epoch, address::shard_of(identity)),
        node_epoch: address::node_epoch(&audit.node, epoch),
        payer: audit.payer,
        probe: None,
    })
}

/// Takes an audit of a lease when the node's turn in the race has come.
pub fn audit_claim(identity: &Address, lease: &Lease, index: u8) -> Instruction {
    let at = lease_at(lease);
    data::AuditClaim { index }.to_instruction(accounts::AuditClaim {
        identity: *identity,
        network: address::network(),
        job: lease.job,
        holder: lease.node,
        node: address::node(identity),
        lease: at,
        audit: address::audit(&at, lease.attempt, index),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Removes an audit whose lease was opened again or is gone.
pub fn audit_close(audit: &Audit) -> Instruction {
    data::AuditClose {}.to_instruction(accounts::AuditClose {
        lease: audit.lease,
        node: audit.node,
        audit: audit_at(audit),
        payer: audit.payer,
    })
}

/// Commits to an audit's result; see `kernels::attestation::commitment`, with the audit's address as the lease's.
pub fn audit_commit(identity: &Address, audit: &Audit, commitment: [u8; 32]) -> Instruction {
    data::AuditCommit { commitment }.to_instruction(accounts::AuditCommit {
        identity: *identity,
        network: address::network(),
        node: address::node(identity),
        lease: audit.lease,
        audit: audit_at(audit),
    })
}

/// Draws the audit lottery of a committed lease.
pub fn audit_draw(lease: &Lease) -> Instruction {
    data::AuditDraw {}.to_instruction(accounts::AuditDraw {
        network: address::network(),
        job: lease.job,
        lease: lease_at(lease),
    })
}

/// Takes an audit from a node that missed its deadline.
pub fn audit_expire(audit: &Audit) -> Instruction {
    data::AuditExpire {}.to_instruction(accounts::AuditExpire {
        network: address::network(),
        node: audit.node,
        lease: audit.lease,
        audit: audit_at(audit),
        payer: audit.payer,
    })
}

/// Takes a lease from a node that hides the root that this audit computed too.
pub fn audit_forfeit(lease: &Lease, audit: &Audit) -> Instruction {
    data::AuditForfeit {}.to_instruction(accounts::AuditForfeit {
        network: address::network(),
        node: lease.node,
        lease: audit.lease,
        audit: audit_at(audit),
        auditor: audit.node,
        payer: audit.payer,
    })
}

/// Ends a lease's wait for audits that nobody claimed.
pub fn audit_lapse(lease: &Lease) -> Instruction {
    data::AuditLapse {}.to_instruction(accounts::AuditLapse { network: address::network(), lease: lease_at(lease) })
}

/// Shows the root that an audit was committed to.
pub fn audit_reveal(identity: &Address, audit: &Audit, root: [u8; 32], salt: [u8; 32]) -> Instruction {
    data::AuditReveal { root, salt }.to_instruction(accounts::AuditReveal {
        identity: *identity,
        network: address::network(),
        node: address::node(identity),
        lease: audit.lease,
        audit: audit_at(audit),
    })
}

/// Pays or burns what the vault holds of a settled dispute. `destination`: a RENDER account of the challenger's wallet, where it is
/// owed anything.
pub fn dispute_close(
    network: &Network,
    dispute: &Address,
    state: &Dispute,
    destination: Option<Address>,
) -> Instruction {
    data::DisputeClose {}.to_instruction(accounts::DisputeClose {
        network: address::network(),
        dispute: *dispute,
        payer: state.payer,
        vault: network.stake_vault,
        mint: network.mint,
        destination,
        token_program: TOKEN_PROGRAM,
    })
}

/// The defender shows the hashes that the disputed part divides into.
pub fn dispute_divide(signer: &Address, dispute: &Address, hashes: &[[u8; 32]]) -> Instruction {
    data::DisputeDivide { hashes: hashes.to_vec() }
        .to_instruction(accounts::DisputeDivide { signer: *signer, dispute: *dispute })
}

/// Denies a lease's root with a bond. `source`: the challenger's RENDER; `engine`: the job's.
pub fn dispute_open(
    network: &Network,
    challenger: &Address,
    source: &Address,
    engine: &Address,
    lease: &Lease,
) -> Instruction {
    let at = lease_at(lease);
    data::DisputeOpen {}.to_instruction(accounts::DisputeOpen {
        challenger: *challenger,
        network: address::network(),
        job: lease.job,
        engine: *engine,
        node: lease.node,
        lease: at,
        dispute: address::dispute(&at, lease.disputes),
        source: *source,
        vault: network.stake_vault,
        token_program: TOKEN_PROGRAM,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Denies a lease's root by an audit that differs. `engine`: the job's.
pub fn dispute_open_audit(payer: &Address, engine: &Address, lease: &Lease, audit: &Audit) -> Instruction {
    data::DisputeOpenAudit {}.to_instruction(accounts::DisputeOpenAudit {
        payer: *payer,
        network: address::network(),
        job: lease.job,
        engine: *engine,
        node: lease.node,
        auditor: audit.node,
        lease: audit.lease,
        audit: audit_at(audit),
        dispute: address::dispute(&audit.lease, lease.disputes),
        system_program: SYSTEM_PROGRAM,
    })
}

/// The challenger names what it denies.
pub fn dispute_pick(signer: &Address, dispute: &Address, part: u8) -> Instruction {
    data::DisputePick { part }.to_instruction(accounts::DisputePick { signer: *signer, dispute: *dispute })
}

/// Has the disputed step executed, with bytes `offset..offset + length` of the account `evidence`.
pub fn dispute_prove(dispute: &Address, state: &Dispute, evidence: &Address, offset: u32, length: u32) -> Instruction {
    data::DisputeProve { offset, length }.to_instruction(accounts::DisputeProve {
        dispute: *dispute,
        evidence: *evidence,
        referee: state.referee,
    })
}

/// The defender shows the state before the disputed segment.
pub fn dispute_segment(signer: &Address, dispute: &Address, state: [u8; 32], proof: &[[u8; 32]]) -> Instruction {
    data::DisputeSegment { state, proof: proof.to_vec() }
        .to_instruction(accounts::DisputeSegment { signer: *signer, dispute: *dispute })
}

/// A node that may lose work of an epoch by a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loser {
    /// The node account.
    pub node: Address,
    /// Its identity.
    pub identity: Address,
}

/// Has the loser of a decided dispute pay. `audit_payer`: who paid the rent of the audit that opened it; `epoch`: the latest one, if any;
/// `loser`: the losing node, where the loser is one.
pub fn dispute_settle(
    dispute: &Address,
    state: &Dispute,
    audit_payer: Option<Address>,
    epoch: Option<u64>,
    loser: Option<Loser>,
) -> Instruction {
    let is_by_audit = state.is_by_audit();
    let forfeits = epoch.zip(loser);
    data::DisputeSettle {}.to_instruction(accounts::DisputeSettle {
        network: address::network(),
        dispute: *dispute,
        lease: state.lease,
        defender: state.defender,
        challenger: is_by_audit.then_some(state.challenger),
        audit: is_by_audit.then_some(state.audit),
        audit_payer,
        epoch: epoch.map(address::epoch),
        node_epoch: forfeits.map(|(number, loser)| address::node_epoch(&loser.node, number)),
        shard: forfeits.map(|(number, loser)| address::epoch_shard(number, address::shard_of(&loser.identity))),
    })
}

/// Ends a dispute whose next move is late.
pub fn dispute_timeout(dispute: &Address) -> Instruction {
    data::DisputeTimeout {}.to_instruction(accounts::DisputeTimeout { dispute: *dispute })
}

/// The defender shows output and trace of the disputed unit.
pub fn dispute_unit(
    signer: &Address,
    dispute: &Address,
    state: &Dispute,
    output: [u8; 32],
    trace: [u8; 32],
) -> Instruction {
    data::DisputeUnit { output, trace }.to_instruction(accounts::DisputeUnit {
        signer: *signer,
        dispute: *dispute,
        referee: state.referee,
    })
}

/// Removes an author's evidence; its rent goes to the author. Only the author may while the dispute exists.
pub fn evidence_close(closer: &Address, author: &Address, dispute: &Address) -> Instruction {
    data::EvidenceClose {}.to_instruction(accounts::EvidenceClose {
        closer: *closer,
        dispute: *dispute,
        author: *author,
        evidence: address::evidence(dispute, author),
    })
}

/// Makes an account for evidence of `size` bytes.
pub fn evidence_open(author: &Address, dispute: &Address, size: u32) -> Instruction {
    data::EvidenceOpen { size }.to_instruction(accounts::EvidenceOpen {
        author: *author,
        dispute: *dispute,
        evidence: address::evidence(dispute, author),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Writes a piece of evidence, `offset` bytes behind its first byte.
pub fn evidence_write(author: &Address, dispute: &Address, offset: u32, bytes: &[u8]) -> Instruction {
    data::EvidenceWrite { offset, bytes: bytes.to_vec() }.to_instruction(accounts::EvidenceWrite {
        author: *author,
        evidence: address::evidence(dispute, author),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Mints a node's share of a finalized epoch to its operator. `wallet` and `payout` are the operator's.
pub fn epoch_claim(network: &Network, number: u64, node: &Address, wallet: &Address, payout: &Address) -> Instruction {
    data::EpochClaim {}.to_instruction(accounts::EpochClaim {
        network: address::network(),
        limiter: address::limiter(),
        epoch: address::epoch(number),
        node: *node,
        operator: address::operator(wallet),
        node_epoch: address::node_epoch(node, number),
        mint: network.mint,
        payout: *payout,
        token_program: TOKEN_PROGRAM,
    })
}

/// Mints an epoch's operations share.
pub fn epoch_claim_operations(network: &Network, number: u64) -> Instruction {
    data::EpochClaimOperations {}.to_instruction(accounts::EpochClaimOperations {
        network: address::network(),
        limiter: address::limiter(),
        epoch: address::epoch(number),
        mint: network.mint,
        operations: network.operations,
        token_program: TOKEN_PROGRAM,
    })
}

fn epoch_before(number: u64) -> Option<Address> {
    number.checked_sub(1).filter(|before| *before > 0).map(address::epoch)
}

/// Fixes an ended epoch's pools.
pub fn epoch_finalize(number: u64) -> Instruction {
    data::EpochFinalize {}.to_instruction(accounts::EpochFinalize {
        network: address::network(),
        schedule: address::schedule(),
        previous: epoch_before(number),
        epoch: address::epoch(number),
    })
}

/// Begins the next epoch.
pub fn epoch_open(payer: &Address, number: u64) -> Instruction {
    data::EpochOpen { number }.to_instruction(accounts::EpochOpen {
        payer: *payer,
        network: address::network(),
        previous: epoch_before(number),
        epoch: address::epoch(number),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Removes a shard of a finalized epoch; `payer` is who paid its rent (`shard.payer`).
pub fn epoch_shard_close(number: u64, shard: u8, payer: &Address) -> Instruction {
    data::EpochShardClose {}.to_instruction(accounts::EpochShardClose {
        epoch: address::epoch(number),
        epoch_shard: address::epoch_shard(number, shard),
        payer: *payer,
    })
}

/// Creates one shard of a running epoch.
pub fn epoch_shard_open(payer: &Address, number: u64, shard: u8) -> Instruction {
    data::EpochShardOpen { shard }.to_instruction(accounts::EpochShardOpen {
        payer: *payer,
        epoch: address::epoch(number),
        epoch_shard: address::epoch_shard(number, shard),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Adds one shard to its ended epoch's totals.
pub fn epoch_sum(number: u64, shard: u8) -> Instruction {
    data::EpochSum { shard }.to_instruction(accounts::EpochSum {
        epoch: address::epoch(number),
        epoch_shard: address::epoch_shard(number, shard),
    })
}

/// Removes a node's record of an epoch it has claimed; `payer` is who paid its rent (`node_epoch.payer`).
pub fn node_epoch_close(node: &Address, number: u64, payer: &Address) -> Instruction {
    data::NodeEpochClose {}.to_instruction(accounts::NodeEpochClose {
        node_epoch: address::node_epoch(node, number),
        node: *node,
        payer: *payer,
    })
}

/// Creates the record of an identity's node in a running epoch. The epoch's shard of the identity must exist.
pub fn node_epoch_open(payer: &Address, number: u64, identity: &Address) -> Instruction {
    let node = address::node(identity);
    data::NodeEpochOpen {}.to_instruction(accounts::NodeEpochOpen {
        payer: *payer,
        epoch: address::epoch(number),
        node,
        shard: address::epoch_shard(number, address::shard_of(identity)),
        node_epoch: address::node_epoch(&node, number),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Bytes of a mint account.
pub const MINT_LENGTH: usize = 82;

/// Creates a mint without a freeze authority. `lamports` pays the rent of [`MINT_LENGTH`] bytes; payer and mint sign.
pub fn create_mint(
    payer: &Address,
    mint: &Address,
    authority: &Address,
    decimals: u8,
    lamports: u64,
) -> [Instruction; 2] {
    // System: CreateAccount (u32 0), lamports, space, owner. Token: InitializeMint2 (20), decimals, authority, no freeze authority.
    let length = MINT_LENGTH as u64;
    let create =
        [&0u32.to_le_bytes()[..], &lamports.to_le_bytes(), &length.to_le_bytes(), TOKEN_PROGRAM.as_ref()].concat();
    let initialize = [&[20, decimals][..], authority.as_ref(), &[0]].concat();
    [
        Instruction {
            program_id: SYSTEM_PROGRAM,
            accounts: vec![AccountMeta::new(*payer, true), AccountMeta::new(*mint, true)],
            data: create,
        },
        Instruction { program_id: TOKEN_PROGRAM, accounts: vec![AccountMeta::new(*mint, false)], data: initialize },
    ]
}

/// Hands the right to mint to another key.
pub fn set_mint_authority(mint: &Address, authority: &Address, next: &Address) -> Instruction {
    // Token: SetAuthority (6), MintTokens (0), Some.
    Instruction {
        program_id: TOKEN_PROGRAM,
        accounts: vec![AccountMeta::new(*mint, false), AccountMeta::new_readonly(*authority, true)],
        data: [&[6, 0, 1][..], next.as_ref()].concat(),
    }
}

/// Creates a wallet's associated token account unless it exists.
pub fn create_associated_token(payer: &Address, owner: &Address, mint: &Address) -> Instruction {
    // Associated Token: CreateIdempotent (1).
    Instruction {
        program_id: ASSOCIATED_TOKEN_PROGRAM,
        accounts: vec![
            AccountMeta::new(*payer, true),
            AccountMeta::new(address::associated_token(owner, mint), false),
            AccountMeta::new_readonly(*owner, false),
            AccountMeta::new_readonly(*mint, false),
            AccountMeta::new_readonly(SYSTEM_PROGRAM, false),
            AccountMeta::new_readonly(TOKEN_PROGRAM, false),
        ],
        data: vec![1],
    }
}

/// Mints tokens into a token account.
pub fn mint_to(mint: &Address, account: &Address, authority: &Address, amount: u64) -> Instruction {
    // Token: MintTo (7).
    Instruction {
        program_id: TOKEN_PROGRAM,
        accounts: vec![
            AccountMeta::new(*mint, false),
            AccountMeta::new(*account, false),
            AccountMeta::new_readonly(*authority, true),
        ],
        data: [&[7][..], &amount.to_le_bytes()].concat(),
    }
}

/// Moves tokens from one token account to another.
pub fn transfer(from: &Address, to: &Address, authority: &Address, amount: u64) -> Instruction {
    // Token: Transfer (3).
    Instruction {
        program_id: TOKEN_PROGRAM,
        accounts: vec![
            AccountMeta::new(*from, false),
            AccountMeta::new(*to, false),
            AccountMeta::new_readonly(*authority, true),
        ],
        data: [&[3][..], &amount.to_le_bytes()].concat(),
    }
}

/// Moves SOL from one wallet to another.
pub fn transfer_sol(from: &Address, to: &Address, lamports: u64) -> Instruction {
    // System: Transfer (u32 2).
    Instruction {
        program_id: SYSTEM_PROGRAM,
        accounts: vec![AccountMeta::new(*from, true), AccountMeta::new(*to, false)],
        data: [&2u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat(),
    }
}

macro_rules! names {
    ($($type:ident = $name:literal),+ $(,)?) => {
        /// Names of all instructions of the market.
        pub const NAMES: &[&str] = &[$($name),+];

        fn market_name(data: &[u8]) -> Option<&'static str> {
            $(
                if data.starts_with(data::$type::DISCRIMINATOR) {
                    return Some($name);
                }
            )+
            None
        }
    };
}

names! {
    NetworkAcceptAuthority = "network_accept_authority", NetworkGovern = "network_govern", NetworkInit = "network_init",
    NetworkOfferAuthority = "network_offer_authority", NetworkPause = "network_pause",
    NetworkSetOracle = "network_set_oracle", NetworkSetParameters = "network_set_parameters",
    OraclePublish = "oracle_publish", OracleSetPublishers = "oracle_set_publishers",
    EngineRegister = "engine_register", CreditBuy = "credit_buy", CreditOpen = "credit_open",
    OperatorClose = "operator_close", OperatorRegister = "operator_register", OperatorSetPayout = "operator_set_payout",
    NodeClose = "node_close", NodeDrain = "node_drain", NodeMaintenance = "node_maintenance",
    NodeRegister = "node_register", NodeReview = "node_review", NodeUpdate = "node_update",
    SlashBurn = "slash_burn", StakeDeposit = "stake_deposit", StakeUnbond = "stake_unbond",
    StakeWithdraw = "stake_withdraw", JobCancel = "job_cancel", JobClose = "job_close", JobOpen = "job_open",
    JobSeed = "job_seed", LeaseRelease = "lease_release", LeaseAccept = "lease_accept", LeaseClaim = "lease_claim",
    LeaseClose = "lease_close", LeaseExpire = "lease_expire", LeaseReturn = "lease_return",
    AttestationCommit = "attestation_commit", AttestationReveal = "attestation_reveal",
    AuditAccept = "audit_accept", AuditClaim = "audit_claim", AuditClose = "audit_close", AuditCommit = "audit_commit",
    AuditDraw = "audit_draw", AuditExpire = "audit_expire", AuditForfeit = "audit_forfeit", AuditLapse = "audit_lapse",
    AuditReveal = "audit_reveal", DisputeClose = "dispute_close", DisputeDivide = "dispute_divide",
    DisputeOpen = "dispute_open", DisputeOpenAudit = "dispute_open_audit", DisputePick = "dispute_pick",
    DisputeProve = "dispute_prove", DisputeSegment = "dispute_segment", DisputeSettle = "dispute_settle",
    DisputeTimeout = "dispute_timeout", DisputeUnit = "dispute_unit", EvidenceClose = "evidence_close",
    EvidenceOpen = "evidence_open", EvidenceWrite = "evidence_write",
    ClientEnable = "client_enable", ClientRegister = "client_register", ClientUpdate = "client_update",
    JobEpochClose = "job_epoch_close", JobEpochOpen = "job_epoch_open", RebateClaim = "rebate_claim",
    MeasureCommit = "measure_commit", MeasureReveal = "measure_reveal", ProbeEnroll = "probe_enroll",
    ProbeExpire = "probe_expire", ProbeFinish = "probe_finish", ProbeLeave = "probe_leave", ProbeOpen = "probe_open",
    EpochClaim = "epoch_claim", EpochClaimOperations = "epoch_claim_operations", EpochFinalize = "epoch_finalize",
    EpochOpen = "epoch_open", EpochShardClose = "epoch_shard_close", EpochShardOpen = "epoch_shard_open",
    EpochSum = "epoch_sum", NodeEpochClose = "node_epoch_close", NodeEpochOpen = "node_epoch_open",
    ProposalAdvance = "proposal_advance", ProposalCancel = "proposal_cancel", ProposalClose = "proposal_close",
    ProposalExecute = "proposal_execute", ProposalOpen = "proposal_open", ProposalVote = "proposal_vote",
    VoteClose = "vote_close", VoteLockClose = "vote_lock_close", VoteLockDeposit = "vote_lock_deposit",
    VoteLockWithdraw = "vote_lock_withdraw", VoteVaultOpen = "vote_vault_open",
}

/// What an instruction is called: the market's by their own names, others by program and first byte.
pub fn name(instruction: &Instruction) -> String {
    let kind = instruction.data.first().copied().unwrap_or_default();
    match (instruction.program_id, kind) {
        (PROGRAM, _) => match market_name(&instruction.data) {
            Some(name) => name.to_owned(),
            None => "unknown market instruction".to_owned(),
        },
        (SYSTEM_PROGRAM, 0) => "create_account".to_owned(),
        (SYSTEM_PROGRAM, 2) => "transfer_sol".to_owned(),
        (TOKEN_PROGRAM, 3) => "transfer".to_owned(),
        (TOKEN_PROGRAM, 6) => "set_mint_authority".to_owned(),
        (TOKEN_PROGRAM, 7) => "mint_to".to_owned(),
        (TOKEN_PROGRAM, 20) => "initialize_mint".to_owned(),
        (ASSOCIATED_TOKEN_PROGRAM, _) => "create_associated_token".to_owned(),
        (program, _) if program == solana_compute_budget_interface::id() => "compute_budget".to_owned(),
        (program, kind) => format!("{program}:{kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_of_the_program_has_a_name() {
        let source = include_str!("../../../programs/render-compute/src/lib.rs");
        let declared: Vec<&str> = source
            .split("pub fn ")
            .skip(1)
            .filter_map(|function| function.split_once('(').filter(|(_, rest)| rest.trim_start().starts_with("ctx:")))
            .map(|(name, _)| name)
            .collect();
        assert!(!declared.is_empty());
        for name in &declared {
            assert!(NAMES.contains(name), "{name}");
        }
        assert_eq!(declared.len(), NAMES.len());
    }

    #[test]
    fn an_instruction_is_called_by_its_builders_name() {
        let key = Address::new_from_array([1; 32]);
        assert_eq!(name(&job_cancel(&key, &key)), "job_cancel");
        assert_eq!(name(&epoch_sum(1, 3)), "epoch_sum");
        assert_eq!(name(&transfer(&key, &key, &key, 1)), "transfer");
    }

    #[test]
    fn the_first_epoch_has_none_before_it() {
        let key = Address::new_from_array([1; 32]);
        assert_eq!(epoch_open(&key, 1).accounts[2].pubkey, PROGRAM);
        assert_eq!(epoch_open(&key, 2).accounts[2].pubkey, address::epoch(1));
    }
}
