//! The seam between the market's users and a Solana network: one trait, implemented over RPC and websocket here and over an
//! in-process SVM in `local-chain`.

mod changes;
#[cfg(feature = "rpc")]
mod rpc;

pub use changes::{Change, ChangeSender, Changes, changes};
#[cfg(feature = "rpc")]
pub use rpc::{RpcChain, RpcSettings};

use crate::event::Event;
use async_trait::async_trait;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;

/// The chain's own time; nothing in the market reads another clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainClock {
    /// Current slot.
    pub slot: u64,
    /// Unix seconds.
    pub unix_timestamp: i64,
}

/// An account as the chain stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAccount {
    /// Balance.
    pub lamports: u64,
    /// Program that owns it.
    pub owner: Address,
    /// Content, discriminator included.
    pub data: Vec<u8>,
}

/// A transaction that the chain has executed and confirmed.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// Its signature.
    pub signature: Signature,
    /// Slot it was executed in.
    pub slot: u64,
    /// Compute units it used. 0 where the node keeps no record of transactions.
    pub compute_units: u64,
    /// What its programs logged. Empty where the node keeps no record of transactions.
    pub logs: Vec<String>,
    /// The market's events in the logs.
    pub events: Vec<Event>,
}

/// Why a request to the chain had no result.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A program refused the transaction, or the network did before any program ran. Nothing was changed.
    #[error("{message}")]
    Refused {
        /// Custom code of the program that refused; `None` when the runtime refused.
        code: Option<u32>,
        /// The reason as a sentence, with the name of the instruction in front.
        message: String,
        /// What the programs logged.
        logs: Vec<String>,
        /// Whether the market refused itself, not a program it called or the runtime.
        by_market: bool,
        /// The network's own words.
        cause: TransactionError,
    },
    /// The node could not be reached or did not answer as a node does.
    #[error("the RPC node at {url} does not answer: {reason}")]
    Unreachable {
        /// Address of the node.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The transaction was neither executed nor refused in the time given. It is certain that it will not be executed later.
    #[error("the network did not take the transaction in {attempts} attempts; try again when it is less busy")]
    NotTaken {
        /// Number of times a blockhash ran out.
        attempts: u32,
    },
    /// The caller made a transaction that no network would take.
    #[error("the transaction cannot be built: {0}")]
    Malformed(String),
}

impl ChainError {
    /// The custom code of the program that refused.
    pub fn code(&self) -> Option<u32> {
        match self {
            Self::Refused { code, .. } => *code,
            _ => None,
        }
    }

    /// Whether the market refused with this code; see [`crate::error::code_of`] and [`crate::error::code_of_rule`].
    pub fn is(&self, wanted: u32) -> bool {
        matches!(self, Self::Refused { code: Some(code), by_market: true, .. } if *code == wanted)
    }
}

/// Bytes a signed transaction may have.
pub const MOST_TRANSACTION_BYTES: usize = 1_232;

/// Bytes of a signed transaction: a count below 128, the signatures and the message.
pub fn transaction_bytes(message: &Message) -> usize {
    1 + 64 * usize::from(message.header.num_required_signatures) + message.serialize().len()
}

/// The message of a transaction that `payer` pays for, or why no network would take it.
pub fn message(instructions: &[Instruction], payer: &Address) -> Result<Message, ChainError> {
    let message = Message::new(instructions, Some(payer));
    let bytes = transaction_bytes(&message);
    if bytes > MOST_TRANSACTION_BYTES {
        let reason = format!("it has {bytes} bytes; at most {MOST_TRANSACTION_BYTES} are allowed");
        return Err(ChainError::Malformed(reason));
    }
    Ok(message)
}

/// A Solana network with the market on it.
#[async_trait]
pub trait Chain: Send + Sync {
    /// The chain's time.
    async fn clock(&self) -> Result<ChainClock, ChainError>;

    /// An account, or `None` when the address is empty.
    async fn account(&self, address: &Address) -> Result<Option<RawAccount>, ChainError>;

    /// Several accounts, in the order of the addresses.
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<RawAccount>>, ChainError>;

    /// The market's accounts that begin with `discriminator` and hold each filter's bytes at its offset in the account data
    /// (discriminator included), sorted by address.
    async fn program_accounts(
        &self,
        discriminator: &[u8],
        filters: &[(usize, Vec<u8>)],
    ) -> Result<Vec<(Address, RawAccount)>, ChainError>;

    /// Executes the instructions in one transaction and waits until it is confirmed. `signers[0]` pays the fees.
    ///
    /// A transaction is rebuilt with another blockhash only after its first blockhash has expired unused, so that it is never
    /// executed twice.
    async fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Confirmed, ChainError>;

    /// News of the chain from now on.
    async fn changes(&self) -> Result<Changes, ChainError>;
}

#[async_trait]
impl<T: Chain + ?Sized> Chain for std::sync::Arc<T> {
    async fn clock(&self) -> Result<ChainClock, ChainError> {
        (**self).clock().await
    }

    async fn account(&self, address: &Address) -> Result<Option<RawAccount>, ChainError> {
        (**self).account(address).await
    }

    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<RawAccount>>, ChainError> {
        (**self).accounts(addresses).await
    }

    async fn program_accounts(
        &self,
        discriminator: &[u8],
        filters: &[(usize, Vec<u8>)],
    ) -> Result<Vec<(Address, RawAccount)>, ChainError> {
        (**self).program_accounts(discriminator, filters).await
    }

    async fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Confirmed, ChainError> {
        (**self).send(instructions, signers).await
    }

    async fn changes(&self) -> Result<Changes, ChainError> {
        (**self).changes().await
    }
}
