//! People who lock RENDER, propose and vote.

use crate::{World, world::RENDER};
use market_model::governance::{ParameterChange, Stage};
use market_model::parameters::position;
use render_compute::{events::*, state::*};
use render_compute_client::{
    Address, Keypair, Signer, address,
    chain::Confirmed,
    instruction::{self, Action, Proposing},
};

/// RENDER that a proposer locks under the default parameters.
pub const PROPOSER_LOCK: u64 = 10_000 * RENDER;
/// RENDER that decides a final vote: 15 % of the million that a world begins with.
pub const QUORUM: u64 = 150_000 * RENDER;
/// The same for an emergency: 20 %.
pub const EMERGENCY_QUORUM: u64 = 200_000 * RENDER;

/// Somebody who holds RENDER.
pub struct Voter {
    /// Signs.
    pub wallet: Keypair,
    /// RENDER account.
    pub render: Address,
}

impl Voter {
    /// The wallet's address.
    pub fn key(&self) -> Address {
        self.wallet.pubkey()
    }

    /// The wallet's lock.
    pub fn lock(&self) -> Address {
        address::vote_lock(&self.key())
    }
}

/// The change of parameters by their names.
pub fn set(changes: &[(&str, u64)]) -> Action {
    let change = |(name, value): &(&str, u64)| ParameterChange {
        index: position(name).expect("the parameter exists") as u64,
        value: *value,
    };
    Action::Parameters(changes.iter().map(change).collect())
}

/// Text as a proposal carries it.
pub fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    bytes
}

impl World {
    /// Somebody with RENDER, none of it locked. The vote vault exists.
    pub fn holder(&self, name: &str, amount: u64) -> Voter {
        if self.chain.read(&address::vote_vault()).is_none() {
            self.apply(instruction::vote_vault_open(&self.crank_key(), &self.network()), &[&self.crank]);
        }
        let wallet = self.wallet(name);
        let render = self.render(&wallet, amount);
        Voter { wallet, render }
    }

    /// Somebody who has locked this much RENDER.
    pub fn voter(&self, name: &str, amount: u64) -> Voter {
        let voter = self.holder(name, amount);
        self.deposit(&voter, amount);
        voter
    }

    /// Locks RENDER of a holder.
    pub fn deposit(&self, voter: &Voter, amount: u64) -> Confirmed {
        self.apply(instruction::vote_lock_deposit(&voter.key(), &voter.render, amount), &[&voter.wallet])
    }

    /// The arguments of an ordinary proposal.
    pub fn proposing(voter: &Voter, action: Action) -> Proposing {
        Proposing {
            proposer: voter.key(),
            action,
            is_emergency: false,
            title: padded("a title"),
            link: padded("https://example.org/reasons"),
        }
    }

    /// Opens an ordinary proposal; gives its number.
    pub fn propose(&self, voter: &Voter, action: Action) -> u64 {
        self.open_proposal(voter, &Self::proposing(voter, action))
    }

    /// Opens a proposal that skips the initial vote; gives its number.
    pub fn propose_emergency(&self, voter: &Voter, action: Action) -> u64 {
        self.open_proposal(voter, &Proposing { is_emergency: true, ..Self::proposing(voter, action) })
    }

    fn open_proposal(&self, voter: &Voter, arguments: &Proposing) -> u64 {
        let network = self.network();
        self.apply(instruction::proposal_open(&network, arguments), &[&voter.wallet]);
        network.proposals
    }

    /// Says yes or no with all that a voter has locked.
    pub fn cast(&self, voter: &Voter, number: u64, is_yes: bool) -> Confirmed {
        self.apply(instruction::proposal_vote(&voter.key(), number, is_yes), &[&voter.wallet])
    }

    /// A proposal by its number.
    #[track_caller]
    pub fn proposal(&self, number: u64) -> Proposal {
        self.get(&address::proposal(number))
    }

    /// Where a proposal stands.
    #[track_caller]
    pub fn stage(&self, number: u64) -> Stage {
        Stage::try_from(self.proposal(number).stage).expect("the market writes stages that exist")
    }

    /// Waits for the end of a proposal's vote and has it counted; gives the stage that follows.
    pub fn count(&self, number: u64) -> Stage {
        self.warp_to(self.proposal(number).ends_at);
        self.apply(instruction::proposal_advance(&self.network(), number), &[&self.crank]);
        self.stage(number)
    }

    /// Brings a proposal through both votes with one voter's yes, so that its timelock runs.
    pub fn accept_proposal(&self, voter: &Voter, number: u64) {
        if self.stage(number) == Stage::Initial {
            self.cast(voter, number, true);
            assert_eq!(self.count(number), Stage::Final);
        }
        self.cast(voter, number, true);
        assert_eq!(self.count(number), Stage::Queued);
    }

    /// The execution of a proposal by the network as it is now.
    pub fn executing(&self, number: u64) -> render_compute_client::Instruction {
        instruction::proposal_execute(&self.network(), number)
    }

    /// Proposes, votes, waits and executes; gives what the execution said.
    pub fn enact(&self, voter: &Voter, action: Action) -> Confirmed {
        let number = self.propose(voter, action);
        self.accept_proposal(voter, number);
        self.warp_to(self.proposal(number).ends_at);
        self.apply(self.executing(number), &[&self.crank])
    }
}

/// The event that says a proposal is in force.
pub fn executed(number: u64, action: u8) -> ProposalExecuted {
    ProposalExecuted { proposal: address::proposal(number), number, action: u64::from(action) }
}
