//! The committed PTX, as `cargo xtask ptx` made it from this crate; CI fails when it is not what the source makes.

/// PTX for one family of cards.
#[derive(Clone, Copy, Debug)]
pub struct Ptx {
    /// Least compute capability, as in 80 for 8.0.
    pub capability: u32,
    /// The text.
    pub text: &'static str,
}

/// From the newest family to the oldest: the first whose capability a card has is the card's.
pub const ALL: [Ptx; 2] = [
    Ptx { capability: 80, text: include_str!("../ptx/kernels.sm_80.ptx") },
    Ptx { capability: 75, text: include_str!("../ptx/kernels.sm_75.ptx") },
];

/// The PTX for a card of so much compute capability (80 for 8.0); `None` for cards older than the oldest family.
pub fn of(capability: u32) -> Option<&'static Ptx> {
    ALL.iter().find(|ptx| ptx.capability <= capability)
}
