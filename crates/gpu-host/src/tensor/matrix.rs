//! A matrix in a card's memory: rows at multiples of 16 bytes, which the widest copies need.

use gpu::tensor::{self, ALIGNMENT};
use kernels::tensor::TensorError;
use kernels::tensor::shape::LARGEST_DIMENSION;

use crate::{Buffer, Device, GpuError, Plain};

/// A matrix in a card's memory.
pub struct Matrix<T: Plain> {
    rows: u32,
    columns: u32,
    /// Values from a row to the next.
    stride: u32,
    values: Buffer<T>,
}

impl<T: Plain> Matrix<T> {
    /// Values from row to row that a matrix of so many columns gets.
    pub const fn stride_of(columns: u32) -> u32 {
        columns.next_multiple_of(Self::AT_ONCE)
    }

    /// Values in the widest copy.
    const AT_ONCE: u32 = ALIGNMENT / size_of::<T>() as u32;

    /// Zeros.
    ///
    /// # Errors
    /// [`GpuError::Failed`] names a size out of range; otherwise the device's.
    pub fn zeros(device: &Device, rows: u32, columns: u32) -> Result<Matrix<T>, GpuError> {
        check(rows, columns)?;
        let stride = Self::stride_of(columns);
        Ok(Matrix { rows, columns, stride, values: device.allocate(rows as usize * stride as usize)? })
    }

    /// A matrix whose rows follow each other in `values` without a gap.
    ///
    /// # Errors
    /// [`GpuError::Failed`] names a size out of range or that is not the number of values; otherwise the device's.
    pub fn upload(device: &Device, rows: u32, columns: u32, values: &[T]) -> Result<Matrix<T>, GpuError> {
        check(rows, columns)?;
        let (has, needs) = (values.len() as u64, u64::from(rows) * u64::from(columns));
        if has != needs {
            return Err(TensorError::Length { field: "values", has, needs }.into());
        }
        let stride = Self::stride_of(columns);
        if stride == columns {
            return Ok(Matrix { rows, columns, stride, values: device.upload(values)? });
        }
        // The gaps repeat the row's first value: no kernel reads them, and a result that showed one would be wrong.
        let mut spaced = Vec::with_capacity(rows as usize * stride as usize);
        for row in values.chunks(columns as usize) {
            spaced.extend_from_slice(row);
            spaced.extend(std::iter::repeat_n(row[0], (stride - columns) as usize));
        }
        Ok(Matrix { rows, columns, stride, values: device.upload(&spaced)? })
    }

    /// A matrix in a buffer that is there already, with so many values from row to row.
    ///
    /// # Errors
    /// [`GpuError::Failed`] names a size out of range, a stride that is too small or no multiple of 16 bytes, or a
    /// buffer that is too short.
    pub fn from_buffer(values: Buffer<T>, rows: u32, columns: u32, stride: u32) -> Result<Matrix<T>, GpuError> {
        check(rows, columns)?;
        if stride < columns {
            return Err(TensorError::Stride { field: "stride", value: stride, least: columns }.into());
        }
        if !stride.is_multiple_of(Self::AT_ONCE) {
            return Err(GpuError::Failed(format!("stride is {stride}, not a multiple of {}", Self::AT_ONCE)));
        }
        let (has, needs) = (values.len() as u64, u64::from(rows) * u64::from(stride));
        if has < needs {
            return Err(TensorError::Length { field: "values", has, needs }.into());
        }
        Ok(Matrix { rows, columns, stride, values })
    }

    /// The values, row after row without a gap, when all that was asked before is done.
    ///
    /// # Errors
    /// The device's.
    pub fn download(&self, device: &Device) -> Result<Vec<T>, GpuError> {
        let mut values = device.download(&self.values)?;
        if self.stride == self.columns {
            values.truncate(self.rows as usize * self.columns as usize);
            return Ok(values);
        }
        let (columns, stride) = (self.columns as usize, self.stride as usize);
        for row in 1..self.rows as usize {
            values.copy_within(row * stride..row * stride + columns, row * columns);
        }
        values.truncate(self.rows as usize * columns);
        Ok(values)
    }

    /// Number of rows.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// Values from a row to the next.
    pub fn stride(&self) -> u32 {
        self.stride
    }

    /// The memory.
    pub fn buffer(&self) -> &Buffer<T> {
        &self.values
    }

    /// The memory, to write.
    pub fn buffer_mut(&mut self) -> &mut Buffer<T> {
        &mut self.values
    }

    /// The memory, kept.
    pub fn into_buffer(self) -> Buffer<T> {
        self.values
    }

    /// As a kernel takes it.
    pub fn on_device(&self) -> tensor::Matrix<T> {
        tensor::Matrix { values: self.values.pointer(), pitch: u64::from(self.stride) * size_of::<T>() as u64 }
    }
}

fn check(rows: u32, columns: u32) -> Result<(), GpuError> {
    for (field, value) in [("rows", rows), ("columns", columns)] {
        if value == 0 || value > LARGEST_DIMENSION {
            return Err(TensorError::Dimension { field, value, most: LARGEST_DIMENSION }.into());
        }
    }
    Ok(())
}
