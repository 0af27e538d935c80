//! Products of small matrices of bytes, with the fragments as PTX lays them out over the lanes of a warp.
//!
//! PTX ISA, "Matrix Fragments for mma.m8n8k16 / m16n8k16 / m16n8k32" with integers. With group = lane / 4 and
//! place = lane mod 4, byte i of register r of a lane is
//! A[group + 8 (r mod 2)][4 place + i + 16 (r / 2)] (of 8 rows: A[group][4 place + i]),
//! B[4 place + i + 16 r][group], and word r of C and D is C[group + 8 (r / 2)][2 place + r mod 2].

use crate::operation::Row;
use crate::program::Matrix;

/// Replaces D by A B + C for a whole warp.
pub(crate) fn multiply(registers: &mut [Row], matrix: &Matrix) {
    let mut a = [[0_i16; 32]; 16];
    let mut b = [[0_i16; 32]; 8];
    for (register, slot) in matrix.a.iter().enumerate() {
        for (lane, word) in registers[*slot as usize].iter().enumerate() {
            let (group, place) = (lane / 4, lane % 4);
            for (index, byte) in word.to_le_bytes().into_iter().enumerate() {
                a[group + 8 * (register % 2)][4 * place + index + 16 * (register / 2)] = element(byte, matrix.a_signed);
            }
        }
    }
    for (register, slot) in matrix.b.iter().enumerate() {
        for (lane, word) in registers[*slot as usize].iter().enumerate() {
            let (group, place) = (lane / 4, lane % 4);
            for (index, byte) in word.to_le_bytes().into_iter().enumerate() {
                b[group][4 * place + index + 16 * register] = element(byte, matrix.b_signed);
            }
        }
    }
    let mut results = [[0_u32; 32]; 4];
    for (register, slot) in matrix.c.iter().enumerate() {
        let c = &registers[*slot as usize];
        for (lane, result) in results[register].iter_mut().enumerate() {
            let (row, column) = (lane / 4 + 8 * (register / 2), 2 * (lane % 4) + register % 2);
            let mut sum = 0_i32;
            for depth in 0..32 {
                sum += i32::from(a[row][depth]) * i32::from(b[column][depth]);
            }
            let c = c[lane] as i32;
            *result = if matrix.saturate { c.saturating_add(sum) } else { c.wrapping_add(sum) } as u32;
        }
    }
    for (slot, result) in matrix.d.iter().zip(results) {
        registers[*slot as usize] = result;
    }
}

fn element(byte: u8, signed: bool) -> i16 {
    if signed { i16::from(byte as i8) } else { i16::from(byte) }
}
