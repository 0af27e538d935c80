//! Workers on GPUs: on emulated ones, which execute the committed PTX on the processor and fail on demand.
//!
//! The emulated driver is found by a process when it starts, so each test runs itself again as a child that finds it.

use crate::market::{FRAME, Market, honest, tail};
use kernels::render::{Tracer, UnitOutput};
use render_compute_cli::job::Source;
use render_compute_client::Address;
use render_worker::{
    Done,
    backend::{Backend, BackendChoice, BackendError, Cancel, CudaBackend, DeviceChoice, accelerators, choose},
    scenes::PreparedJob,
};
use serde_json::Value;
use std::{
    cell::RefCell,
    ffi::OsString,
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};

/// Set in the child.
const CHILD: &str = "ON_EMULATED_GPU";

/// The folder of the emulated driver.
fn driver() -> Option<OsString> {
    let folder = std::env::var_os("RENDER_COMPUTE_EMULATED_CUDA");
    if folder.is_none() {
        println!("skipped: no emulated CUDA driver (cargo xtask test builds it and sets RENDER_COMPUTE_EMULATED_CUDA)");
    }
    folder
}

/// Runs a test of this file on emulated GPUs: `body` in a child, with these variables.
fn on_emulated_gpus(test: &str, variables: &[(&str, &str)], body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let Some(folder) = driver() else { return };
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args([&format!("gpu::{test}"), "--exact", "--nocapture"])
        .env("LD_LIBRARY_PATH", folder)
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .expect("started");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

fn job() -> PreparedJob {
    let scene = Source::load("cornell", None).expect("the project's own scene");
    PreparedJob { job: Address::default(), frame: FRAME, tracer: Arc::new(Tracer::new(scene.image).expect("whole")) }
}

fn cuda() -> CudaBackend {
    CudaBackend::open(&DeviceChoice::default()).expect("an emulated GPU")
}

fn auto() -> Arc<dyn Backend> {
    choose(BackendChoice::Auto, 1, &DeviceChoice::default()).expect("a backend")
}

fn render(backend: &dyn Backend) -> Result<Vec<UnitOutput>, BackendError> {
    backend.render(&job(), 0..FRAME.units(), &|_| {}, &Cancel::default())
}

fn expected() -> Vec<UnitOutput> {
    render(&*honest()).expect("a processor renders")
}

#[test]
fn units_on_two_gpus_have_the_bits_of_the_processor_and_come_in_order() {
    on_emulated_gpus(
        "units_on_two_gpus_have_the_bits_of_the_processor_and_come_in_order",
        &[("EMULATED_CUDA_DEVICES", "2")],
        || {
            let cuda = cuda();
            assert_eq!(cuda.describe(), "Emulated GPU 0 (0), Emulated GPU 1 (1)");
            let progress = RefCell::new(vec![0]);
            let told = |units| progress.borrow_mut().push(units);
            let outputs = cuda.render(&job(), 1..5, &told, &Cancel::default()).expect("rendered");
            assert!(outputs == expected()[1..5]);
            assert!(progress.borrow().is_sorted() && progress.borrow().last() == Some(&4), "{progress:?}");
            // The scene is there still, and then it is not.
            assert!(render(&cuda).expect("rendered") == expected());
            cuda.forget();
            assert!(render(&cuda).expect("rendered") == expected());
        },
    );
}

#[test]
fn the_oldest_family_of_gpus_has_the_bits_of_the_processor() {
    on_emulated_gpus(
        "the_oldest_family_of_gpus_has_the_bits_of_the_processor",
        &[("EMULATED_CUDA_CAPABILITY", "75")],
        || assert!(render(&cuda()).expect("rendered") == expected()),
    );
}

#[test]
fn a_rendering_on_a_gpu_can_be_called_off() {
    on_emulated_gpus("a_rendering_on_a_gpu_can_be_called_off", &[], || {
        let (cuda, cancel) = (cuda(), Cancel::default());
        cancel.cancel();
        let outcome = cuda.render(&job(), 0..FRAME.units(), &|_| {}, &cancel);
        assert!(matches!(outcome, Err(BackendError::Cancelled)), "{outcome:?}");
        assert!(render(&cuda).expect("rendered") == expected(), "the next one is as good as ever");
    });
}

#[test]
fn units_of_a_gpu_that_is_lost_in_the_middle_are_rendered_by_the_other() {
    on_emulated_gpus(
        "units_of_a_gpu_that_is_lost_in_the_middle_are_rendered_by_the_other",
        &[("EMULATED_CUDA_DEVICES", "2"), ("EMULATED_CUDA_LOSE_AFTER", "4")],
        || assert!(render(&cuda()).expect("rendered by the other") == expected()),
    );
}

#[test]
fn a_gpu_that_is_lost_says_so_and_is_used_again_when_it_is_back() {
    on_emulated_gpus(
        "a_gpu_that_is_lost_says_so_and_is_used_again_when_it_is_back",
        &[("EMULATED_CUDA_LOSE_AFTER", "4")],
        || {
            let cuda = cuda();
            let outcome = render(&cuda);
            assert!(matches!(outcome, Err(BackendError::DeviceLost(_))), "{outcome:?}");
            // It is opened again by itself, at the earliest after half a second.
            let back = (0..200).find_map(|_| {
                std::thread::sleep(Duration::from_millis(50));
                render(&cuda).ok()
            });
            assert!(back.expect("it comes back") == expected());
        },
    );
}

#[test]
fn with_backend_auto_a_lease_whose_gpu_is_lost_is_rendered_on_the_processor() {
    on_emulated_gpus(
        "with_backend_auto_a_lease_whose_gpu_is_lost_is_rendered_on_the_processor",
        &[("EMULATED_CUDA_LOSE_AFTER", "4")],
        || {
            let auto = auto();
            assert_eq!(auto.name(), "cuda");
            assert!(render(&*auto).expect("rendered on the processor") == expected());
        },
    );
}

#[test]
fn a_gpu_without_room_for_the_scene_says_so_and_with_backend_auto_the_processor_renders() {
    on_emulated_gpus(
        "a_gpu_without_room_for_the_scene_says_so_and_with_backend_auto_the_processor_renders",
        &[("EMULATED_CUDA_MEMORY", "65536")],
        || {
            let outcome = render(&cuda());
            assert!(matches!(outcome, Err(BackendError::OutOfMemory(_))), "{outcome:?}");
            assert!(render(&*auto()).expect("rendered on the processor") == expected());
        },
    );
}

#[test]
fn a_gpu_that_is_not_there_is_refused_with_those_that_are() {
    on_emulated_gpus("a_gpu_that_is_not_there_is_refused_with_those_that_are", &[], || {
        let devices: DeviceChoice = "7".parse().expect("a number");
        for choice in [BackendChoice::Auto, BackendChoice::Cuda] {
            let error = choose(choice, 1, &devices).err().expect("refused").to_string();
            assert!(error.contains("there is no GPU 7") && error.contains("0 (Emulated GPU 0"), "{error}");
        }
    });
}

#[test]
fn a_worker_whose_gpu_is_lost_returns_that_lease_and_is_paid_for_the_job() {
    on_emulated_gpus(
        "a_worker_whose_gpu_is_lost_returns_that_lease_and_is_paid_for_the_job",
        &[("EMULATED_CUDA_LOSE_AFTER", "4")],
        || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let market = Market::new(3).await;
                let machines = [market.machine("ada", Arc::new(cuda())).await];
                let job = market.order().await;
                let done = market.finish(&job, &machines, false).await;
                assert!(done.iter().any(|(_, done)| matches!(done, Done::Returned { .. })), "{}", tail(&done));
                let node = market.node(&machines[0]).await;
                assert_eq!((node.leases_accepted, node.slashed_total), (3, 0), "{}", tail(&done));

                let other = Market::new(3).await;
                let processors = [other.machine("bo", honest()).await];
                let same = other.order().await;
                other.finish(&same, &processors, false).await;
                assert!(market.results(&job).await == other.results(&same).await, "the same picture");
            });
        },
    );
}

/// Runs the worker's binary, with the emulated driver or whatever the machine has.
fn worker(arguments: &[&str], driver: Option<&OsString>) -> Output {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_render-worker"));
    command.args(arguments).arg("--home").arg(home.path()).args(["--url", "http://127.0.0.1:1", "--threads", "1"]);
    if let Some(folder) = driver {
        command.env("LD_LIBRARY_PATH", folder).env("EMULATED_CUDA_DEVICES", "2");
    }
    command.output().expect("started")
}

/// The checks of `doctor` with this name.
fn checks(output: &Output, name: &str) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    let checks = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a check in JSON"));
    checks.filter(|check| check["name"] == name).collect()
}

#[test]
fn the_doctor_shows_each_gpu_and_what_would_render() {
    let Some(folder) = driver() else { return };
    let output = worker(&["doctor", "--json", "--device", "1"], Some(&folder));
    let gpus = checks(&output, "gpu");
    assert_eq!(gpus.len(), 2, "{gpus:?}");
    let finding = |index: usize| gpus[index]["finding"].as_str().expect("a sentence").to_owned();
    assert!(finding(0).starts_with("0: Emulated GPU 0, ") && finding(0).ends_with("not used by these settings"));
    assert!(finding(1).contains(", GPU-") && finding(1).ends_with("runs the kernels of sm_80"), "{}", finding(1));
    let backend = &checks(&output, "backend")[0];
    assert_eq!(backend["level"], "ok");
    assert!(backend["finding"].as_str().expect("a sentence").starts_with("cuda: Emulated GPU 1; "), "{backend}");
}

#[test]
fn without_a_driver_the_doctor_and_the_worker_say_what_is_missing() {
    if accelerators().is_library_present {
        return println!("skipped: this machine has a CUDA driver");
    }
    let output = worker(&["doctor", "--json"], None);
    assert!(checks(&output, "backend")[0]["finding"].as_str().expect("a sentence").starts_with("cpu: "));
    assert_eq!(checks(&output, "gpu").len(), 1);
    let output = worker(&["doctor", "--json", "--backend", "cuda"], None);
    let backend = &checks(&output, "backend")[0];
    assert_eq!(backend["level"], "fail");
    assert!(!backend["fix"].as_str().expect("a sentence").is_empty());
    let output = worker(&["run", "--backend", "cuda"], None);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("no usable NVIDIA driver"), "{text}");
}

#[test]
fn without_a_gpu_bench_has_the_processors_rows_and_says_why_it_has_no_others() {
    if accelerators().is_library_present {
        return println!("skipped: this machine has a CUDA driver");
    }
    let output = worker(&["bench", "--quick", "--json"], None);
    let file: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(file["machine"]["cpu"].is_string());
    let rows = file["rows"].as_array().expect("rows");
    let of = |area: &'static str| rows.iter().filter(move |row| row["area"] == area);
    assert!(of("cpu").count() >= 8 && of("gpu").count() >= 9, "{rows:?}");
    assert!(of("cpu").all(|row| row["value"].as_f64().is_some_and(|value| value > 0.0)), "{rows:?}");
    assert!(of("gpu").all(|row| row["value"].is_null() && row["why"].is_string() && row["bar"].is_number()));
}

#[test]
fn bench_runs_every_engine_on_an_emulated_gpu_and_publishes_none_of_its_times() {
    let Some(folder) = driver() else { return };
    let output = worker(&["bench", "--quick", "--json", "--device", "1"], Some(&folder));
    let file: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(file["machine"]["gpu"].as_str().is_some_and(|names| names.contains("Emulated GPU 1")), "{file}");
    let rows = file["rows"].as_array().expect("rows");
    let gpu: Vec<&Value> = rows.iter().filter(|row| row["area"] == "gpu").collect();
    for engine in ["render: ", "gemm_i8 ", "SHA-256 tree", "probe: memory walk"] {
        assert!(gpu.iter().any(|row| row["name"].as_str().is_some_and(|name| name.starts_with(engine))), "{engine}");
    }
    assert!(gpu.iter().all(|row| row["value"].is_null() && row["why"] == "the device is emulated"), "{gpu:?}");
}
