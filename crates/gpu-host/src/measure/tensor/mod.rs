//! Measures the matrix products, beside cuBLASLt and cuBLAS where those libraries are installed.
//!
//! The operands are random: a card multiplies zeros with less power and so at higher clocks. Peers get the same
//! operands in the same run; where a peer's result must be ours bit for bit (integers), it is compared.

mod peer;

use kernels::rng::philox;
use kernels::tensor::{Channel, Limits};

use super::{Peaks, Row, Work, median_time};
use crate::tensor::{Matrix, Requantisation, Split, gemm_f32_exact, gemm_f32_strict, gemm_i8, gemm_i8_requantised};
use crate::{Device, GpuError, Plain};

/// Runs of which the median counts.
const RUNS: usize = 9;

/// The rows of all products, at the size that the bars are for and at smaller ones.
///
/// # Errors
/// The device's, and [`GpuError::Failed`] if a peer's integers differ from ours.
pub fn rows(device: &Device) -> Result<Vec<Row>, GpuError> {
    let sizes: &[u32] = if device.info().is_emulated { &[128] } else { &[1024, 4096, 8192] };
    let mut rows = Vec::new();
    for size in sizes {
        integers(device, *size, &mut rows)?;
        floats(device, *size, &mut rows)?;
    }
    if device.info().is_emulated {
        // What an interpreter reaches is no figure of a card.
        for row in &mut rows {
            (row.value, row.bar, row.floor) = (None, None, None);
            row.why = Some("the device is emulated".into());
        }
    }
    Ok(rows)
}

/// Of a product of square matrices.
fn operations(size: u32) -> f64 {
    2.0 * f64::from(size).powi(3)
}

/// Operations per second, in 10^12, that the card's units and memory allow for this work.
fn highest(device: &Device, size: u32, work: &Work) -> Option<f64> {
    Peaks::of(device.info()).floor_seconds(work).filter(|seconds| *seconds > 0.0).map(|s| operations(size) / s / 1e12)
}

fn integers(device: &Device, size: u32, rows: &mut Vec<Row>) -> Result<(), GpuError> {
    let a = Matrix::upload(device, size, size, &random(1, size, |word| word as i8))?;
    let b = Matrix::upload(device, size, size, &random(2, size, |word| word as i8))?;
    let mut c = Matrix::<i32>::zeros(device, size, size)?;
    let time = median_time(device, RUNS, || gemm_i8(device, &a, &b, &mut c))?;
    let ours = operations(size) / time.as_secs_f64() / 1e12;
    let values = f64::from(size).powi(2);
    let work = |written: f64| {
        let memory_bytes = values * (2.0 + written);
        if device.info().capability >= 80 {
            Work { int8_tensor_operations: operations(size), memory_bytes, ..Work::default() }
        } else {
            // Four products in each instruction.
            Work { integer_instructions: operations(size) / 8.0, memory_bytes, ..Work::default() }
        }
    };
    let mut row = Row::rate(format!("gemm_i8 {size}"), ours, "TOP/s").floor(highest(device, size, &work(4.0)));
    let peer = match peer::Integers::new(device, size) {
        Ok(library) => {
            let mut theirs = Matrix::<i32>::zeros(device, size, size)?;
            let time = median_time(device, RUNS, || library.multiply(device, &a, &b, &mut theirs))?;
            if theirs.download(device)? != c.download(device)? {
                return Err(GpuError::Failed(format!("cuBLASLt's int8 product of {size} differs from ours")));
            }
            Ok(operations(size) / time.as_secs_f64() / 1e12)
        }
        Err(why) => Err(why),
    };
    rows.push(beside(&mut row, "cuBLASLt int8, same bits", &peer, "gemm_i8", size, 0.6));
    rows.push(row);

    let channels: Vec<Channel> =
        (0..size).map(|column| Channel { bias: column as i32, multiplier: 1 << 30, shift: 47 }).collect();
    let requantisation = Requantisation::new(device, &channels, Limits::SYMMETRIC)?;
    let mut c = Matrix::<i8>::zeros(device, size, size)?;
    let time = median_time(device, RUNS, || gemm_i8_requantised(device, &a, &b, &requantisation, &mut c))?;
    rows.push(
        Row::rate(format!("gemm_i8_requantised {size}"), operations(size) / time.as_secs_f64() / 1e12, "TOP/s")
            .floor(highest(device, size, &work(1.0))),
    );
    Ok(())
}

fn floats(device: &Device, size: u32, rows: &mut Vec<Row>) -> Result<(), GpuError> {
    // In -1..1, so that nothing overflows.
    let value = |word: u32| (word as i32 >> 8) as f32 / 8_388_608.0;
    let a = Matrix::upload(device, size, size, &random(3, size, value))?;
    let b = Matrix::upload(device, size, size, &random(4, size, value))?;
    let mut c = Matrix::<f32>::zeros(device, size, size)?;
    let peer = match peer::Floats::new(device) {
        Ok(library) => {
            let time = median_time(device, RUNS, || library.multiply(device, &a, &b, &mut c))?;
            Ok(operations(size) / time.as_secs_f64() / 1e12)
        }
        Err(why) => Err(why),
    };
    let values = f64::from(size).powi(2);

    let time = median_time(device, RUNS, || gemm_f32_strict(device, &a, &b, &mut c))?;
    let work = Work { f32_instructions: operations(size) / 2.0, memory_bytes: 12.0 * values, ..Work::default() };
    let mut row = Row::rate(format!("gemm_f32_strict {size}"), operations(size) / time.as_secs_f64() / 1e12, "Tflop/s")
        .floor(highest(device, size, &work));
    rows.push(beside(&mut row, "cuBLAS SGEMM, no TF32", &peer, "gemm_f32_strict", size, 0.7));
    rows.push(row);

    let (mut left, mut right) = (Split::new(device, &a, "a")?, Split::new(device, &b, "b")?);
    let time = median_time(device, RUNS, || {
        left.replace(device, &a, "a")?;
        right.replace(device, &b, "b")?;
        gemm_f32_exact(device, &left, &right, &mut c)
    })?;
    // Nine products of limbs; each operand is read, written and read as limbs.
    let memory_bytes = (2.0 * (4.0 + 4.0 + 3.0 + 3.0) + 4.0) * values;
    let work = if device.info().capability >= 80 {
        Work { int8_tensor_operations: 9.0 * operations(size), memory_bytes, ..Work::default() }
    } else {
        Work { integer_instructions: 9.0 * operations(size) / 8.0, memory_bytes, ..Work::default() }
    };
    let mut row = Row::rate(format!("gemm_f32_exact {size}"), operations(size) / time.as_secs_f64() / 1e12, "Tflop/s")
        .floor(highest(device, size, &work))
        .why("with the splitting of both operands");
    rows.push(beside(&mut row, "cuBLAS SGEMM, no TF32", &peer, "gemm_f32_exact", size, 1.0));
    rows.push(row);
    Ok(())
}

/// Notes the peer's rate in a row; the row of the ratio, whose bar is the issue's.
fn beside(row: &mut Row, name: &str, peer: &Result<f64, String>, kernel: &str, size: u32, bar: f64) -> Row {
    let ratio = format!("{kernel} {size} over {name}");
    match peer {
        Ok(figure) => {
            *row = row.clone().peer(format!("{name}: {figure:.1} {}", row.unit), *figure);
            Row::rate(ratio, row.ratio.unwrap_or(0.0), "ratio").bar(bar)
        }
        Err(why) => Row::unmeasured(ratio, "ratio", "higher", why.clone()).bar(bar),
    }
}

/// A square matrix of random values, which repeat after a million.
fn random<T: Plain>(seed: u32, size: u32, value: impl Fn(u32) -> T) -> Vec<T> {
    let period: Vec<T> = (0..1 << 18).flat_map(|index| philox([index, 0, 0, 0], [seed, 0])).map(value).collect();
    period.into_iter().cycle().take(size as usize * size as usize).collect()
}
