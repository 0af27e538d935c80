//! Matrix products on a device against the definitions in `kernels::tensor`, bit for bit.
//!
//! On an emulated device the matrices are small; on a real one they also are as large as those that are measured, where
//! integer products are checked whole by Freivalds' method, exactly, and the others element by element on a sample.

mod common;

use gpu::Kernel;
use gpu::tensor::limb::DEPTH_AT_ONCE;
use gpu_host::tensor::{Matrix, Requantisation, Split, gemm_f32_exact, gemm_f32_strict, gemm_i8, gemm_i8_requantised};
use gpu_host::{Device, GpuError};
use kernels::rng::philox;
use kernels::tensor::{self, Channel, Limits, Shape};

/// Random words by (seed, index).
fn words(seed: u32, count: usize) -> impl Iterator<Item = u32> {
    (0..count.div_ceil(4)).flat_map(move |index| philox([index as u32, 0, 0, 0], [seed, 0])).take(count)
}

fn bytes(seed: u32, count: usize) -> Vec<i8> {
    words(seed, count).map(|word| word as i8).collect()
}

/// Values of either sign whose magnitudes spread over 2^-20 to 2^20.
fn floats(seed: u32, count: usize) -> Vec<f32> {
    words(seed, count).map(|word| f32::from_bits((word & 0x807f_ffff) | ((107 + (word >> 23) % 40) << 23))).collect()
}

/// (rows, columns, depth): single values, edges of tiles and stages on either side, and no edge at all.
fn shapes(device: &Device) -> Vec<(u32, u32, u32)> {
    let mut shapes = vec![
        (1, 1, 1),
        (1, 257, 15),
        (129, 1, 64),
        (64, 64, 65),
        (128, 256, 128),
        (131, 259, 33),
        (63, 300, 200),
        (200, 130, 257),
    ];
    if !device.info().is_emulated {
        shapes.extend([(1000, 1000, 1000), (2048, 4096, 1024), (1, 8192, 8192), (4097, 65, 3001)]);
    }
    shapes
}

fn assert_same<T: Copy + PartialEq + std::fmt::Debug>(got: &[T], expected: &[T], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    if let Some(index) = got.iter().zip(expected).position(|(got, expected)| got != expected) {
        panic!("{what}: value {index} is {:?}, not {:?}", got[index], expected[index]);
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn multiply_i8(device: &Device, (rows, columns, depth): (u32, u32, u32), a: &[i8], b: &[i8]) -> Vec<i32> {
    let a = Matrix::upload(device, rows, depth, a).unwrap();
    let b = Matrix::upload(device, columns, depth, b).unwrap();
    let mut c = Matrix::zeros(device, rows, columns).unwrap();
    gemm_i8(device, &a, &b, &mut c).unwrap();
    c.download(device).unwrap()
}

fn multiply_strict(device: &Device, (rows, columns, depth): (u32, u32, u32), a: &[f32], b: &[f32]) -> Vec<u32> {
    let a = Matrix::upload(device, rows, depth, a).unwrap();
    let b = Matrix::upload(device, columns, depth, b).unwrap();
    let mut c = Matrix::zeros(device, rows, columns).unwrap();
    gemm_f32_strict(device, &a, &b, &mut c).unwrap();
    bits(&c.download(device).unwrap())
}

fn multiply_exact(device: &Device, (rows, columns, depth): (u32, u32, u32), a: &[f32], b: &[f32]) -> Vec<u32> {
    let a = Split::new(device, &Matrix::upload(device, rows, depth, a).unwrap(), "a").unwrap();
    let b = Split::new(device, &Matrix::upload(device, columns, depth, b).unwrap(), "b").unwrap();
    let mut c = Matrix::zeros(device, rows, columns).unwrap();
    gemm_f32_exact(device, &a, &b, &mut c).unwrap();
    bits(&c.download(device).unwrap())
}

#[test]
fn int8_products_are_the_definition_at_every_shape() {
    let Some(device) = common::device() else { return };
    for (index, size @ (rows, columns, depth)) in shapes(&device).into_iter().enumerate() {
        let a = bytes(2 * index as u32, (rows * depth) as usize);
        let b = bytes(2 * index as u32 + 1, (columns * depth) as usize);
        let mut expected = vec![0; (rows * columns) as usize];
        tensor::gemm_i8(&Shape::dense(rows, columns, depth), &a, &b, &mut expected).unwrap();
        assert_same(&multiply_i8(&device, size, &a, &b), &expected, &format!("{size:?}"));
    }
}

#[test]
fn int8_products_of_the_greatest_values_are_exact() {
    let Some(device) = common::device() else { return };
    let size @ (rows, columns, depth) = (3, 5, 130);
    for (left, right) in [(-128, -128), (-128, 127), (127, 127), (-1, -128)] {
        let (a, b) = (vec![left; (rows * depth) as usize], vec![right; (columns * depth) as usize]);
        let sum = i32::from(left) * i32::from(right) * depth as i32;
        assert_same(&multiply_i8(&device, size, &a, &b), &[sum; 15], &format!("{left} times {right}"));
    }
}

#[test]
fn int8_sums_wrap_as_the_definition_does() {
    let Some(device) = common::device() else { return };
    if device.info().is_emulated {
        eprintln!("skipped: a sum that wraps takes an emulated device too long");
        return;
    }
    let depth = 140_000;
    let values = vec![-128; depth as usize];
    assert_eq!(multiply_i8(&device, (1, 1, depth), &values, &values), [i32::MIN.wrapping_add(146_292_736)]);
}

#[test]
fn requantised_products_are_the_definition() {
    let Some(device) = common::device() else { return };
    let every_limit = [Limits::SYMMETRIC, Limits::FULL, Limits::RECTIFIED, Limits { low: -3, high: 4 }];
    for (index, (rows, columns, depth)) in shapes(&device).into_iter().enumerate() {
        let limits = every_limit[index % every_limit.len()];
        let a = bytes(100 + 2 * index as u32, (rows * depth) as usize);
        let b = bytes(101 + 2 * index as u32, (columns * depth) as usize);
        // Shifts about as long as the products are wide, so that all int8 values occur, and the extremes of each field.
        let draws: Vec<u32> = words(index as u32, 3 * columns as usize).collect();
        let channels: Vec<Channel> = draws
            .chunks(3)
            .enumerate()
            .map(|(column, draw)| match column % 8 {
                0 => Channel { bias: i32::MAX, multiplier: i32::MAX, shift: 62 },
                1 => Channel { bias: i32::MIN, multiplier: i32::MAX, shift: draw[2] % 63 },
                2 => Channel { bias: 0, multiplier: 1, shift: 0 },
                3 => Channel { bias: draw[0] as i32, multiplier: 0, shift: 1 },
                _ => {
                    Channel { bias: draw[0] as i32 >> 18, multiplier: (draw[1] >> 1) as i32, shift: 34 + draw[2] % 12 }
                }
            })
            .collect();
        let shape = Shape::dense(rows, columns, depth);
        let mut expected = vec![0; (rows * columns) as usize];
        tensor::gemm_i8_requantised(&shape, &a, &b, &channels, limits, &mut expected).unwrap();
        let a = Matrix::upload(&device, rows, depth, &a).unwrap();
        let b = Matrix::upload(&device, columns, depth, &b).unwrap();
        let mut c = Matrix::zeros(&device, rows, columns).unwrap();
        let requantisation = Requantisation::new(&device, &channels, limits).unwrap();
        gemm_i8_requantised(&device, &a, &b, &requantisation, &mut c).unwrap();
        assert_same(&c.download(&device).unwrap(), &expected, &format!("{shape:?}"));
    }
}

#[test]
fn strict_products_are_the_definition_at_every_shape() {
    let Some(device) = common::device() else { return };
    for (index, size @ (rows, columns, depth)) in shapes(&device).into_iter().enumerate() {
        let a = floats(2 * index as u32, (rows * depth) as usize);
        let b = floats(2 * index as u32 + 1, (columns * depth) as usize);
        let mut expected = vec![0.0; (rows * columns) as usize];
        tensor::gemm_f32_strict(&Shape::dense(rows, columns, depth), &a, &b, &mut expected).unwrap();
        assert_same(&multiply_strict(&device, size, &a, &b), &bits(&expected), &format!("{size:?}"));
    }
}

#[test]
fn strict_products_of_arbitrary_bits_are_the_definition() {
    let Some(device) = common::device() else { return };
    // Of any 256 patterns one is infinite or NaN, and as many are subnormal: rows of few values show them all.
    let size @ (rows, columns, depth) = (70, 90, 5);
    let a: Vec<f32> = words(7, (rows * depth) as usize).map(f32::from_bits).collect();
    let mut b: Vec<f32> = words(8, (columns * depth) as usize).map(f32::from_bits).collect();
    b[..15].copy_from_slice(&[
        0.0,
        -0.0,
        1e-45,
        -1e-45,
        1e-38,
        f32::MAX,
        f32::MIN,
        0.0,
        1.0,
        -1.0,
        -0.0,
        -0.0,
        -0.0,
        -0.0,
        -0.0,
    ]);
    b[15] = f32::INFINITY;
    b[21] = f32::NAN;
    let mut expected = vec![0.0; (rows * columns) as usize];
    tensor::gemm_f32_strict(&Shape::dense(rows, columns, depth), &a, &b, &mut expected).unwrap();
    let expected = bits(&expected);
    assert!(expected.contains(&0x7fc0_0000), "a NaN among them");
    assert_same(&multiply_strict(&device, size, &a, &b), &expected, "arbitrary bits");
}

#[test]
fn a_strict_sum_that_underflows_to_minus_zero_stays_it() {
    let Some(device) = common::device() else { return };
    // Wherever the depth ends within a stage, nothing may be added after it.
    for depth in 1..=17 {
        let (mut a, b) = (vec![0.0; depth], vec![f32::MIN_POSITIVE; depth]);
        a[depth - 1] = -1e-30;
        let size = (1, 1, depth as u32);
        assert_eq!(multiply_strict(&device, size, &a, &b), [0x8000_0000], "depth {depth}");
    }
}

#[test]
fn exact_products_are_the_definition_at_every_shape() {
    let Some(device) = common::device() else { return };
    for (index, size @ (rows, columns, depth)) in shapes(&device).into_iter().enumerate() {
        let a = floats(2 * index as u32, (rows * depth) as usize);
        let b = floats(2 * index as u32 + 1, (columns * depth) as usize);
        let mut expected = vec![0.0; (rows * columns) as usize];
        tensor::gemm_f32_exact(&Shape::dense(rows, columns, depth), &a, &b, &mut expected).unwrap();
        assert_same(&multiply_exact(&device, size, &a, &b), &bits(&expected), &format!("{size:?}"));
    }
}

#[test]
fn exact_products_of_extreme_rows_are_the_definition() {
    let Some(device) = common::device() else { return };
    let size @ (rows, columns, depth) = (9, 9, 40);
    // Each row has its own scale: zeros, subnormals, the least normal, products that underflow and that overflow, and
    // mantissas that round beyond three limbs.
    let scales = [0, 1, 0x0040_0000, 0x0080_0000, 0x1f80_0000, 0x3f80_0000, 0x5f80_0000, 0x7f7f_ffff, 0x3f7f_ffff];
    let row = |scale: u32, seed: u32| {
        words(seed, depth as usize).map(move |word| {
            let magnitude = if word & 3 == 0 { scale } else { scale.saturating_sub(word >> 4 & 0x00ff_ffff) };
            f32::from_bits(magnitude | (word << 31))
        })
    };
    let a: Vec<f32> = scales.iter().zip(0..).flat_map(|(scale, seed)| row(*scale, seed)).collect();
    let b: Vec<f32> = scales.iter().zip(50..).flat_map(|(scale, seed)| row(*scale, seed)).collect();
    let mut expected = vec![0.0; (rows * columns) as usize];
    tensor::gemm_f32_exact(&Shape::dense(rows, columns, depth), &a, &b, &mut expected).unwrap();
    let expected = bits(&expected);
    assert!(expected.iter().any(|bits| bits & 0x7f80_0000 == 0x7f80_0000), "an overflow among them");
    assert!(expected.iter().any(|bits| (1..0x0080_0000).contains(&(bits & 0x7fff_ffff))), "a subnormal among them");
    assert_same(&multiply_exact(&device, size, &a, &b), &expected, "extreme rows");
}

#[test]
fn exact_products_deeper_than_one_launch_are_the_definition() {
    let Some(device) = common::device() else { return };
    let size @ (rows, columns, depth) = (1, 2, DEPTH_AT_ONCE + 100);
    // All limbs at their greatest, so that 32-bit sums of the whole depth would wrap, and one row of any values.
    let greatest = f32::from_bits(0x3f80_0000 | (0x007f_7f7f & 0x007f_ffff));
    let a = vec![greatest; depth as usize];
    let b: Vec<f32> = std::iter::repeat_n(-greatest, depth as usize).chain(floats(3, depth as usize)).collect();
    let mut expected = vec![0.0; (rows * columns) as usize];
    tensor::gemm_f32_exact(&Shape::dense(rows, columns, depth), &a, &b, &mut expected).unwrap();
    assert_same(&multiply_exact(&device, size, &a, &b), &bits(&expected), "a great depth");
}

#[test]
fn an_operand_that_is_not_finite_is_refused_with_its_first_place() {
    let Some(device) = common::device() else { return };
    let mut values = floats(1, 5 * 300);
    values[3 * 300 + 299] = f32::NAN;
    values[2 * 300 + 280] = f32::NEG_INFINITY;
    values[2 * 300 + 290] = f32::NAN;
    let matrix = Matrix::upload(&device, 5, 300, &values).unwrap();
    let error = Split::new(&device, &matrix, "weights").err().unwrap();
    assert_eq!(error, GpuError::Failed("element 280 of row 2 of weights is not finite".into()));
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let Some(device) = common::device() else { return };
    let told = |error: GpuError| match error {
        GpuError::Failed(text) => text,
        other => panic!("{other}"),
    };
    let matrix = |rows, columns| Matrix::<i8>::zeros(&device, rows, columns).unwrap();
    let product = |rows, columns| Matrix::<i32>::zeros(&device, rows, columns).unwrap();
    let multiply = |a: (u32, u32), b: (u32, u32), mut c: Matrix<i32>| {
        told(gemm_i8(&device, &matrix(a.0, a.1), &matrix(b.0, b.1), &mut c).unwrap_err())
    };
    assert_eq!(multiply((2, 3), (4, 5), product(2, 4)), "depth of b is 5, the product needs 3");
    assert_eq!(multiply((2, 3), (4, 3), product(3, 4)), "rows of c is 3, the product needs 2");
    assert_eq!(multiply((2, 3), (4, 3), product(2, 5)), "columns of c is 5, the product needs 4");
    assert_eq!(told(Matrix::<i8>::zeros(&device, 0, 1).err().unwrap()), "rows is 0, not in 1 to 1048576");
    assert_eq!(
        told(Matrix::upload(&device, 2, 2, &[1_i8, 2, 3]).err().unwrap()),
        "values has 3 elements, the matrix needs 4"
    );
    let buffer = device.allocate::<f32>(64).unwrap();
    assert_eq!(told(Matrix::from_buffer(buffer, 4, 14, 15).err().unwrap()), "stride is 15, not a multiple of 4");
    let channel = Channel { bias: 0, multiplier: -1, shift: 0 };
    assert_eq!(
        told(Requantisation::new(&device, &[channel], Limits::FULL).err().unwrap()),
        "multiplier of column 0 is -1, which is out of range"
    );
}

#[test]
fn products_keep_everything_in_registers() {
    let Some(device) = common::device() else { return };
    fn local_bytes<K: Kernel>(device: &Device, kernel: K) -> u32 {
        device.resources(kernel).unwrap().local_bytes
    }
    assert_eq!(local_bytes(&device, gpu::tensor::int8::GemmInt8), 0);
    assert_eq!(local_bytes(&device, gpu::tensor::int8::GemmInt8Requantised), 0);
    assert_eq!(local_bytes(&device, gpu::tensor::strict::GemmStrict), 0);
    assert_eq!(local_bytes(&device, gpu::tensor::limb::GemmExact), 0);
    assert_eq!(local_bytes(&device, gpu::tensor::limb::Split), 0);
}

/// 2^61 - 1.
const PRIME: u64 = (1 << 61) - 1;

/// The sum of value times factor, modulo [`PRIME`].
fn weighed<T: Copy + Into<i64>>(values: &[T], factors: &[u64]) -> u64 {
    let sum = values.iter().zip(factors).fold(0_i128, |sum, (value, factor)| {
        // |value| < 2^31 and factor < 2^61: 2^20 terms stay below 2^112.
        sum + i128::from((*value).into()) * i128::from(*factor)
    });
    sum.rem_euclid(i128::from(PRIME)) as u64
}

#[test]
fn a_large_int8_product_passes_freivalds_check() {
    let Some(device) = common::device() else { return };
    // C r = A (B^T r): a wrong C is found but for one of 2^61 random r. The emulated size shows that the check works.
    let size = if device.info().is_emulated { 96 } else { 8192 };
    let count = (size * size) as usize;
    let (a, b) = (bytes(1, count), bytes(2, count));
    let mut c = multiply_i8(&device, (size, size, size), &a, &b);
    let draws: Vec<u32> = words(3, 2 * size as usize).collect();
    let random: Vec<u64> =
        draws.chunks(2).map(|draw| (u64::from(draw[0]) | u64::from(draw[1]) << 32) % PRIME).collect();
    let size = size as usize;
    // B is stored with the depth along its rows: B^T r is a sum of rows.
    let mut inner = vec![0_i128; size];
    for (row, factor) in b.chunks(size).zip(&random) {
        for (sum, value) in inner.iter_mut().zip(row) {
            *sum += i128::from(*value) * i128::from(*factor);
        }
    }
    let inner: Vec<u64> = inner.iter().map(|sum| sum.rem_euclid(i128::from(PRIME)) as u64).collect();
    let wrong_rows = |c: &[i32]| {
        (0..size)
            .filter(|row| {
                let range = row * size..(row + 1) * size;
                weighed(&c[range.clone()], &random) != weighed(&a[range], &inner)
            })
            .collect::<Vec<_>>()
    };
    assert!(wrong_rows(&c).is_empty());
    // One wrong bit, and the check finds its row.
    c[5 * size + 7] ^= 1;
    assert_eq!(wrong_rows(&c), vec![5]);
}

#[test]
fn large_f32_products_are_the_definition_where_they_are_looked_at() {
    let Some(device) = common::device() else { return };
    let size: u32 = if device.info().is_emulated { 96 } else { 4096 };
    let (a, b) = (floats(1, (size * size) as usize), floats(2, (size * size) as usize));
    let strict = multiply_strict(&device, (size, size, size), &a, &b);
    let exact = multiply_exact(&device, (size, size, size), &a, &b);
    let corners = [0, 1, size / 2, size - 1].map(|row| [0, 1, size / 2, size - 1].map(|column| (row, column)));
    let draws: Vec<u32> = words(4, 2000).collect();
    let sample = draws.chunks(2).map(|draw| (draw[0] % size, draw[1] % size));
    for (row, column) in corners.into_iter().flatten().chain(sample) {
        let of = |values: &'_ [f32], row: u32| values[(row * size) as usize..((row + 1) * size) as usize].to_vec();
        let (left, right) = (of(&a, row), of(&b, column));
        let place = (row * size + column) as usize;
        assert_eq!(strict[place], tensor::strict::dot(&left, &right).to_bits(), "strict ({row}, {column})");
        let mut expected = [0.0];
        tensor::gemm_f32_exact(&Shape::dense(1, 1, size), &left, &right, &mut expected).unwrap();
        assert_eq!(exact[place], expected[0].to_bits(), "exact ({row}, {column})");
    }
}

#[test]
fn every_product_is_measured_or_says_why_not() {
    let Some(device) = common::device() else { return };
    let rows = gpu_host::measure::tensor::rows(&device).unwrap();
    for kernel in ["gemm_i8 ", "gemm_i8_requantised ", "gemm_f32_strict ", "gemm_f32_exact "] {
        assert!(rows.iter().any(|row| row.name.starts_with(kernel)), "{kernel}");
    }
    for row in rows {
        assert!(row.value.is_some() || row.why.is_some(), "{}", row.name);
    }
}
