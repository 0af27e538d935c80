//! The market on chain: credits bought by burning RENDER, jobs that escrow them, leases that nodes win in a verifiable race,
//! attestations of their results, stakes behind them, and epochs that mint RENDER for accepted work.
//!
//! Handlers check accounts, call a rule of `market_model`, move tokens and emit an event, in that order. What may happen when is
//! decided there, not here. SPEC.md beside this crate says why each rule stands.
#![cfg_attr(not(feature = "idl-build"), no_std)]
// Anchor's macros test for cfgs that only its own toolchain declares, and generate undocumented items and bindings that not
// every seed uses. Error messages stand in #[msg].
#![allow(unexpected_cfgs, missing_docs, unused_variables)]
extern crate alloc;

pub mod constants;
pub mod errors;
pub mod events;
pub mod instructions;
pub mod lottery;
mod model;
pub mod price;
pub mod probe;
pub mod race;
mod raw;
mod referee;
pub mod slot_hashes;
pub mod state;
mod token;

use alloc::vec::Vec;
use anchor_lang::prelude::*;
use constants::MAX_PUBLISHERS;
use instructions::*;
#[cfg(target_arch = "bpf")]
use sbf_builtins as _;
use state::PARAMETERS;

declare_id!("8SVB47gz7M38gBZFpR5PuDnXHi5BKvWNfk44pLakvbfX");

/// The instructions. Each one's comment is its specification: who signs, what holds before, what holds after.
#[program]
pub mod render_compute {
    use super::*;

    /// Second half of handing the network over.
    ///
    /// Before: the authority was offered to the signer. After: the signer governs and no offer stands.
    pub fn network_accept_authority(ctx: &mut Context<NetworkAcceptAuthority>) -> Result<()> {
        instructions::network_accept_authority(ctx)
    }

    /// Hands the numbers over to proposals, for good.
    ///
    /// Before: the signer governs and the network is not governed by proposals. After: parameters, schedule and authority change by proposals only;
    /// the signer remains as guardian of pause bits, engines and the oracle. An offer of the authority is void.
    pub fn network_govern(ctx: &mut Context<NetworkAuthority>) -> Result<()> {
        instructions::network_govern(ctx)
    }

    /// Creates the network.
    ///
    /// Before: no network; the signer is the program's upgrade authority. After: the network exists with the default emission
    /// schedule and the default parameters but for `changes`, nothing is paused, no epoch is open.
    pub fn network_init(ctx: &mut Context<NetworkInit>, genesis_at: i64, changes: Vec<ParameterChange>) -> Result<()> {
        instructions::network_init(ctx, genesis_at, changes)
    }

    /// First half of handing the network over, so that a mistyped key cannot lose it.
    ///
    /// Before: the signer governs and the network is not governed by proposals. After: `to` may accept; zero withdraws the offer.
    pub fn network_offer_authority(ctx: &mut Context<NetworkAuthority>, to: Address) -> Result<()> {
        instructions::network_offer_authority(ctx, to)
    }

    /// Stops and restarts inflows, area by area. Nothing pauses withdrawals, refunds or claims.
    ///
    /// Before: the signer governs. After: exactly the areas in `bits` are paused.
    pub fn network_pause(ctx: &mut Context<NetworkAuthority>, bits: u64) -> Result<()> {
        instructions::network_pause(ctx, bits)
    }

    /// Chooses where prices are read from.
    ///
    /// Before: the signer governs; a Pyth oracle names its program and feed. After: purchases read `oracle`.
    /// For a Pyth oracle a zero `oracle` admits any account of `pyth_program` that carries `pyth_feed` (pull updates live at fresh addresses).
    pub fn network_set_oracle(
        ctx: &mut Context<NetworkAuthority>,
        kind: u8,
        oracle: Address,
        pyth_program: Address,
        pyth_feed: [u8; 32],
    ) -> Result<()> {
        instructions::network_set_oracle(ctx, kind, oracle, pyth_program, pyth_feed)
    }

    /// Replaces the tunable numbers.
    ///
    /// Before: the signer governs, the network is not governed by proposals, and every number lies in its bounds. After: the numbers are in force for everything that starts from now;
    /// leases and epochs that exist keep the deadlines they were given.
    pub fn network_set_parameters(ctx: &mut Context<NetworkAuthority>, parameters: [u64; PARAMETERS]) -> Result<()> {
        instructions::network_set_parameters(ctx, parameters)
    }

    /// A publisher reports the price of RENDER.
    ///
    /// Before: the signer is a publisher; the report is newer than its last one and not from the future. After: it is the publisher's report.
    pub fn oracle_publish(
        ctx: &mut Context<OraclePublish>,
        price: u64,
        confidence: u64,
        published_at: i64,
    ) -> Result<()> {
        instructions::oracle_publish(ctx, price, confidence, published_at)
    }

    /// Replaces the publisher set.
    ///
    /// Before: the signer governs; keys are distinct and not zero. After: exactly these keys may report; a key that stays keeps its report.
    pub fn oracle_set_publishers(
        ctx: &mut Context<OracleSetPublishers>,
        keys: [Address; MAX_PUBLISHERS],
        count: u8,
    ) -> Result<()> {
        instructions::oracle_set_publishers(ctx, keys, count)
    }

    /// Adds an engine, or changes one.
    ///
    /// Before: the signer governs. After: the engine is registered as given. Jobs that exist keep the digest in their manifest.
    #[allow(clippy::too_many_arguments)]
    pub fn engine_register(
        ctx: &mut Context<EngineRegister>,
        id: [u8; 16],
        digest: [u8; 32],
        referee: Address,
        format: u32,
        class: u8,
        verification: u8,
        enabled: bool,
    ) -> Result<()> {
        instructions::engine_register(ctx, id, digest, referee, format, class, verification, enabled)
    }

    /// Switches a compute client off and on.
    ///
    /// Before: the signer governs. After: jobs may be opened for the client, or not; jobs that are open keep their client, and it its share.
    pub fn client_enable(ctx: &mut Context<ClientEnable>, enabled: bool) -> Result<()> {
        instructions::client_enable(ctx, enabled)
    }

    /// Admits an external network as a compute client.
    ///
    /// Before: the signer governs and nobody has the id; the share is at most `client_share_max_bps`. After: jobs may be opened for the client, and
    /// it has `share_bps` of their rebates; `authority` speaks for it.
    pub fn client_register(
        ctx: &mut Context<ClientRegister>,
        id: [u8; 16],
        authority: Address,
        metadata: [u8; 32],
        share_bps: u16,
    ) -> Result<()> {
        instructions::client_register(ctx, id, authority, metadata, share_bps)
    }

    /// A compute client changes what is said about it and where it is paid.
    ///
    /// Before: the signer speaks for the client and raises its share not. After: the client is as given; `next` speaks for it. Rebates that are
    /// not claimed yet follow the new payout and share.
    pub fn client_update(
        ctx: &mut Context<ClientUpdate>,
        next: Address,
        metadata: [u8; 32],
        share_bps: u16,
    ) -> Result<()> {
        instructions::client_update(ctx, next, metadata, share_bps)
    }

    /// Burns RENDER for credits.
    ///
    /// Before: credits are sold, the price is fresh and narrow, and `maximum_render` covers the cost.
    /// After: `credits` more are available, their worth in RENDER at the price's lower bound is burned, and operations received its share on top.
    pub fn credit_buy(ctx: &mut Context<CreditBuy>, credits: u64, maximum_render: u64) -> Result<()> {
        instructions::credit_buy(ctx, credits, maximum_render)
    }

    /// Gives a wallet an account for credits.
    ///
    /// Before: the wallet `owner` has no account. After: it has an empty one. The owner need not sign: it gives nobody anything.
    pub fn credit_open(ctx: &mut Context<CreditOpen>, owner: Address) -> Result<()> {
        instructions::credit_open(ctx, owner)
    }

    /// Removes an operator without nodes.
    ///
    /// Before: the operator has no nodes. After: the account is gone.
    pub fn operator_close(ctx: &mut Context<OperatorClose>) -> Result<()> {
        instructions::operator_close(ctx)
    }

    /// Makes a wallet an operator.
    ///
    /// Before: the wallet is no operator and owns the payout account. After: it is one.
    pub fn operator_register(ctx: &mut Context<OperatorRegister>) -> Result<()> {
        instructions::operator_register(ctx)
    }

    /// Changes where claims are minted to.
    ///
    /// Before: the wallet owns the payout account. After: claims, also of past epochs, are minted to it.
    pub fn operator_set_payout(ctx: &mut Context<OperatorSetPayout>) -> Result<()> {
        instructions::operator_set_payout(ctx)
    }

    /// Removes a node that owes and holds nothing.
    ///
    /// Before: no stake, nothing unbonding, nothing slashed and unburned, no lease held. After: the account is gone.
    /// Shares of epochs that are not claimed yet can only be claimed while the node exists: claim first.
    pub fn node_close(ctx: &mut Context<NodeClose>) -> Result<()> {
        instructions::node_close(ctx)
    }

    /// A node stops or resumes taking leases.
    ///
    /// Before: the signer is the operator or the node. After: the node claims nothing while draining; what it holds is finished and paid.
    pub fn node_drain(ctx: &mut Context<NodeDrain>, draining: bool) -> Result<()> {
        instructions::node_drain(ctx, draining)
    }

    /// A node announces when it will be away, or, with both times 0, calls it off.
    ///
    /// Before: the signer is the operator or the node; the period begins after the notice and fits what the node may announce in the epoch.
    /// After: in [from, until) no probe of the node is opened and it claims nothing. What it holds is due all the same.
    pub fn node_maintenance(ctx: &mut Context<NodeMaintenance>, from: i64, until: i64) -> Result<()> {
        instructions::node_maintenance(ctx, from, until)
    }

    /// Adds a machine to an operator.
    ///
    /// Before: the identity is new. After: the node exists without stake and can hold no lease until it has the minimum.
    pub fn node_register(ctx: &mut Context<NodeRegister>, offer: NodeOffer) -> Result<()> {
        instructions::node_register(ctx, offer)
    }

    /// Moves a node between the tiers by what an epoch says of it. Sent by anyone, so that no node can put its review off.
    ///
    /// Before: the epoch is finalized and the node's record of it is not reviewed. After: it is; the node's tier and the rows of good and bad
    /// epochs that lead out of it have moved, unless a later epoch was reviewed before.
    pub fn node_review(ctx: &mut Context<NodeReview>) -> Result<()> {
        instructions::node_review(ctx)
    }

    /// Changes what a node offers.
    ///
    /// Before: the signer is the operator. After: new leases follow the new offer; leases held keep their price.
    pub fn node_update(ctx: &mut Context<NodeUpdate>, offer: NodeOffer) -> Result<()> {
        instructions::node_update(ctx, offer)
    }

    /// Burns what was slashed. Apart from slashing, so that slashing needs neither the vault's nor the mint's lock.
    ///
    /// Before: the node has slashed RENDER in the vault. After: it is burned.
    pub fn slash_burn(ctx: &mut Context<SlashBurn>) -> Result<()> {
        instructions::slash_burn(ctx)
    }

    /// Puts RENDER at stake for a node.
    ///
    /// Before: the signer is the operator and deposits are not paused. After: the vault holds `amount` more and the node's stake says so;
    /// in races of jobs that are open already the node comes last.
    pub fn stake_deposit(ctx: &mut Context<StakeDeposit>, amount: u64) -> Result<()> {
        instructions::stake_deposit(ctx, amount)
    }

    /// Starts taking stake back.
    ///
    /// Before: the node has `amount` at stake. After: it unbonds, stays slashable, and can be withdrawn after the unbonding time.
    pub fn stake_unbond(ctx: &mut Context<StakeUnbond>, amount: u64) -> Result<()> {
        instructions::stake_unbond(ctx, amount)
    }

    /// Pays out stake whose unbonding is over. Never paused.
    ///
    /// Before: something has finished unbonding and no lease is held, whose deadline the stake answers for. After: all of it has left the vault.
    pub fn stake_withdraw(ctx: &mut Context<StakeWithdraw>) -> Result<()> {
        instructions::stake_withdraw(ctx)
    }

    /// The requester calls a job off.
    ///
    /// Before: the job is open. After: nothing new can be claimed. Leases held are finished and paid; the others' credits come back by `lease_release`.
    pub fn job_cancel(ctx: &mut Context<JobCancel>) -> Result<()> {
        instructions::job_cancel(ctx)
    }

    /// Removes a job whose leases are all settled.
    ///
    /// Before: every lease is settled. After: the account is gone; no credit is left in it (law L3). The requester's reputation has moved by what
    /// the job spent, and by the inputs that nodes of at least two operators could not use and nobody has used since.
    pub fn job_close(ctx: &mut Context<JobClose>) -> Result<()> {
        instructions::job_close(ctx)
    }

    /// Escrows credits for work.
    ///
    /// Before: jobs are not paused, the engine is enabled and has a referee that reads the statement's format, `nonce` is the requester's next,
    /// the compute client is none or enabled, and the credits are available. After: the job holds `units * (price_per_unit + premium_per_unit)` credits and can be seeded one slot later.
    pub fn job_open(ctx: &mut Context<JobOpen>, nonce: u64, order: JobOrder) -> Result<()> {
        instructions::job_open(ctx, nonce, order)
    }

    /// Fixes the randomness of a job's race. Sent in front of the first `lease_claim`, by anyone.
    ///
    /// Before: the job is open, has no seed, and a slot after its opening has a hash. After: the seed is that hash.
    /// The requester could not know it when opening, and a sender cannot choose it within the 512 slots the sysvar remembers.
    pub fn job_seed(ctx: &mut Context<JobSeed>) -> Result<()> {
        instructions::job_seed(ctx)
    }

    /// Gives back the credits of a lease that nobody holds, once its job is over. Never paused.
    ///
    /// Before: the job was cancelled or its deadline passed, and nobody holds the lease. After: its units are refunded and can never be claimed.
    /// An address that is empty stays empty: a job that is over admits no claims.
    pub fn lease_release(ctx: &mut Context<LeaseRelease>, index: u32) -> Result<()> {
        instructions::lease_release(ctx, index)
    }

    /// Pays a lease whose challenge window has closed. Hot path.
    ///
    /// Before: the root is revealed, its challenge window has closed and its audits are paid; the epoch runs. After: the lease's value and
    /// premium have left the escrow once (laws L3, L7) and count as spent by the job in the epoch, and its value counts as the node's work of it.
    pub fn lease_accept(ctx: &mut Context<LeaseAccept>) -> Result<()> {
        instructions::lease_accept(ctx)
    }

    /// A node takes a lease when its turn in the race has come. Hot path: no account that other nodes write.
    ///
    /// Before: leases are not paused; the job is open, seeded and not past its deadline; the lease is not settled and nobody holds it;
    /// the node meets the job's requirements, its stake covers the penalties of all that it holds, and its race delay has passed (law L11).
    /// After: the node holds the lease until its deadline.
    pub fn lease_claim(ctx: &mut Context<LeaseClaim>, index: u32) -> Result<()> {
        instructions::lease_claim(ctx, index)
    }

    /// Removes a lease account that nobody needs any more.
    ///
    /// Before: the job is closed, or all its leases are settled and its deadline has passed, so that the requester had time to fetch results
    /// by this account. After: the account is gone (its events stay).
    pub fn lease_close(ctx: &mut Context<LeaseClose>) -> Result<()> {
        instructions::lease_close(ctx)
    }

    /// Takes a lease from a node that missed a deadline, at a penalty.
    ///
    /// Before: the deadline to commit, or to reveal what nobody audited, has passed (law L8); the lottery of a commitment has been drawn, or is
    /// lost. After: the lease can be claimed again, the penalty has left the stake for the burn, and the node's record says so. The penalty is a
    /// share of the least stake, but the lease's own when the lottery is lost: a node that knows it was picked gains nothing by letting it pass.
    pub fn lease_expire(ctx: &mut Context<LeaseExpire>) -> Result<()> {
        instructions::lease_expire(ctx)
    }

    /// A node gives back a lease it cannot finish, before it has committed to anything.
    ///
    /// Before: the node holds the lease and its deadline has not passed; `reason` is the code of `LeaseReturned` or of `InputsUnusable`. After: it
    /// can be claimed again at once, under the next attempt. For a reason of its own the node has lost some reputation; for unusable inputs it has
    /// lost none, and the job counts the lease as faulty until a node finishes it.
    pub fn lease_return(ctx: &mut Context<LeaseReturn>, reason: u8) -> Result<()> {
        instructions::lease_return(ctx, reason)
    }

    /// Pays an auditor whose root agrees, once nobody can deny it any more.
    ///
    /// Before: the lease is revealed and its challenge window has closed; the audit is revealed and its root is the lease's; the epoch runs.
    /// After: what the lease is worth counts as the auditor's work of the epoch. The premiums of all jobs pay for it, not this job's escrow.
    pub fn audit_accept(ctx: &mut Context<AuditAccept>) -> Result<()> {
        instructions::audit_accept(ctx)
    }

    /// A node of another operator takes an audit when its turn in the race has come. Never paused.
    ///
    /// Before: the lease waits for audits and nobody has this one; the node is of another operator than the holder and
    /// the other auditors, meets the job's requirements, its stake covers the penalty, and its race delay has passed (law L11).
    /// After: the node holds the audit and has as long as the holder had.
    pub fn audit_claim(ctx: &mut Context<AuditClaim>, index: u8) -> Result<()> {
        instructions::audit_claim(ctx, index)
    }

    /// Frees a node from an audit of an attempt that is over.
    ///
    /// Before: the lease was opened again since, or is gone. After: the account is gone and its node free; nothing is owed or paid.
    pub fn audit_close(ctx: &mut Context<AuditClose>) -> Result<()> {
        instructions::audit_close(ctx)
    }

    /// An auditor binds itself to its root without showing it.
    ///
    /// Before: the node holds the audit and its deadline has not passed. After: the commitment stands; when it is the last one, the time for the
    /// auditors' reveals runs.
    pub fn audit_commit(ctx: &mut Context<AuditCommit>, commitment: [u8; 32]) -> Result<()> {
        instructions::audit_commit(ctx, commitment)
    }

    /// Decides by a slot's hash whether a committed lease is audited. Hot path.
    ///
    /// Before: a commitment stands that was not drawn yet, the deciding slot has come, and its hash can be proved to be the first. After: the
    /// lease can be revealed, or owes audits and waits for them.
    pub fn audit_draw(ctx: &mut Context<AuditDraw>) -> Result<()> {
        instructions::audit_draw(ctx)
    }

    /// Takes an audit from a node that missed a deadline.
    ///
    /// Before: the deadline to commit, or after all commitments to reveal, has passed (law L8). After: the audit can be claimed again, or, once
    /// another auditor's root is public, is owed no more; a penalty has left the auditor's stake for the burn: the one of a missed lease for an audit
    /// that was not committed, the audit's whole penalty for one that was hidden.
    pub fn audit_expire(ctx: &mut Context<AuditExpire>) -> Result<()> {
        instructions::audit_expire(ctx)
    }

    /// Takes a lease from a node that hid its result after it had been audited.
    ///
    /// Before: every audit of the lease is revealed and the holder's time to reveal has passed (law L8). After: the lease can be claimed again; its
    /// whole penalty has left the holder's stake, the finder's fee of it to the auditor's, the rest for the burn.
    pub fn audit_forfeit(ctx: &mut Context<AuditForfeit>) -> Result<()> {
        instructions::audit_forfeit(ctx)
    }

    /// Ends the wait for audits that nobody claimed, so that an honest node does not starve where nobody audits.
    ///
    /// Before: the time to claim audits has passed and every claimed one is committed. After: the lease owes only those, and they, or the holder
    /// where there is none, have their time to reveal.
    pub fn audit_lapse(ctx: &mut Context<AuditLapse>) -> Result<()> {
        instructions::audit_lapse(ctx)
    }

    /// An auditor shows the root it committed to.
    ///
    /// Before: every audit of the lease is committed, this one in an earlier slot, and the time to reveal has not run out; root and salt give the
    /// commitment. After: the root is public; when it is the last one, it is the holder's turn.
    pub fn audit_reveal(ctx: &mut Context<AuditReveal>, root: [u8; 32], salt: [u8; 32]) -> Result<()> {
        instructions::audit_reveal(ctx, root, salt)
    }

    /// Pays or burns what the vault still holds of a settled dispute.
    ///
    /// Before: the dispute is settled. After: its account is gone, the challenger's wallet has what it is owed, and a forfeited bond is burned.
    pub fn dispute_close(ctx: &mut Context<DisputeClose>) -> Result<()> {
        instructions::dispute_close(ctx)
    }

    /// The defender divides what is under dispute.
    ///
    /// Before: it is the defender's turn, and a tree or a range of steps is under dispute; the hashes are as many as its division needs, and those
    /// of a tree give its root. After: they are posted and it is the challenger's turn.
    pub fn dispute_divide(ctx: &mut Context<DisputeDivide>, hashes: Vec<[u8; 32]>) -> Result<()> {
        instructions::dispute_divide(ctx, hashes)
    }

    /// Anyone denies a root, with a bond.
    ///
    /// Before: the root is revealed and its challenge window is open; the engine has a referee. After: the lease is under dispute, the bond
    /// lies in the vault and it is the defender's turn.
    pub fn dispute_open(ctx: &mut Context<DisputeOpen>) -> Result<()> {
        instructions::dispute_open(ctx)
    }

    /// An audit found another root.
    ///
    /// Before: lease and audit are revealed and their roots differ; the engine has a referee. After: the lease is under dispute and it is the
    /// defender's turn. The window does not matter: a lease with such an audit cannot be accepted.
    pub fn dispute_open_audit(ctx: &mut Context<DisputeOpenAudit>) -> Result<()> {
        instructions::dispute_open_audit(ctx)
    }

    /// The challenger names what it denies.
    ///
    /// Before: hashes are posted and it is the challenger's turn. `part` counts from 0: a node of the tree; at the top of a unit's trace also
    /// one more, for "all these are right, only the end is wrong"; or the first part of the steps whose end is wrong. After: only that part is
    /// under dispute, its beginning is agreed, and it is the defender's turn, or the last step is to be proved.
    pub fn dispute_pick(ctx: &mut Context<DisputePick>, part: u8) -> Result<()> {
        instructions::dispute_pick(ctx, part)
    }

    /// The chain executes the disputed step.
    ///
    /// Before: one step is under dispute and the challenger's time has not run out; bytes `offset..offset + length` of the evidence account
    /// are what the referee needs. After: the defender has won where the step gives what it claimed, else the challenger. Evidence that the
    /// referee refuses changes nothing.
    pub fn dispute_prove(ctx: &mut Context<DisputeProve>, offset: u32, length: u32) -> Result<()> {
        instructions::dispute_prove(ctx, offset, length)
    }

    /// The defender shows the state at the disputed segment's beginning.
    ///
    /// Before: one segment other than the first is under dispute and it is the defender's turn; `state` is in the trace where the segment
    /// begins. After: that state is agreed, since the challenger denied none before the segment's end, and the segment's steps are under dispute.
    pub fn dispute_segment(ctx: &mut Context<DisputeSegment>, state: [u8; 32], proof: Vec<[u8; 32]>) -> Result<()> {
        instructions::dispute_segment(ctx, state, proof)
    }

    /// The loser of a dispute pays, and the lease goes on.
    ///
    /// Before: there is a verdict. After: a losing node has lost its unpaid work of the latest epoch, then the larger of the lease's penalty
    /// and its share of its stake, and is of the economy tier; a losing wallet its bond. The finder's fee is the winner's, the rest waits for the burn (law L8). A lease whose
    /// holder lost can be claimed again at once; one whose holder won has a whole new challenge window. An audit that opened the dispute is
    /// closed and its node free.
    pub fn dispute_settle(ctx: &mut Context<DisputeSettle>) -> Result<()> {
        instructions::dispute_settle(ctx)
    }

    /// Ends a dispute whose next move is overdue.
    ///
    /// Before: the deadline of the next move has passed. After: whose move it was has lost. Where a step was to be proved, that is the challenger.
    pub fn dispute_timeout(ctx: &mut Context<DisputeTimeout>) -> Result<()> {
        instructions::dispute_timeout(ctx)
    }

    /// The defender opens the leaf of the disputed unit.
    ///
    /// Before: one unit is under dispute and it is the defender's turn; output and trace, with as many steps as the referee says, give the
    /// unit's leaf. After: the unit's first state is agreed, its last one denied, and the trace between them is under dispute.
    pub fn dispute_unit(ctx: &mut Context<DisputeUnit>, output: [u8; 32], trace: [u8; 32]) -> Result<()> {
        instructions::dispute_unit(ctx, output, trace)
    }

    /// Gives back the rent of evidence.
    ///
    /// Before: the signer is the author, or the dispute's account is gone. After: the account is gone.
    pub fn evidence_close(ctx: &mut Context<EvidenceClose>) -> Result<()> {
        instructions::evidence_close(ctx)
    }

    /// Makes room for evidence.
    ///
    /// Before: the author has no evidence account for this dispute; `size` is at most 20,000. After: it has one of `size` zeros, at most 10,000
    /// of them: a program cannot make a larger account at once, but `evidence_write` lets it grow.
    pub fn evidence_open(ctx: &mut Context<EvidenceOpen>, size: u32) -> Result<()> {
        instructions::evidence_open(ctx, size)
    }

    /// Writes a piece of evidence.
    ///
    /// Before: the signer is the author and the piece ends within 20,000 bytes. After: the piece stands at `offset`, counted from the evidence's
    /// first byte; an account that ended before has grown.
    pub fn evidence_write(ctx: &mut Context<EvidenceWrite>, offset: u32, bytes: Vec<u8>) -> Result<()> {
        instructions::evidence_write(ctx, offset, bytes)
    }

    /// A node binds itself to a result without showing it, so that nobody can copy it. Hot path.
    ///
    /// Before: the node holds the lease and its deadline has not passed. After: the commitment stands and the time to reveal runs.
    pub fn attestation_commit(ctx: &mut Context<AttestationCommit>, commitment: [u8; 32]) -> Result<()> {
        instructions::attestation_commit(ctx, commitment)
    }

    /// A node shows the root it committed to. Hot path.
    ///
    /// Before: a commitment stands and its time has not run out; its lottery is drawn, from a later slot, and every audit that it owes is
    /// revealed; root and salt give the commitment. After: the challenge window runs.
    /// `result` names the blob that anyone can recompute the root from.
    pub fn attestation_reveal(
        ctx: &mut Context<AttestationReveal>,
        root: [u8; 32],
        result: [u8; 32],
        salt: [u8; 32],
    ) -> Result<()> {
        instructions::attestation_reveal(ctx, root, result, salt)
    }

    /// A peer binds itself to the bandwidth that it measured of a probed node.
    ///
    /// Before: the probe's job is seeded; the place is free; the peer is enrolled, has the least stake, is of another operator than the node and the
    /// other peers, and its turn in the race has come; the probe's deadline has not passed and no measurement is revealed. After: the place is
    /// the peer's.
    pub fn measure_commit(ctx: &mut Context<MeasureCommit>, index: u8, commitment: [u8; 32]) -> Result<()> {
        instructions::measure_commit(ctx, index, commitment)
    }

    /// A peer shows the bandwidth that it measured.
    ///
    /// Before: the place is committed by the peer; all places are committed, or the probe's deadline has passed; number and salt give the
    /// commitment. After: the measurement is public, and nobody can commit to another.
    pub fn measure_reveal(ctx: &mut Context<MeasureReveal>, index: u8, mbps: u32, salt: [u8; 32]) -> Result<()> {
        instructions::measure_reveal(ctx, index, mbps, salt)
    }

    /// A node declares ratings that probes may prove.
    ///
    /// Before: the signer is the operator or the node; no probe of it is open; each rating is at least 1. After: probes of these ratings may
    /// be opened from one mean interval later.
    pub fn probe_enroll(ctx: &mut Context<ProbeEnroll>, offer: ProbeOffer) -> Result<()> {
        instructions::probe_enroll(ctx, offer)
    }

    /// A node did not answer its probe in time.
    ///
    /// Before: nothing was committed and the deadline has passed (law L8). After: the penalty has left the node's stake for the opener's, or for
    /// the burn where there is no opener; the probe can be finished as missed.
    pub fn probe_expire(ctx: &mut Context<ProbeExpire>) -> Result<()> {
        instructions::probe_expire(ctx)
    }

    /// Counts a probe that is over, and closes it.
    ///
    /// Before: the answer is revealed, its challenge window has closed, its audits are paid and the job is seeded; or the lease was taken from
    /// the node. The epoch runs. After: passed: the node has its points, and its opener, where it has a record in the epoch, its share.
    /// Else: one more missed. Job, lease and probe are closed, and the node can be probed again.
    pub fn probe_finish(ctx: &mut Context<ProbeFinish>) -> Result<()> {
        instructions::probe_finish(ctx)
    }

    /// A node is probed no more.
    ///
    /// Before: the signer is the operator or the node; it is enrolled and no probe of it is open. After: no probe of it can be opened.
    pub fn probe_leave(ctx: &mut Context<ProbeLeave>) -> Result<()> {
        instructions::probe_leave(ctx)
    }

    /// The network asks a node to prove its hardware, at a slot that chose it.
    ///
    /// Before: leases are not paused; the node is enrolled, has the least stake, is not in maintenance and has no probe open; `slot` is later
    /// than its latest probe and not too long ago, and its hash makes a probe of the node due; its stake covers the penalty. After: the
    /// node holds the one lease of a job of class probe; the job's seed is the hash of the first slot after this one.
    pub fn probe_open(ctx: &mut Context<ProbeOpen>, slot: u64) -> Result<()> {
        instructions::probe_open(ctx, slot)
    }

    /// Mints a node's share of a finalized epoch to its operator. O(1), whatever the number of nodes.
    ///
    /// Before: the epoch is finalized and the share not claimed, and the mint limiter lets it pass. After: CR_i = N_i / sum(N) x pool per class is
    /// minted, rounded down, and the same of the availability pool for the node's points, at most the cap of one node (law L6).
    pub fn epoch_claim(ctx: &mut Context<EpochClaim>) -> Result<()> {
        instructions::epoch_claim(ctx)
    }

    /// Mints an epoch's operations share.
    ///
    /// Before: the epoch is finalized and its operations share not minted, and the mint limiter lets it pass. After: it is minted.
    pub fn epoch_claim_operations(ctx: &mut Context<EpochClaimOperations>) -> Result<()> {
        instructions::epoch_claim_operations(ctx)
    }

    /// Fixes an ended epoch's pools.
    ///
    /// Before: all shards are summed and the epoch before is finalized. After: pools and carry are fixed: emission + recycled + carry in = pools +
    /// carry out; the stake of the epoch is the network's active stake.
    pub fn epoch_finalize(ctx: &mut Context<EpochFinalize>) -> Result<()> {
        instructions::epoch_finalize(ctx)
    }

    /// Begins the next epoch.
    ///
    /// Before: `number` is the next one and the epoch before has ended (epoch 1: the network's genesis has come). After: it follows without a gap.
    pub fn epoch_open(ctx: &mut Context<EpochOpen>, number: u64) -> Result<()> {
        instructions::epoch_open(ctx, number)
    }

    /// Removes a shard of a finalized epoch.
    ///
    /// Before: the epoch is finalized, so the shard's totals are in it. After: the account is gone.
    pub fn epoch_shard_close(ctx: &mut Context<EpochShardClose>) -> Result<()> {
        instructions::epoch_shard_close(ctx)
    }

    /// Creates one shard of a running epoch, the first time someone needs it.
    ///
    /// Before: the epoch runs. After: the shard exists and is empty. A shard that is missing at the epoch's end stays missing.
    pub fn epoch_shard_open(ctx: &mut Context<EpochShardOpen>, shard: u8) -> Result<()> {
        instructions::epoch_shard_open(ctx, shard)
    }

    /// Adds one shard to its ended epoch's totals.
    ///
    /// Before: the epoch has ended and the shard is not summed. After: it is. Nothing changes a shard after the epoch's end.
    pub fn epoch_sum(ctx: &mut Context<EpochSum>, shard: u8) -> Result<()> {
        instructions::epoch_sum(ctx, shard)
    }

    /// Removes a job's record of an epoch whose rebate was claimed.
    ///
    /// Before: the rebate was claimed. After: the account is gone. It cannot come back: records open only while their epoch runs.
    pub fn job_epoch_close(ctx: &mut Context<JobEpochClose>) -> Result<()> {
        instructions::job_epoch_close(ctx)
    }

    /// Creates a job's record in a running epoch.
    ///
    /// Before: the epoch runs. After: the record exists, names the job's requester and client, and has nothing spent.
    pub fn job_epoch_open(ctx: &mut Context<JobEpochOpen>) -> Result<()> {
        instructions::job_epoch_open(ctx)
    }

    /// Removes a node's record of an epoch it has claimed.
    ///
    /// Before: the share was claimed and the node's tier reviewed by the record, or the node is gone. After: the account is gone. It cannot come
    /// back: records open only while their epoch runs.
    pub fn node_epoch_close(ctx: &mut Context<NodeEpochClose>) -> Result<()> {
        instructions::node_epoch_close(ctx)
    }

    /// Creates a node's record in a running epoch.
    ///
    /// Before: the epoch runs. After: the record exists and is empty, and the node's stake counts in its shard of the epoch.
    pub fn node_epoch_open(ctx: &mut Context<NodeEpochOpen>) -> Result<()> {
        instructions::node_epoch_open(ctx)
    }

    /// Mints a requester's rebate for what one of its jobs spent in an epoch, and the compute client's share of it.
    ///
    /// Before: the epoch is finalized and the rebate not claimed, and the mint limiter lets it pass. After: spent_i / sum(spent) x creators' pool,
    /// rounded down, is minted: to the client that the job came through its share, to the requester's associated token account the rest. A client
    /// whose payout account is no RENDER account any more has no share: it cannot hold up its requesters.
    pub fn rebate_claim(ctx: &mut Context<RebateClaim>) -> Result<()> {
        instructions::rebate_claim(ctx)
    }

    /// Counts a vote that has ended, or lets a proposal expire.
    ///
    /// Before: the vote of the proposal's stage has ended, or its next step was not made in time. After: the final vote runs, the timelock runs, or
    /// the proposal is rejected or expired.
    pub fn proposal_advance(ctx: &mut Context<ProposalAdvance>) -> Result<()> {
        instructions::proposal_advance(ctx)
    }

    /// The proposer calls its proposal off.
    ///
    /// Before: the first vote on the proposal runs. After: it is over. The proposer's lock stays held, so that cancelling opens no way to spam.
    pub fn proposal_cancel(ctx: &mut Context<ProposalCancel>) -> Result<()> {
        instructions::proposal_cancel(ctx)
    }

    /// Removes a proposal that is over.
    ///
    /// Before: the proposal was executed, rejected or cancelled, or has expired. After: the account is gone; its number is never used again.
    pub fn proposal_close(ctx: &mut Context<ProposalClose>) -> Result<()> {
        instructions::proposal_close(ctx)
    }

    /// Puts an accepted proposal into force.
    ///
    /// Before: the proposal is accepted, its timelock has passed, its window is open, and what it changes is valid beside what else has changed
    /// since. After: it is in force. What is refused now may be executed later in the window, when its neighbours allow it.
    pub fn proposal_execute(ctx: &mut Context<ProposalExecute>) -> Result<()> {
        instructions::proposal_execute(ctx)
    }

    /// Asks the holders of RENDER to change something.
    ///
    /// Before: `number` is the next one; the proposer has `gov_proposer_lock` locked and no proposal whose votes may still run; the change would be
    /// valid now. After: the proposal can be voted on, and the proposer's lock is held for as long as its votes can take.
    pub fn proposal_open(
        ctx: &mut Context<ProposalOpen>,
        number: u64,
        order: ProposalOrder,
        changes: Vec<ChangeOrder>,
    ) -> Result<()> {
        instructions::proposal_open(ctx, number, order, changes)
    }

    /// A wallet says yes or no with all that it has locked.
    ///
    /// Before: a vote on the proposal runs and the wallet has RENDER locked. After: all of it counts for one side, and what the wallet said before
    /// in this vote does not. The lock cannot be lowered while it counts (law L12).
    pub fn proposal_vote(ctx: &mut Context<ProposalVote>, is_yes: bool) -> Result<()> {
        instructions::proposal_vote(ctx, is_yes)
    }

    /// Removes a vote that counts no more.
    ///
    /// Before: the proposal's votes are counted, or it is gone. After: the account is gone. An address that is empty stays empty: numbers are not
    /// used twice.
    pub fn vote_close(ctx: &mut Context<VoteClose>) -> Result<()> {
        instructions::vote_close(ctx)
    }

    /// Removes an empty lock.
    ///
    /// Before: the lock is empty. After: the account is gone.
    pub fn vote_lock_close(ctx: &mut Context<VoteLockClose>) -> Result<()> {
        instructions::vote_lock_close(ctx)
    }

    /// Locks RENDER to vote with.
    ///
    /// Before: the wallet has `amount` RENDER. After: the vote vault holds it and the wallet's lock says so. Votes that were cast keep their weight
    /// until they are cast again. Never paused: the guardian cannot keep anyone from voting.
    pub fn vote_lock_deposit(ctx: &mut Context<VoteLockDeposit>, amount: u64) -> Result<()> {
        instructions::vote_lock_deposit(ctx, amount)
    }

    /// Takes RENDER out of a lock that no vote counts.
    ///
    /// Before: the lock's time is over and it holds `amount`. After: `amount` has left the vault. Never paused.
    pub fn vote_lock_withdraw(ctx: &mut Context<VoteLockWithdraw>, amount: u64) -> Result<()> {
        instructions::vote_lock_withdraw(ctx, amount)
    }

    /// Creates the token account that holds all voting RENDER.
    ///
    /// Before: there is no vote vault. After: there is, empty and owned by the network.
    pub fn vote_vault_open(ctx: &mut Context<VoteVaultOpen>) -> Result<()> {
        instructions::vote_vault_open(ctx)
    }
}
