//! Disputes: how two sides that disagree about a lease's root come down to one machine step.
//!
//! ```text
//! Units -> Unit -> Segments -> Segment -> Steps -> Step -> Decided -> Settled
//! ```
//!
//! The *defender* posted the root, the *challenger* denies it. Three times a range is divided: the lease's units, the segments of
//! one unit's trace (what lies between two of its boundaries), the steps of one segment. The defender posts the hashes of one
//! division and the challenger names one that it denies, until one unit, one boundary, one step is left. In between the defender
//! opens the unit's leaf (`Unit`) and shows the state before the denied one (`Segment`). In `Step` the last step is executed; that
//! proof is the challenger's burden, though anyone may bring it.
//!
//! * *Trees* (`Units`, `Segments`): a node of the tree covers the smallest power of two of leaves that leaves at most
//!   [`TREE_CHILDREN`] nodes. The leaves of a unit's trace are the boundaries 1..n-1 of n segments; boundary 0 is agreed and
//!   boundary n follows from the output. So at the top of `Segments` one more answer is possible: all that was posted is right and
//!   only the end is wrong.
//! * *Steps*: a range falls into at most [`STEP_PARTS`] parts as even as whole steps allow; the ends of all but the last are posted.
//!   The challenger names the first part whose end it denies, and so agrees with its beginning.
//! * Every move has `turn_seconds`: a deadline d is met at t <= d. Who is silent at t > d loses.
//!
//! This module knows numbers only: which ranges, whose turn, which deadline. What hashes say is the program's to check.

use crate::amount;
use crate::error::MarketError;

/// Most nodes of one division of a Merkle tree.
pub const TREE_CHILDREN: u64 = 16;
/// Most parts of one division of a range of steps; one hash less is posted.
pub const STEP_PARTS: u64 = 32;

/// A side of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The node that revealed the root.
    Defender,
    /// Who denies it.
    Challenger,
}

/// What the sides are about to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Which unit.
    Units,
    /// What the unit's leaf is made of.
    Unit,
    /// Which segment of the unit.
    Segments,
    /// The state at the segment's beginning.
    Segment,
    /// Which step of the segment.
    Steps,
    /// What the step gives.
    Step,
    /// There is a verdict.
    Decided,
    /// The loser has paid. Final.
    Settled,
}

impl From<Stage> for u8 {
    fn from(stage: Stage) -> u8 {
        match stage {
            Stage::Units => 0,
            Stage::Unit => 1,
            Stage::Segments => 2,
            Stage::Segment => 3,
            Stage::Steps => 4,
            Stage::Step => 5,
            Stage::Decided => 6,
            Stage::Settled => 7,
        }
    }
}

impl TryFrom<u8> for Stage {
    type Error = MarketError;

    fn try_from(code: u8) -> Result<Self, MarketError> {
        match code {
            0 => Ok(Stage::Units),
            1 => Ok(Stage::Unit),
            2 => Ok(Stage::Segments),
            3 => Ok(Stage::Segment),
            4 => Ok(Stage::Steps),
            5 => Ok(Stage::Step),
            6 => Ok(Stage::Decided),
            7 => Ok(Stage::Settled),
            _ => Err(MarketError::UnknownState),
        }
    }
}

/// How a dispute ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet.
    #[default]
    None,
    /// The executed step gave what the defender claimed.
    DefenderWins,
    /// The executed step gave something else.
    ChallengerWins,
    /// The defender missed its turn.
    DefenderSilent,
    /// The challenger missed its turn.
    ChallengerSilent,
}

impl From<Verdict> for u8 {
    fn from(verdict: Verdict) -> u8 {
        match verdict {
            Verdict::None => 0,
            Verdict::DefenderWins => 1,
            Verdict::ChallengerWins => 2,
            Verdict::DefenderSilent => 3,
            Verdict::ChallengerSilent => 4,
        }
    }
}

impl TryFrom<u8> for Verdict {
    type Error = MarketError;

    fn try_from(code: u8) -> Result<Self, MarketError> {
        match code {
            0 => Ok(Verdict::None),
            1 => Ok(Verdict::DefenderWins),
            2 => Ok(Verdict::ChallengerWins),
            3 => Ok(Verdict::DefenderSilent),
            4 => Ok(Verdict::ChallengerSilent),
            _ => Err(MarketError::UnknownState),
        }
    }
}

impl Verdict {
    /// Who won; nobody yet without a verdict.
    pub fn winner(self) -> Option<Party> {
        match self {
            Verdict::None => None,
            Verdict::DefenderWins | Verdict::ChallengerSilent => Some(Party::Defender),
            Verdict::ChallengerWins | Verdict::DefenderSilent => Some(Party::Challenger),
        }
    }

    /// Whether a turn was missed, rather than a step executed.
    pub fn is_by_silence(self) -> bool {
        matches!(self, Verdict::DefenderSilent | Verdict::ChallengerSilent)
    }
}

/// The parameters of disputes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputeRules {
    /// Time for one move, in seconds.
    pub turn_seconds: i64,
}

/// Leaves or steps next to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first.
    pub first: u64,
    /// How many; at least one.
    pub count: u64,
}

/// Leaves below one node when a tree of `count` leaves is divided: the smallest power of two that leaves at most
/// [`TREE_CHILDREN`] nodes.
pub fn tree_chunk(count: u64) -> u64 {
    let mut chunk = 1_u64;
    while count.div_ceil(chunk) > TREE_CHILDREN {
        // Cannot wrap: at 2^60 leaves below a node at most 16 nodes are left.
        chunk = chunk.wrapping_shl(1);
    }
    chunk
}

/// Nodes that one division of a tree of `count` leaves posts.
pub fn tree_parts(count: u64) -> u64 {
    count.div_ceil(tree_chunk(count))
}

/// Parts that one division of `count` steps makes; one hash less is posted.
pub fn step_parts(count: u64) -> u64 {
    count.min(STEP_PARTS)
}

/// The leaves below node `index` of a division of `range`.
pub fn tree_part(range: Part, index: u64) -> Result<Part, MarketError> {
    let chunk = tree_chunk(range.count);
    let skipped = amount::mul(index, chunk)?;
    let rest = range.count.checked_sub(skipped).filter(|rest| *rest > 0).ok_or(MarketError::NoSuchPart)?;
    Ok(Part { first: amount::add(range.first, skipped)?, count: rest.min(chunk) })
}

/// The steps of part `index` of a division of `range`: from floor(count x index / parts) to floor(count x (index + 1) / parts).
pub fn step_part(range: Part, index: u64) -> Result<Part, MarketError> {
    let parts = step_parts(range.count);
    if index >= parts {
        return Err(MarketError::NoSuchPart);
    }
    let begin = amount::mul_div(range.count, index, parts, amount::Round::Down)?;
    let end = amount::mul_div(range.count, amount::add(index, 1)?, parts, amount::Round::Down)?;
    Ok(Part { first: amount::add(range.first, begin)?, count: amount::sub(end, begin)? })
}

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Game {
    /// What is being settled.
    pub stage: Stage,
    /// How it ended.
    pub verdict: Verdict,
    /// The disputed unit; the lease's first unit while the stage is `Units`.
    pub unit: u64,
    /// First leaf or step under dispute, from 0 for the whole tree or segment.
    pub first: u64,
    /// Leaves or steps under dispute.
    pub count: u64,
    /// Hashes that wait for the challenger's pick; 0 while the defender is to move.
    pub posted: u8,
    /// Segments of the disputed unit's trace; 0 before the unit is open.
    pub segments: u64,
    /// Steps of one segment; 0 before the unit is open.
    pub segment_steps: u64,
    /// The disputed segment, from 0, once there is one.
    pub segment: u64,
    /// Latest moment of the next move, unix seconds.
    pub deadline: i64,
}

impl Game {
    /// A dispute over a lease of `units` units, the first of which is `first_unit`.
    pub fn open(first_unit: u64, units: u64, now: i64, rules: &DisputeRules) -> Result<Self, MarketError> {
        let game = Self {
            stage: Stage::Units,
            verdict: Verdict::None,
            unit: first_unit,
            first: 0,
            count: units,
            posted: 0,
            segments: 0,
            segment_steps: 0,
            segment: 0,
            deadline: amount::later(now, rules.turn_seconds)?,
        };
        if units == 0 {
            return Err(MarketError::LeaseWithoutUnits);
        }
        game.narrowed()
    }

    /// Whose move it is; nobody's once there is a verdict.
    pub fn turn(&self) -> Option<Party> {
        match self.stage {
            Stage::Units | Stage::Segments | Stage::Steps if self.posted > 0 => Some(Party::Challenger),
            Stage::Units | Stage::Unit | Stage::Segments | Stage::Segment | Stage::Steps => Some(Party::Defender),
            Stage::Step => Some(Party::Challenger),
            Stage::Decided | Stage::Settled => None,
        }
    }

    /// Refuses a move of a stage that leaves no choice of sides, where it is not that stage or the time has run out: what is to be asked
    /// of others before the move need not be asked then.
    pub fn check(&self, stage: Stage, now: i64) -> Result<(), MarketError> {
        if self.stage != stage {
            return Err(MarketError::WrongStage);
        }
        if now > self.deadline { Err(MarketError::TurnPassed) } else { Ok(()) }
    }

    /// Hashes that the defender's next division posts.
    pub fn hashes(&self) -> Result<u64, MarketError> {
        match self.stage {
            Stage::Units | Stage::Segments => Ok(tree_parts(self.count)),
            Stage::Steps => amount::sub(step_parts(self.count), 1),
            Stage::Unit | Stage::Segment | Stage::Step | Stage::Decided | Stage::Settled => {
                Err(MarketError::WrongStage)
            }
        }
    }

    /// Whether "all that was posted is right, only the end is wrong" is an answer: at the top of a unit's trace.
    pub fn may_deny_end(&self) -> bool {
        self.stage == Stage::Segments && self.first == 0 && Some(self.count) == self.segments.checked_sub(1)
    }

    /// The defender posts a division of that many hashes.
    pub fn divide(self, hashes: u64, now: i64, rules: &DisputeRules) -> Result<Self, MarketError> {
        let needed = self.hashes()?;
        self.require(Party::Defender, now)?;
        if hashes != needed {
            return Err(MarketError::WrongHashCount);
        }
        let posted = u8::try_from(hashes).map_err(|_| MarketError::WrongHashCount)?;
        Self { posted, ..self }.moved(now, rules)
    }

    /// The challenger names what it denies: node `index` of a tree, the end of the whole unit (index = number of nodes, where
    /// [`Game::may_deny_end`]), or part `index` of a range of steps.
    pub fn pick(self, index: u64, now: i64, rules: &DisputeRules) -> Result<Self, MarketError> {
        if !matches!(self.stage, Stage::Units | Stage::Segments | Stage::Steps) {
            return Err(MarketError::WrongStage);
        }
        self.require(Party::Challenger, now)?;
        let range = Part { first: self.first, count: self.count };
        let picked = Self { posted: 0, ..self }.moved(now, rules)?;
        if self.may_deny_end() && index == u64::from(self.posted) {
            return picked.begin_segment(amount::sub(self.segments, 1)?);
        }
        let part = match self.stage {
            Stage::Steps => step_part(range, index)?,
            _ => tree_part(range, index)?,
        };
        Self { first: part.first, count: part.count, ..picked }.narrowed()
    }

    /// The defender opens the unit's leaf; the referee says how long the unit's trace is. Fails with
    /// [`MarketError::TraceInvalid`] for a trace without steps, or of more than a `u64` counts.
    pub fn unit(self, segments: u64, segment_steps: u64, now: i64, rules: &DisputeRules) -> Result<Self, MarketError> {
        self.check(Stage::Unit, now)?;
        let steps = segments.checked_mul(segment_steps).ok_or(MarketError::TraceInvalid)?;
        let boundaries = segments.checked_sub(1).filter(|_| steps > 0).ok_or(MarketError::TraceInvalid)?;
        let opened = Self { segments, segment_steps, ..self }.moved(now, rules)?;
        if boundaries == 0 {
            return opened.begin_segment(0);
        }
        Ok(Self { stage: Stage::Segments, first: 0, count: boundaries, ..opened })
    }

    /// The defender shows the state at the disputed segment's beginning.
    pub fn segment(self, now: i64, rules: &DisputeRules) -> Result<Self, MarketError> {
        self.check(Stage::Segment, now)?;
        Self { stage: Stage::Steps, first: 0, count: self.segment_steps, ..self }.moved(now, rules)?.narrowed()
    }

    /// Somebody had the last step executed; `agrees` says whether it gave what the defender claimed.
    pub fn prove(self, agrees: bool, now: i64) -> Result<Self, MarketError> {
        self.check(Stage::Step, now)?;
        Ok(self.decided(if agrees { Verdict::DefenderWins } else { Verdict::ChallengerWins }))
    }

    /// Somebody ends a dispute whose deadline was missed.
    pub fn timeout(self, now: i64) -> Result<Self, MarketError> {
        let verdict = match self.turn() {
            Some(Party::Defender) => Verdict::DefenderSilent,
            Some(Party::Challenger) => Verdict::ChallengerSilent,
            None => return Err(MarketError::WrongStage),
        };
        if now <= self.deadline {
            return Err(MarketError::TurnNotPassed);
        }
        Ok(self.decided(verdict))
    }

    /// The loser pays; gives the winner.
    pub fn settle(self) -> Result<(Self, Party), MarketError> {
        match (self.stage, self.verdict.winner()) {
            (Stage::Decided, Some(winner)) => Ok((Self { stage: Stage::Settled, ..self }, winner)),
            _ => Err(MarketError::NotDecided),
        }
    }

    fn require(&self, party: Party, now: i64) -> Result<(), MarketError> {
        if self.turn() != Some(party) {
            return Err(match party {
                Party::Defender => MarketError::NotDefendersTurn,
                Party::Challenger => MarketError::NotChallengersTurn,
            });
        }
        if now > self.deadline { Err(MarketError::TurnPassed) } else { Ok(()) }
    }

    fn moved(self, now: i64, rules: &DisputeRules) -> Result<Self, MarketError> {
        Ok(Self { deadline: amount::later(now, rules.turn_seconds)?, ..self })
    }

    fn decided(self, verdict: Verdict) -> Self {
        Self { stage: Stage::Decided, verdict, posted: 0, ..self }
    }

    /// Where only one leaf or step is left, what comes next is another question.
    fn narrowed(self) -> Result<Self, MarketError> {
        match self.stage {
            Stage::Units if self.count == 1 => {
                Ok(Self { stage: Stage::Unit, unit: amount::add(self.unit, self.first)?, ..self })
            }
            // Leaf i of the trace is boundary i + 1, where segment i ends.
            Stage::Segments if self.count == 1 => self.begin_segment(self.first),
            Stage::Steps if self.count == 1 => Ok(Self { stage: Stage::Step, ..self }),
            _ => Ok(self),
        }
    }

    /// The first segment begins in the unit's first state, which is agreed; any other one in a state that the defender has to show.
    fn begin_segment(self, segment: u64) -> Result<Self, MarketError> {
        if segment > 0 {
            return Ok(Self { stage: Stage::Segment, segment, ..self });
        }
        Self { stage: Stage::Steps, segment, first: 0, count: self.segment_steps, ..self }.narrowed()
    }
}

/// Most divisions until one step is left: ceil(log16 units) + ceil(log16 boundaries) + ceil(log32 steps of a segment), and one
/// for a trace with a single boundary.
pub fn rounds(units: u64, segments: u64, segment_steps: u64) -> u32 {
    let boundaries = segments.saturating_sub(1);
    let single = u32::from(boundaries == 1);
    tree_rounds(units)
        .saturating_add(tree_rounds(boundaries))
        .saturating_add(single)
        .saturating_add(step_rounds(segment_steps))
}

/// Most moves of both sides until the verdict: two a division, the unit, the segment, the proof.
pub fn moves(units: u64, segments: u64, segment_steps: u64) -> u32 {
    rounds(units, segments, segment_steps).saturating_mul(2).saturating_add(3)
}

fn tree_rounds(mut count: u64) -> u32 {
    let mut rounds = 0_u32;
    while count > 1 {
        count = tree_chunk(count);
        rounds = rounds.saturating_add(1);
    }
    rounds
}

fn step_rounds(mut count: u64) -> u32 {
    let mut rounds = 0_u32;
    while count > 1 {
        count = count.div_ceil(STEP_PARTS);
        rounds = rounds.saturating_add(1);
    }
    rounds
}
