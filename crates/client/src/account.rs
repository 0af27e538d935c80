//! The market's accounts as values: decoding, and reading them through a chain.

use crate::{
    address,
    chain::{Chain, RawAccount},
    error::ClientError,
};
use anchor_lang::{AccountDeserialize, Discriminator};
use market_model::lease::LeaseState;
use render_compute::state::*;
use solana_address::Address;

/// Bytes before the first field.
pub const DISCRIMINATOR_LENGTH: usize = 8;

/// A type of account of the market.
pub trait MarketAccount: AccountDeserialize + Discriminator + bytemuck::Pod {
    /// What it is called in messages.
    const KIND: &'static str;
}

macro_rules! kinds {
    ($($type:ty = $kind:literal),+ $(,)?) => {
        $(impl MarketAccount for $type { const KIND: &'static str = $kind; })+
    };
}

kinds! {
    Network = "network", Schedule = "emission schedule", Oracle = "oracle", Engine = "engine",
    CreditAccount = "credit account", Operator = "operator", Node = "node", Job = "job", Lease = "lease",
    Audit = "audit", Probe = "probe", Dispute = "dispute", Evidence = "evidence", Epoch = "epoch", EpochShard = "epoch shard",
    NodeEpoch = "node's epoch record", JobEpoch = "job's epoch record", Client = "compute client", MintLimiter = "mint limiter",
    Proposal = "proposal", VoteLock = "vote lock", Vote = "vote",
}

/// An account's value from its bytes, discriminator included. `None` when they are of another type or too few.
pub fn decode<T: MarketAccount>(data: &[u8]) -> Option<T> {
    T::try_deserialize(&mut &*data).ok()
}

fn decode_at<T: MarketAccount>(address: &Address, account: &RawAccount) -> Result<T, ClientError> {
    let wrong =
        |reason: &str| ClientError::WrongAccount { kind: T::KIND, address: *address, reason: reason.to_owned() };
    if account.owner != address::PROGRAM {
        return Err(wrong("it belongs to another program"));
    }
    decode(&account.data).ok_or_else(|| wrong("its content is of another type"))
}

/// Reads an account that may be missing.
pub async fn find<T: MarketAccount>(
    chain: &(impl Chain + ?Sized),
    address: &Address,
) -> Result<Option<T>, ClientError> {
    match chain.account(address).await? {
        Some(account) => decode_at(address, &account).map(Some),
        None => Ok(None),
    }
}

/// Reads an account that must be there.
pub async fn fetch<T: MarketAccount>(chain: &(impl Chain + ?Sized), address: &Address) -> Result<T, ClientError> {
    find(chain, address).await?.ok_or(ClientError::NoAccount { kind: T::KIND, address: *address })
}

/// Reads several accounts of one type, in the order of the addresses.
pub async fn find_all<T: MarketAccount>(
    chain: &(impl Chain + ?Sized),
    addresses: &[Address],
) -> Result<Vec<Option<T>>, ClientError> {
    let accounts = chain.accounts(addresses).await?;
    addresses
        .iter()
        .zip(accounts)
        .map(|(address, account)| account.map(|account| decode_at(address, &account)).transpose())
        .collect()
}

/// Every account of a type whose bytes match the filters (offset of a field, wanted bytes), sorted by address.
pub async fn list<T: MarketAccount>(
    chain: &(impl Chain + ?Sized),
    filters: &[(usize, Vec<u8>)],
) -> Result<Vec<(Address, T)>, ClientError> {
    let filters: Vec<_> =
        filters.iter().map(|(offset, bytes)| (DISCRIMINATOR_LENGTH + offset, bytes.clone())).collect();
    let accounts = chain.program_accounts(T::DISCRIMINATOR, &filters).await?;
    accounts.iter().map(|(address, account)| Ok((*address, decode_at(address, account)?))).collect()
}

/// The network.
pub async fn network(chain: &(impl Chain + ?Sized)) -> Result<Network, ClientError> {
    fetch(chain, &address::network()).await
}

/// The publisher-set oracle.
pub async fn oracle(chain: &(impl Chain + ?Sized)) -> Result<Oracle, ClientError> {
    fetch(chain, &address::oracle()).await
}

/// A wallet's credit account, if it has one.
pub async fn credit(chain: &(impl Chain + ?Sized), owner: &Address) -> Result<Option<CreditAccount>, ClientError> {
    find(chain, &address::credit(owner)).await
}

/// A wallet's operator account, if it is an operator.
pub async fn operator(chain: &(impl Chain + ?Sized), wallet: &Address) -> Result<Option<Operator>, ClientError> {
    find(chain, &address::operator(wallet)).await
}

/// The node of an identity, if it is registered.
pub async fn node(chain: &(impl Chain + ?Sized), identity: &Address) -> Result<Option<Node>, ClientError> {
    find(chain, &address::node(identity)).await
}

/// An epoch by its number, if it was opened.
pub async fn epoch(chain: &(impl Chain + ?Sized), number: u64) -> Result<Option<Epoch>, ClientError> {
    find(chain, &address::epoch(number)).await
}

/// A node's record in an epoch, if it has one.
pub async fn node_epoch(
    chain: &(impl Chain + ?Sized),
    node: &Address,
    number: u64,
) -> Result<Option<NodeEpoch>, ClientError> {
    find(chain, &address::node_epoch(node, number)).await
}

/// Every job.
pub async fn jobs(chain: &(impl Chain + ?Sized)) -> Result<Vec<(Address, Job)>, ClientError> {
    list(chain, &[]).await
}

/// Every job that leases can still be claimed of, as far as its status says; deadlines are the caller's to check.
pub async fn open_jobs(chain: &(impl Chain + ?Sized)) -> Result<Vec<(Address, Job)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(Job, status), vec![JOB_OPEN])]).await
}

/// Every job of a requester.
pub async fn jobs_of(chain: &(impl Chain + ?Sized), requester: &Address) -> Result<Vec<(Address, Job)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(Job, requester), requester.to_bytes().to_vec())]).await
}

/// Every lease account of a job.
pub async fn leases_of_job(chain: &(impl Chain + ?Sized), job: &Address) -> Result<Vec<(Address, Lease)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(Lease, job), job.to_bytes().to_vec())]).await
}

/// Every lease that a node holds or held last; a lease that was given up names nobody.
pub async fn leases_of_node(
    chain: &(impl Chain + ?Sized),
    node: &Address,
) -> Result<Vec<(Address, Lease)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(Lease, node), node.to_bytes().to_vec())]).await
}

/// Every lease in a state.
pub async fn leases_in(chain: &(impl Chain + ?Sized), state: LeaseState) -> Result<Vec<(Address, Lease)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(Lease, status), vec![u8::from(state)])]).await
}

/// The audits of the present attempt at a lease, by index.
pub async fn audits_of_lease(
    chain: &(impl Chain + ?Sized),
    address: &Address,
    lease: &Lease,
) -> Result<Vec<Audit>, ClientError> {
    let indexes = 0..u8::try_from(lease.auditors.len()).unwrap_or(u8::MAX);
    let addresses: Vec<Address> = indexes
        .zip(lease.auditors)
        .filter(|(_, auditor)| *auditor != Address::default())
        .map(|(index, _)| address::audit(address, lease.attempt, index))
        .collect();
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    Ok(find_all(chain, &addresses).await?.into_iter().flatten().collect())
}

/// Every audit that a node holds.
pub async fn audits_of_node(
    chain: &(impl Chain + ?Sized),
    node: &Address,
) -> Result<Vec<(Address, Audit)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(Audit, node), node.to_bytes().to_vec())]).await
}

/// Every probe that is under way.
pub async fn probes(chain: &(impl Chain + ?Sized)) -> Result<Vec<(Address, Probe)>, ClientError> {
    list(chain, &[]).await
}

/// A node's probe that is under way, if there is one.
pub async fn probe_of(
    chain: &(impl Chain + ?Sized),
    address: &Address,
    node: &Node,
) -> Result<Option<Probe>, ClientError> {
    match node.probes.checked_sub(1) {
        Some(number) if node.is_probed == 1 => find(chain, &address::probe(address, number)).await,
        _ => Ok(None),
    }
}

/// Every dispute that was not closed.
pub async fn disputes(chain: &(impl Chain + ?Sized)) -> Result<Vec<(Address, Dispute)>, ClientError> {
    list(chain, &[]).await
}

/// Every dispute that was not closed and whose rent `payer` paid.
pub async fn disputes_paid_by(
    chain: &(impl Chain + ?Sized),
    payer: &Address,
) -> Result<Vec<(Address, Dispute)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(Dispute, payer), payer.to_bytes().to_vec())]).await
}

/// The disputes of every account of evidence that `author` has open.
pub async fn evidence_of(chain: &(impl Chain + ?Sized), author: &Address) -> Result<Vec<Address>, ClientError> {
    let filter = (DISCRIMINATOR_LENGTH + std::mem::offset_of!(Evidence, author), author.to_bytes().to_vec());
    let found = chain.program_accounts(Evidence::DISCRIMINATOR, &[filter]).await?;
    Ok(found.iter().filter_map(|(_, account)| Some(evidence(account)?.0.dispute)).collect())
}

/// Reads an account of evidence: what stands in front, and the bytes behind it. `None` when it is none.
pub fn evidence(account: &RawAccount) -> Option<(Evidence, &[u8])> {
    if account.owner != address::PROGRAM {
        return None;
    }
    let rest = account.data.strip_prefix(Evidence::DISCRIMINATOR)?;
    let (head, bytes) = rest.split_at_checked(size_of::<Evidence>())?;
    Some((bytemuck::try_pod_read_unaligned(head).ok()?, bytes))
}

/// Every node.
pub async fn nodes(chain: &(impl Chain + ?Sized)) -> Result<Vec<(Address, Node)>, ClientError> {
    list(chain, &[]).await
}

/// Every node of an operator.
pub async fn nodes_of(chain: &(impl Chain + ?Sized), wallet: &Address) -> Result<Vec<(Address, Node)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(Node, operator), wallet.to_bytes().to_vec())]).await
}

/// Every node's record in an epoch.
pub async fn node_epochs(chain: &(impl Chain + ?Sized), number: u64) -> Result<Vec<(Address, NodeEpoch)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(NodeEpoch, epoch), number.to_le_bytes().to_vec())]).await
}

/// A job's record in an epoch, if it has one.
pub async fn job_epoch(
    chain: &(impl Chain + ?Sized),
    job: &Address,
    number: u64,
) -> Result<Option<JobEpoch>, ClientError> {
    find(chain, &address::job_epoch(job, number)).await
}

/// The compute client that a job or a record names; none where it names none, which is the zero address.
pub async fn client(chain: &(impl Chain + ?Sized), named: &Address) -> Result<Option<Client>, ClientError> {
    if *named == Address::default() {
        return Ok(None);
    }
    fetch(chain, named).await.map(Some)
}

/// Every record of what a requester's jobs spent in epochs.
pub async fn job_epochs_of(
    chain: &(impl Chain + ?Sized),
    requester: &Address,
) -> Result<Vec<(Address, JobEpoch)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(JobEpoch, requester), requester.to_bytes().to_vec())]).await
}

/// The emission schedule.
pub async fn schedule(chain: &(impl Chain + ?Sized)) -> Result<Schedule, ClientError> {
    fetch(chain, &address::schedule()).await
}

/// Every proposal, by number.
pub async fn proposals(chain: &(impl Chain + ?Sized)) -> Result<Vec<(Address, Proposal)>, ClientError> {
    let mut proposals = list::<Proposal>(chain, &[]).await?;
    proposals.sort_by_key(|(_, proposal)| proposal.number);
    Ok(proposals)
}

/// Everything said to a proposal.
pub async fn votes_of(chain: &(impl Chain + ?Sized), proposal: &Address) -> Result<Vec<(Address, Vote)>, ClientError> {
    list(chain, &[(std::mem::offset_of!(Vote, proposal), proposal.to_bytes().to_vec())]).await
}

/// A wallet's voting RENDER, if it ever locked any.
pub async fn vote_lock(chain: &(impl Chain + ?Sized), wallet: &Address) -> Result<Option<VoteLock>, ClientError> {
    find(chain, &address::vote_lock(wallet)).await
}

/// A token account's mint, owner and amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenAccount {
    /// Mint.
    pub mint: Address,
    /// Who may spend it.
    pub owner: Address,
    /// Base units.
    pub amount: u64,
}

/// A mint's authority, supply and decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mint {
    /// Who may mint; `None` when the supply is fixed.
    pub authority: Option<Address>,
    /// Base units in existence.
    pub supply: u64,
    /// Decimals.
    pub decimals: u8,
}

fn address_at(data: &[u8], offset: usize) -> Option<Address> {
    Some(Address::new_from_array(data.get(offset..offset + 32)?.try_into().ok()?))
}

fn number_at(data: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(data.get(offset..offset + 8)?.try_into().ok()?))
}

/// Reads a token account; layout of SPL Token: mint, owner, amount, ..., state at byte 108.
pub fn decode_token_account(account: &RawAccount) -> Option<TokenAccount> {
    if account.owner != address::TOKEN_PROGRAM || account.data.len() != 165 || account.data[108] == 0 {
        return None;
    }
    let data = &account.data;
    Some(TokenAccount { mint: address_at(data, 0)?, owner: address_at(data, 32)?, amount: number_at(data, 64)? })
}

/// Reads a mint; layout of SPL Token: optional authority, supply, decimals, initialized, optional freeze authority.
pub fn decode_mint(account: &RawAccount) -> Option<Mint> {
    let data = &account.data;
    if account.owner != address::TOKEN_PROGRAM || data.len() != 82 || data[45] == 0 {
        return None;
    }
    let authority = if data[0] == 1 { Some(address_at(data, 4)?) } else { None };
    Some(Mint { authority, supply: number_at(data, 36)?, decimals: data[44] })
}

/// Base units in a token account; 0 when the address is empty.
pub async fn token_balance(chain: &(impl Chain + ?Sized), address: &Address) -> Result<u64, ClientError> {
    let Some(account) = chain.account(address).await? else { return Ok(0) };
    let reason = || ClientError::WrongAccount {
        kind: "token account",
        address: *address,
        reason: "its content is of another type".to_owned(),
    };
    decode_token_account(&account).map(|account| account.amount).ok_or_else(reason)
}

/// A mint that must be there.
pub async fn mint(chain: &(impl Chain + ?Sized), address: &Address) -> Result<Mint, ClientError> {
    let account = chain.account(address).await?.ok_or(ClientError::NoAccount { kind: "mint", address: *address })?;
    decode_mint(&account).ok_or_else(|| ClientError::WrongAccount {
        kind: "mint",
        address: *address,
        reason: "its content is of another type".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<T: MarketAccount>(value: &T) -> Vec<u8> {
        [T::DISCRIMINATOR, bytemuck::bytes_of(value)].concat()
    }

    #[test]
    fn an_account_survives_its_bytes() {
        let mut job: Job = bytemuck::Zeroable::zeroed();
        job.nonce = 9;
        job.leases = 3;
        let read: Job = decode(&bytes(&job)).unwrap();
        assert_eq!((read.nonce, read.leases), (9, 3));
    }

    #[test]
    fn bytes_of_another_account_type_are_refused() {
        let job: Job = bytemuck::Zeroable::zeroed();
        assert!(decode::<Lease>(&bytes(&job)).is_none());
        assert!(decode::<Job>(&bytes(&job)[..100]).is_none());
        assert!(decode::<Job>(&[]).is_none());
    }
}
