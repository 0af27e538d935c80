//! The maps against the PTX manual's words, and a block's work carried out with them on plain arrays.

use super::*;
use std::vec;
use std::vec::Vec;

/// Groups of four banks that hold one chunk each.
fn bank_group(offset: u32) -> u32 {
    offset / CHUNK % 8
}

fn are_all_different(values: impl IntoIterator<Item = u32>) -> bool {
    let mut values: Vec<u32> = values.into_iter().collect();
    let count = values.len();
    values.sort_unstable();
    values.dedup();
    values.len() == count
}

/// A warp's lanes read 16 bytes each: the passes that the banks need, by the rule that half a warp goes at once if its
/// lanes agree in pairs (lane ^ 1, or lane ^ 2) and a quarter of a warp otherwise, and that equal addresses are one.
fn passes(offsets: [u32; 32]) -> usize {
    let agree = |bit: usize| (0..32).all(|lane| offsets[lane] == offsets[lane ^ bit]);
    let together = if agree(1) || agree(2) { 16 } else { 8 };
    offsets
        .chunks(together)
        .map(|lanes| {
            let mut lanes = lanes.to_vec();
            lanes.sort_unstable();
            lanes.dedup();
            (0..8).map(|group| lanes.iter().filter(|offset| bank_group(**offset) == group).count()).max().unwrap_or(0)
        })
        .sum()
}

#[test]
fn a_panel_has_one_place_for_each_chunk() {
    for rows in [8, 64, 128, 256] {
        let places = (0..rows).flat_map(|row| (0..CHUNKS).map(move |chunk| place(row, chunk)));
        assert!(places.clone().all(|offset| offset % CHUNK == 0 && offset < rows * STAGE_BYTES));
        assert!(are_all_different(places));
    }
}

#[test]
fn a_block_copies_each_chunk_once() {
    for (threads, rows) in [(256, 128), (256, 256), (128, 64)] {
        let per_pass = threads / CHUNKS;
        let mut count = vec![0; (rows * CHUNKS) as usize];
        for thread in 0..threads {
            let (row, chunk) = copied(thread);
            for pass in 0..rows / per_pass {
                count[((row + pass * per_pass) * CHUNKS + chunk) as usize] += 1;
                // What a thread adds for a pass is the same wherever it begins.
                assert_eq!(place(row + pass * per_pass, chunk), place(row, chunk) + pass * per_pass * STAGE_BYTES);
            }
        }
        assert!(count.iter().all(|count| *count == 1));
    }
}

#[test]
fn copies_meet_no_bank_twice() {
    for thread in (0..256).step_by(8) {
        assert!(are_all_different((thread..thread + 8).map(|thread| {
            let (row, chunk) = copied(thread);
            bank_group(place(row, chunk))
        })));
    }
}

#[test]
fn each_matrix_that_ldmatrix_reads_meets_no_bank_twice() {
    for source in [left_source, right_source] {
        for first in (0..256).step_by(16) {
            for half in [0, 2] {
                for matrix in 0..4 {
                    assert!(are_all_different((8 * matrix..8 * matrix + 8).map(|lane| {
                        let (row, chunk) = source(lane);
                        bank_group(place(first + row, chunk + half))
                    })));
                }
            }
        }
    }
}

#[test]
fn other_chunks_are_single_bits_away() {
    for row in 0..256 {
        for chunk in 0..2 {
            assert_eq!(place(row, chunk + 2), place(row, chunk) ^ (2 * CHUNK));
        }
        // As the plain cores use it: any chunk, and four rows further.
        for chunk in 0..CHUNKS {
            assert_eq!(place(row, chunk), place(row, 0) ^ (chunk * CHUNK));
            assert_eq!(place(row + 4, chunk), (place(row, chunk) ^ (2 * CHUNK)) + 4 * STAGE_BYTES);
        }
    }
}

#[test]
fn loads_of_the_plain_cores_take_half_a_warp_at_once() {
    for warp in 0..8 {
        for chunk in 0..CHUNKS {
            for step in 0..8 {
                let lanes = core::array::from_fn::<_, 32, _>(|lane| standing(lane as u32));
                let rows = lanes.map(|(row, _)| place((warp & 3) * 32 + row + 4 * step, chunk));
                let columns = lanes.map(|(_, column)| place((warp >> 2) * 64 + column + 8 * step, chunk));
                assert_eq!(passes(rows), 2);
                assert_eq!(passes(columns), 2);
            }
        }
    }
}

#[test]
fn sums_that_a_warp_lays_down_meet_no_bank_twice() {
    for half in 0..2 {
        // Two words a lane, half a warp at once.
        assert!(are_all_different((16 * half..16 * half + 16).map(|lane| {
            let (row, column) = accumulated(lane, 0);
            (row * SUMS_PITCH + column * 4) / 8 % 16
        })));
    }
    for quarter in 0..4 {
        assert!(are_all_different((8 * quarter..8 * quarter + 8).map(|lane| {
            let (row, column) = accumulated(lane, 0);
            bank_group(row * EXACT_PITCH + column * 8)
        })));
    }
}

#[test]
fn the_rule_for_passes_counts_conflicts() {
    // All of 32 chunks in order: 512 bytes; all in one group of banks: each alone.
    assert_eq!(passes(core::array::from_fn(|lane| lane as u32 * CHUNK)), 4);
    assert_eq!(passes(core::array::from_fn(|lane| lane as u32 * 128)), 32);
    assert_eq!(passes([0; 32]), 2);
}

#[test]
fn threads_of_the_plain_cores_share_a_tile_without_overlap() {
    let mut count = vec![0; 128 * 128];
    for thread in 0..256 {
        let (row, column) = standing(thread & 31);
        let (row, column) = (row + ((thread >> 5) & 3) * 32, column + (thread >> 7) * 64);
        for step in 0..64 {
            count[((row + 4 * (step / 8)) * 128 + column + 8 * (step % 8)) as usize] += 1;
        }
    }
    assert!(count.iter().all(|count| *count == 1));
}

#[test]
fn every_tile_is_computed_by_one_block() {
    for rows in [1, 2, 15, 16, 17, 64, 100] {
        for columns in [1, 3, 16, 33] {
            let mut count = vec![0; (rows * columns) as usize];
            for block in 0..rows * columns {
                let (row, column) = tile_of(block, rows, columns);
                count[(row * columns + column) as usize] += 1;
            }
            assert!(count.iter().all(|count| *count == 1), "{rows} x {columns}");
        }
    }
}

#[test]
fn a_wave_of_blocks_reads_few_rows_of_both_operands() {
    let (mut rows, mut columns): (Vec<u32>, Vec<u32>) = (0..132).map(|block| tile_of(block, 64, 32)).unzip();
    for numbers in [&mut rows, &mut columns] {
        numbers.sort_unstable();
        numbers.dedup();
    }
    assert_eq!((rows.len(), columns.len()), (16, 9));
}

/// A block's memory, as `copied` and `place` fill it with 64 bytes of each row.
fn panel(rows: &[Vec<i8>], threads: u32) -> Vec<i8> {
    let mut memory = vec![0; rows.len() * STAGE_BYTES as usize];
    for thread in 0..threads {
        let (first, chunk) = copied(thread);
        for row in (first..rows.len() as u32).step_by((threads / CHUNKS) as usize) {
            let (from, to) = ((chunk * CHUNK) as usize, place(row, chunk) as usize);
            memory[to..to + 16].copy_from_slice(&rows[row as usize][from..from + 16]);
        }
    }
    memory
}

/// `ldmatrix.x4`: register i of lane l has bytes 4 (l % 4) .. of the row that lane 8 i + l / 4 names.
fn load_matrices(memory: &[i8], offsets: [u32; 32]) -> [[[i8; 4]; 4]; 32] {
    core::array::from_fn(|lane| {
        core::array::from_fn(|matrix| {
            let from = offsets[8 * matrix + lane / 4] as usize + 4 * (lane % 4);
            core::array::from_fn(|byte| memory[from + byte])
        })
    })
}

/// `mma.m16n8k32` as the manual's section on its fragments has it, with groupID = lane >> 2 and
/// threadID_in_group = lane % 4.
fn multiply(left: [[[i8; 4]; 4]; 32], right: [[[i8; 4]; 2]; 32], sums: &mut [[i32; 4]; 32]) {
    let (mut a, mut b) = ([[0_i32; 32]; 16], [[0_i32; 8]; 32]);
    for lane in 0..32 {
        let (group, within) = (lane >> 2, lane % 4);
        for i in 0..16 {
            // row = groupID for ai where 0 <= i < 4 or 8 <= i < 12, groupID + 8 otherwise;
            // col = (threadID_in_group * 4) + (i & 0x3) for i < 8, + 16 for i >= 8.
            let row = if i < 4 || (8..12).contains(&i) { group } else { group + 8 };
            let column = within * 4 + (i & 3) + if i < 8 { 0 } else { 16 };
            a[row][column] = i32::from(left[lane][i / 4][i % 4]);
        }
        for i in 0..8 {
            // row = (threadID_in_group * 4) + (i & 0x3) for i < 4, + 16 for i >= 4; col = groupID.
            let row = within * 4 + (i & 3) + if i < 4 { 0 } else { 16 };
            b[row][group] = i32::from(right[lane][i / 4][i % 4]);
        }
    }
    for (lane, sums) in sums.iter_mut().enumerate() {
        for (i, sum) in sums.iter_mut().enumerate() {
            // row = groupID for ci where i < 2, groupID + 8 for i >= 2; col = (threadID_in_group * 2) + (i & 0x1).
            let (row, column) = ((lane >> 2) + if i < 2 { 0 } else { 8 }, (lane % 4) * 2 + (i & 1));
            *sum += (0..32).map(|k| a[row][k] * b[k][column]).sum::<i32>();
        }
    }
}

fn bytes(rows: usize, seed: u64) -> Vec<Vec<i8>> {
    let mut state = seed;
    (0..rows)
        .map(|_| {
            (0..STAGE_BYTES)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 56) as i8
                })
                .collect()
        })
        .collect()
}

#[test]
fn warps_multiply_what_the_block_copied() {
    // One stage of the int8 kernel's tile, in the order of its device code.
    let (left, right) = (bytes(128, 1), bytes(256, 2));
    let (left_memory, right_memory) = (panel(&left, 256), panel(&right, 256));
    let mut written = vec![0; 128 * 256];
    for warp in 0..8 {
        let (warp_row, warp_column) = ((warp & 1) * 64, (warp >> 1) * 64);
        for part in 0..16 {
            let (row_part, column_part) = (warp_row + part / 4 * 16, warp_column + part % 4 * 16);
            let mut sums = [[[0; 4]; 32]; 2];
            for half in 0..2 {
                let offsets = |source: fn(u32) -> (u32, u32), first: u32| {
                    core::array::from_fn(|lane| {
                        let (row, chunk) = source(lane as u32);
                        place(first + row, chunk) ^ (half * 2 * CHUNK)
                    })
                };
                let left = load_matrices(&left_memory, offsets(left_source, row_part));
                let right = load_matrices(&right_memory, offsets(right_source, column_part));
                multiply(left, right.map(|registers| [registers[0], registers[1]]), &mut sums[0]);
                multiply(left, right.map(|registers| [registers[2], registers[3]]), &mut sums[1]);
            }
            for (eight, sums) in sums.iter().enumerate() {
                for (lane, sums) in sums.iter().enumerate() {
                    for (register, sum) in sums.iter().enumerate() {
                        let (row, column) = accumulated(lane as u32, register as u32);
                        let (row, column) = (row_part + row, column_part + eight as u32 * 8 + column);
                        let expected: i32 = left[row as usize]
                            .iter()
                            .zip(&right[column as usize])
                            .map(|(a, b)| i32::from(*a) * i32::from(*b))
                            .sum();
                        assert_eq!(*sum, expected, "({row}, {column})");
                        written[(row * 256 + column) as usize] += 1;
                    }
                }
            }
        }
    }
    assert!(written.iter().all(|count| *count == 1));
}
