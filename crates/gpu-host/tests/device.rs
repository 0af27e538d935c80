//! The device's layer on a card or on the emulated driver: what is listed, what comes back, what is refused, and what
//! happens when memory ends or the card is lost.

mod common;

use std::collections::HashSet;
use std::ffi::CStr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gpu::Pointer;
use gpu::unary::{Function, Unary, UnaryArguments};
use gpu_host::pool::{Pool, Standing};
use gpu_host::{Buffer, Device, GpuError, devices};

/// Square roots of the f32 with the bits 0x3f800000 and the following.
const FIRST: u32 = 0x3f80_0000;

fn launch_roots(device: &Device, results: &Buffer<u32>) -> Result<(), GpuError> {
    let count = results.len() as u32;
    let arguments = UnaryArguments { results: results.pointer(), function: Function::Sqrt as u32, first: FIRST, count };
    // SAFETY: the buffer has room for its length of results, and outlives the wait of whoever reads it.
    unsafe { device.launch(Unary, (count.div_ceil(256), 1), 0, &arguments) }
}

fn roots_on(device: &Device, count: usize) -> Result<Vec<u32>, GpuError> {
    let results = device.allocate(count)?;
    launch_roots(device, &results)?;
    device.download(&results)
}

fn roots(count: usize) -> Vec<u32> {
    (0..count as u32).map(|index| Function::Sqrt.at(FIRST + index)).collect()
}

/// What a kernel that writes where nothing is makes of the card.
fn fault(device: &Device) -> GpuError {
    let arguments = UnaryArguments { results: Pointer::NULL, function: 0, first: 0, count: 1 };
    // SAFETY: no memory has this address, so that nothing is written; the card finds the fault.
    let launched = unsafe { device.launch(Unary, (1, 1), 0, &arguments) };
    launched.and_then(|()| device.synchronize()).expect_err("the kernel wrote to address 0")
}

#[test]
fn every_card_is_listed_with_what_tells_it_apart() {
    if common::device().is_none() {
        return;
    }
    let all = devices().unwrap();
    let names: HashSet<&str> = all.iter().map(|info| info.uuid.as_str()).collect();
    assert_eq!(names.len(), all.len(), "{all:?}");
    for (ordinal, info) in all.iter().enumerate() {
        assert_eq!(info.ordinal as usize, ordinal);
        assert!(!info.name.is_empty() && info.uuid.starts_with("GPU-") && info.uuid.len() == 40, "{info:?}");
        assert!(info.capability >= 35 && info.memory_bytes > 0 && info.multiprocessors > 0, "{info:?}");
        assert!(info.block_memory_bytes >= 48 << 10 && info.driver_version >= 11_000, "{info:?}");
    }
}

#[test]
fn new_memory_is_zero() {
    let Some(device) = common::device() else { return };
    drop(device.upload(&[0xa5_u8; 10_000]).unwrap());
    let buffer = device.allocate::<u8>(10_000).unwrap();
    assert_eq!(device.download(&buffer).unwrap(), vec![0; 10_000]);
    assert!(device.pinned::<u64>(100).unwrap().iter().all(|&value| value == 0));
}

#[test]
fn values_come_back_as_they_were_written() {
    let Some(device) = common::device() else { return };
    let values: Vec<u64> = (0..1000_u64).map(|index| index.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    let mut buffer = device.upload(&values).unwrap();
    assert_eq!(device.download(&buffer).unwrap(), values);

    device.write(&mut buffer, 3, &[7, 8, 9]).unwrap();
    let mut part = [0; 5];
    device.read(&buffer, 2..7, &mut part).unwrap();
    assert_eq!(part, [values[2], 7, 8, 9, values[6]]);

    let mut other = device.allocate(10).unwrap();
    device.copy(&buffer, 3..6, &mut other, 7).unwrap();
    assert_eq!(device.download(&other).unwrap(), [0, 0, 0, 0, 0, 0, 0, 7, 8, 9]);
    device.clear(&mut other).unwrap();
    assert_eq!(device.download(&other).unwrap(), [0; 10]);

    let nothing = device.upload::<f32>(&[]).unwrap();
    assert!(nothing.is_empty() && device.download(&nothing).unwrap().is_empty());
}

#[test]
fn copies_beside_the_kernels_take_what_was_there_when_they_were_asked() {
    let Some(device) = common::device() else { return };
    let results = device.allocate::<u32>(1000).unwrap();
    launch_roots(&device, &results).unwrap();
    let transfer = device.read_async(&results, 0, device.pinned(1000).unwrap()).unwrap();
    // Kernels that follow do not wait for it, and write elsewhere.
    let others = device.allocate::<u32>(1000).unwrap();
    launch_roots(&device, &others).unwrap();
    // The card's memory stays until the copy is done.
    drop(results);
    let pinned = transfer.wait().unwrap();
    assert_eq!(&*pinned, roots(1000));

    let mut back = device.allocate::<u32>(1002).unwrap();
    let written = device.write_async(&mut back, 1, pinned).unwrap();
    let values = device.download(&back).unwrap();
    assert_eq!((values[0], &values[1..1001], values[1001]), (0, &roots(1000)[..], 0));
    assert!(written.is_done().unwrap(), "the download came after it");
    // A copy that nobody waits for is waited for by its end.
    drop(device.read_async(&back, 0, written.wait().unwrap()).unwrap());
}

#[test]
fn a_kernel_computes_what_it_computes_here() {
    let Some(device) = common::device() else { return };
    assert_eq!(roots_on(&device, 1000).unwrap(), roots(1000));
    // A grid without blocks is nothing to do.
    assert!(roots_on(&device, 0).unwrap().is_empty());
}

#[test]
fn what_does_not_fit_is_refused_and_named() {
    let Some(device) = common::device() else { return };
    let mut buffer = device.allocate::<u32>(10).unwrap();
    let failed = |result: Result<(), GpuError>| match result {
        Err(GpuError::Failed(text)) => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(failed(device.write(&mut buffer, 8, &[1, 2, 3])), "3 values at 8 of a buffer of 10");
    assert_eq!(failed(device.read(&buffer, 8..11, &mut [0; 3])), "3 values at 8 of a buffer of 10");
    assert_eq!(failed(device.read(&buffer, 0..3, &mut [0; 2])), "3 values of a buffer into 2");
    assert!(failed(device.write(&mut buffer, usize::MAX, &[1])).contains("of a buffer of 10"));
    let again = Device::open(0).unwrap();
    assert!(failed(again.clear(&mut buffer)).starts_with("a buffer of another device"));

    let arguments = UnaryArguments { results: Pointer::NULL, function: 0, first: 0, count: 0 };
    // SAFETY: `count` is zero, nothing is written.
    let launch = |blocks, memory| unsafe { device.launch(Unary, blocks, memory, &arguments) };
    assert!(failed(launch((1, 0x1_0000), 0)).contains("kernel unary has no grid of 1 x 65536"));
    let memory = device.info().block_memory_bytes + 1;
    assert!(failed(launch((1, 1), memory)).contains("bytes of block memory"));
    launch((1, 1), device.info().block_memory_bytes).unwrap();

    #[derive(Clone, Copy)]
    struct Absent;
    impl gpu::Kernel for Absent {
        type Arguments = u32;
        const NAME: &'static CStr = c"absent";
        const THREADS: u32 = 32;
    }
    // SAFETY: there is no such kernel.
    assert_eq!(failed(unsafe { device.launch(Absent, (1, 1), 0, &0) }), "the PTX has no kernel absent");
}

#[test]
fn ptx_that_the_driver_does_not_read_is_refused_by_the_cards_name() {
    let Some(device) = common::device() else { return };
    match Device::open_with_ptx(0, "this is no PTX") {
        Err(GpuError::Unsupported(text)) => assert!(text.starts_with(&device.info().name), "{text}"),
        other => panic!("{:?}", other.err()),
    }
    assert!(matches!(Device::open(99), Err(GpuError::NoDevice { .. })));
}

#[test]
fn a_card_tells_what_a_kernel_takes_and_how_long() {
    let Some(device) = common::device() else { return };
    let resources = device.resources(Unary).unwrap();
    assert!(device.info().is_emulated || (1..=255).contains(&resources.registers), "{resources:?}");
    assert!((1..=32).contains(&device.blocks_per_multiprocessor(Unary, 0).unwrap()));
    let results = device.allocate(1 << 12).unwrap();
    let time = device.time(|| launch_roots(&device, &results)).unwrap();
    assert!(time < Duration::from_secs(60), "{time:?}");
}

#[test]
fn a_card_without_memory_says_how_much_and_goes_on() {
    let Some(device) = common::device() else { return };
    let before = device.allocated_bytes();
    let asked = device.info().memory_bytes + (1 << 30);
    match device.allocate::<u8>(asked as usize) {
        Err(GpuError::OutOfMemory { requested, free }) => {
            assert_eq!(requested, asked);
            assert!(free <= device.info().memory_bytes);
        }
        other => panic!("{:?}", other.err()),
    }
    assert_eq!(device.lost(), None);
    assert_eq!(roots_on(&device, 300).unwrap(), roots(300));
    let buffer = device.allocate::<u16>(500).unwrap();
    assert_eq!(device.allocated_bytes(), before + 1000);
    drop(buffer);
    assert_eq!(device.allocated_bytes(), before);
}

#[test]
fn memory_that_is_given_back_can_be_had_again() {
    if !common::emulated("memory_that_is_given_back_can_be_had_again", &[("EMULATED_CUDA_MEMORY", "1048576")]) {
        return;
    }
    let device = Device::open(0).unwrap();
    for _ in 0..20 {
        let first = device.allocate::<u8>(600_000).unwrap();
        assert!(matches!(device.allocate::<u8>(600_000), Err(GpuError::OutOfMemory { requested: 600_000, .. })));
        drop(first);
    }
    assert!(device.free_bytes().unwrap() >= 600_000);
}

#[test]
fn two_cards_share_nothing() {
    if !common::emulated("two_cards_share_nothing", &[("EMULATED_CUDA_DEVICES", "2")]) {
        return;
    }
    let (first, second) = (Device::open(0).unwrap(), Device::open(1).unwrap());
    assert_ne!(first.info().uuid, second.info().uuid);
    let mut buffer = first.upload(&[1_u32, 2, 3]).unwrap();
    assert!(matches!(second.clear(&mut buffer), Err(GpuError::Failed(_))));
    let answer = std::thread::spawn(move || roots_on(&second, 700).unwrap());
    assert_eq!(roots_on(&first, 700).unwrap(), roots(700));
    assert_eq!(answer.join().unwrap(), roots(700));
    assert_eq!(first.download(&buffer).unwrap(), [1, 2, 3]);
}

#[test]
fn each_family_of_cards_runs_its_ptx() {
    for capability in ["75", "80", "86", "90", "120"] {
        let name = "each_family_of_cards_runs_its_ptx";
        if !common::emulated(name, &[("EMULATED_CUDA_CAPABILITY", capability)]) {
            continue;
        }
        let device = Device::open(0).unwrap();
        let capability = device.info().capability;
        assert_eq!(device.info().ptx().unwrap().capability, if capability >= 80 { 80 } else { 75 });
        assert_eq!(roots_on(&device, 100).unwrap(), roots(100));
        return;
    }
}

#[test]
fn a_card_that_is_too_old_is_refused() {
    if !common::emulated("a_card_that_is_too_old_is_refused", &[("EMULATED_CUDA_CAPABILITY", "70")]) {
        return;
    }
    assert_eq!(devices().unwrap()[0].capability, 70, "it is listed");
    assert!(matches!(Device::open(0), Err(GpuError::Unsupported(_))));
}

#[test]
fn a_driver_that_is_too_old_says_which_one_it_needs() {
    if !common::emulated("a_driver_that_is_too_old_says_which_one_it_needs", &[("EMULATED_CUDA_DRIVER", "10020")]) {
        return;
    }
    match devices() {
        Err(GpuError::NoDriver { reason }) => {
            assert!(reason.starts_with("driver too old: it is for CUDA 10.2, need 11.0 (R450)"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lost_card_fails_every_call_and_opens_again() {
    if !common::emulated("a_lost_card_fails_every_call_and_opens_again", &[("EMULATED_CUDA_LOSE_AFTER", "2")]) {
        return;
    }
    let device = Device::open(0).unwrap();
    let held = device.upload(&[1_u32, 2, 3]).unwrap();
    assert_eq!(roots_on(&device, 10).unwrap(), roots(10));
    assert_eq!(roots_on(&device, 10).unwrap(), roots(10));
    assert!(matches!(roots_on(&device, 10), Err(GpuError::Lost(_))));
    let reason = device.lost().unwrap().to_owned();
    assert!(reason.contains(&device.info().uuid), "{reason}");
    assert_eq!(device.synchronize(), Err(GpuError::Lost(reason)));
    assert!(matches!(device.download(&held), Err(GpuError::Lost(_))));
    assert!(matches!(device.allocate::<u8>(1), Err(GpuError::Lost(_))));
    // The context ends when nothing holds it, and not before: what is held may still refer to it.
    drop(device);
    assert!(matches!(Device::open(0), Err(GpuError::Lost(_))));
    drop(held);
    let again = Device::open(0).unwrap();
    assert_eq!(roots_on(&again, 10).unwrap(), roots(10));
}

#[test]
fn a_kernel_that_writes_outside_its_memory_loses_the_card_and_no_more() {
    if !common::emulated("a_kernel_that_writes_outside_its_memory_loses_the_card_and_no_more", &[]) {
        return;
    }
    let device = Device::open(0).unwrap();
    assert!(matches!(fault(&device), GpuError::Lost(_)));
    assert!(matches!(roots_on(&device, 10), Err(GpuError::Lost(_))));
    drop(device);
    assert_eq!(roots_on(&Device::open(0).unwrap(), 10).unwrap(), roots(10));
}

#[test]
fn shared_work_is_finished_by_the_other_card_when_one_is_lost() {
    let name = "shared_work_is_finished_by_the_other_card_when_one_is_lost";
    if !common::emulated(name, &[("EMULATED_CUDA_DEVICES", "2")]) {
        return;
    }
    let pool = Pool::open(&[0, 1], Device::open).unwrap();
    let (meet, begun) = (Barrier::new(2), AtomicU32::new(0));
    let results = pool.share(
        0..8,
        1,
        move |device, _, _| {
            // Both take part: neither does its first subrange before the other has one.
            if begun.fetch_add(1, Ordering::SeqCst) < 2 {
                meet.wait();
            }
            if device.info().ordinal == 1 { Err(fault(device)) } else { roots_on(device, 20) }
        },
        &|_| {},
        &|| false,
    );
    let results = results.unwrap();
    assert_eq!(results.len(), 8);
    assert!(results.iter().all(|(_, values)| *values == roots(20)));
    assert_eq!(pool.standing()[0], (0, Standing::Ready));
    // The lost one comes back. The share may end before its thread has noticed the loss, so one look at its standing proves
    // nothing: it is asked until it answers.
    let again = loop {
        match pool.submit(1, |device| roots_on(device, 20)).and_then(|ticket| ticket.wait()) {
            Ok(values) => break values,
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    assert_eq!(again, roots(20));
}

#[test]
fn without_a_driver_the_error_says_what_to_install() {
    // Where a driver is in the system's own folders, this process finds it whatever its environment says.
    if common::device().is_some_and(|device| !device.info().is_emulated) {
        return eprintln!("skipped: this machine has a driver");
    }
    let name = "without_a_driver_the_error_says_what_to_install";
    if !common::alone(name, |command| command.env_remove("LD_LIBRARY_PATH")) {
        return;
    }
    match devices() {
        Err(GpuError::NoDriver { reason }) => assert!(reason.contains("install NVIDIA's driver"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(Device::open(0), Err(GpuError::NoDriver { .. })));
}
