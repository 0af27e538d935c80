//! Speed of the tensor engine on one core, beside the most that the core's arithmetic gives, in one run.
//!
//! `cargo run --release -p kernels --example tensor-bench` prints the rows of the bench file (area `tensor`), one a line. The
//! peer of a product is a loop over registers, without memory, of the instructions that the product consists of
//! (`kernels::tensor::fast::peak`); for int8 with AVX2 it is the better one of that and of the loop that an inexact product
//! would consist of. Both are timed by the processor time of one thread, in
//! turns, and count with their best turn, so that other work on the machine shows little.

use kernels::rng;
use kernels::tensor::fast::peak::{Mix, spin};
use kernels::tensor::fast::{self, Instructions};
use kernels::tensor::{Channel, Limits, Shape, exact, int8, strict};
use serde_json::{Value, json};
use std::hint::black_box;

const COMMAND: &str = "cargo run --release -p kernels --example tensor-bench";
const TURNS: usize = 20;
/// Rows, columns and depth. No power of two, so that no row of one matrix falls on the cache lines of the next.
const EDGE: u32 = 2016;
/// A round is twelve vectors of multiply-adds: about as long as a product.
const ROUNDS: u64 = 4_000_000;

/// Time that this thread spent on a processor.
fn seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1.0e9
}

fn bytes(seed: u64) -> Vec<i8> {
    let words = (0..EDGE * EDGE / 16).flat_map(|index| rng::draw(seed, index, 0, 0));
    words.flat_map(u32::to_le_bytes).map(|byte| byte as i8).collect()
}

fn floats(seed: u64) -> Vec<f32> {
    (0..EDGE * EDGE / 4).flat_map(|index| rng::draw(seed, index, 0, 0)).map(|word| rng::unit(word) - 0.5).collect()
}

/// Best billions of operations per second (a multiply-add is two) of a product and of the mixes beside it.
fn measure(set: Instructions, mixes: &[Mix], mut product: impl FnMut()) -> (f64, Option<f64>) {
    let operations = 2.0 * Shape::dense(EDGE, EDGE, EDGE).operations() as f64;
    let (mut best, mut peak) = (0.0_f64, None);
    for _ in 0..TURNS {
        let start = seconds();
        product();
        best = best.max(operations / (seconds() - start) / 1.0e9);
        for mix in mixes {
            let start = seconds();
            if let Some(done) = spin(set, *mix, ROUNDS) {
                let rate = 2.0 * done as f64 / (seconds() - start) / 1.0e9;
                peak = Some(peak.map_or(rate, |peak: f64| peak.max(rate)));
            }
        }
    }
    (best, peak)
}

/// `part`: of the peak that the product is to reach.
fn row(name: &str, set: Instructions, (rate, peak): (f64, Option<f64>), part: Option<f64>) -> Value {
    let mut line = json!({"area": "tensor", "name": name, "value": rate, "unit": "Gop/s", "better": "higher",
        "bar": null, "peer": null, "ratio": null, "command": COMMAND, "instructions": format!("{set:?}")});
    match peak {
        Some(peak) => {
            line["peer"] = json!(format!("{set:?} on registers: {peak:.1} Gop/s"));
            line["ratio"] = json!(rate / peak);
            line["bar"] = json!(part.map(|part| part * peak));
        }
        None => line["why"] = json!("there is no loop over registers for this processor"),
    }
    line
}

fn rows() -> Vec<Value> {
    let shape = Shape::dense(EDGE, EDGE, EDGE);
    let best = Instructions::best();
    let mut rows = Vec::new();

    let (a, b) = (bytes(1), bytes(2));
    let mut c = vec![0; (EDGE * EDGE) as usize];
    let mixes = [Mix::Int8, Mix::SaturatingInt8];
    let mut int8_row = |name: &str, set: Instructions| {
        let product = || fast::gemm_i8(set, &shape, black_box(&a), &b, &mut c).expect("the shape is in order");
        let rates = measure(set, &mixes, product);
        assert_eq!(c[0], int8::dot(&a[..EDGE as usize], &b[..EDGE as usize]));
        rows.push(row(name, set, rates, Some(0.5)));
    };
    int8_row("int8_gemm_one_core", best);
    for (name, set) in
        [("int8_gemm_avx_vnni_one_core", Instructions::AvxVnni), ("int8_gemm_avx2_one_core", Instructions::Avx2)]
    {
        if set.are_available() {
            int8_row(name, set);
        }
    }
    let channels = vec![Channel { bias: 5, multiplier: 1 << 30, shift: 42 }; EDGE as usize];
    let mut requantised = vec![0; (EDGE * EDGE) as usize];
    let product = || {
        let done =
            fast::gemm_i8_requantised(best, &shape, black_box(&a), &b, &channels, Limits::SYMMETRIC, &mut requantised);
        done.expect("the shape is in order");
    };
    let rates = measure(best, &mixes, product);
    rows.push(row("int8_gemm_requantised_one_core", best, rates, Some(0.5)));

    let (a, b) = (floats(1), floats(2));
    let (row_a, row_b) = (&a[..EDGE as usize], &b[..EDGE as usize]);
    let mut c = vec![0.0; (EDGE * EDGE) as usize];
    let rates = measure(best, &[Mix::Strict], || {
        fast::gemm_f32_strict(best, &shape, black_box(&a), &b, &mut c).expect("the shape is in order");
    });
    assert_eq!(c[0], strict::dot(row_a, row_b));
    rows.push(row("strict_f32_gemm_one_core", best, rates, Some(0.5)));
    let rates = measure(best, &[Mix::Exact], || {
        fast::gemm_f32_exact(best, &shape, black_box(&a), &b, &mut c).expect("the values are finite");
    });
    let exponents = [row_a, row_b].map(|row| exact::exponent_of_row(row).expect("the values are finite"));
    let sum = exact::dot(row_a, exponents[0], row_b, exponents[1]);
    assert_eq!(c[0], exact::result(sum, exponents[0], exponents[1]));
    rows.push(row("exact_f32_gemm_one_core", best, rates, Some(0.5)));
    rows
}

fn main() {
    let thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be had");
    for row in thread.install(rows) {
        println!("{row}");
    }
}
