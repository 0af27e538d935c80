//! Owns all randomness: a number is a pure function of the seed and of what it decides, so that two worlds that differ in one agent
//! see the same luck everywhere else.

use kernels::rng;

/// Numbers of one seed.
#[derive(Clone, Copy, Debug)]
pub struct Random {
    seed: u64,
}

impl Random {
    /// Which week follows the published ones.
    pub const DEMAND: u32 = 1;
    /// Properties of a node.
    pub const NODE: u32 = 2;
    /// Properties of a bundle of leases.
    pub const BUNDLE: u32 = 3;
    /// The race for a bundle.
    pub const RACE: u32 = 4;
    /// The lottery of audits.
    pub const LOTTERY: u32 = 5;
    /// The race for an audit.
    pub const AUDIT: u32 = 6;

    /// The numbers of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Two uniform numbers for subject `what`, and its parts `first` and `second`.
    pub fn pair(self, what: u32, first: u64, second: u32) -> (u64, u64) {
        let [w, x, y, z] = rng::philox(
            [first as u32, (first >> 32) as u32, second, what],
            [self.seed as u32, (self.seed >> 32) as u32],
        );
        (u64::from(w) << 32 | u64::from(x), u64::from(y) << 32 | u64::from(z))
    }

    /// A uniform number below `bound`.
    pub fn below(self, what: u32, first: u64, second: u32, bound: u64) -> u64 {
        // The upper half of a 64 by 64 bit product.
        ((u128::from(self.pair(what, first, second).0) * u128::from(bound)) >> 64) as u64
    }
}
