//! The most that one core's arithmetic gives: loops over registers, without memory, of the instructions that a product
//! consists of. What a product's rate is compared with; the results are thrown away.

use super::Instructions;

/// A mix of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Products of int8, summed exactly, as [`super::gemm_i8`] does it.
    Int8,
    /// AVX2's shortest way with bytes (`vpmaddubsw`, `vpmaddwd`, `vpaddd`), whose first step saturates, so that no exact
    /// product can use it: more operations per instruction than [`Mix::Int8`] there.
    SaturatingInt8,
    /// Fused multiply-adds of f32.
    Strict,
    /// Fused multiply-adds of f64.
    Exact,
}

/// Executes a mix `rounds` times and says how many multiply-adds that was; `None` where the processor lacks the
/// instructions, or where there is no loop for them.
pub fn spin(instructions: Instructions, mix: Mix, rounds: u64) -> Option<u64> {
    if !instructions.are_available() {
        return None;
    }
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: the processor has the instructions.
        let of_round = unsafe {
            match (instructions, mix) {
                (Instructions::Avx512, Mix::Int8) => x86::avx512_int8(rounds),
                (Instructions::Avx512, Mix::Strict) => x86::avx512_strict(rounds),
                (Instructions::Avx512, Mix::Exact) => x86::avx512_exact(rounds),
                (Instructions::AvxVnni, Mix::Int8) => x86::avx_vnni_int8(rounds),
                (Instructions::Avx2, Mix::Int8) => x86::avx2_int8(rounds),
                (Instructions::Avx2, Mix::SaturatingInt8) => x86::avx2_saturating(rounds),
                (Instructions::Avx2 | Instructions::AvxVnni, Mix::Strict) => x86::avx2_strict(rounds),
                (Instructions::Avx2 | Instructions::AvxVnni, Mix::Exact) => x86::avx2_exact(rounds),
                _ => return None,
            }
        };
        Some(of_round * rounds)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (mix, rounds);
        None
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::asm;

    /// A loop over twelve times `$body` of the registers `$sum`, and how many multiply-adds a round is.
    macro_rules! spin {
        ($name:ident: $features:literal, $prefix:literal, $value:literal, $operations:literal,
            [$($sum:literal)*], [$($instruction:expr),*]) => {
            #[target_feature(enable = $features)]
            pub(super) fn $name(rounds: u64) -> u64 {
                if rounds > 0 {
                    // SAFETY: touches only the registers that it names.
                    unsafe {
                        asm!(
                            concat!("vmovd xmm15, {value:e}"),
                            concat!("vpbroadcastd ", $prefix, "15, xmm15"),
                            concat!("vpbroadcastd ", $prefix, "14, xmm15"),
                            $(concat!("vpxor xmm", $sum, ", xmm", $sum, ", xmm", $sum),)*
                            "2:",
                            $($instruction,)*
                            "dec {rounds}",
                            "jnz 2b",
                            rounds = inout(reg) rounds => _,
                            value = in(reg) $value,
                            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
                            out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
                            out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
                            options(nomem, nostack)
                        );
                    }
                }
                $operations
            }
        };
    }

    /// `$operation sum, 14, 15` on twelve registers.
    macro_rules! twelve {
        ($name:ident: $features:literal, $prefix:literal, $value:literal, $operations:literal, $operation:literal) => {
            spin!($name: $features, $prefix, $value, $operations, [0 1 2 3 4 5 6 7 8 9 10 11], [
                twelve!($operation, $prefix, 0), twelve!($operation, $prefix, 1), twelve!($operation, $prefix, 2),
                twelve!($operation, $prefix, 3), twelve!($operation, $prefix, 4), twelve!($operation, $prefix, 5),
                twelve!($operation, $prefix, 6), twelve!($operation, $prefix, 7), twelve!($operation, $prefix, 8),
                twelve!($operation, $prefix, 9), twelve!($operation, $prefix, 10), twelve!($operation, $prefix, 11)
            ]);
        };
        ($operation:literal, $prefix:literal, $sum:literal) => {
            concat!($operation, " ", $prefix, $sum, ", ", $prefix, "14, ", $prefix, "15")
        };
    }

    twelve!(avx512_int8: "avx512f,avx512vnni", "zmm", 0x2b35_5d17_u32, 768, "vpdpbusd");
    twelve!(avx512_strict: "avx512f", "zmm", 0x3a83_126f_u32, 192, "vfmadd231ps");
    twelve!(avx512_exact: "avx512f", "zmm", 0x3a83_126f_u32, 96, "vfmadd231pd");
    twelve!(avx_vnni_int8: "avx2,avxvnni", "ymm", 0x2b35_5d17_u32, 384, "{{vex}} vpdpbusd");
    twelve!(avx2_strict: "avx2,fma", "ymm", 0x3a83_126f_u32, 96, "vfmadd231ps");
    twelve!(avx2_exact: "avx2,fma", "ymm", 0x3a83_126f_u32, 48, "vfmadd231pd");

    /// Through one of two registers, so that a product need not wait for the sum before it.
    macro_rules! through {
        (exact $through:literal $($sum:literal)*) => { concat!($(
            "vpmaddwd ymm", $through, ", ymm14, ymm15\n", "vpaddd ymm", $sum, ", ymm", $sum, ", ymm", $through, "\n",
        )*) };
        (saturating $through:literal $($sum:literal)*) => { concat!($(
            "vpmaddubsw ymm", $through, ", ymm14, ymm15\n", "vpmaddwd ymm", $through, ", ymm", $through, ", ymm15\n",
            "vpaddd ymm", $sum, ", ymm", $sum, ", ymm", $through, "\n",
        )*) };
    }

    spin!(avx2_int8: "avx2", "ymm", 0x002b_ff9d_u32, 192, [0 1 2 3 4 5 6 7 8 9 10 11], [
        through!(exact 12 0 1 2), through!(exact 13 3 4 5), through!(exact 12 6 7 8), through!(exact 13 9 10 11)
    ]);
    spin!(avx2_saturating: "avx2", "ymm", 0x2b35_5d17_u32, 384, [0 1 2 3 4 5 6 7 8 9 10 11], [
        through!(saturating 12 0 1 2), through!(saturating 13 3 4 5), through!(saturating 12 6 7 8),
        through!(saturating 13 9 10 11)
    ]);
}
