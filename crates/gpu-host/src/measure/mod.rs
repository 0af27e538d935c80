//! What the engines reach on a card, beside what the card could: rows for `render-worker bench`.
//!
//! Each engine has a file with `rows(&Device) -> Result<Vec<Row>, GpuError>`. A floor is computed from the operations
//! and bytes that the work cannot do without and the card's [`Peaks`]; nothing here was measured that does not say so.

pub mod merkle;
pub mod probe;
pub mod render;
pub mod tensor;

use std::time::Duration;

use serde::Serialize;

use crate::device::Device;
use crate::error::GpuError;
use crate::info::DeviceInfo;

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The figure; none where it could not be measured, and then `why` says the reason.
    pub value: Option<f64>,
    /// Unit of the figures.
    pub unit: &'static str,
    /// `higher` or `lower`.
    pub better: &'static str,
    /// The figure to reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bar: Option<f64>,
    /// What ran beside it, and its figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Our figure over the peer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// The best figure that this card's clocks and widths allow, from counted operations and bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<f64>,
    /// Why there is no figure, or what to know about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Row {
    /// A rate: the more, the better.
    pub fn rate(name: impl Into<String>, value: f64, unit: &'static str) -> Row {
        Row::new(name, Some(value), unit, "higher")
    }

    /// A duration or a share: the less, the better.
    pub fn cost(name: impl Into<String>, value: f64, unit: &'static str) -> Row {
        Row::new(name, Some(value), unit, "lower")
    }

    /// What was not measured, and why.
    pub fn unmeasured(
        name: impl Into<String>,
        unit: &'static str,
        better: &'static str,
        why: impl Into<String>,
    ) -> Row {
        let mut row = Row::new(name, None, unit, better);
        row.why = Some(why.into());
        row
    }

    fn new(name: impl Into<String>, value: Option<f64>, unit: &'static str, better: &'static str) -> Row {
        Row { name: name.into(), value, unit, better, bar: None, peer: None, ratio: None, floor: None, why: None }
    }

    /// With the figure to reach.
    #[must_use]
    pub fn bar(mut self, bar: f64) -> Row {
        self.bar = Some(bar);
        self
    }

    /// With the best that the card allows.
    #[must_use]
    pub fn floor(mut self, floor: Option<f64>) -> Row {
        self.floor = floor;
        self
    }

    /// With what ran beside it and its figure in the same unit.
    #[must_use]
    pub fn peer(mut self, peer: impl Into<String>, figure: f64) -> Row {
        self.peer = Some(peer.into());
        self.ratio = self.value.map(|value| value / figure);
        self
    }

    /// With something to know.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Row {
        self.why = Some(why.into());
        self
    }
}

/// What a card could do if nothing ever waited: units times clock. Per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peaks {
    /// f32 instructions: an addition, a multiplication, or a fused pair.
    pub f32_instructions: f64,
    /// 32-bit integer instructions: addition, logic, shift.
    pub integer_instructions: f64,
    /// int8 operations of the tensor cores, two to a multiply-add, dense; none where no figure is published.
    pub int8_tensor_operations: Option<f64>,
    /// Warp instructions that all schedulers can issue.
    pub warp_instructions: f64,
    /// Bytes of the card's memory.
    pub memory_bytes: f64,
}

/// Per clock and multiprocessor: f32 instructions, integer instructions, dense int8 tensor operations.
///
/// f32 and integers: "Throughput of Native Arithmetic Instructions" of NVIDIA's CUDA C++ Programming Guide (32-bit
/// floating-point add; 32-bit integer add), and for 12.x the RTX Blackwell whitepaper, whose integer units are the f32
/// units. int8: the data sheets' dense rate over multiprocessors and boost clock: T4 130 TOPS, A100 624, RTX 3090 284,
/// Orin 85, RTX 4090 661, H100 SXM 1979, B200 4500, RTX 5090 838. For 10.3 NVIDIA publishes a rate so low that it is no
/// use of the tensor cores.
fn per_clock(capability: u32) -> (f64, f64, Option<f64>) {
    match capability {
        75 => (64.0, 64.0, Some(2048.0)),
        80 => (64.0, 64.0, Some(4096.0)),
        87 => (128.0, 64.0, Some(4096.0)),
        86 | 89 => (128.0, 64.0, Some(2048.0)),
        90 => (128.0, 64.0, Some(8192.0)),
        100 => (128.0, 64.0, Some(16384.0)),
        120..=129 => (128.0, 128.0, Some(2048.0)),
        _ => (128.0, 64.0, None),
    }
}

impl Peaks {
    /// Of a card, at its highest clock.
    pub fn of(info: &DeviceInfo) -> Peaks {
        let (f32_rate, integer_rate, tensor_rate) = per_clock(info.capability);
        let clocks = f64::from(info.multiprocessors) * f64::from(info.clock_khz) * 1e3;
        Peaks {
            f32_instructions: f32_rate * clocks,
            integer_instructions: integer_rate * clocks,
            int8_tensor_operations: tensor_rate.map(|rate| rate * clocks),
            // Four schedulers in each multiprocessor since 7.0.
            warp_instructions: 4.0 * clocks,
            memory_bytes: info.memory_bytes_per_second(),
        }
    }

    /// Seconds below which the card cannot do this work: the slowest of its parts, all overlapped. `None` where the
    /// card's rate for a part is not known.
    pub fn floor_seconds(&self, work: &Work) -> Option<f64> {
        let tensor = match (work.int8_tensor_operations, self.int8_tensor_operations) {
            (0.0, _) => 0.0,
            (operations, rate) => operations / rate?,
        };
        let parts = [
            work.f32_instructions / self.f32_instructions,
            work.integer_instructions / self.integer_instructions,
            (work.f32_instructions + work.integer_instructions) / (32.0 * self.warp_instructions),
            work.memory_bytes / self.memory_bytes,
            tensor,
        ];
        let floor = parts.into_iter().fold(0.0, f64::max);
        floor.is_finite().then_some(floor)
    }
}

/// What a piece of work cannot do without.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// f32 instructions of all threads; a fused pair is one.
    pub f32_instructions: f64,
    /// Integer instructions of all threads.
    pub integer_instructions: f64,
    /// int8 operations of the tensor cores, two to a multiply-add.
    pub int8_tensor_operations: f64,
    /// Bytes read from and written to the card's memory.
    pub memory_bytes: f64,
}

/// The median of the time that the card takes for `work`, after one run that warms caches and clocks.
pub fn median_time(
    device: &Device,
    runs: usize,
    mut work: impl FnMut() -> Result<(), GpuError>,
) -> Result<Duration, GpuError> {
    device.time(&mut work)?;
    let mut times = (0..runs.max(1)).map(|_| device.time(&mut work)).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::example;

    #[test]
    fn an_h100_at_its_highest_clock_has_the_rates_of_its_data_sheet() {
        let peaks = Peaks::of(&example(90));
        // 66.9 Tflop/s fused at 1.98 GHz; 1979 TOPS are given at 1.83 GHz.
        assert!((2.0 * peaks.f32_instructions / 66.9e12 - 1.0).abs() < 0.01, "{peaks:?}");
        let tensor = peaks.int8_tensor_operations.unwrap() * 1.83 / 1.98;
        assert!((tensor / 1979e12 - 1.0).abs() < 0.01, "{tensor}");
    }

    #[test]
    fn the_floor_is_the_slowest_part() {
        let peaks = Peaks {
            f32_instructions: 100.0,
            integer_instructions: 50.0,
            int8_tensor_operations: None,
            warp_instructions: 4.0,
            memory_bytes: 10.0,
        };
        let work = Work { f32_instructions: 100.0, memory_bytes: 20.0, ..Work::default() };
        assert_eq!(peaks.floor_seconds(&work), Some(2.0));
        // Together they exceed what the schedulers issue: 200 instructions at 32 x 4 per second.
        let work = Work { f32_instructions: 100.0, integer_instructions: 50.0, ..Work::default() };
        assert_eq!(peaks.floor_seconds(&work), Some(150.0 / 128.0));
        let work = Work { int8_tensor_operations: 1.0, ..Work::default() };
        assert_eq!(peaks.floor_seconds(&work), None, "a rate that nobody published");
    }

    #[test]
    fn a_row_that_was_not_measured_says_why() {
        let row = Row::unmeasured("int8 GEMM", "TOPS", "higher", "no CUDA device");
        let json = serde_json::to_value(&row).unwrap();
        assert!(json["value"].is_null());
        assert_eq!(json["why"], "no CUDA device");
        assert!(json.get("bar").is_none());
        let row = Row::rate("int8 GEMM", 900.0, "TOPS").bar(700.0).peer("cuBLASLt 1200 TOPS", 1200.0);
        assert_eq!(row.ratio, Some(0.75));
    }
}
