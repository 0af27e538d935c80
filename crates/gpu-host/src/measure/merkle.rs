//! Measures the SHA-256 tree.

use gpu::merkle::message_blocks;
use kernels::merkle::{Digest, LEAF_BYTES, leaves_of};

use super::{Peaks, Row, Work, median_time};
use crate::merkle::Hasher;
use crate::{Device, GpuError};

/// Instructions of a compression that only the integer units can do: counted in the machine code that ptxas 12.9 makes of
/// `merkle_leaves` for sm_90, in the loop around the rounds (funnel shifts 688, logic 353, additions 249, byte
/// permutations 32, compares 4; another 130 additions and moves go to the multipliers, and 19 are loads and branches).
const INTEGER_INSTRUCTIONS: f64 = 1326.0;

/// Compressions of the tree over so many bytes, in whole leaves: the leaves' and two for each node.
fn compressions(bytes: u64) -> u64 {
    let leaves = leaves_of(bytes);
    leaves * message_blocks(LEAF_BYTES as u64) + 2 * leaves.saturating_sub(1)
}

/// What the tree over so many bytes cannot do without.
pub(super) fn work(bytes: u64) -> Work {
    let integer_instructions = INTEGER_INSTRUCTIONS * compressions(bytes) as f64;
    // The content is read once; each leaf's digest is written and read.
    Work { integer_instructions, memory_bytes: bytes as f64 + 64.0 * leaves_of(bytes) as f64, ..Work::default() }
}

/// Rates of roots over a large and a small buffer.
///
/// # Errors
/// What the device answers.
pub fn rows(device: &Device) -> Result<Vec<Row>, GpuError> {
    let large = (device.free_bytes()? / 4).min(4 << 30) / LEAF_BYTES as u64 * LEAF_BYTES as u64;
    let (large, small) = if device.info().is_emulated { (64 << 10, 8 << 10) } else { (large, 64 << 20) };
    let peaks = Peaks::of(device.info());
    let buffer = device.allocate::<u8>(large as usize)?;
    let mut hasher = Hasher::new(device, large)?;
    let mut roots = device.allocate::<Digest>(1)?;
    let mut rate = |name: &str, bytes: u64| {
        let time = median_time(device, 7, || hasher.root_into(device, &buffer, 0..bytes, &mut roots, 0))?;
        let floor = peaks.floor_seconds(&work(bytes)).map(|seconds| bytes as f64 / seconds / 1e9);
        Ok::<_, GpuError>(Row::rate(name, bytes as f64 / time.as_secs_f64() / 1e9, "GB/s").floor(floor))
    };
    let large_row = rate("SHA-256 tree", large)?.bar(200.0).why(format!("over {large} bytes"));
    let small_row = rate("SHA-256 tree, small", small.min(large))?;
    Ok(vec![large_row, small_row.why(format!("over {} bytes: the upper levels wait for each other", small.min(large)))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::example;

    #[test]
    fn an_h100_could_hash_a_tree_at_three_times_the_bar() {
        let bytes = 1 << 30;
        let seconds = Peaks::of(&example(90)).floor_seconds(&work(bytes)).unwrap();
        let rate = bytes as f64 / seconds / 1e9;
        assert!((670.0..690.0).contains(&rate), "{rate} GB/s");
    }
}
