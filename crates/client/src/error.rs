//! Reasons in sentences: the market's own codes, those of the programs it calls, and everything a client can run into.

use crate::{address, chain::ChainError, instruction};
use kernels::referee::RefereeError;
use market_model::MarketError;
use render_compute::errors::{MARKET_ERROR_OFFSET, RenderError};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_instruction_error::InstructionError;
use solana_transaction_error::TransactionError;
use std::{collections::BTreeMap, sync::LazyLock};

/// Why a client could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The chain did not answer or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The address that should hold an account is empty.
    #[error("there is no {kind} at {address}")]
    NoAccount {
        /// What was looked for.
        kind: &'static str,
        /// Where.
        address: Address,
    },
    /// The account is something else.
    #[error("the account at {address} is not a {kind}: {reason}")]
    WrongAccount {
        /// What was looked for.
        kind: &'static str,
        /// Where.
        address: Address,
        /// What does not fit.
        reason: String,
    },
    /// The manifest is not one.
    #[error(transparent)]
    Manifest(#[from] crate::manifest::ManifestError),
    /// The blob store did not do it.
    #[error(transparent)]
    Blob(#[from] crate::blob::BlobError),
    /// A rule of the market refused.
    #[error("{0}")]
    Refused(MarketError),
    /// The market's state does not allow it yet; the sentence says what to wait for.
    #[error("{0}")]
    NotYet(String),
}

/// First code of the market's own errors, as Anchor numbers them.
const RENDER_ERROR_OFFSET: u32 = 6_000;

/// The code that the chain reports for one of the program's errors.
pub const fn code_of(error: RenderError) -> u32 {
    RENDER_ERROR_OFFSET + error as u32
}

/// The code that the chain reports for a refusal by a rule of the market model.
pub const fn code_of_rule(error: MarketError) -> u32 {
    MARKET_ERROR_OFFSET + error.code()
}

/// Name and sentence of every [`RenderError`]. The program keeps them in attributes that vanish when it is compiled, so
/// they are read from the text of the same file: a second list could drift.
static RENDER_ERRORS: LazyLock<BTreeMap<u32, (&'static str, &'static str)>> =
    LazyLock::new(|| parse(include_str!("../../../programs/render-compute/src/errors.rs")));

fn parse(source: &'static str) -> BTreeMap<u32, (&'static str, &'static str)> {
    let mut table = BTreeMap::new();
    let mut sentence = None;
    for line in source.lines().map(str::trim) {
        // A long sentence stands on a line of its own between the attribute's brackets.
        let text = line.strip_prefix("#[msg(").unwrap_or(line);
        let text = text.strip_suffix(")]").unwrap_or(text);
        if let Some(text) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            sentence = Some(text);
        } else if let Some((name, number)) = line.strip_suffix(',').and_then(|variant| variant.split_once(" = "))
            && let (Ok(number), Some(text)) = (number.parse::<u32>(), sentence.take())
        {
            table.insert(RENDER_ERROR_OFFSET + number, (name, text));
        }
    }
    table
}

/// Name and sentence of a custom code of the market, when it is one.
pub fn describe(code: u32) -> Option<(String, &'static str)> {
    if let Some((name, sentence)) = RENDER_ERRORS.get(&code) {
        return Some(((*name).to_owned(), sentence));
    }
    let rule = code.checked_sub(MARKET_ERROR_OFFSET)?;
    let error = MarketError::ALL.iter().find(|error| error.code() == rule)?;
    Some((format!("{error:?}"), error.message()))
}

/// What the network's refusal of `instructions` means.
pub fn refusal(cause: TransactionError, instructions: &[Instruction], logs: Vec<String>) -> ChainError {
    let TransactionError::InstructionError(position, error) = &cause else {
        let message = sentence_of_network(&cause);
        return ChainError::Refused { code: None, message, logs, by_market: false, cause };
    };
    let sent = instructions.get(usize::from(*position));
    let program = innermost_failure(&logs).or(sent.map(|sent| sent.program_id));
    let by_market = program == Some(address::PROGRAM);
    let code = match error {
        InstructionError::Custom(code) => Some(*code),
        _ => None,
    };
    let reason = match code {
        Some(code) => match sent.filter(|_| !by_market).and_then(|sent| sentence_of_referee(sent, code)) {
            Some(sentence) => format!("the referee: {sentence}"),
            None => sentence_of_code(program, code),
        },
        None => error.to_string(),
    };
    let message = match sent {
        Some(sent) => format!("{}: {reason}", instruction::name(sent)),
        None => reason,
    };
    ChainError::Refused { code, message, logs, by_market, cause }
}

/// The program whose failure the others passed on: the first to say so.
fn innermost_failure(logs: &[String]) -> Option<Address> {
    logs.iter().find_map(|line| {
        let (program, _) = line.strip_prefix("Program ")?.split_once(" failed: ")?;
        program.parse().ok()
    })
}

fn sentence_of_code(program: Option<Address>, code: u32) -> String {
    let known = match program {
        Some(address::PROGRAM) => describe(code).map(|(_, sentence)| sentence).or(sentence_of_anchor(code)),
        Some(address::TOKEN_PROGRAM) => match code {
            1 => Some("the token account holds too little"),
            3 => Some("the token account belongs to another mint"),
            4 => Some("the signer does not own the token account"),
            5 => Some("the mint's supply is fixed"),
            17 => Some("the token account is frozen"),
            _ => None,
        },
        Some(address::SYSTEM_PROGRAM) => match code {
            0 => Some("the account exists already"),
            1 => Some("the payer holds too little SOL"),
            _ => None,
        },
        _ => None,
    };
    match (known, program) {
        (Some(sentence), _) => sentence.to_owned(),
        (None, Some(program)) => format!("program {program} refused with code {code}"),
        (None, None) => format!("refused with code {code}"),
    }
}

/// What the render engine's referee means, when the market asked it on behalf of this instruction. Which program is a referee, the
/// engines say; their codes are the same.
fn sentence_of_referee(sent: &Instruction, code: u32) -> Option<&'static str> {
    if !["dispute_prove", "dispute_unit"].contains(&instruction::name(sent).as_str()) {
        return None;
    }
    let number = code.checked_sub(RENDER_ERROR_OFFSET)?;
    RefereeError::ALL.into_iter().find(|error| error.code() == number).map(RefereeError::message)
}

/// Codes of Anchor's own account checks.
fn sentence_of_anchor(code: u32) -> Option<&'static str> {
    Some(match code {
        2_000 => "an account that is changed was passed read-only",
        2_001 | 2_012 => "an account is not the one that another account names",
        2_003 => "an account fails a check",
        2_005 => "an account has too little SOL for its size",
        2_011 => "an account would be closed into itself",
        2_020 => "an account that is needed was left out",
        2_040 => "the same account was passed twice to be changed",
        _ => return None,
    })
}

fn sentence_of_network(cause: &TransactionError) -> String {
    match cause {
        TransactionError::AccountNotFound => "the payer has no SOL; fund it first".to_owned(),
        TransactionError::InsufficientFundsForFee => "the payer has too little SOL for the fee".to_owned(),
        TransactionError::ProgramAccountNotFound => "the market program is not deployed on this network".to_owned(),
        TransactionError::InsufficientFundsForRent { account_index } => {
            format!("account {account_index} of the transaction would be left with too little SOL for its size")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed_in(program: Address, code: u32) -> String {
        let instructions = [instruction::job_cancel(&Address::default(), &Address::default())];
        let cause = TransactionError::InstructionError(0, InstructionError::Custom(code));
        let logs = vec![format!("Program {program} failed: custom program error: {code:#x}")];
        refusal(cause, &instructions, logs).to_string()
    }

    #[test]
    fn every_error_of_the_program_has_a_sentence() {
        let variants = include_str!("../../../programs/render-compute/src/errors.rs")
            .lines()
            .filter(|line| line.trim().strip_suffix(',').and_then(|line| line.split_once(" = ")).is_some())
            .count();
        assert_eq!(RENDER_ERRORS.len(), variants);
        assert_eq!(describe(code_of(RenderError::NodeFull)).unwrap().0, "NodeFull");
        assert_eq!(describe(code_of(RenderError::AlreadyClaimed)).unwrap().0, "AlreadyClaimed");
    }

    #[test]
    fn a_refusal_names_the_instruction_and_the_reason() {
        assert_eq!(failed_in(address::PROGRAM, code_of(RenderError::JobNotOpen)), "job_cancel: the job is not open");
    }

    #[test]
    fn a_refusal_by_a_rule_is_the_rules_sentence() {
        let code = code_of_rule(MarketError::PriceStale);
        assert_eq!(failed_in(address::PROGRAM, code), format!("job_cancel: {}", MarketError::PriceStale.message()));
    }

    #[test]
    fn a_refusal_by_the_referee_is_its_sentence() {
        let key = Address::default();
        let dispute = bytemuck::Zeroable::zeroed();
        let instructions = [instruction::dispute_prove(&key, &dispute, &key, 72, 1)];
        let cause = TransactionError::InstructionError(0, InstructionError::Custom(6_014));
        let referee = Address::new_from_array([4; 32]);
        let logs = vec![
            format!("Program {referee} failed: custom program error: 0x177e"),
            format!("Program {} failed: custom program error: 0x177e", address::PROGRAM),
        ];
        let expected = format!("dispute_prove: the referee: {}", RefereeError::MissingLeaf.message());
        assert_eq!(refusal(cause, &instructions, logs).to_string(), expected);
    }

    #[test]
    fn a_refusal_by_the_token_program_is_not_taken_for_the_markets() {
        assert_eq!(failed_in(address::TOKEN_PROGRAM, 1), "job_cancel: the token account holds too little");
        let instructions = [instruction::job_cancel(&Address::default(), &Address::default())];
        let cause = TransactionError::InstructionError(0, InstructionError::Custom(1));
        let logs = vec![
            format!("Program {} failed: custom program error: 0x1", address::TOKEN_PROGRAM),
            format!("Program {} failed: custom program error: 0x1", address::PROGRAM),
        ];
        let error = refusal(cause, &instructions, logs);
        assert!(!error.is(1));
        assert_eq!(error.code(), Some(1));
    }
}
