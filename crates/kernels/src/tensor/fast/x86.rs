//! Tiles in the vector instructions of x86-64. A tile has as many sums as the registers hold beside one row of B and one
//! element of A, which are enough independent sums to hide an instruction's latency.

use super::blocks::{Tile, Work};
use super::portable::EXACT_TERMS;
use core::arch::x86_64::*;

/// A tile of `$rows` rows and `$vectors` vectors of `$lanes` columns.
///
/// `begin` makes a vector of partial sums from a pointer to sums, `end` writes one back; `spread` fills a vector with a word,
/// `load` reads one, and `step` is partial sums, A and B to partial sums.
macro_rules! tile {
    ($(#[$doc:meta])* $name:ident: $features:literal, $word:ty, $sum:ty, $rows:literal x $vectors:literal x $lanes:literal,
        $steps:expr, begin $begin:expr, load $load:expr, spread $spread:expr, step $step:expr, end $end:expr) => {
        $(#[$doc])*
        pub(in super::super) struct $name;

        impl Tile for $name {
            type Word = $word;
            type Sum = $sum;
            const ROWS: usize = $rows;
            const COLUMNS: usize = $vectors * $lanes;
            const STEPS: usize = $steps;

            unsafe fn add(strip: &[$word], panel: &[$word], sums: &mut [$sum]) {
                #[target_feature(enable = $features)]
                // Which of a tile's operations read memory differs.
                #[allow(unused_unsafe)]
                fn add(strip: &[$word], panel: &[$word], sums: &mut [[[$sum; $lanes]; $vectors]; $rows]) {
                    // SAFETY, of all pointers here: the arrays have the lanes of a vector.
                    let mut parts = [[unsafe { $begin(sums[0][0].as_ptr().cast()) }; $vectors]; $rows];
                    for (sums, part) in sums.as_flattened().iter().zip(parts.as_flattened_mut()) {
                        *part = unsafe { $begin(sums.as_ptr().cast()) };
                    }
                    // The next tile's sums follow; where none do, the address is only a hint.
                    let next: *const i8 = sums.as_ptr_range().end.cast();
                    for line in 0..size_of_val(sums) / 64 {
                        _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(64 * line));
                    }
                    let strip = strip.as_chunks::<$rows>().0;
                    let panel = panel.as_chunks::<$lanes>().0.as_chunks::<$vectors>().0;
                    for (a, words) in strip.iter().zip(panel) {
                        let mut b = [unsafe { $load(words[0].as_ptr().cast()) }; $vectors];
                        for vector in 1..$vectors {
                            b[vector] = unsafe { $load(words[vector].as_ptr().cast()) };
                        }
                        for row in 0..$rows {
                            let a = $spread(a[row]);
                            for vector in 0..$vectors {
                                parts[row][vector] = $step(parts[row][vector], a, b[vector]);
                            }
                        }
                    }
                    for (sums, part) in sums.as_flattened_mut().iter_mut().zip(parts.as_flattened()) {
                        unsafe { $end(sums.as_mut_ptr().cast(), *part) };
                    }
                }
                let sums = sums.as_chunks_mut::<$lanes>().0.as_chunks_mut::<$vectors>().0.as_chunks_mut::<$rows>().0;
                let [sums] = sums else { unreachable!("a tile has its own size") };
                // SAFETY: the caller answers for the processor.
                unsafe { add(strip, panel, sums) };
            }

            unsafe fn run(work: impl Work) {
                #[target_feature(enable = $features)]
                fn run(work: impl Work) {
                    work.work();
                }
                // SAFETY: the caller answers for the processor.
                unsafe { run(work) };
            }
        }
    };
}

pub(super) mod avx512 {
    //! 32 registers of 512 bits: 24 sums.
    use super::*;

    tile!(
        /// Unsigned by signed bytes, four at a time.
        Int8: "avx512f,avx512bw,avx512dq,avx512vnni", i32, i32, 12 x 2 x 16, 192,
        begin |sums| _mm512_loadu_si512(sums),
        load |words| _mm512_loadu_si512(words),
        spread |word| _mm512_set1_epi32(word),
        step |sum, a, b| _mm512_dpbusd_epi32(sum, a, b),
        end |sums, part| _mm512_storeu_si512(sums, part)
    );

    tile!(
        /// Fused multiply-adds.
        Strict: "avx512f,avx512bw,avx512dq", f32, f32, 12 x 2 x 16, 192,
        begin |sums: *const f32| _mm512_loadu_ps(sums),
        load |words: *const f32| _mm512_loadu_ps(words),
        spread |word| _mm512_set1_ps(word),
        step |sum, a, b| _mm512_fmadd_ps(a, b, sum),
        end |sums: *mut f32, part| _mm512_storeu_ps(sums, part)
    );

    tile!(
        /// Exact sums in f64.
        Exact: "avx512f,avx512bw,avx512dq", f64, i64, 12 x 2 x 8, EXACT_TERMS,
        begin |_: *const i64| _mm512_setzero_pd(),
        load |words: *const f64| _mm512_loadu_pd(words),
        spread |word| _mm512_set1_pd(word),
        step |sum, a, b| _mm512_fmadd_pd(a, b, sum),
        end |sums: *mut i64, part| {
            let sum = _mm512_add_epi64(_mm512_loadu_epi64(sums), _mm512_cvttpd_epi64(part));
            _mm512_storeu_epi64(sums, sum)
        }
    );
}

pub(super) mod avx_vnni {
    //! As AVX2, with bytes four at a time.
    pub(in super::super) use super::avx2::{Exact, Strict};
    use super::*;

    tile!(
        /// Unsigned by signed bytes, four at a time.
        Int8: "avx2,fma,avxvnni", i32, i32, 6 x 2 x 8, 256,
        begin |sums| _mm256_loadu_si256(sums),
        load |words| _mm256_loadu_si256(words),
        spread |word| _mm256_set1_epi32(word),
        step |sum, a, b| _mm256_dpbusd_avx_epi32(sum, a, b),
        end |sums, part| _mm256_storeu_si256(sums, part)
    );
}

pub(super) mod avx2 {
    //! 16 registers of 256 bits: 12 sums.
    use super::*;

    tile!(
        /// Pairs of 16 bits.
        Int8: "avx2,fma", i32, i32, 6 x 2 x 8, 256,
        begin |sums| _mm256_loadu_si256(sums),
        load |words| _mm256_loadu_si256(words),
        spread |word| _mm256_set1_epi32(word),
        step |sum, a, b| _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)),
        end |sums, part| _mm256_storeu_si256(sums, part)
    );

    tile!(
        /// Fused multiply-adds.
        Strict: "avx2,fma", f32, f32, 6 x 2 x 8, 256,
        begin |sums: *const f32| _mm256_loadu_ps(sums),
        load |words: *const f32| _mm256_loadu_ps(words),
        spread |word| _mm256_set1_ps(word),
        step |sum, a, b| _mm256_fmadd_ps(a, b, sum),
        end |sums: *mut f32, part| _mm256_storeu_ps(sums, part)
    );

    tile!(
        /// Exact sums in f64.
        Exact: "avx2,fma", f64, i64, 6 x 2 x 4, EXACT_TERMS,
        begin |_: *const i64| _mm256_setzero_pd(),
        load |words: *const f64| _mm256_loadu_pd(words),
        spread |word| _mm256_set1_pd(word),
        step |sum, a, b| _mm256_fmadd_pd(a, b, sum),
        end |sums: *mut __m256i, part| {
            // An integer below 2^51, added to 1.5 2^52, stands in the low bits of the sum. The part is below 2^53, so it
            // is taken in two: a multiple of 2^26, to the nearest, and the rest, both exact.
            let anchor = _mm256_set1_pd(6_755_399_441_055_744.0);
            let high = _mm256_fmadd_pd(part, _mm256_set1_pd(1.0 / 67_108_864.0), anchor);
            let rest = _mm256_fnmadd_pd(_mm256_sub_pd(high, anchor), _mm256_set1_pd(67_108_864.0), part);
            let integer = |anchored| _mm256_sub_epi64(_mm256_castpd_si256(anchored), _mm256_castpd_si256(anchor));
            let high = _mm256_slli_epi64(integer(high), 26);
            let low = integer(_mm256_add_pd(rest, anchor));
            let sum = _mm256_add_epi64(_mm256_loadu_si256(sums), _mm256_add_epi64(high, low));
            _mm256_storeu_si256(sums, sum)
        }
    );
}
