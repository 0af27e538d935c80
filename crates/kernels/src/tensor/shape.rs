//! What a product is asked for: the sizes of its matrices and how their rows lie in memory, and what is wrong with a
//! request.

/// Most rows, columns or depth.
pub const LARGEST_DIMENSION: u32 = 1 << 20;

/// Sizes of a product, with the distance between the first elements of consecutive rows of each matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows of A and of the result.
    pub rows: u32,
    /// Rows of B, which are columns of the result.
    pub columns: u32,
    /// Elements of a row of A and of a row of B.
    pub depth: u32,
    /// From row to row of A, in elements.
    pub stride_a: u32,
    /// From row to row of B, in elements.
    pub stride_b: u32,
    /// From row to row of the result, in elements.
    pub stride_c: u32,
}

impl Shape {
    /// Matrices whose rows follow each other without a gap.
    pub const fn dense(rows: u32, columns: u32, depth: u32) -> Shape {
        Shape { rows, columns, depth, stride_a: depth, stride_b: depth, stride_c: columns }
    }

    /// Multiply-adds of the product.
    pub const fn operations(&self) -> u64 {
        self.rows as u64 * self.columns as u64 * self.depth as u64
    }

    /// Elements that the slices of A, B and the result must have at least: the last row needs no gap after it.
    pub const fn lengths(&self) -> [u64; 3] {
        const fn length(rows: u32, stride: u32, row: u32) -> u64 {
            (rows as u64).saturating_sub(1) * stride as u64 + row as u64
        }
        [
            length(self.rows, self.stride_a, self.depth),
            length(self.columns, self.stride_b, self.depth),
            length(self.rows, self.stride_c, self.columns),
        ]
    }

    /// Whether the sizes are within limits and slices of these lengths hold the matrices.
    ///
    /// # Errors
    /// [`TensorError::Dimension`], [`TensorError::Stride`] or [`TensorError::Length`], with the field's name.
    pub fn check(&self, largest_depth: u32, a: usize, b: usize, c: usize) -> Result<(), TensorError> {
        let dimensions = [
            ("rows", self.rows, LARGEST_DIMENSION),
            ("columns", self.columns, LARGEST_DIMENSION),
            ("depth", self.depth, largest_depth),
        ];
        for (field, value, most) in dimensions {
            if value == 0 || value > most {
                return Err(TensorError::Dimension { field, value, most });
            }
        }
        let strides = [
            ("stride_a", self.stride_a, self.depth),
            ("stride_b", self.stride_b, self.depth),
            ("stride_c", self.stride_c, self.columns),
        ];
        for (field, value, least) in strides {
            if value < least {
                return Err(TensorError::Stride { field, value, least });
            }
        }
        for ((field, has), needs) in [("a", a), ("b", b), ("c", c)].into_iter().zip(self.lengths()) {
            if (has as u64) < needs {
                return Err(TensorError::Length { field, has: has as u64, needs });
            }
        }
        Ok(())
    }
}

/// Row `index` of a matrix.
#[inline(always)]
pub(crate) fn row<T>(values: &[T], stride: u32, index: u32, length: u32) -> &[T] {
    let start = index as usize * stride as usize;
    &values[start..start + length as usize]
}

/// Fills a result element by element.
pub(crate) fn fill<T>(shape: &Shape, c: &mut [T], mut element: impl FnMut(u32, u32) -> T) {
    for i in 0..shape.rows {
        let start = i as usize * shape.stride_c as usize;
        for (j, value) in (0..).zip(&mut c[start..start + shape.columns as usize]) {
            *value = element(i, j);
        }
    }
}

/// What is wrong with a request for a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorError {
    /// A size is zero or too large.
    Dimension {
        /// Of [`Shape`].
        field: &'static str,
        /// What it was.
        value: u32,
        /// What it may be.
        most: u32,
    },
    /// Rows would overlap.
    Stride {
        /// Of [`Shape`].
        field: &'static str,
        /// What it was.
        value: u32,
        /// Elements of a row.
        least: u32,
    },
    /// A slice is too short for its matrix.
    Length {
        /// Name of the argument.
        field: &'static str,
        /// Its elements.
        has: u64,
        /// Elements of the matrix, with the gaps between its rows.
        needs: u64,
    },
    /// A column's requantisation is out of range.
    Channel {
        /// Of [`Channel`](super::Channel).
        field: &'static str,
        /// The column.
        column: u32,
        /// What it was.
        value: i64,
    },
    /// The lowest value lies above the highest.
    Limits {
        /// The lowest.
        low: i8,
        /// The highest.
        high: i8,
    },
    /// A value is infinite or NaN where every value must be finite.
    NotFinite {
        /// Name of the argument.
        field: &'static str,
        /// Row of the first such value.
        row: u32,
        /// Its place in the row.
        index: u32,
    },
}

impl core::fmt::Display for TensorError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            TensorError::Dimension { field, value, most } => write!(out, "{field} is {value}, not in 1 to {most}"),
            TensorError::Stride { field, value, least } => {
                write!(out, "{field} is {value}, less than the {least} elements of a row")
            }
            TensorError::Length { field, has, needs } => {
                write!(out, "{field} has {has} elements, the matrix needs {needs}")
            }
            TensorError::Channel { field, column, value } => {
                write!(out, "{field} of column {column} is {value}, which is out of range")
            }
            TensorError::Limits { low, high } => write!(out, "the lowest value {low} lies above the highest, {high}"),
            TensorError::NotFinite { field, row, index } => {
                write!(out, "element {index} of row {row} of {field} is not finite")
            }
        }
    }
}

impl core::error::Error for TensorError {}
