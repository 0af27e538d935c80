//! Playing a dispute: from the account on the chain and what a party stands for to the party's next move, its transactions,
//! and a description that people can read.
//!
//! The rules are `market_model::dispute`; the chain enforces them. [`next_move`] only knows how to play: which hashes to post
//! and which one to deny. It keeps no memory, so that a party can stop at any moment and go on from the account.

mod claim;
mod description;
mod evidence;
mod player;
mod probe;
#[cfg(test)]
mod tests;

pub use claim::{Claim, ClaimError, Recomputed};
pub use description::describe;
pub use evidence::{EVIDENCE_HEADER, instructions_for};
pub use market_model::dispute::Party;
pub use player::{Move, PlayError, game_of, next_move, party_name, party_of, turn};
pub use probe::RecomputedProbe;
