//! Which accelerators the machine has, found at run time: nothing of CUDA is linked.

use std::path::Path;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accelerators {
    /// Names of the GPUs that the kernel driver lists.
    pub gpus: Vec<String>,
    /// The kernel driver's version line.
    pub driver: Option<String>,
    /// Whether the CUDA driver library can be loaded.
    pub is_library_present: bool,
}

/// Looks for NVIDIA GPUs, their kernel driver and the CUDA driver library.
pub fn accelerators() -> Accelerators {
    let folder = Path::new("/proc/driver/nvidia");
    Accelerators { is_library_present: is_library_present(), ..listed(folder) }
}

/// What the kernel driver's folder says.
fn listed(folder: &Path) -> Accelerators {
    let driver = std::fs::read_to_string(folder.join("version"))
        .ok()
        .and_then(|text| text.lines().next().map(|line| line.trim().to_owned()));
    let mut gpus: Vec<String> = std::fs::read_dir(folder.join("gpus"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("information")).ok())
        .filter_map(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("Model:"))?;
            Some(line.trim().to_owned())
        })
        .collect();
    gpus.sort();
    Accelerators { gpus, driver, is_library_present: false }
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

    #[test]
    fn gpus_are_read_from_the_kernel_driver() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("version"), "NVRM version: 550.1\nGCC version: 12\n").unwrap();
        for (slot, model) in [("0000:02:00.0", "NVIDIA B"), ("0000:01:00.0", "NVIDIA A")] {
            let gpu = folder.path().join("gpus").join(slot);
            std::fs::create_dir_all(&gpu).unwrap();
            std::fs::write(gpu.join("information"), format!("Model: \t\t {model}\nIRQ: 4\n")).unwrap();
        }
        let found = listed(folder.path());
        assert_eq!(found.gpus, ["NVIDIA A", "NVIDIA B"]);
        assert_eq!(found.driver.as_deref(), Some("NVRM version: 550.1"));
    }

    #[test]
    fn a_machine_without_the_driver_has_no_gpus() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(listed(&folder.path().join("absent")), Accelerators::default());
    }
}
