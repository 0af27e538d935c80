//! What takes more than one instruction, account or transaction. Used by worker, command line, demo and tests alike.
//!
//! Functions named `prepare_*` return instructions to put in front of another in the same transaction; the others send, and
//! return what was sent. All read the state first and send only what is missing, so that any of them can be repeated, by
//! anyone, at any moment. Where somebody else does the same at the same time, whoever comes second is refused by the chain,
//! looks again and goes on.

use crate::{
    account, address,
    chain::{Chain, ChainError, Confirmed, MOST_TRANSACTION_BYTES, transaction_bytes},
    error::{ClientError, code_of},
    instruction::{self, Loser},
    lottery::{self, Lottery},
};
use market_model::{
    audit::AuditState,
    dispute::{Party, Stage},
    lease::LeaseState,
};
use render_compute::{
    constants::{EPOCH_SHARDS, RENDER_DECIMALS},
    errors::RenderError,
    state::*,
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signer::Signer;
use std::future::Future;

/// Instructions in one transaction: sixteen stay far below the limit of compute units.
const MOST_INSTRUCTIONS: usize = 16;
/// Times a step is tried while others do the same.
const TRIES: usize = 8;
/// Code of the system program, and of the token program's account creation, for an account that is there already.
const EXISTS: u32 = 0;

/// Cuts instructions into groups that fit one transaction each, keeping their order.
///
/// Each group is its own transaction: only use it where each instruction stands for itself.
pub fn pack(instructions: &[Instruction], payer: &Address) -> Vec<Vec<Instruction>> {
    let mut groups: Vec<Vec<Instruction>> = Vec::new();
    for instruction in instructions {
        if let Some(group) = groups.last_mut()
            && group.len() < MOST_INSTRUCTIONS
        {
            group.push(instruction.clone());
            if transaction_bytes(&Message::new(group, Some(payer))) <= MOST_TRANSACTION_BYTES {
                continue;
            }
            group.pop();
        }
        groups.push(vec![instruction.clone()]);
    }
    groups
}

/// Sends instructions that stand for themselves, in as few transactions as they fit in.
pub async fn send_packed(
    chain: &(impl Chain + ?Sized),
    instructions: &[Instruction],
    signers: &[&Keypair],
) -> Result<Vec<Confirmed>, ClientError> {
    let payer = signers.first().map(|payer| payer.pubkey()).unwrap_or_default();
    let mut sent = Vec::new();
    for group in pack(instructions, &payer) {
        sent.push(chain.send(&group, signers).await?);
    }
    Ok(sent)
}

/// Whether a refusal means that somebody else was faster: then the state is looked at again.
fn is_overtaken(error: &ChainError) -> bool {
    let overtaken = [
        RenderError::WrongEpoch,
        RenderError::EpochFinalized,
        RenderError::ShardSummed,
        RenderError::AlreadyClaimed,
        RenderError::AlreadySeeded,
        RenderError::AlreadySettled,
    ];
    overtaken.into_iter().any(|code| error.is(code_of(code)))
        || matches!(error, ChainError::Refused { code: Some(EXISTS), by_market: false, .. })
}

/// Repeats: read the state, get the instructions that are missing, send them, until none are.
async fn until_done<F>(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    missing: impl Fn() -> F,
) -> Result<Vec<Confirmed>, ClientError>
where
    F: Future<Output = Result<Vec<Instruction>, ClientError>>,
{
    let mut sent = Vec::new();
    let mut overtaken = 0;
    loop {
        let instructions = missing().await?;
        let groups = pack(&instructions, &payer.pubkey());
        if groups.is_empty() {
            return Ok(sent);
        }
        for group in groups {
            match chain.send(&group, &[payer]).await {
                Ok(confirmed) => sent.push(confirmed),
                Err(error) if is_overtaken(&error) && overtaken < TRIES => {
                    overtaken += 1;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The epoch that runs now, if it has been opened.
pub async fn running_epoch(chain: &(impl Chain + ?Sized)) -> Result<Option<(u64, Epoch)>, ClientError> {
    let network = account::network(chain).await?;
    let now = chain.clock().await?.unix_timestamp;
    let latest = account::epoch(chain, network.epoch).await?;
    Ok(latest.filter(|epoch| epoch.starts_at <= now && now < epoch.ends_at).map(|epoch| (network.epoch, epoch)))
}

/// Opens the epochs that time has reached, and returns the number of the one that runs.
pub async fn ensure_running_epoch(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
) -> Result<(u64, Vec<Confirmed>), ClientError> {
    let sent = until_done(chain, payer, || async {
        let network = account::network(chain).await?;
        let now = chain.clock().await?.unix_timestamp;
        let next_starts_at = match account::epoch(chain, network.epoch).await? {
            Some(epoch) => epoch.ends_at,
            None => network.genesis_at,
        };
        if now >= next_starts_at {
            return Ok(vec![instruction::epoch_open(&payer.pubkey(), network.epoch + 1)]);
        }
        if network.epoch == 0 {
            let seconds = next_starts_at - now;
            return Err(ClientError::NotYet(format!("the network's first epoch begins in {seconds} seconds")));
        }
        Ok(Vec::new())
    })
    .await?;
    Ok((account::network(chain).await?.epoch, sent))
}

/// Creates a shard of the running epoch unless it exists.
pub async fn ensure_shard(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    epoch: u64,
    shard: u8,
) -> Result<Vec<Confirmed>, ClientError> {
    until_done(chain, payer, || async { prepare_shard(chain, &payer.pubkey(), epoch, shard).await }).await
}

/// Creates the record of an identity's node in the running epoch, and the epoch's shard of it, unless they exist.
pub async fn ensure_node_epoch(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    identity: &Address,
    epoch: u64,
) -> Result<Vec<Confirmed>, ClientError> {
    until_done(chain, payer, || async { prepare_accept(chain, &payer.pubkey(), identity, epoch).await }).await
}

/// Creates a job's record of the running epoch unless it exists.
pub async fn ensure_job_epoch(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    job: &Address,
    epoch: u64,
) -> Result<Vec<Confirmed>, ClientError> {
    until_done(chain, payer, || async { prepare_job_epoch(chain, &payer.pubkey(), job, epoch).await }).await
}

async fn prepare_shard(
    chain: &(impl Chain + ?Sized),
    payer: &Address,
    epoch: u64,
    shard: u8,
) -> Result<Vec<Instruction>, ClientError> {
    let found = account::find::<EpochShard>(chain, &address::epoch_shard(epoch, shard)).await?;
    Ok(if found.is_some() { Vec::new() } else { vec![instruction::epoch_shard_open(payer, epoch, shard)] })
}

async fn prepare_node_epoch(
    chain: &(impl Chain + ?Sized),
    payer: &Address,
    identity: &Address,
    epoch: u64,
) -> Result<Vec<Instruction>, ClientError> {
    let found = account::node_epoch(chain, &address::node(identity), epoch).await?;
    Ok(if found.is_some() { Vec::new() } else { vec![instruction::node_epoch_open(payer, epoch, identity)] })
}

async fn prepare_job_epoch(
    chain: &(impl Chain + ?Sized),
    payer: &Address,
    job: &Address,
    epoch: u64,
) -> Result<Vec<Instruction>, ClientError> {
    let found = account::job_epoch(chain, job, epoch).await?;
    Ok(if found.is_some() { Vec::new() } else { vec![instruction::job_epoch_open(payer, job, epoch)] })
}

/// What a purchase in the running epoch needs and is missing: the owner's credit account and the epoch's shard of the owner.
pub async fn prepare_purchase(
    chain: &(impl Chain + ?Sized),
    payer: &Address,
    owner: &Address,
    epoch: u64,
) -> Result<Vec<Instruction>, ClientError> {
    let mut missing = prepare_shard(chain, payer, epoch, address::shard_of(owner)).await?;
    if account::credit(chain, owner).await?.is_none() {
        missing.push(instruction::credit_open(payer, owner));
    }
    Ok(missing)
}

/// What an audit's acceptance in the running epoch needs and is missing: the epoch's shard of the node's identity and the node's record.
pub async fn prepare_accept(
    chain: &(impl Chain + ?Sized),
    payer: &Address,
    identity: &Address,
    epoch: u64,
) -> Result<Vec<Instruction>, ClientError> {
    let mut missing = prepare_shard(chain, payer, epoch, address::shard_of(identity)).await?;
    missing.extend(prepare_node_epoch(chain, payer, identity, epoch).await?);
    Ok(missing)
}

/// What the acceptance of a lease of `job` needs and is missing: what [`prepare_accept`] says, and the job's record.
pub async fn prepare_lease_accept(
    chain: &(impl Chain + ?Sized),
    payer: &Address,
    identity: &Address,
    job: &Address,
    epoch: u64,
) -> Result<Vec<Instruction>, ClientError> {
    let mut missing = prepare_accept(chain, payer, identity, epoch).await?;
    missing.extend(prepare_job_epoch(chain, payer, job, epoch).await?);
    Ok(missing)
}

/// The instruction that fixes a job's randomness, where it is missing. It goes in front of a claim.
pub async fn prepare_seed(chain: &(impl Chain + ?Sized), job: &Address) -> Result<Vec<Instruction>, ClientError> {
    let state: Job = account::fetch(chain, job).await?;
    Ok(if state.seeded == 1 { Vec::new() } else { vec![instruction::job_seed(job)] })
}

/// Fixes a job's randomness unless it is fixed. Refused until a slot after the job's opening has passed.
pub async fn seed_if_needed(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    job: &Address,
) -> Result<Vec<Confirmed>, ClientError> {
    until_done(chain, payer, || async { prepare_seed(chain, job).await }).await
}

/// Buys credits with RENDER of the owner's associated token account, at most `maximum_render` of it.
/// Opens the running epoch, its shard and the credit account where they are missing.
pub async fn buy_credits(
    chain: &(impl Chain + ?Sized),
    owner: &Keypair,
    credits: u64,
    maximum_render: u64,
) -> Result<Vec<Confirmed>, ClientError> {
    let (epoch, mut sent) = ensure_running_epoch(chain, owner).await?;
    let network = account::network(chain).await?;
    let key = owner.pubkey();
    let mut instructions = prepare_purchase(chain, &key, &key, epoch).await?;
    instructions.push(instruction::credit_buy(
        &network,
        &instruction::CreditBuy {
            owner: key,
            payment: address::associated_token(&key, &network.mint),
            price: None,
            epoch,
            credits,
            maximum_render,
        },
    ));
    sent.push(chain.send(&instructions, &[owner]).await?);
    Ok(sent)
}

/// Pays a lease whose challenge window has closed. Anyone may; sends nothing when the lease is paid already.
pub async fn accept(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    lease_address: &Address,
) -> Result<Vec<Confirmed>, ClientError> {
    let (epoch, opened) = ensure_running_epoch(chain, payer).await?;
    let accepted = until_done(chain, payer, || async {
        let lease: Lease = account::fetch(chain, lease_address).await?;
        match LeaseState::try_from(lease.status) {
            Ok(LeaseState::Accepted) => return Ok(Vec::new()),
            Ok(LeaseState::Revealed) => {}
            _ => return Err(ClientError::NotYet(format!("the lease {lease_address} has no revealed result"))),
        }
        let now = chain.clock().await?.unix_timestamp;
        if now <= lease.deadline {
            let seconds = lease.deadline - now + 1;
            return Err(ClientError::NotYet(format!("the challenge window closes in {seconds} seconds")));
        }
        let node: Node = account::fetch(chain, &lease.node).await?;
        let mut instructions = prepare_lease_accept(chain, &payer.pubkey(), &node.identity, &lease.job, epoch).await?;
        instructions.push(instruction::lease_accept(&lease, &node.identity, epoch));
        Ok(instructions)
    })
    .await?;
    Ok([opened, accepted].concat())
}

/// Finalizes an ended epoch and mints its operations share: sums the shards that are not summed, fixes the pools.
/// Epochs before it that are not finalized are finalized first.
pub async fn close_epoch(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    number: u64,
) -> Result<Vec<Confirmed>, ClientError> {
    let mut first = number;
    while first > 1 && account::epoch(chain, first - 1).await?.is_some_and(|before| before.state == EPOCH_OPEN) {
        first -= 1;
    }
    let mut sent = Vec::new();
    for number in first..=number {
        sent.extend(close_one_epoch(chain, payer, number).await?);
    }
    Ok(sent)
}

async fn close_one_epoch(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    number: u64,
) -> Result<Vec<Confirmed>, ClientError> {
    until_done(chain, payer, || async {
        let epoch: Epoch = account::fetch(chain, &address::epoch(number)).await?;
        if epoch.state == EPOCH_FINALIZED {
            return Ok(if epoch.operations_claimed == 1 {
                Vec::new()
            } else {
                vec![instruction::epoch_claim_operations(&account::network(chain).await?, number)]
            });
        }
        let now = chain.clock().await?.unix_timestamp;
        if now < epoch.ends_at {
            return Err(ClientError::NotYet(format!("epoch {number} ends in {} seconds", epoch.ends_at - now)));
        }
        let unsummed = (0..EPOCH_SHARDS).filter(|shard| epoch.shards_summed >> shard & 1 == 0);
        let sums: Vec<_> = unsummed.map(|shard| instruction::epoch_sum(number, shard)).collect();
        Ok(if sums.is_empty() { vec![instruction::epoch_finalize(number)] } else { sums })
    })
    .await
}

/// Mints a node's share of a finalized epoch to its operator, and reviews its tier by it; `node` is the node account. Anyone may. Sends
/// nothing when there is no record of the node or both were done.
pub async fn claim(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    node: &Address,
    number: u64,
) -> Result<Vec<Confirmed>, ClientError> {
    until_done(chain, payer, || async {
        let Some(record) = account::node_epoch(chain, node, number).await? else { return Ok(Vec::new()) };
        let mut due = Vec::new();
        if record.is_reviewed == 0 {
            due.push(instruction::node_review(node, number));
        }
        if record.is_claimed == 1 && due.is_empty() {
            return Ok(due);
        }
        let epoch: Epoch = account::fetch(chain, &address::epoch(number)).await?;
        if epoch.state != EPOCH_FINALIZED {
            return Err(ClientError::NotYet(format!("epoch {number} is not finalized")));
        }
        if record.is_claimed == 0 {
            let state: Node = account::fetch(chain, node).await?;
            let operator: Operator = account::fetch(chain, &address::operator(&state.operator)).await?;
            let network = account::network(chain).await?;
            due.push(instruction::epoch_claim(&network, number, node, &operator.wallet, &operator.payout));
        }
        Ok(due)
    })
    .await
}

/// Mints the rebate for what a job spent in a finalized epoch, opening the requester's token account where it is missing, and closes the record. Anyone may;
/// whoever paid the record's rent has it back. Sends nothing when there is no record any more.
pub async fn claim_rebate(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    job: &Address,
    number: u64,
) -> Result<Vec<Confirmed>, ClientError> {
    until_done(chain, payer, || async {
        let Some(record) = account::job_epoch(chain, job, number).await? else { return Ok(Vec::new()) };
        if record.is_claimed == 1 {
            return Ok(vec![instruction::job_epoch_close(&record)]);
        }
        let epoch: Epoch = account::fetch(chain, &address::epoch(number)).await?;
        if epoch.state != EPOCH_FINALIZED {
            return Err(ClientError::NotYet(format!("epoch {number} is not finalized")));
        }
        let network = account::network(chain).await?;
        let mut instructions = Vec::new();
        if chain.account(&address::associated_token(&record.requester, &network.mint)).await?.is_none() {
            let owner = record.requester;
            instructions.push(instruction::create_associated_token(&payer.pubkey(), &owner, &network.mint));
        }
        let client = account::client(chain, &record.client).await?;
        instructions.push(instruction::rebate_claim(&network, &record, client.map(|client| client.payout)));
        Ok(instructions)
    })
    .await
}

/// Gives back the credits of every lease of an ended job that nobody holds, and closes the job when all are settled.
/// Leases that are held stay until their nodes finish or lose them.
pub async fn release_all(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    job_address: &Address,
) -> Result<Vec<Confirmed>, ClientError> {
    until_done(chain, payer, || async {
        let job: Job = account::fetch(chain, job_address).await?;
        let now = chain.clock().await?.unix_timestamp;
        if job.status == JOB_OPEN && now <= job.deadline {
            let seconds = job.deadline - now + 1;
            return Err(ClientError::NotYet(format!(
                "the job runs for {seconds} more seconds; cancel it to end it now"
            )));
        }
        let open: Vec<u32> = (0..job.leases).filter(|index| !job.is_settled(*index)).collect();
        let addresses: Vec<_> = open.iter().map(|index| address::lease(job_address, *index, 0)).collect();
        let leases: Vec<Option<Lease>> = account::find_all(chain, &addresses).await?;
        let is_free = |lease: &Option<Lease>| {
            lease.is_none_or(|lease| LeaseState::try_from(lease.status).is_ok_and(LeaseState::is_claimable))
        };
        Ok(open
            .iter()
            .zip(&leases)
            .filter(|(_, lease)| is_free(lease))
            .map(|(index, _)| instruction::lease_release(job_address, &job.requester, *index))
            .collect())
    })
    .await
}

/// Closes a job whose leases are all settled; its rent goes to who paid it. Nobody but the requester may before its deadline.
pub async fn close_job(
    chain: &(impl Chain + ?Sized),
    signer: &Keypair,
    job_address: &Address,
) -> Result<Vec<Confirmed>, ClientError> {
    let Some(job) = account::find::<Job>(chain, job_address).await? else { return Ok(Vec::new()) };
    let close = instruction::job_close(&signer.pubkey(), job_address, &job);
    Ok(vec![chain.send(&[close], &[signer]).await?])
}

/// Moves a lease on that a node has abandoned, as far as its missed deadlines allow: takes it from a holder that did not commit or
/// reveal, and ends the wait for auditors that did not. Sends nothing when no deadline was missed.
pub async fn expire(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    lease_address: &Address,
) -> Result<Vec<Confirmed>, ClientError> {
    until_done(chain, payer, || async { missed(chain, lease_address).await }).await
}

/// What marks the deadlines of a lease that were missed by now.
async fn missed(chain: &(impl Chain + ?Sized), address: &Address) -> Result<Vec<Instruction>, ClientError> {
    let lease: Lease = account::fetch(chain, address).await?;
    let clock = chain.clock().await?;
    let now = clock.unix_timestamp;
    let is_late = now > lease.deadline;
    let state = LeaseState::try_from(lease.status);
    if state == Ok(LeaseState::Claimed) && is_late {
        return Ok(vec![instruction::lease_expire(&lease)]);
    }
    if state == Ok(LeaseState::Committed) && is_late && lease.drawn == 0 {
        let job: Job = account::fetch(chain, &lease.job).await?;
        return Ok(match lottery::look(&lottery::slot_hashes(chain).await?, address, &lease, &job) {
            Lottery::Early => Vec::new(),
            Lottery::Lost => vec![instruction::lease_expire(&lease)],
            Lottery::Ready { .. } => vec![instruction::audit_draw(&lease)],
        });
    }
    if state == Ok(LeaseState::Committed) && is_late && lease.audits_owed == 0 {
        return Ok(vec![instruction::lease_expire(&lease)]);
    }
    let audits = account::audits_of_lease(chain, address, &lease).await?;
    let first = |state: AuditState| audits.iter().find(move |audit| audit.status == u8::from(state));
    let late_claim = audits.iter().find(|audit| audit.status == u8::from(AuditState::Claimed) && now > audit.deadline);
    Ok(match state {
        Ok(LeaseState::Committed) if is_late => {
            first(AuditState::Revealed).map(|audit| instruction::audit_forfeit(&lease, audit)).into_iter().collect()
        }
        Ok(LeaseState::Opening) if is_late => {
            first(AuditState::Committed).map(instruction::audit_expire).into_iter().collect()
        }
        Ok(LeaseState::Auditing) if late_claim.is_some() => {
            late_claim.map(instruction::audit_expire).into_iter().collect()
        }
        Ok(LeaseState::Auditing) if is_late && lease.audits_claimed == lease.audits_committed => {
            vec![instruction::audit_lapse(&lease)]
        }
        _ => Vec::new(),
    })
}

/// Settles a decided dispute: the loser pays. Anyone may. Sends nothing when it is settled.
pub async fn settle_dispute(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    dispute: &Address,
) -> Result<Vec<Confirmed>, ClientError> {
    until_done(chain, payer, || async {
        let state: Dispute = account::fetch(chain, dispute).await?;
        let game = state.game().map_err(|_| ClientError::WrongAccount {
            kind: "dispute",
            address: *dispute,
            reason: "its stage or verdict does not exist".to_owned(),
        })?;
        let Some(winner) = game.verdict.winner() else {
            return Err(ClientError::NotYet(format!("dispute {dispute} has no verdict yet")));
        };
        if game.stage == Stage::Settled {
            return Ok(Vec::new());
        }
        let audit_payer = match state.is_by_audit() {
            true => Some(account::fetch::<Audit>(chain, &state.audit).await?.payer),
            false => None,
        };
        let loser = match winner {
            Party::Challenger => Some(state.defender),
            Party::Defender => state.is_by_audit().then_some(state.challenger),
        };
        let loser = match loser {
            Some(node) => {
                let identity = account::fetch::<Node>(chain, &node).await?.identity;
                Some(Loser { node, identity })
            }
            None => None,
        };
        let latest = account::network(chain).await?.epoch;
        let epoch = (latest > 0).then_some(latest);
        Ok(vec![instruction::dispute_settle(dispute, &state, audit_payer, epoch, loser)])
    })
    .await
}

/// Closes a settled dispute: a challenger's wallet is paid into its associated token account, a forfeited bond is burned. Anyone may.
/// Sends nothing when it is closed.
pub async fn close_dispute(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    dispute: &Address,
) -> Result<Vec<Confirmed>, ClientError> {
    let Some(state) = account::find::<Dispute>(chain, dispute).await? else { return Ok(Vec::new()) };
    let network = account::network(chain).await?;
    let mut instructions = Vec::new();
    let destination = (state.owed > 0).then(|| {
        instructions.push(instruction::create_associated_token(&payer.pubkey(), &state.challenger, &network.mint));
        address::associated_token(&state.challenger, &network.mint)
    });
    instructions.push(instruction::dispute_close(&network, dispute, &state, destination));
    Ok(vec![chain.send(&instructions, &[payer]).await?])
}

/// Lamports that keep an account of `length` bytes alive.
pub async fn rent_of(chain: &(impl Chain + ?Sized), length: usize) -> Result<u64, ClientError> {
    let rent = chain
        .account(&address::RENT)
        .await?
        .ok_or(ClientError::NoAccount { kind: "rent sysvar", address: address::RENT })?;
    // Rent: lamports per byte and year (u64), years until exempt (f64), ...; 128 bytes are counted for the account itself.
    let word = |at: usize| rent.data.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
    let (Some(per_byte), Some(years)) = (word(0).map(u64::from_le_bytes), word(8).map(f64::from_le_bytes)) else {
        let reason = "it is too short".to_owned();
        return Err(ClientError::WrongAccount { kind: "rent sysvar", address: address::RENT, reason });
    };
    Ok(((length as u64 + 128).saturating_mul(per_byte) as f64 * years).ceil() as u64)
}

/// Creates a RENDER mint for a network of its own: `supply` goes to the payer's associated token account, and from then on
/// only the market can mint. Does the steps that are missing.
pub async fn create_render_mint(
    chain: &(impl Chain + ?Sized),
    payer: &Keypair,
    mint: &Keypair,
    supply: u64,
) -> Result<Vec<Confirmed>, ClientError> {
    let (payer_key, mint_key) = (payer.pubkey(), mint.pubkey());
    let mut sent = Vec::new();
    if chain.account(&mint_key).await?.is_none() {
        let lamports = rent_of(chain, instruction::MINT_LENGTH).await?;
        let create = instruction::create_mint(&payer_key, &mint_key, &payer_key, RENDER_DECIMALS, lamports);
        sent.push(chain.send(&create, &[payer, mint]).await?);
    }
    let state = account::mint(chain, &mint_key).await?;
    if state.authority == Some(payer_key) {
        // One transaction: the supply is minted exactly when the right to mint is given up.
        let hand_over = [
            instruction::create_associated_token(&payer_key, &payer_key, &mint_key),
            instruction::mint_to(&mint_key, &address::associated_token(&payer_key, &mint_key), &payer_key, supply),
            instruction::set_mint_authority(&mint_key, &payer_key, &address::network()),
        ];
        sent.push(chain.send(&hand_over, &[payer]).await?);
    } else if state.authority != Some(address::network()) {
        return Err(ClientError::WrongAccount {
            kind: "RENDER mint",
            address: mint_key,
            reason: "its mint authority is neither the payer nor the network".to_owned(),
        });
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_instructions_keep_their_order_and_fit() {
        let payer = Address::new_from_array([9; 32]);
        let sums: Vec<_> = (0..EPOCH_SHARDS).map(|shard| instruction::epoch_sum(1, shard)).collect();
        let groups = pack(&sums, &payer);
        assert_eq!(groups.concat(), sums);
        assert_eq!(groups.len(), 2);
        for group in groups {
            assert!(transaction_bytes(&Message::new(&group, Some(&payer))) <= MOST_TRANSACTION_BYTES);
        }
    }

    #[test]
    fn instructions_too_large_for_one_transaction_are_parted() {
        let payer = Address::new_from_array([9; 32]);
        let large = Instruction { program_id: address::PROGRAM, accounts: Vec::new(), data: vec![0; 600] };
        assert_eq!(pack(&[large.clone(), large.clone(), large], &payer).len(), 3);
        assert!(pack(&[], &payer).is_empty());
    }
}
