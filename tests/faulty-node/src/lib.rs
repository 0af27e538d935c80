//! Nodes that cheat, each in one way, and otherwise do all that a node does: they win leases in the race, commit, reveal, defend
//! themselves and ask for their pay. For tests and the demo; no part of the product, and no part of the product knows it.
//!
//! The honest player of `render_compute_client::dispute` plays for them too, on a bent [`Claim`](render_compute_client::dispute::Claim):
//! they defend themselves as well as the rules let them.

mod lie;
mod node;

pub use lie::{Forged, Lie};
pub use node::FaultyNode;

use std::{fmt, str::FromStr};

/// A way to cheat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One bit of one channel of one pixel is another.
    FlipBit,
    /// Every pixel is the same grey.
    Constant,
    /// The sums are what half of the samples would give.
    SkipSamples,
    /// The root is that of somebody else's lease.
    CopyRoot,
    /// The output is right and the trace is not.
    WrongTrace,
    /// The trace is right and the output is not.
    WrongOutput,
    /// All is right, but the result's bytes are never published and no move is made.
    Withhold,
    /// Claims, and does nothing more.
    NeverDeliver,
    /// Reveals with a salt that was not committed to.
    WrongSalt,
    /// One bit is another, and after so many moves of a dispute it says nothing more.
    Silent(u32),
    /// One bit is another, and it divides steps into rubbish.
    Garbage,
}

impl Mode {
    /// Every mode that reveals a root which an honest node's differs from.
    pub const FALSE_ROOTS: [Mode; 8] = [
        Mode::FlipBit,
        Mode::Constant,
        Mode::SkipSamples,
        Mode::CopyRoot,
        Mode::WrongTrace,
        Mode::WrongOutput,
        Mode::Silent(0),
        Mode::Garbage,
    ];
}

const NAMES: [(&str, Mode); 10] = [
    ("flip-bit", Mode::FlipBit),
    ("constant", Mode::Constant),
    ("skip-samples", Mode::SkipSamples),
    ("copy-root", Mode::CopyRoot),
    ("wrong-trace", Mode::WrongTrace),
    ("wrong-output", Mode::WrongOutput),
    ("withhold", Mode::Withhold),
    ("never-deliver", Mode::NeverDeliver),
    ("wrong-salt", Mode::WrongSalt),
    ("garbage", Mode::Garbage),
];

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mode::Silent(moves) => write!(formatter, "silent:{moves}"),
            mode => formatter.write_str(NAMES.iter().find(|(_, named)| named == mode).map_or("", |(name, _)| name)),
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(moves) = text.strip_prefix("silent:") {
            return moves.parse().map(Mode::Silent).map_err(|_| format!("mode: {moves} is not a number of moves"));
        }
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, mode)| *mode).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("mode: {text} is none of {}, silent:N", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_has_a_name_that_reads_back() {
        for mode in NAMES.map(|(_, mode)| mode).into_iter().chain([Mode::Silent(3)]) {
            assert_eq!(mode.to_string().parse::<Mode>(), Ok(mode));
        }
        assert!("flip-bits".parse::<Mode>().is_err());
    }
}
