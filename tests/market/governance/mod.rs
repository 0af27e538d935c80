//! Locks, proposals and votes.

mod attacks;
mod proposal_advance;
mod proposal_cancel;
mod proposal_close;
mod proposal_execute;
mod proposal_open;
mod proposal_vote;
mod vote_close;
mod vote_lock_close;
mod vote_lock_deposit;
mod vote_lock_withdraw;
mod vote_vault_open;
