//! The chain over a node's JSON-RPC and websocket.

use super::{Chain, ChainClock, ChainError, ChangeSender, Changes, Confirmed, RawAccount, changes};
use crate::{address, error::refusal, event};
use async_trait::async_trait;
use futures_util::StreamExt;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_address::Address;
use solana_commitment_config::{CommitmentConfig, CommitmentLevel};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client::{nonblocking::rpc_client::RpcClient, rpc_client::SerializableTransaction};
use solana_rpc_client_api::{
    client_error::{Error as RpcFailure, ErrorKind},
    config::{
        RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcSendTransactionConfig, RpcTransactionConfig,
        RpcTransactionLogsConfig, RpcTransactionLogsFilter,
    },
    filter::{Memcmp, RpcFilterType},
    request::{RpcError, RpcResponseErrorData},
};
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;
use solana_transaction_status_client_types::UiTransactionEncoding;
use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

/// Accounts that `getMultipleAccounts` takes at once.
const MOST_ACCOUNTS: usize = 100;
/// Pause between two looks at a transaction that is under way.
const CONFIRMATION_PAUSE: Duration = Duration::from_millis(150);
/// Time after which a transaction that nobody has included is sent again as it is.
const RESEND_AFTER: Duration = Duration::from_secs(2);
/// Blockhashes that a transaction is tried with.
const ATTEMPTS: u32 = 4;
/// Tries of one request to a node that does not answer.
const TRIES: u32 = 5;
/// Silence on the websocket that means it is dead: slots come every 0.4 seconds.
const SILENCE: Duration = Duration::from_secs(20);
/// Longest pause between two tries to connect the websocket.
const MOST_BACKOFF: Duration = Duration::from_secs(15);
/// Signatures remembered: more than one client sends while a blockhash is the latest.
const MOST_GIVEN: usize = 1_024;
/// Pause between two looks at the slot while the websocket is down.
const POLL_PAUSE: Duration = Duration::from_millis(800);

/// How to reach a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcSettings {
    /// JSON-RPC address, `http://` or `https://`.
    pub url: String,
    /// Websocket address; `None` for the one that belongs to `url`, see [`RpcSettings::websocket_url`].
    pub websocket_url: Option<String>,
    /// Price of a compute unit in 10^-6 lamports, paid for priority; 0 pays none.
    pub priority_fee: u64,
}

impl RpcSettings {
    /// A node at `url` with everything else as usual.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), websocket_url: None, priority_fee: 0 }
    }

    /// The websocket's address: as given, or `url` with the scheme changed and, where it names a port, the next one.
    pub fn websocket_url(&self) -> String {
        if let Some(url) = &self.websocket_url {
            return url.clone();
        }
        let url = match self.url.split_once("://") {
            Some(("https", rest)) => format!("wss://{rest}"),
            Some((_, rest)) => format!("ws://{rest}"),
            None => format!("ws://{}", self.url),
        };
        let authority = url.find("://").map_or(0, |at| at + 3);
        let end = url[authority..].find('/').map_or(url.len(), |at| authority + at);
        let port = url[authority..end].rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        match port.and_then(|port| Some((port, port.checked_add(1)?))) {
            Some((port, next)) => {
                let host_end = end - port.to_string().len();
                format!("{}{next}{}", &url[..host_end], &url[end..])
            }
            None => url,
        }
    }
}

/// The chain as a node shows it, at commitment `confirmed`, and its time as the latest block has it. Cheap to clone; needs a
/// Tokio runtime.
#[derive(Clone)]
pub struct RpcChain {
    client: Arc<RpcClient>,
    settings: Arc<RpcSettings>,
    /// Signatures given out lately. The same instructions under the same blockhash are the same transaction, and sending it
    /// again would pass the first execution off as the second.
    given: Arc<Mutex<VecDeque<Signature>>>,
}

impl RpcChain {
    /// A chain behind a node. Connects when first used.
    pub fn new(settings: RpcSettings) -> Self {
        let client = RpcClient::new_with_timeout_and_commitment(
            settings.url.clone(),
            Duration::from_secs(20),
            CommitmentConfig::confirmed(),
        );
        Self { client: Arc::new(client), settings: Arc::new(settings), given: Arc::default() }
    }

    /// How the node is reached.
    pub fn settings(&self) -> &RpcSettings {
        &self.settings
    }

    /// Asks the network's faucet for SOL and waits for it. Test networks only.
    pub async fn request_airdrop(&self, to: &Address, lamports: u64) -> Result<Signature, ChainError> {
        let signature = self.ask(|| self.client.request_airdrop(to, lamports)).await?;
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if self.status(&signature).await?.is_some() {
                return Ok(signature);
            }
            sleep(CONFIRMATION_PAUSE).await;
        }
        Err(ChainError::NotTaken { attempts: 1 })
    }

    fn unreachable(&self, failure: &RpcFailure) -> ChainError {
        let reason = match failure.kind() {
            // The library's own sentence repeats the whole request.
            ErrorKind::Reqwest(error) => error
                .to_string()
                .split_once(" for url")
                .map_or_else(|| error.to_string(), |(reason, _)| reason.to_owned()),
            other => other.to_string(),
        };
        ChainError::Unreachable { url: redacted(&self.settings.url), reason }
    }

    /// Asks the node, again where it does not answer: reading changes nothing.
    async fn ask<T, F>(&self, request: impl Fn() -> F) -> Result<T, ChainError>
    where
        F: Future<Output = Result<T, RpcFailure>>,
    {
        let mut pause = Duration::from_millis(200);
        let mut tries = 1;
        loop {
            match request().await {
                Ok(answer) => return Ok(answer),
                Err(failure) if tries < TRIES && is_passing(&failure) => {
                    tracing::debug!(tries, %failure, "the node did not answer; asking again");
                    tries += 1;
                    sleep(pause).await;
                    pause *= 2;
                }
                Err(failure) => return Err(self.unreachable(&failure)),
            }
        }
    }

    /// Signs with the latest blockhash, or, when that gives a transaction that was sent before, with the next one.
    async fn sign(&self, message: &Message, signers: &[&Keypair]) -> Result<(Transaction, u64), ChainError> {
        loop {
            let (blockhash, last_block) =
                self.ask(|| self.client.get_latest_blockhash_with_commitment(CommitmentConfig::confirmed())).await?;
            let mut transaction = Transaction::new_unsigned(message.clone());
            transaction
                .try_sign(signers, blockhash)
                .map_err(|error| ChainError::Malformed(format!("signatures do not fit: {error}")))?;
            if self.is_first(transaction.get_signature()) {
                return Ok((transaction, last_block));
            }
            sleep(CONFIRMATION_PAUSE).await;
        }
    }

    fn is_first(&self, signature: &Signature) -> bool {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.contains(signature) {
            return false;
        }
        if given.len() == MOST_GIVEN {
            given.pop_front();
        }
        given.push_back(*signature);
        true
    }

    /// Slot and outcome of a transaction that is confirmed.
    async fn status(&self, signature: &Signature) -> Result<Option<(u64, Option<TransactionError>)>, ChainError> {
        let signatures = [*signature];
        let statuses = self.ask(|| self.client.get_signature_statuses(&signatures)).await?.value;
        Ok(statuses
            .into_iter()
            .flatten()
            .next()
            .filter(|status| status.satisfies_commitment(CommitmentConfig::confirmed()))
            .map(|status| (status.slot, status.err)))
    }

    /// Logs and compute units of an executed transaction; empty where the node keeps no record of it.
    async fn record(&self, signature: &Signature) -> (Vec<String>, u64) {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            max_supported_transaction_version: Some(0),
        };
        // The record is written shortly after the status.
        for _ in 0..20 {
            if let Ok(found) = self.client.get_transaction_with_config(signature, config).await
                && let Some(meta) = found.transaction.meta
            {
                let logs: Option<Vec<String>> = meta.log_messages.into();
                let units: Option<u64> = meta.compute_units_consumed.into();
                return (logs.unwrap_or_default(), units.unwrap_or_default());
            }
            sleep(CONFIRMATION_PAUSE).await;
        }
        tracing::warn!(%signature, "the node keeps no record of a confirmed transaction");
        (Vec::new(), 0)
    }

    /// Sends a signed transaction until it is confirmed. `None` when its blockhash has expired and it was not executed.
    async fn deliver(
        &self,
        transaction: &Transaction,
        instructions: &[Instruction],
        last_block: u64,
    ) -> Result<Option<Confirmed>, ChainError> {
        let signature = *transaction.get_signature();
        let mut preflight = true;
        let mut next_sending = Instant::now();
        loop {
            if Instant::now() >= next_sending {
                match self.submit(transaction, preflight).await {
                    Ok(()) => preflight = false,
                    Err(Submission::Refused(TransactionError::BlockhashNotFound, _)) if preflight => {
                        // A node behind a load balancer may not know the hash yet: it is looked at again below.
                    }
                    // An earlier sending was executed.
                    Err(Submission::Refused(TransactionError::AlreadyProcessed, _)) => preflight = false,
                    // After the first sending the transaction itself may be why a second one fails; its status decides.
                    Err(Submission::Refused(cause, logs)) if preflight => {
                        return Err(refusal(cause, instructions, logs));
                    }
                    Err(Submission::Refused(..)) => {}
                    Err(Submission::Failed(failure)) if is_passing(&failure) => {
                        // It may have arrived all the same: never rebuilt before it has expired.
                        preflight = false;
                        tracing::debug!(%failure, "sending failed; trying again");
                    }
                    Err(Submission::Failed(failure)) => return Err(self.unreachable(&failure)),
                }
                next_sending = Instant::now() + RESEND_AFTER;
            }
            if let Some(outcome) = self.status(&signature).await? {
                return self.conclude(signature, instructions, outcome).await.map(Some);
            }
            // Read before the last look at the status: a block that is confirmed past the limit shuts the transaction out.
            if self.ask(|| self.client.get_block_height()).await? > last_block {
                return match self.status(&signature).await? {
                    Some(outcome) => self.conclude(signature, instructions, outcome).await.map(Some),
                    None => Ok(None),
                };
            }
            sleep(CONFIRMATION_PAUSE).await;
        }
    }

    async fn submit(&self, transaction: &Transaction, preflight: bool) -> Result<(), Submission> {
        let config = RpcSendTransactionConfig {
            skip_preflight: !preflight,
            // The clock that the sender has read is the latest block's.
            preflight_commitment: Some(CommitmentLevel::Processed),
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        let Err(failure) = self.client.send_transaction_with_config(transaction, config).await else { return Ok(()) };
        let Some(cause) = failure.get_transaction_error() else { return Err(Submission::Failed(failure)) };
        let logs = match *failure.kind {
            ErrorKind::RpcError(RpcError::RpcResponseError {
                data: RpcResponseErrorData::SendTransactionPreflightFailure(result),
                ..
            }) => result.logs.unwrap_or_default(),
            _ => Vec::new(),
        };
        Err(Submission::Refused(cause, logs))
    }

    async fn conclude(
        &self,
        signature: Signature,
        instructions: &[Instruction],
        (slot, error): (u64, Option<TransactionError>),
    ) -> Result<Confirmed, ChainError> {
        let (logs, compute_units) = self.record(&signature).await;
        match error {
            Some(cause) => Err(refusal(cause, instructions, logs)),
            None => {
                let events = event::decode(&logs);
                Ok(Confirmed { signature, slot, compute_units, logs, events })
            }
        }
    }
}

enum Submission {
    Refused(TransactionError, Vec<String>),
    Failed(RpcFailure),
}

/// Whether a request that failed so may succeed when repeated.
fn is_passing(failure: &RpcFailure) -> bool {
    matches!(
        failure.kind(),
        ErrorKind::Io(_)
            | ErrorKind::Reqwest(_)
            | ErrorKind::Middleware(_)
            | ErrorKind::RpcError(RpcError::RpcRequestError(_))
            | ErrorKind::RpcError(RpcError::RpcResponseError { data: RpcResponseErrorData::NodeUnhealthy { .. }, .. })
    )
}

/// An address without what may be secret in it: user, path and query often carry a provider's key.
fn redacted(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}")
}

#[async_trait]
impl Chain for RpcChain {
    async fn clock(&self) -> Result<ChainClock, ChainError> {
        let account = self.account(&address::CLOCK).await?;
        // Clock: slot, epoch start, epoch, leader schedule epoch, unix timestamp; 8 bytes each.
        let word = |at: usize| account.as_ref()?.data.get(at..at + 8)?.try_into().ok();
        match (word(0), word(32)) {
            (Some(slot), Some(time)) => {
                Ok(ChainClock { slot: u64::from_le_bytes(slot), unix_timestamp: i64::from_le_bytes(time) })
            }
            _ => Err(ChainError::Unreachable {
                url: redacted(&self.settings.url),
                reason: "it shows no clock; is it a Solana node?".to_owned(),
            }),
        }
    }

    async fn account(&self, address: &Address) -> Result<Option<RawAccount>, ChainError> {
        Ok(self.accounts(std::slice::from_ref(address)).await?.pop().flatten())
    }

    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<RawAccount>>, ChainError> {
        let mut found = Vec::with_capacity(addresses.len());
        for part in addresses.chunks(MOST_ACCOUNTS) {
            let config = RpcAccountInfoConfig {
                encoding: Some(UiAccountEncoding::Base64),
                commitment: Some(commitment(part)),
                ..RpcAccountInfoConfig::default()
            };
            let answer = self.ask(|| self.client.get_multiple_ui_accounts_with_config(part, config.clone())).await?;
            for account in answer.value {
                found.push(account.map(|account| self.raw(&account)).transpose()?);
            }
        }
        if found.len() != addresses.len() {
            return Err(self.nonsense("it left accounts out of its answer"));
        }
        Ok(found)
    }

    async fn program_accounts(
        &self,
        discriminator: &[u8],
        filters: &[(usize, Vec<u8>)],
    ) -> Result<Vec<(Address, RawAccount)>, ChainError> {
        let first = (0, discriminator.to_vec());
        let filters = std::iter::once(&first)
            .chain(filters)
            .map(|(offset, bytes)| RpcFilterType::Memcmp(Memcmp::new_base58_encoded(*offset, bytes)))
            .collect();
        let config = RpcProgramAccountsConfig {
            filters: Some(filters),
            account_config: RpcAccountInfoConfig {
                encoding: Some(UiAccountEncoding::Base64),
                commitment: Some(CommitmentConfig::confirmed()),
                ..RpcAccountInfoConfig::default()
            },
            ..RpcProgramAccountsConfig::default()
        };
        let answer =
            self.ask(|| self.client.get_program_ui_accounts_with_config(&address::PROGRAM, config.clone())).await?;
        let mut accounts = answer
            .into_iter()
            .map(|(address, account)| Ok((address, self.raw(&account)?)))
            .collect::<Result<Vec<_>, ChainError>>()?;
        accounts.sort_by_key(|(address, _)| address.to_bytes());
        Ok(accounts)
    }

    /// Never executes twice: the same signed bytes are repeated until they are executed or their blockhash has expired
    /// unused, and only then are they rebuilt. Apart from that the market's instructions are idempotent by state: one that
    /// was executed is refused when it comes again.
    async fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Confirmed, ChainError> {
        let payer = signers.first().ok_or_else(|| ChainError::Malformed("nobody signs".to_owned()))?;
        let mut all = Vec::with_capacity(instructions.len() + 1);
        all.extend_from_slice(instructions);
        // Behind the others, so that positions in refusals are the caller's.
        if self.settings.priority_fee > 0 {
            all.push(ComputeBudgetInstruction::set_compute_unit_price(self.settings.priority_fee));
        }
        let message = super::message(&all, &payer.pubkey())?;
        for _ in 0..ATTEMPTS {
            let (transaction, last_block) = self.sign(&message, signers).await?;
            if let Some(confirmed) = self.deliver(&transaction, &all, last_block).await? {
                return Ok(confirmed);
            }
            tracing::warn!("a transaction's blockhash expired before anyone included it; building it again");
        }
        Err(ChainError::NotTaken { attempts: ATTEMPTS })
    }

    async fn changes(&self) -> Result<Changes, ChainError> {
        let (sender, changes) = changes();
        tokio::spawn(follow(self.clone(), sender));
        Ok(changes)
    }
}

impl RpcChain {
    fn nonsense(&self, reason: &str) -> ChainError {
        ChainError::Unreachable { url: redacted(&self.settings.url), reason: reason.to_owned() }
    }

    fn raw(&self, account: &solana_account_decoder_client_types::UiAccount) -> Result<RawAccount, ChainError> {
        let data = account.data.decode().ok_or_else(|| self.nonsense("an account in its answer is unreadable"))?;
        let owner = account.owner.parse().map_err(|_| self.nonsense("an account in its answer has no owner"))?;
        Ok(RawAccount { lamports: account.lamports, owner, data })
    }
}

/// Time and slot hashes are read from the latest block: the confirmed one is a slot or two late, which loses races, and what a
/// block that is given up said of the time costs a refusal at most. Everything else is read when it is confirmed.
fn commitment(addresses: &[Address]) -> CommitmentConfig {
    let is_sysvar = |address: &Address| [address::CLOCK, address::SLOT_HASHES].contains(address);
    if addresses.iter().all(is_sysvar) { CommitmentConfig::processed() } else { CommitmentConfig::confirmed() }
}

/// Passes on slots and events until nobody follows: from the websocket, and by polling while it is down.
async fn follow(chain: RpcChain, sender: ChangeSender) {
    let mut backoff = Duration::from_millis(500);
    while sender.is_followed() {
        let connected = Instant::now();
        if let Err(reason) = listen(&chain, &sender).await {
            tracing::warn!(%reason, "the websocket is down; polling until it is back");
        }
        if connected.elapsed() > MOST_BACKOFF {
            backoff = Duration::from_millis(500);
        }
        let reconnect_at = Instant::now() + backoff;
        backoff = (backoff * 2).min(MOST_BACKOFF);
        while sender.is_followed() {
            // Events of the gap are lost: the follower must read accounts.
            if let Ok(slot) = chain.client.get_slot().await {
                sender.push(slot, &[], true);
            }
            if Instant::now() >= reconnect_at {
                break;
            }
            sleep(POLL_PAUSE).await;
        }
    }
}

/// Listens until the connection ends or nobody follows any more.
async fn listen(chain: &RpcChain, sender: &ChangeSender) -> Result<(), String> {
    let client = timeout(SILENCE, PubsubClient::new(chain.settings.websocket_url()))
        .await
        .map_err(|_| "it does not answer".to_owned())?
        .map_err(|error| error.to_string())?;
    let filter = RpcTransactionLogsFilter::Mentions(vec![address::PROGRAM.to_string()]);
    let config = RpcTransactionLogsConfig { commitment: Some(CommitmentConfig::confirmed()) };
    let subscriptions = async { tokio::try_join!(client.slot_subscribe(), client.logs_subscribe(filter, config)) };
    let ((mut slots, _), (mut logs, _)) = timeout(SILENCE, subscriptions)
        .await
        .map_err(|_| "it takes no subscription".to_owned())?
        .map_err(|error| error.to_string())?;
    // Whatever happened before the subscription began is unknown.
    let mut missed = true;
    while sender.is_followed() {
        tokio::select! {
            slot = timeout(SILENCE, slots.next()) => match slot {
                Ok(Some(slot)) => { sender.push(slot.slot, &[], std::mem::take(&mut missed)); }
                Ok(None) => return Err("it was closed".to_owned()),
                Err(_) => return Err("it fell silent".to_owned()),
            },
            entry = logs.next() => match entry {
                Some(entry) if entry.value.err.is_none() => {
                    sender.push(entry.context.slot, &event::decode(&entry.value.logs), std::mem::take(&mut missed));
                }
                Some(_) => {}
                None => return Err("it was closed".to_owned()),
            },
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn websocket_of(url: &str) -> String {
        RpcSettings::new(url).websocket_url()
    }

    #[test]
    fn the_websocket_of_a_node_with_a_port_is_the_next_port() {
        assert_eq!(websocket_of("http://127.0.0.1:8899"), "ws://127.0.0.1:8900");
        assert_eq!(websocket_of("http://127.0.0.1:8899/path"), "ws://127.0.0.1:8900/path");
    }

    #[test]
    fn the_websocket_of_a_node_without_a_port_is_the_same_address() {
        assert_eq!(websocket_of("https://api.devnet.solana.com"), "wss://api.devnet.solana.com");
        assert_eq!(websocket_of("https://host/key/1:2"), "wss://host/key/1:2");
    }

    #[test]
    fn a_websocket_that_is_given_is_taken_as_it_is() {
        let settings =
            RpcSettings { websocket_url: Some("ws://other:1".to_owned()), ..RpcSettings::new("http://127.0.0.1:8899") };
        assert_eq!(settings.websocket_url(), "ws://other:1");
    }

    #[test]
    fn keys_in_an_address_are_not_shown() {
        assert_eq!(redacted("https://user:secret@host:1/key?api-key=secret"), "https://host:1");
    }

    #[tokio::test]
    async fn a_node_that_is_not_there_is_named_in_the_error() {
        // Port 1 of the loopback refuses connections at once.
        let error = RpcChain::new(RpcSettings::new("http://127.0.0.1:1")).clock().await.unwrap_err();
        assert!(error.to_string().starts_with("the RPC node at http://127.0.0.1:1 does not answer: "), "{error}");
    }
}
