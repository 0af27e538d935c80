//! Which GPUs the machine has and what stands between them and this worker, found at run time: nothing of CUDA is linked.

use gpu_host::DeviceInfo;
use std::path::Path;

/// A GPU that the CUDA driver gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Its number with the driver.
    pub ordinal: u32,
    /// Its name.
    pub name: String,
    /// Its UUID, as nvidia-smi shows it.
    pub uuid: String,
    /// Its memory.
    pub memory_bytes: u64,
    /// Its compute capability: 90 for 9.0.
    pub capability: u32,
    /// The CUDA version that its driver is for: 12040 for 12.4.
    pub driver_version: u32,
}

impl Gpu {
    /// All that the CUDA driver gives.
    ///
    /// # Errors
    /// Why it gives none.
    pub(super) fn all() -> Result<Vec<Self>, String> {
        let devices = gpu_host::devices().map_err(|error| error.to_string())?;
        Ok(devices.into_iter().map(Self::from).collect())
    }
}

impl From<DeviceInfo> for Gpu {
    fn from(info: DeviceInfo) -> Self {
        let DeviceInfo { ordinal, name, uuid, memory_bytes, capability, driver_version, .. } = info;
        Self { ordinal, name, uuid, memory_bytes, capability, driver_version }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accelerators {
    /// NVIDIA cards on the PCI bus, driver or not.
    pub cards_on_bus: usize,
    /// Names of the GPUs that the kernel driver lists.
    pub gpus: Vec<String>,
    /// The kernel driver's version line.
    pub driver: Option<String>,
    /// How many of the kernel driver's device files there are.
    pub device_files: usize,
    /// Those that this user may not open.
    pub forbidden_files: Vec<String>,
    /// Whether this is the inside of a container.
    pub is_container: bool,
    /// Whether the CUDA driver library can be loaded.
    pub is_library_present: bool,
    /// The GPUs that the CUDA driver gives, or why it gives none.
    pub devices: Result<Vec<Gpu>, String>,
}

/// Looks for NVIDIA GPUs, their kernel driver and the CUDA driver, and asks the latter.
pub fn accelerators() -> Accelerators {
    Accelerators { is_library_present: is_library_present(), devices: Gpu::all(), ..listed(Path::new("/")) }
}

/// What the system's files say, without asking the CUDA driver.
fn listed(root: &Path) -> Accelerators {
    let nvidia = root.join("proc/driver/nvidia");
    let driver = std::fs::read_to_string(nvidia.join("version"))
        .ok()
        .and_then(|text| text.lines().next().map(|line| line.trim().to_owned()));
    let mut gpus: Vec<String> = entries(&nvidia.join("gpus"))
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("information")).ok())
        .filter_map(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("Model:"))?;
            Some(line.trim().to_owned())
        })
        .collect();
    gpus.sort();
    let devices = root.join("dev");
    let mut files: Vec<String> = entries(&devices)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.strip_prefix("nvidia").is_some_and(is_device_file))
        .collect();
    files.sort();
    let device_files = files.len();
    let forbidden_files = files.into_iter().filter(|name| !may_open(&devices.join(name))).collect();
    Accelerators {
        cards_on_bus: cards_on_bus(&root.join("sys/bus/pci/devices")),
        gpus,
        driver,
        device_files,
        forbidden_files,
        is_container: [".dockerenv", "run/.containerenv"].iter().any(|mark| root.join(mark).exists()),
        is_library_present: false,
        devices: Err("the CUDA driver was not asked".into()),
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = std::fs::DirEntry> {
    std::fs::read_dir(folder).into_iter().flatten().flatten()
}

/// `/dev/nvidia0`, `/dev/nvidiactl` and `/dev/nvidia-uvm` are what CUDA opens; the others are for displays.
fn is_device_file(rest: &str) -> bool {
    matches!(rest, "ctl" | "-uvm") || (!rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Graphics and compute cards (class 03) of NVIDIA (vendor 10de).
fn cards_on_bus(bus: &Path) -> usize {
    let says = |entry: &std::fs::DirEntry, file: &str, start: &str| {
        std::fs::read_to_string(entry.path().join(file)).is_ok_and(|text| text.trim().starts_with(start))
    };
    entries(bus).filter(|entry| says(entry, "vendor", "0x10de") && says(entry, "class", "0x03")).count()
}

#[cfg(unix)]
fn may_open(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    access(path, Access::READ_OK | Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn may_open(_: &Path) -> bool {
    true
}

fn is_library_present() -> bool {
    ["libcuda.so.1", "libcuda.so", "nvcuda.dll"].iter().any(|name| {
        // SAFETY: loading runs the library's initialisers. These are the CUDA driver's own names, which only its vendor
        // installs in the system's library path, and their initialisers have no precondition.
        unsafe { libloading::Library::new(*name) }.is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn gpus_are_read_from_the_kernel_driver() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "proc/driver/nvidia/version", "NVRM version: 550.1\nGCC version: 12\n");
        for (slot, model) in [("0000:02:00.0", "NVIDIA B"), ("0000:01:00.0", "NVIDIA A")] {
            let information = format!("proc/driver/nvidia/gpus/{slot}/information");
            write(root.path(), &information, &format!("Model: \t\t {model}\nIRQ: 4\n"));
        }
        for name in ["nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "nvidia-modeset", "null"] {
            write(root.path(), &format!("dev/{name}"), "");
        }
        let found = listed(root.path());
        assert_eq!(found.gpus, ["NVIDIA A", "NVIDIA B"]);
        assert_eq!(found.driver.as_deref(), Some("NVRM version: 550.1"));
        assert_eq!((found.device_files, found.forbidden_files.len(), found.is_container), (4, 0, false));
    }

    #[test]
    fn cards_without_a_driver_are_seen_on_the_bus() {
        let root = tempfile::tempdir().unwrap();
        for (slot, vendor, class) in [
            ("0000:01:00.0", "0x10de", "0x030200"),
            ("0000:01:00.1", "0x10de", "0x040300"),
            ("0000:02:00.0", "0x1002", "0x030000"),
        ] {
            write(root.path(), &format!("sys/bus/pci/devices/{slot}/vendor"), &format!("{vendor}\n"));
            write(root.path(), &format!("sys/bus/pci/devices/{slot}/class"), &format!("{class}\n"));
        }
        write(root.path(), ".dockerenv", "");
        let found = listed(root.path());
        assert_eq!((found.cards_on_bus, found.driver, found.is_container), (1, None, true));
    }

    #[test]
    fn a_machine_without_the_driver_has_no_gpus() {
        let root = tempfile::tempdir().unwrap();
        let found = listed(root.path());
        assert_eq!((found.cards_on_bus, found.gpus.len(), found.driver, found.device_files), (0, 0, None, 0));
    }
}
