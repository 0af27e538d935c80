//! What a node computes on: its GPUs, and what is missing where it has some that cannot be used.

use super::{Check, Findings, Level, check, ok, size};
use crate::backend::{Accelerators, BackendChoice, Gpu};

/// What `run` would render on, then each GPU, or what stands between the machine's cards and the worker.
pub(super) fn checks(findings: &Findings) -> Vec<Check> {
    let gpus = findings.accelerators.devices.as_deref().unwrap_or_default();
    let mut checks = vec![backend(findings, gpus)];
    if gpus.is_empty() {
        checks.push(no_gpu(&findings.accelerators));
        return checks;
    }
    checks.extend(gpus.first().map(|gpu| driver(gpu.driver_version, findings.accelerators.driver.as_deref())));
    let chosen = findings.devices.select(gpus).unwrap_or_default();
    checks.extend(
        gpus.iter().map(|gpu| device(gpu, findings.backend != BackendChoice::Cpu && chosen.contains(&gpu.ordinal))),
    );
    checks
}

fn backend(findings: &Findings, gpus: &[Gpu]) -> Check {
    let cuda = match findings.devices.select(gpus) {
        _ if gpus.is_empty() => Err("no GPU can be used".to_owned()),
        Ok(ordinals) if ordinals.is_empty() => Err("no GPU here is new enough".to_owned()),
        outcome => outcome,
    };
    let names = |ordinals: &[u32]| {
        let chosen = gpus.iter().filter(|gpu| ordinals.contains(&gpu.ordinal));
        chosen.map(|gpu| gpu.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    match (findings.backend, cuda, &findings.processor) {
        (BackendChoice::Cuda, Ok(ordinals), _) => ok("backend", format!("cuda: {}", names(&ordinals))),
        (BackendChoice::Cuda, Err(reason), _) => check(
            "backend",
            Level::Fail,
            format!("cuda: {reason}"),
            "set backend to auto or cpu, or mend what gpu says",
        ),
        (_, _, Err(reason)) => check("backend", Level::Fail, reason, "set threads to a smaller number"),
        (BackendChoice::Auto, Ok(ordinals), Ok(processor)) => {
            ok("backend", format!("cuda: {}; where that fails, cpu: {processor}", names(&ordinals)))
        }
        (BackendChoice::Auto, Err(reason), Ok(_)) if !findings.devices.is_all() => {
            check("backend", Level::Fail, reason, "set device to GPUs that are there, or leave it empty")
        }
        (_, _, Ok(processor)) => ok("backend", format!("cpu: {processor}")),
    }
}

fn driver(version: u32, kernel: Option<&str>) -> Check {
    let of = kernel.map(|line| format!(" ({line})")).unwrap_or_default();
    ok("driver", format!("for CUDA {}.{}{of}", version / 1_000, version % 1_000 / 10))
}

fn device(gpu: &Gpu, is_used: bool) -> Check {
    let Gpu { ordinal, name, uuid, memory_bytes, capability, .. } = gpu;
    let finding = format!(
        "{ordinal}: {name}, {}, compute capability {}.{}, {uuid}",
        size(*memory_bytes),
        capability / 10,
        capability % 10
    );
    match gpu::ptx::of(*capability) {
        None => check("gpu", Level::Warn, finding, "too old: 7.5 is needed (2018's Turing, or newer); it stays idle"),
        Some(family) if is_used => ok("gpu", format!("{finding}, runs the kernels of sm_{}", family.capability)),
        Some(_) => ok("gpu", format!("{finding}, not used by these settings")),
    }
}

/// Why there is no GPU to compute on: from the card to the library, the first thing that is missing.
fn no_gpu(found: &Accelerators) -> Check {
    let seen = match (found.gpus.as_slice(), found.cards_on_bus) {
        ([], 0) => None,
        ([], 1) => Some("an NVIDIA card".to_owned()),
        ([], cards) => Some(format!("{cards} NVIDIA cards")),
        (names, _) => Some(names.join(", ")),
    };
    let warn = |finding: String, fix: &str| check("gpu", Level::Warn, finding, fix);
    let reason = found.devices.as_ref().err().map_or("the CUDA driver lists no GPU", String::as_str);
    match seen {
        None if found.is_library_present => warn(
            reason.to_owned(),
            "see that nvidia-smi lists the card; in a container, start it with --gpus all (nvidia-container-toolkit on the host)",
        ),
        None => ok("gpu", "no NVIDIA GPU found"),
        Some(cards) if found.is_container && (found.device_files == 0 || !found.is_library_present) => warn(
            format!("the host has {cards}, this container was started without"),
            "install nvidia-container-toolkit on the host, start the container with --gpus all, and let \
             NVIDIA_DRIVER_CAPABILITIES hold compute,utility",
        ),
        Some(cards) if found.driver.is_none() && !found.is_library_present => warn(
            format!("{cards}, but no NVIDIA driver is loaded"),
            "install NVIDIA's driver, 450 or newer (Ubuntu: sudo ubuntu-drivers install; others: nvidia.com/drivers), \
             and restart the machine",
        ),
        Some(cards) if !found.forbidden_files.is_empty() => warn(
            format!("{cards}, but this user may not open /dev/{}", found.forbidden_files.join(", /dev/")),
            "add the user to the group that owns these files (often video or render), or give them mode 0666 by a rule of udev",
        ),
        Some(cards) if !found.is_library_present => warn(
            format!("{cards}, but libcuda.so.1 cannot be loaded"),
            "install the driver's compute library of the same version (Ubuntu: libnvidia-compute-…; Fedora: \
             xorg-x11-drv-nvidia-cuda-libs)",
        ),
        Some(cards) => warn(
            format!("{cards} ({}): {reason}", found.driver.as_deref().unwrap_or("no kernel driver")),
            "see what nvidia-smi says; after an update of the driver, restart the machine",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{
        examine,
        tests::{found, healthy, lines, none},
    };

    fn gpu(ordinal: u32, capability: u32) -> Gpu {
        let (name, uuid) = ("NVIDIA X".into(), format!("GPU-{ordinal}0ab"));
        Gpu { ordinal, name, uuid, memory_bytes: 80 << 30, capability, driver_version: 12_040 }
    }

    /// A machine with two GPUs, one of them too old.
    fn two() -> Accelerators {
        Accelerators {
            cards_on_bus: 2,
            gpus: vec!["NVIDIA X".into(); 2],
            driver: Some("NVRM version: 550.1".into()),
            device_files: 4,
            is_library_present: true,
            devices: Ok(vec![gpu(0, 70), gpu(1, 89)]),
            ..none()
        }
    }

    #[test]
    fn each_gpu_is_shown_with_what_it_runs_or_why_it_cannot() {
        let findings = Findings { accelerators: two(), ..healthy() };
        let lines = lines(&findings);
        let of = |name: &str| lines.iter().filter(|line| line[5..].starts_with(name)).collect::<Vec<_>>();
        assert_eq!(of("driver"), ["ok   driver     for CUDA 12.4 (NVRM version: 550.1)"]);
        assert_eq!(of("backend"), ["ok   backend    cuda: NVIDIA X; where that fails, cpu: a processor on 2 threads"]);
        assert_eq!(
            of("gpu"),
            [
                "warn gpu        0: NVIDIA X, 80 GiB, compute capability 7.0, GPU-00ab\n                -> too old: 7.5 is needed \
                 (2018's Turing, or newer); it stays idle",
                "ok   gpu        1: NVIDIA X, 80 GiB, compute capability 8.9, GPU-10ab, runs the kernels of sm_80",
            ]
        );
        let idle = Findings { backend: BackendChoice::Cpu, ..findings };
        assert_eq!(found(&idle, "backend").finding, "cpu: a processor on 2 threads");
        let last = examine(&idle).into_iter().rfind(|check| check.name == "gpu").unwrap();
        assert!(last.finding.ends_with("not used by these settings"), "{last}");
    }

    #[test]
    fn a_choice_of_gpus_that_are_not_there_fails_with_those_that_are() {
        let findings = Findings { accelerators: two(), devices: "3".parse().unwrap(), ..healthy() };
        let check = found(&findings, "backend");
        assert_eq!(check.level, Level::Fail);
        assert!(check.finding.contains('3') && check.finding.contains("1 (NVIDIA X"), "{check}");
    }

    #[test]
    fn what_stands_between_a_card_and_the_worker_is_named_from_the_card_upwards() {
        let card = || Accelerators { cards_on_bus: 1, ..none() };
        let driven = || Accelerators {
            gpus: vec!["NVIDIA X".into()],
            driver: Some("NVRM version: 550.1".into()),
            device_files: 3,
            ..card()
        };
        let refused = || Err("CUDA_ERROR_SYSTEM_DRIVER_MISMATCH".to_owned());
        for (accelerators, finding, fix) in [
            (card(), "no NVIDIA driver is loaded", "install NVIDIA's driver"),
            (Accelerators { is_container: true, ..card() }, "this container was started without", "--gpus all"),
            (Accelerators { is_container: true, device_files: 0, ..driven() }, "container", "nvidia-container-toolkit"),
            (
                Accelerators { forbidden_files: vec!["nvidia0".into()], is_library_present: true, ..driven() },
                "may not open /dev/nvidia0",
                "group",
            ),
            (driven(), "libcuda.so.1 cannot be loaded", "libnvidia-compute"),
            (
                Accelerators { is_library_present: true, devices: refused(), ..driven() },
                "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
                "restart",
            ),
            (
                Accelerators { is_library_present: true, devices: Ok(Vec::new()), ..none() },
                "the CUDA driver lists no GPU",
                "nvidia-smi",
            ),
        ] {
            let findings = Findings { accelerators, ..healthy() };
            let check = found(&findings, "gpu");
            assert_eq!(check.level, Level::Warn);
            assert!(check.finding.contains(finding) && check.fix.contains(fix), "{check}");
            assert_eq!(found(&findings, "backend").finding, "cpu: a processor on 2 threads");
        }
        let nothing = found(&healthy(), "gpu");
        assert_eq!((nothing.level, nothing.finding.as_str()), (Level::Ok, "no NVIDIA GPU found"));
    }
}
