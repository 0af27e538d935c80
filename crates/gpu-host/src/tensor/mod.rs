//! Matrix products on a card: operands and results in its memory, checked, and the launches that multiply them.
//!
//! The results are those of `kernels::tensor`, bit for bit. Every product is of a [`Matrix`] of `rows` x depth and one
//! of `columns` x depth, and is begun without waiting for it; only [`Split::new`] waits, to say where an input is not
//! finite.

mod matrix;

use gpu::tensor::limb::{DEPTH_AT_ONCE, ExactArguments, GemmExact, SPLIT_BLOCK_MEMORY, SplitArguments};
use gpu::tensor::strict::{GemmStrict, StrictArguments};
use gpu::tensor::{self, Shape, Tile, int8, limb, strict};
use gpu::{Kernel, Pointer};
use kernels::tensor::exact::LARGEST_DEPTH;
use kernels::tensor::int8::check_requantisation;
use kernels::tensor::shape::LARGEST_DIMENSION;
use kernels::tensor::{Channel, Limits, TensorError};

use crate::{Buffer, Device, GpuError, Plain};
pub use matrix::Matrix;

// SAFETY: three numbers.
unsafe impl Plain for Channel {}

impl From<TensorError> for GpuError {
    fn from(error: TensorError) -> GpuError {
        GpuError::Failed(error.to_string())
    }
}

/// C = A B^T in integers, as [`kernels::tensor::gemm_i8`].
///
/// # Errors
/// [`GpuError::Failed`] names what does not fit; otherwise the device's.
pub fn gemm_i8(device: &Device, a: &Matrix<i8>, b: &Matrix<i8>, c: &mut Matrix<i32>) -> Result<(), GpuError> {
    let shape = product_shape((a.rows(), a.columns()), (b.rows(), b.columns()), c, LARGEST_DIMENSION)?;
    let arguments = int8::Int8Arguments { left: a.on_device(), right: b.on_device(), result: c.on_device(), shape };
    // SAFETY: the matrices are live, of the sizes in `shape`, with rows at multiples of 16 bytes.
    unsafe { launch(device, int8::GemmInt8, int8::tile(device.info().capability), shape, &arguments) }
}

/// How the columns of a product become int8, in a card's memory.
pub struct Requantisation {
    channels: Buffer<Channel>,
    limits: Limits,
}

impl Requantisation {
    /// One channel for each column.
    ///
    /// # Errors
    /// [`GpuError::Failed`] names the channel or limit that is out of range; otherwise the device's.
    pub fn new(device: &Device, channels: &[Channel], limits: Limits) -> Result<Requantisation, GpuError> {
        let columns = u32::try_from(channels.len()).unwrap_or(u32::MAX);
        check_requantisation(&kernels::tensor::Shape::dense(1, columns, 1), channels, limits)?;
        Ok(Requantisation { channels: device.upload(channels)?, limits })
    }
}

/// C = A B^T in integers, each sum requantised, as [`kernels::tensor::gemm_i8_requantised`].
///
/// # Errors
/// [`GpuError::Failed`] names what does not fit; otherwise the device's.
pub fn gemm_i8_requantised(
    device: &Device,
    a: &Matrix<i8>,
    b: &Matrix<i8>,
    requantisation: &Requantisation,
    c: &mut Matrix<i8>,
) -> Result<(), GpuError> {
    let shape = product_shape((a.rows(), a.columns()), (b.rows(), b.columns()), c, LARGEST_DIMENSION)?;
    let (has, needs) = (requantisation.channels.len() as u64, u64::from(shape.columns));
    if has != needs {
        return Err(TensorError::Length { field: "channels", has, needs }.into());
    }
    let arguments = int8::Int8RequantisedArguments {
        left: a.on_device(),
        right: b.on_device(),
        result: c.on_device(),
        shape,
        channels: requantisation.channels.pointer(),
        limits: requantisation.limits,
        reserved: [0; 3],
    };
    // SAFETY: as above, and there is a channel for each column.
    unsafe { launch(device, int8::GemmInt8Requantised, int8::tile(device.info().capability), shape, &arguments) }
}

/// C = A B^T in f32 with the depth in order, as [`kernels::tensor::gemm_f32_strict`].
///
/// # Errors
/// [`GpuError::Failed`] names what does not fit; otherwise the device's.
pub fn gemm_f32_strict(device: &Device, a: &Matrix<f32>, b: &Matrix<f32>, c: &mut Matrix<f32>) -> Result<(), GpuError> {
    let shape = product_shape((a.rows(), a.columns()), (b.rows(), b.columns()), c, LARGEST_DIMENSION)?;
    let arguments = StrictArguments { left: a.on_device(), right: b.on_device(), result: c.on_device(), shape };
    // SAFETY: as above.
    unsafe { launch(device, GemmStrict, strict::tile(device.info().capability), shape, &arguments) }
}

/// An operand of [`gemm_f32_exact`]: a matrix as integers of three limbs, with an exponent for each row. Made once, it
/// serves many products.
pub struct Split {
    rows: u32,
    depth: u32,
    /// Bytes from a row to the next.
    pitch: u64,
    limbs: Buffer<i8>,
    exponents: Buffer<u32>,
}

impl Split {
    /// Splits a matrix; `field` names it in the error of a value that is not finite.
    ///
    /// # Errors
    /// [`GpuError::Failed`] names the place of the first value that is not finite, or the depth if it is too great;
    /// otherwise the device's.
    pub fn new(device: &Device, matrix: &Matrix<f32>, field: &'static str) -> Result<Split, GpuError> {
        let (rows, depth) = (matrix.rows(), matrix.columns());
        check_dimension("depth", depth, LARGEST_DEPTH)?;
        let pitch = u64::from(depth.next_multiple_of(tensor::ALIGNMENT));
        let limbs = device.allocate((u64::from(limb::LIMBS * rows) * pitch) as usize)?;
        let mut split = Split { rows, depth, pitch, limbs, exponents: device.allocate(rows as usize)? };
        split.replace(device, matrix, field)?;
        Ok(split)
    }

    /// Splits another matrix of the same size into the same memory.
    ///
    /// # Errors
    /// As [`Split::new`], and [`GpuError::Failed`] if the size differs.
    pub fn replace(&mut self, device: &Device, matrix: &Matrix<f32>, field: &'static str) -> Result<(), GpuError> {
        if (matrix.rows(), matrix.columns()) != (self.rows, self.depth) {
            return Err(GpuError::Failed(format!(
                "{field} is {} x {}, not {} x {}",
                matrix.rows(),
                matrix.columns(),
                self.rows,
                self.depth
            )));
        }
        let unfit = device.upload(&[u64::MAX])?;
        let arguments = SplitArguments {
            values: matrix.on_device(),
            limbs: self.on_device(0),
            plane: self.plane(),
            exponents: self.exponents.pointer(),
            unfit: unfit.pointer(),
            depth: self.depth,
            reserved: 0,
        };
        // SAFETY: the matrix is live and has the rows and depth; its limbs and exponents have room.
        unsafe { device.launch(limb::Split, (self.rows, 1), SPLIT_BLOCK_MEMORY, &arguments)? };
        let first = device.download(&unfit)?[0];
        if first == u64::MAX {
            return Ok(());
        }
        let depth = u64::from(self.depth);
        Err(TensorError::NotFinite { field, row: (first / depth) as u32, index: (first % depth) as u32 }.into())
    }

    /// The limbs from a place of the depth on.
    fn on_device(&self, from: u32) -> tensor::Matrix<i8> {
        tensor::Matrix { values: self.limbs.pointer().offset(u64::from(from)), pitch: self.pitch }
    }

    /// Bytes from a limb to the next.
    fn plane(&self) -> u64 {
        u64::from(self.rows) * self.pitch
    }
}

/// C = A B^T in f32 from an exact sum, as [`kernels::tensor::gemm_f32_exact`].
///
/// # Errors
/// [`GpuError::Failed`] names what does not fit; otherwise the device's.
pub fn gemm_f32_exact(device: &Device, a: &Split, b: &Split, c: &mut Matrix<f32>) -> Result<(), GpuError> {
    let whole = product_shape((a.rows, a.depth), (b.rows, b.depth), c, LARGEST_DEPTH)?;
    let parts = whole.depth.div_ceil(DEPTH_AT_ONCE);
    // What one launch leaves to the next.
    let sums: Option<Buffer<i64>> =
        if parts > 1 { Some(device.allocate(whole.rows as usize * whole.columns as usize)?) } else { None };
    for part in 0..parts {
        let from = part * DEPTH_AT_ONCE;
        let shape = Shape::new(whole.rows, whole.columns, (whole.depth - from).min(DEPTH_AT_ONCE));
        let arguments = ExactArguments {
            left: a.on_device(from),
            right: b.on_device(from),
            left_plane: a.plane(),
            right_plane: b.plane(),
            left_exponents: a.exponents.pointer(),
            right_exponents: b.exponents.pointer(),
            result: c.on_device(),
            sums: tensor::Matrix {
                values: sums.as_ref().map_or(Pointer::NULL, Buffer::pointer),
                pitch: u64::from(whole.columns) * size_of::<i64>() as u64,
            },
            shape,
            is_first: u32::from(part == 0),
            is_last: u32::from(part + 1 == parts),
        };
        // SAFETY: as above; there is room for the sums unless one launch does it all.
        unsafe { launch(device, GemmExact, limb::tile(device.info().capability), shape, &arguments)? };
    }
    Ok(())
}

/// Starts a product's kernel on as many blocks as the result has tiles.
///
/// # Safety
/// As [`Device::launch`].
unsafe fn launch<K: Kernel>(
    device: &Device,
    kernel: K,
    tile: Tile,
    shape: Shape,
    arguments: &K::Arguments,
) -> Result<(), GpuError> {
    // SAFETY: the caller's.
    unsafe { device.launch(kernel, (tile.blocks(shape), 1), tile.block_memory, arguments) }
}

/// The shape of a product of (rows, depth) and (columns, depth), if that is what the result has room for.
fn product_shape<T: Plain>(a: (u32, u32), b: (u32, u32), c: &Matrix<T>, largest_depth: u32) -> Result<Shape, GpuError> {
    check_dimension("depth", a.1, largest_depth)?;
    for (field, has, needs) in
        [("depth of b", b.1, a.1), ("rows of c", c.rows(), a.0), ("columns of c", c.columns(), b.0)]
    {
        if has != needs {
            return Err(GpuError::Failed(format!("{field} is {has}, the product needs {needs}")));
        }
    }
    Ok(Shape::new(a.0, b.0, a.1))
}

fn check_dimension(field: &'static str, value: u32, most: u32) -> Result<(), GpuError> {
    if value == 0 || value > most { Err(TensorError::Dimension { field, value, most }.into()) } else { Ok(()) }
}
