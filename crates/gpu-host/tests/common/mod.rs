//! What the tests of the device need: a device, or the visible line that there is none, and a process of their own.

#![allow(dead_code)]

use std::io::Write;
use std::process::Command;

use gpu_host::Device;

/// Device 0; without one a line that says so, and the test that asked ends.
pub fn device() -> Option<Device> {
    match Device::open(0) {
        Ok(device) => Some(device),
        Err(error) => {
            skipped(&format!("no CUDA device ({error})"));
            None
        }
    }
}

/// Says that a test did not run, past the test harness, which keeps what a test that passes prints.
fn skipped(reason: &str) {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
}

/// Names, in a child process, the test that it was started for.
const INSIDE: &str = "GPU_HOST_TEST_INSIDE";

/// Runs the rest of the test `name` with an emulated driver that is set so: true in a process of its own, whose end the
/// calling process waits for and judges. Elsewhere than on the emulated driver a line says that it was skipped.
pub fn emulated(name: &str, settings: &[(&str, &str)]) -> bool {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == name) {
        return true;
    }
    match device() {
        Some(device) if device.info().is_emulated => {}
        Some(device) => {
            skipped(&format!("{} is no emulated device", device.info().name));
            return false;
        }
        None => return false,
    }
    run_alone(name, |command| command.envs(settings.iter().copied()));
    false
}

/// Runs the rest of the test `name` in a process of its own that `prepare` has prepared: true there.
pub fn alone(name: &str, prepare: impl FnOnce(&mut Command) -> &mut Command) -> bool {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == name) {
        return true;
    }
    run_alone(name, prepare);
    false
}

fn run_alone(name: &str, prepare: impl FnOnce(&mut Command) -> &mut Command) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env(INSIDE, name);
    let output = prepare(&mut command).output().unwrap();
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name} failed in its own process:\n{printed}\n{errors}");
    assert!(printed.contains("1 passed"), "{name} is not the name of its test:\n{printed}");
}
