//! The GPU's rows: what each engine of `gpu_host` measures on a device.

use crate::backend::{DeviceChoice, accelerators};
use gpu_host::{
    Device, GpuError,
    measure::{Row, merkle, probe, render, tensor},
};

const EMULATED: &str = "the device is emulated";

/// An engine, and what is promised of it.
struct Engine {
    rows: fn(&Device) -> Result<Vec<Row>, GpuError>,
    promised: &'static [Promise],
}

/// A figure that is to be reached on an H100.
struct Promise {
    /// How the name of its row begins; the sizes that follow are the engine's.
    name: &'static str,
    unit: &'static str,
    better: &'static str,
    bar: f64,
}

const fn at_least(name: &'static str, bar: f64, unit: &'static str) -> Promise {
    Promise { name, unit, better: "higher", bar }
}

const fn at_most(name: &'static str, bar: f64, unit: &'static str) -> Promise {
    Promise { name, unit, better: "lower", bar }
}

const ENGINES: [Engine; 4] = [
    Engine {
        rows: render::rows,
        promised: &[
            at_least("render: coherent rays", 2e9, "rays/s"),
            at_least("render: incoherent rays", 1e9, "rays/s"),
            at_most("render: commitment's share of a job's time", 0.01, "of 1"),
            at_most("render: warm start", 50.0, "ms"),
            at_most("render: strictness tax", 0.05, "of 1"),
        ],
    },
    Engine {
        rows: tensor::rows,
        promised: &[
            at_least("gemm_i8 8192 over cuBLASLt", 0.6, "ratio"),
            at_least("gemm_f32_strict 8192 over cuBLAS SGEMM", 0.7, "ratio"),
            at_least("gemm_f32_exact 8192 over cuBLAS SGEMM", 1.0, "ratio"),
        ],
    },
    Engine { rows: merkle::rows, promised: &[at_least("SHA-256 tree", 200.0, "GB/s")] },
    // Probes measure; what they must reach is what the engines before must.
    Engine { rows: probe::rows, promised: &[] },
];

/// The first of the chosen devices, or why there is none.
pub(super) fn open(choice: &DeviceChoice) -> Result<Device, String> {
    let ordinals = choice.select(&accelerators().devices?)?;
    let first = ordinals.first().ok_or("no GPU here is new enough; render-worker doctor says more")?;
    Device::open(*first).map_err(|error| error.to_string())
}

/// Measures on a device, and gives what was promised and not measured with the reason.
pub(super) fn measure(device: Result<Device, String>, take: &dyn Fn(Row)) {
    for Engine { rows, promised } in ENGINES {
        let (rows, why) = match &device {
            Ok(device) => match rows(device) {
                Ok(rows) if device.info().is_emulated => {
                    (rows.into_iter().map(without_figures).collect(), EMULATED.into())
                }
                Ok(rows) => (rows, "this device has no way to measure it".to_owned()),
                Err(error) => (Vec::new(), error.to_string()),
            },
            Err(why) => (Vec::new(), why.clone()),
        };
        let missing = promised.iter().filter(|promise| rows.iter().all(|row| !row.name.starts_with(promise.name)));
        let missing: Vec<Row> = missing.map(|promise| promise.unmeasured(&why)).collect();
        rows.into_iter().chain(missing).for_each(take);
    }
}

/// What an emulator takes says nothing about a card, and nobody shall take it for that.
fn without_figures(row: Row) -> Row {
    Row { value: None, peer: None, ratio: None, floor: None, why: Some(EMULATED.into()), ..row }
}

impl Promise {
    fn unmeasured(&self, why: &str) -> Row {
        Row::unmeasured(self.name, self.unit, self.better, why).bar(self.bar)
    }
}
