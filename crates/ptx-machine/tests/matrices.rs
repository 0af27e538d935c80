//! Matrix products and their fragments, against a plain product with the layouts written down from the PTX ISA.

mod common;

use common::{Bench, words};
use ptx_machine::{FaultKind, Shape};

/// Bytes that no two places share by a pattern.
fn bytes(count: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            // Extremes often.
            match state >> 24 {
                0..16 => 0x80,
                16..32 => 0x7f,
                other => other as u8,
            }
        })
        .collect()
}

/// Runs one product on a warp whose registers are given word by word: A, B, then C, each register of lane 0 to 31.
fn product(name: &str, registers: [usize; 3], words: &[u32]) -> Vec<u32> {
    let list = |first: usize, count: usize| {
        let names: Vec<String> = (first..first + count).map(|number| format!("%r{number}")).collect();
        format!("{{{}}}", names.join(", "))
    };
    let [a, b, c] = registers;
    let mut body = String::from("mul.wide.u32 %place, %t, 4; add.s64 %place, %in, %place;\n");
    for register in 0..a + b + c {
        body += &format!("ld.global.u32 %r{register}, [%place+{}];\n", 128 * register);
    }
    body += &format!("{name} {}, {}, {}, {};\n", list(30, c), list(0, a), list(a, b), list(a + b, c));
    body += "mul.wide.u32 %place, %t, 4; add.s64 %place, %out, %place;\n";
    for register in 0..c {
        body += &format!("st.global.u32 [%place+{}], %r{};\n", 128 * register, 30 + register);
    }
    let input: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let bench = Bench::new(&body, &input, 128 * c);
    bench.launch(Shape::line(1, 32)).unwrap();
    bench.output().chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
}

#[test]
fn a_product_of_16_by_8_by_32_is_the_plain_one_with_the_manuals_fragments() {
    for (types, a_signed, b_signed, seed) in
        [("s8.s8", true, true, 1), ("u8.s8", false, true, 2), ("u8.u8", false, false, 3)]
    {
        let (a, b) = (bytes(16 * 32, seed), bytes(32 * 8, seed + 10));
        let c: Vec<i32> = bytes(16 * 8 * 4, seed + 20)
            .chunks_exact(4)
            .map(|word| i32::from_le_bytes(word.try_into().unwrap()))
            .collect();
        let mut words = vec![0_u32; 10 * 32];
        for lane in 0..32 {
            let (group, place) = (lane / 4, lane % 4);
            // A, a_i for i in 0..16: row = group for i < 4 and 8 <= i < 12, else group + 8;
            // column = place * 4 + (i & 3) for i < 8, and 16 more for i >= 8.
            for i in 0..16 {
                let row = if i < 4 || (8..12).contains(&i) { group } else { group + 8 };
                let column = place * 4 + (i & 3) + if i < 8 { 0 } else { 16 };
                words[(i / 4) * 32 + lane] |= u32::from(a[row * 32 + column]) << (8 * (i % 4));
            }
            // B, b_i for i in 0..8: row = place * 4 + (i & 3) for i < 4, and 16 more for i >= 4; column = group.
            for i in 0..8 {
                let row = place * 4 + (i & 3) + if i < 4 { 0 } else { 16 };
                words[(4 + i / 4) * 32 + lane] |= u32::from(b[row * 8 + group]) << (8 * (i % 4));
            }
            // C and D, c_i for i in 0..4: row = group for i < 2, else group + 8; column = place * 2 + (i & 1).
            for i in 0..4 {
                let row = if i < 2 { group } else { group + 8 };
                words[(6 + i) * 32 + lane] = c[row * 8 + place * 2 + (i & 1)] as u32;
            }
        }
        let name = format!("mma.sync.aligned.m16n8k32.row.col.s32.{types}.s32");
        let d = product(&name, [4, 2, 4], &words);
        let value = |byte: u8, signed: bool| if signed { i32::from(byte as i8) } else { i32::from(byte) };
        for row in 0..16 {
            for column in 0..8 {
                let sum = (0..32).fold(c[row * 8 + column], |sum, k| {
                    sum.wrapping_add(value(a[row * 32 + k], a_signed) * value(b[k * 8 + column], b_signed))
                });
                let (lane, i) = ((row % 8) * 4 + column / 2, (row / 8) * 2 + column % 2);
                assert_eq!(d[i * 32 + lane] as i32, sum, "{types} at {row}, {column}");
            }
        }
    }
}

#[test]
fn a_product_of_8_by_8_by_16_is_the_plain_one_with_the_manuals_fragments() {
    let (a, b) = (bytes(8 * 16, 5), bytes(16 * 8, 6));
    let mut words = vec![0_u32; 4 * 32];
    for lane in 0..32 {
        let (group, place) = (lane / 4, lane % 4);
        for i in 0..4 {
            words[lane] |= u32::from(a[group * 16 + place * 4 + i]) << (8 * i);
            words[32 + lane] |= u32::from(b[(place * 4 + i) * 8 + group]) << (8 * i);
        }
        words[64 + lane] = 100 * lane as u32;
        words[96 + lane] = i32::MAX as u32;
    }
    let wrapped = product("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32", [1, 1, 2], &words);
    let clamped = product("mma.sync.aligned.m8n8k16.row.col.satfinite.s32.s8.s8.s32", [1, 1, 2], &words);
    for row in 0..8 {
        for column in 0..8 {
            let sum: i32 = (0..16).map(|k| i32::from(a[row * 16 + k] as i8) * i32::from(b[k * 8 + column] as i8)).sum();
            let (lane, i) = (row * 4 + column / 2, column % 2);
            let c = words[(2 + i) * 32 + lane] as i32;
            assert_eq!(wrapped[i * 32 + lane] as i32, c.wrapping_add(sum));
            assert_eq!(clamped[i * 32 + lane] as i32, c.saturating_add(sum));
        }
    }
}

#[test]
fn a_product_that_a_part_of_the_warp_leaves_out_is_an_error() {
    let body = "mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%r0, %r1}, {%r2}, {%r3}, {%r0, %r1};";
    let fault = words(&format!("setp.lt.u32 %p0, %t, 31; @%p0 {body}"), 32, 0).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Deadlock(_) | FaultKind::Divergent(_)), "{fault}");
    let fault = words(body, 31, 0).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Divergent(_)), "{fault}");
}

#[test]
fn fragments_are_loaded_row_by_row_or_turned() {
    // Half h of row r of matrix m is 64 m + 8 r + h.
    for (count, turned) in [(1, false), (2, false), (4, false), (1, true), (2, true), (4, true)] {
        let list: Vec<String> = (10..10 + count).map(|number| format!("%r{number}")).collect();
        let turn = if turned { ".trans" } else { "" };
        let mut body = format!(
            "mov.u32 %r1, block_memory; shl.b32 %r2, %t, 4; mov.u32 %r3, 0;\n\
             fill: add.u32 %r4, %r2, %r3; shl.b32 %r5, %r4, 1; add.u32 %r5, %r5, %r1; cvt.u16.u32 %h0, %r4;\n\
             st.shared.b16 [%r5], %h0; add.u32 %r3, %r3, 1; setp.lt.u32 %p0, %r3, 16; @%p0 bra fill;\n\
             bar.sync 0; shl.b32 %r6, %t, 4; add.u32 %r6, %r6, %r1;\n\
             ldmatrix.sync.aligned.m8n8.x{count}{turn}.shared.b16 {{{}}}, [%r6];\n\
             mul.wide.u32 %place, %t, 4; add.s64 %place, %out, %place;\n",
            list.join(", ")
        );
        for register in 0..count {
            body += &format!("st.global.u32 [%place+{}], %r{};\n", 128 * register, 10 + register);
        }
        let bench = Bench::new(&body, &[], 128 * count);
        bench.launch(Shape { grid: [1; 3], block: [32, 1, 1], dynamic_shared: 1024 }).unwrap();
        for (index, word) in bench.output().chunks_exact(4).enumerate() {
            let (matrix, lane) = (index / 32, index % 32);
            let of = |row: usize, half: usize| (64 * matrix + 8 * row + half) as u16;
            let (row, pair) = (lane / 4, 2 * (lane % 4));
            let expected = if turned { [of(pair, row), of(pair + 1, row)] } else { [of(row, pair), of(row, pair + 1)] };
            let halves = [u16::from_le_bytes([word[0], word[1]]), u16::from_le_bytes([word[2], word[3]])];
            assert_eq!(halves, expected, "x{count}{turn}, lane {lane}, register {matrix}");
        }
    }
}
