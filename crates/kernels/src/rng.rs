//! Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
//! 1, 2, 3", SC 2011). A number is a pure function of (seed, pixel, sample, dimension), so samples can be drawn in any
//! order on any machine.

/// Both halves of a product, the lower one first.
#[inline(always)]
fn product(a: u32, b: u32) -> [u32; 2] {
    #[cfg(target_arch = "nvptx64")]
    {
        let (low, high);
        // SAFETY: instructions on registers. By name, because LLVM makes 64-bit multiplications and exclusive ors of
        // it.
        unsafe {
            core::arch::asm!(
                "{{ .reg .b64 product; mul.wide.u32 product, {}, {}; mov.b64 {{{}, {}}}, product; }}",
                in(reg32) a, in(reg32) b, out(reg32) low, out(reg32) high,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        [low, high]
    }
    #[cfg(not(target_arch = "nvptx64"))]
    {
        let product = u64::from(a) * u64::from(b);
        [product as u32, (product >> 32) as u32]
    }
}

/// The Philox4x32 bijection with ten rounds.
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let [low_a, high_a] = product(counter[0], 0xd251_1f53);
        let [low_b, high_b] = product(counter[2], 0xcd9e_8d57);
        counter = [high_b ^ counter[1] ^ key[0], low_b, high_a ^ counter[3] ^ key[1], low_a];
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
    }
    counter
}

/// Four random words for one dimension of one sample of one pixel.
#[inline]
pub fn draw(seed: u64, pixel: u32, sample: u32, dimension: u32) -> [u32; 4] {
    philox([pixel, sample, dimension, 0], [seed as u32, (seed >> 32) as u32])
}

/// The upper 24 bits as a number in [0, 1).
#[inline(always)]
pub fn unit(word: u32) -> f32 {
    (word >> 8) as f32 * f32::from_bits(0x3380_0000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_known_answers_of_its_authors() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn unit_numbers_lie_in_the_half_open_interval() {
        assert_eq!(unit(0), 0.0);
        assert!(unit(u32::MAX) < 1.0);
    }
}
