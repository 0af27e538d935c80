//! Builders of governance: locks, proposals, votes.

use crate::address::{self, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use market_model::{emission, governance};
use render_compute::{
    accounts,
    constants::{ACTION_AUTHORITY, ACTION_PARAMETERS, ACTION_PAUSE, ACTION_YEARS},
    instruction as data,
    state::Network,
};
use solana_address::Address;
use solana_instruction::Instruction;

pub use render_compute::instructions::{ChangeOrder, ProposalOrder};

/// What a proposal does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Changes parameters.
    Parameters(Vec<governance::ParameterChange>),
    /// Changes years of the emission schedule.
    Years(Vec<emission::YearChange>),
    /// Sets the pause bits.
    Pause(u64),
    /// Replaces the guardian.
    Authority(Address),
}

/// Arguments of [`proposal_open`].
#[derive(Clone, Debug)]
pub struct Proposing {
    /// Opens it; has locked RENDER.
    pub proposer: Address,
    /// What it does.
    pub action: Action,
    /// Skips the initial vote and needs the higher quorum.
    pub is_emergency: bool,
    /// What it is called: zero-padded UTF-8.
    pub title: [u8; 64],
    /// Where its reasons stand: zero-padded UTF-8.
    pub link: [u8; 96],
}

/// Hands the numbers over to proposals, for good.
pub fn network_govern(authority: &Address) -> Instruction {
    data::NetworkGovern {}.to_instruction(super::governance_accounts(authority))
}

/// Creates the token account that holds all voting RENDER.
pub fn vote_vault_open(payer: &Address, network: &Network) -> Instruction {
    data::VoteVaultOpen {}.to_instruction(accounts::VoteVaultOpen {
        payer: *payer,
        network: address::network(),
        mint: network.mint,
        vault: address::vote_vault(),
        token_program: TOKEN_PROGRAM,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Locks RENDER of `source` to vote with. The vault must exist: [`vote_vault_open`].
pub fn vote_lock_deposit(wallet: &Address, source: &Address, amount: u64) -> Instruction {
    data::VoteLockDeposit { amount }.to_instruction(accounts::VoteLockDeposit {
        wallet: *wallet,
        lock: address::vote_lock(wallet),
        source: *source,
        vault: address::vote_vault(),
        token_program: TOKEN_PROGRAM,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Takes RENDER out of a lock that no vote counts.
pub fn vote_lock_withdraw(wallet: &Address, destination: &Address, amount: u64) -> Instruction {
    data::VoteLockWithdraw { amount }.to_instruction(accounts::VoteLockWithdraw {
        wallet: *wallet,
        network: address::network(),
        lock: address::vote_lock(wallet),
        vault: address::vote_vault(),
        destination: *destination,
        token_program: TOKEN_PROGRAM,
    })
}

/// Removes an empty lock.
pub fn vote_lock_close(wallet: &Address) -> Instruction {
    data::VoteLockClose {}.to_instruction(accounts::VoteLockClose { wallet: *wallet, lock: address::vote_lock(wallet) })
}

fn latest_epoch(network: &Network) -> Option<Address> {
    (network.epoch > 0).then(|| address::epoch(network.epoch))
}

/// Opens the network's next proposal.
pub fn proposal_open(network: &Network, arguments: &Proposing) -> Instruction {
    let Proposing { proposer, action, is_emergency, title, link } = arguments;
    let mut order = ProposalOrder {
        action: ACTION_PARAMETERS,
        is_emergency: *is_emergency,
        key: Address::default(),
        pause: 0,
        title: *title,
        link: *link,
    };
    let mut changes = Vec::new();
    match action {
        Action::Parameters(values) => {
            changes.extend(values.iter().map(|change| ChangeOrder {
                subject: change.index,
                value: change.value,
                operations_bps: 0,
                creators_bps: 0,
            }));
        }
        Action::Years(years) => {
            order.action = ACTION_YEARS;
            changes.extend(years.iter().map(|change| ChangeOrder {
                subject: u64::from(change.year),
                value: change.amount,
                operations_bps: change.split.operations_bps,
                creators_bps: change.split.creators_bps,
            }));
        }
        Action::Pause(bits) => (order.action, order.pause) = (ACTION_PAUSE, *bits),
        Action::Authority(key) => (order.action, order.key) = (ACTION_AUTHORITY, *key),
    }
    data::ProposalOpen { number: network.proposals, order, changes }.to_instruction(accounts::ProposalOpen {
        proposer: *proposer,
        network: address::network(),
        lock: address::vote_lock(proposer),
        schedule: address::schedule(),
        epoch: latest_epoch(network),
        proposal: address::proposal(network.proposals),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Says yes or no to a proposal with all that the wallet has locked.
pub fn proposal_vote(wallet: &Address, number: u64, is_yes: bool) -> Instruction {
    let proposal = address::proposal(number);
    data::ProposalVote { is_yes }.to_instruction(accounts::ProposalVote {
        wallet: *wallet,
        proposal,
        lock: address::vote_lock(wallet),
        vote: address::vote(&proposal, wallet),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Counts a vote that has ended, or lets a proposal expire.
pub fn proposal_advance(network: &Network, number: u64) -> Instruction {
    data::ProposalAdvance {}.to_instruction(accounts::ProposalAdvance {
        network: address::network(),
        mint: network.mint,
        proposal: address::proposal(number),
    })
}

/// Puts an accepted proposal into force.
pub fn proposal_execute(network: &Network, number: u64) -> Instruction {
    data::ProposalExecute {}.to_instruction(accounts::ProposalExecute {
        network: address::network(),
        schedule: address::schedule(),
        epoch: latest_epoch(network),
        proposal: address::proposal(number),
    })
}

/// Calls a proposal off.
pub fn proposal_cancel(proposer: &Address, number: u64) -> Instruction {
    data::ProposalCancel {}
        .to_instruction(accounts::ProposalCancel { proposer: *proposer, proposal: address::proposal(number) })
}

/// Removes a proposal that is over; `proposer` opened it.
pub fn proposal_close(proposer: &Address, number: u64) -> Instruction {
    data::ProposalClose {}
        .to_instruction(accounts::ProposalClose { proposal: address::proposal(number), proposer: *proposer })
}

/// Removes a wallet's vote that counts no more.
pub fn vote_close(wallet: &Address, number: u64) -> Instruction {
    let proposal = address::proposal(number);
    data::VoteClose {}.to_instruction(accounts::VoteClose {
        proposal,
        vote: address::vote(&proposal, wallet),
        wallet: *wallet,
    })
}
