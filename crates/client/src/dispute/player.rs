//! The next move of a party, as a function of the account and of what the party stands for.

use super::claim::{Claim, ClaimError};
use kernels::{
    attestation::unit_leaf,
    merkle::{self, Digest, Tree},
};
use market_model::{
    MarketError,
    dispute::{Game, Part, Party, Stage, step_part, step_parts, tree_chunk},
};
use render_compute::state::Dispute;
use solana_address::Address;

/// A move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// The defender shows the hashes that the disputed part divides into.
    Divide(Vec<Digest>),
    /// The challenger names the first part that it denies.
    Pick(u8),
    /// The defender shows the disputed unit's output and the root of its trace.
    Unit {
        /// Digest of the output.
        output: Digest,
        /// Root of the trace.
        trace: Digest,
    },
    /// The defender shows the state before the disputed segment.
    Segment {
        /// Hash of the state.
        hash: Digest,
        /// Its proof in the trace.
        proof: Vec<Digest>,
    },
    /// The challenger has the disputed step executed on the chain, with this evidence.
    Prove(Vec<u8>),
}

impl Move {
    /// What the move is called in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Divide(_) => "divide",
            Self::Pick(_) => "pick",
            Self::Unit { .. } => "unit",
            Self::Segment { .. } => "segment",
            Self::Prove(_) => "prove",
        }
    }
}

/// Why a party has no move although it is its turn.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The account holds a stage or numbers that no game reaches.
    #[error("the dispute is in a state that no game reaches: {0}")]
    Malformed(String),
    /// What the party stands for is not what the account says it stands for: it cannot defend that.
    #[error("the {what} under dispute is not the one that this party computed, so it has no move")]
    CannotDefend {
        /// What differs.
        what: &'static str,
    },
    /// Everything that the defender shows is what the challenger computed itself.
    #[error("every hash that the defender shows is right: there is nothing to deny")]
    NothingToDeny,
    /// The party's own side cannot be computed.
    #[error(transparent)]
    Claim(#[from] ClaimError),
}

impl From<MarketError> for PlayError {
    fn from(error: MarketError) -> Self {
        Self::Malformed(error.message().to_owned())
    }
}

/// What a side is called.
pub fn party_name(party: Party) -> &'static str {
    match party {
        Party::Defender => "defender",
        Party::Challenger => "challenger",
    }
}

/// The side that `key` signs for, when it is a party.
pub fn party_of(dispute: &Dispute, key: &Address) -> Option<Party> {
    if dispute.defender_key == *key {
        Some(Party::Defender)
    } else if dispute.challenger_key == *key {
        Some(Party::Challenger)
    } else {
        None
    }
}

/// The numbers of the game as the account holds them.
///
/// # Errors
/// [`PlayError::Malformed`].
pub fn game_of(dispute: &Dispute) -> Result<Game, PlayError> {
    dispute.game().map_err(|_| PlayError::Malformed("its stage or verdict does not exist".to_owned()))
}

/// Whose move the dispute waits for; `None` once it is decided.
///
/// # Errors
/// [`PlayError::Malformed`].
pub fn turn(dispute: &Dispute) -> Result<Option<Party>, PlayError> {
    Ok(game_of(dispute)?.turn())
}

/// The move of `party`, or `None` while it is not its turn. Does not look at the clock: a move after the deadline is refused.
///
/// A defender posts what it computed; a challenger denies the first hash that it computed differently. A party that computed
/// what is true therefore wins whatever the other does.
///
/// # Errors
/// [`PlayError`]: the party has no move, and its time runs.
pub fn next_move(dispute: &Dispute, party: Party, claim: &mut dyn Claim) -> Result<Option<Move>, PlayError> {
    let game = game_of(dispute)?;
    if game.turn() != Some(party) {
        return Ok(None);
    }
    let next = match (game.stage, party) {
        (Stage::Units | Stage::Segments, Party::Defender) => {
            let hashes = children(&game, claim)?;
            if merkle::root_of(&mut hashes.clone()) != dispute.root {
                return Err(PlayError::CannotDefend { what: "tree" });
            }
            Move::Divide(hashes)
        }
        (Stage::Units | Stage::Segments, Party::Challenger) => {
            Move::Pick(denied_child(&game, posted(dispute)?, claim)?)
        }
        (Stage::Unit, _) => {
            let unit = claim.unit(game.unit)?;
            if unit_leaf(game.unit, &unit.output, unit.steps, &unit.trace) != dispute.root {
                return Err(PlayError::CannotDefend { what: "unit" });
            }
            Move::Unit { output: unit.output, trace: unit.trace }
        }
        (Stage::Segment, _) => segment(&game, &dispute.trace, claim)?,
        (Stage::Steps, Party::Defender) => Move::Divide(claim.states(game.unit, game.segment, &step_ends(&game)?)?),
        (Stage::Steps, Party::Challenger) => {
            let own = claim.states(game.unit, game.segment, &step_ends(&game)?)?;
            let differing = own.iter().zip(posted(dispute)?).position(|(own, shown)| own != shown);
            // Where all of them are right, the last part is denied: its end is denied already.
            Move::Pick(index(differing.unwrap_or(own.len()))?)
        }
        (Stage::Step, _) => Move::Prove(claim.evidence(game.unit, game.segment, game.first)?),
        (Stage::Decided | Stage::Settled, _) => return Ok(None),
    };
    Ok(Some(next))
}

fn index(position: usize) -> Result<u8, PlayError> {
    u8::try_from(position).map_err(|_| PlayError::Malformed("there are more parts than a division has".into()))
}

fn posted(dispute: &Dispute) -> Result<&[Digest], PlayError> {
    let too_many = || PlayError::Malformed("more hashes are posted than the account holds".into());
    dispute.hashes.get(..usize::from(dispute.posted)).ok_or_else(too_many)
}

/// The leaves of the tree that the stage is about, as the party has them.
fn leaves(game: &Game, claim: &mut dyn Claim) -> Result<Vec<Digest>, PlayError> {
    if game.stage != Stage::Units {
        return Ok(claim.boundaries(game.unit)?);
    }
    let units = claim.units();
    units
        .map(|unit| {
            let own = claim.unit(unit)?;
            Ok(unit_leaf(unit, &own.output, own.steps, &own.trace))
        })
        .collect()
}

/// The nodes that the disputed subtree divides into, as the party has them.
fn children(game: &Game, claim: &mut dyn Claim) -> Result<Vec<Digest>, PlayError> {
    let nodes = Tree::new(leaves(game, claim)?).nodes(game.first, game.count, tree_chunk(game.count));
    nodes.ok_or(PlayError::CannotDefend { what: "number of leaves" })
}

/// The first posted node that the challenger has otherwise. At the top of a trace all may be right and only the final state
/// wrong: then it is one more.
fn denied_child(game: &Game, posted: &[Digest], claim: &mut dyn Claim) -> Result<u8, PlayError> {
    let own = children(game, claim)?;
    match own.iter().zip(posted).position(|(own, shown)| own != shown) {
        Some(position) => index(position),
        None if game.may_deny_end() => index(posted.len()),
        None => Err(PlayError::NothingToDeny),
    }
}

/// The boundary before the disputed segment, which both sides take for right: the challenger denied none before it.
fn segment(game: &Game, trace: &Digest, claim: &mut dyn Claim) -> Result<Move, PlayError> {
    let tree = claim.boundaries(game.unit)?;
    // The boundary before the first segment is the start, which follows from the job; the tree begins with the next one.
    let leaf = game.segment.checked_sub(1);
    let hash = leaf.and_then(|leaf| tree.get(usize::try_from(leaf).ok()?).copied());
    let (Some(leaf), Some(hash)) = (leaf, hash) else {
        return Err(PlayError::Malformed(format!("unit {} has no segment {}", game.unit, game.segment)));
    };
    let tree = Tree::new(tree);
    if tree.root() != *trace {
        return Err(PlayError::CannotDefend { what: "trace" });
    }
    Ok(Move::Segment { hash, proof: tree.proof(leaf).unwrap_or_default() })
}

/// Ends of all parts of the disputed range of steps but the last one, as steps since the segment began.
fn step_ends(game: &Game) -> Result<Vec<u64>, PlayError> {
    let range = Part { first: game.first, count: game.count };
    let ends = 1..step_parts(game.count);
    ends.map(|index| Ok(step_part(range, index)?.first)).collect()
}
