//! The devices, and the commands of their streams.

use crate::names::{
    ILLEGAL_ADDRESS, INVALID_CONTEXT, INVALID_HANDLE, INVALID_VALUE, LAUNCH_FAILED, LAUNCH_OUT_OF_RESOURCES,
    NOT_INITIALIZED, OUT_OF_MEMORY, SUCCESS,
};
use ptx_machine::{Class, Counters, FaultKind, Memory, MemoryError, Module, Options, Shape};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Instant;

/// What the environment asks for.
pub(crate) struct Settings {
    pub devices: u32,
    pub capability: u32,
    pub memory: u64,
    pub lose_after: Option<u64>,
    pub lose_device: u32,
    pub workers: Option<u32>,
    pub driver: u32,
    pub counts: bool,
    pub unwritten: bool,
}

impl Settings {
    fn read() -> Settings {
        let number = |name: &str| std::env::var(name).ok().and_then(|value| value.trim().parse::<u64>().ok());
        Settings {
            devices: number("EMULATED_CUDA_DEVICES").unwrap_or(1) as u32,
            capability: number("EMULATED_CUDA_CAPABILITY").unwrap_or(80) as u32,
            memory: number("EMULATED_CUDA_MEMORY").unwrap_or(1 << 30),
            lose_after: number("EMULATED_CUDA_LOSE_AFTER"),
            lose_device: number("EMULATED_CUDA_LOSE_DEVICE").unwrap_or(0) as u32,
            workers: number("EMULATED_CUDA_WORKERS").map(|workers| workers as u32),
            driver: number("EMULATED_CUDA_DRIVER").unwrap_or(12_040) as u32,
            counts: number("EMULATED_CUDA_COUNT") == Some(1),
            unwritten: number("EMULATED_CUDA_UNWRITTEN") == Some(1),
        }
    }
}

/// Host memory that a copy refers to until it runs.
#[derive(Clone, Copy)]
pub(crate) struct HostPointer(pub *mut u8);

// SAFETY: a number until the copy runs, which is when the caller promised that the memory is there.
unsafe impl Send for HostPointer {}

/// What a stream does, in its order.
pub(crate) enum Command {
    Launch {
        module: Arc<Module>,
        kernel: String,
        shape: Shape,
        arguments: Vec<u8>,
    },
    Write {
        to: u64,
        bytes: Vec<u8>,
    },
    WriteFromHost {
        to: u64,
        from: HostPointer,
        bytes: usize,
    },
    ReadToHost {
        from: u64,
        to: HostPointer,
        bytes: usize,
    },
    Copy {
        to: u64,
        from: u64,
        bytes: u64,
    },
    Fill {
        to: u64,
        width: u64,
        value: u32,
        count: u64,
    },
    Record(u64),
    /// Waits for what an event recorded when the command was given.
    Wait(u64),
}

#[derive(Clone, Copy)]
pub(crate) struct Event {
    /// Number of the command that records it last.
    pub command: Option<u64>,
    pub at: Option<Instant>,
}

/// One emulated card.
pub(crate) struct Device {
    pub ordinal: u32,
    pub memory: Memory,
    /// How often the primary context is retained.
    pub retained: u32,
    /// The error that stays until the context is reset.
    pub sticky: u32,
    pub modules: HashMap<u64, Arc<Module>>,
    /// Module, name and allowed dynamic block memory of each function that was asked for.
    pub functions: HashMap<u64, (u64, String, u32)>,
    /// Streams, and those that wait for the null stream.
    pub streams: BTreeMap<u64, bool>,
    pub events: HashMap<u64, Event>,
    /// Page-locked host memory: start and size.
    pub pinned: BTreeMap<usize, usize>,
    queue: VecDeque<(u64, u64, Command)>,
    commands: u64,
    launches: u64,
    was_lost: bool,
    handles: u64,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();
static DEVICES: OnceLock<Vec<Mutex<Device>>> = OnceLock::new();

thread_local! {
    /// Number of the current device plus one; 0 for none.
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

pub(crate) fn settings() -> &'static Settings {
    SETTINGS.get_or_init(Settings::read)
}

pub(crate) fn initialize() {
    DEVICES.get_or_init(|| (0..settings().devices).map(|ordinal| Mutex::new(Device::new(ordinal))).collect());
}

/// All devices, once `cuInit` was called.
pub(crate) fn devices() -> Result<&'static [Mutex<Device>], u32> {
    DEVICES.get().map(Vec::as_slice).ok_or(NOT_INITIALIZED)
}

pub(crate) fn device(ordinal: i32) -> Result<MutexGuard<'static, Device>, u32> {
    let device = usize::try_from(ordinal).ok().and_then(|ordinal| devices().ok()?.get(ordinal));
    match (devices(), device) {
        (Err(error), _) => Err(error),
        (_, Some(device)) => Ok(device.lock().unwrap_or_else(|poisoned| poisoned.into_inner())),
        (_, None) => Err(crate::names::INVALID_DEVICE),
    }
}

pub(crate) fn set_current(context: usize) {
    CURRENT.set(context);
}

pub(crate) fn current_context() -> usize {
    CURRENT.get()
}

/// The device whose context is current on this thread, whatever its state.
pub(crate) fn current() -> Result<MutexGuard<'static, Device>, u32> {
    devices()?;
    match current_context() {
        0 => Err(INVALID_CONTEXT),
        context => {
            let device = device(context as i32 - 1)?;
            if device.retained == 0 { Err(INVALID_CONTEXT) } else { Ok(device) }
        }
    }
}

/// Runs a call on the current device, unless it is lost; the call's error is its result.
pub(crate) fn on_current(call: impl FnOnce(&mut Device) -> Result<(), u32>) -> u32 {
    let outcome = current().and_then(|mut device| {
        if device.sticky != SUCCESS {
            return Err(device.sticky);
        }
        call(&mut device)
    });
    outcome.err().unwrap_or(SUCCESS)
}

/// The result of a call.
pub(crate) fn result(outcome: Result<(), u32>) -> u32 {
    outcome.err().unwrap_or(SUCCESS)
}

pub(crate) fn memory_error(error: MemoryError) -> u32 {
    match error {
        MemoryError::OutOfMemory { .. } => OUT_OF_MEMORY,
        MemoryError::OutOfBounds { .. } | MemoryError::NotAllocated(_) => INVALID_VALUE,
    }
}

impl Device {
    fn new(ordinal: u32) -> Device {
        Device {
            ordinal,
            memory: Memory::new(settings().memory),
            retained: 0,
            sticky: SUCCESS,
            modules: HashMap::new(),
            functions: HashMap::new(),
            streams: BTreeMap::new(),
            events: HashMap::new(),
            pinned: BTreeMap::new(),
            queue: VecDeque::new(),
            commands: 0,
            launches: 0,
            was_lost: false,
            handles: 0,
        }
    }

    /// Ends the context: its memory, modules, streams and its error are gone.
    pub fn reset(&mut self) {
        self.memory.reset();
        self.sticky = SUCCESS;
        self.modules.clear();
        self.functions.clear();
        self.streams.clear();
        self.events.clear();
        self.queue.clear();
    }

    /// A handle that no other thing of any device has.
    pub fn handle(&mut self) -> u64 {
        self.handles += 16;
        (u64::from(self.ordinal) + 1) << 32 | self.handles
    }

    /// Whether the bytes lie in page-locked memory.
    pub fn is_pinned(&self, start: usize, bytes: usize) -> bool {
        let before = self.pinned.range(..=start).next_back();
        before.is_some_and(|(from, extent)| start + bytes <= from + extent)
    }

    /// Whether there is such a stream.
    fn knows(&self, stream: u64) -> Result<(), u32> {
        if is_null(stream) || self.streams.contains_key(&stream) { Ok(()) } else { Err(INVALID_HANDLE) }
    }

    /// Puts a command behind all others of its stream.
    pub fn push(&mut self, stream: u64, command: Command) -> Result<u64, u32> {
        self.knows(stream)?;
        self.commands += 1;
        self.queue.push_back((self.commands, if is_null(stream) { 0 } else { stream }, command));
        Ok(self.commands)
    }

    /// Whether everything of a stream has run.
    pub fn is_idle(&self, stream: u64) -> Result<bool, u32> {
        self.knows(stream)?;
        let stream = if is_null(stream) { 0 } else { stream };
        Ok(!self.queue.iter().any(|(_, of, _)| *of == stream))
    }

    pub fn has_run(&self, command: u64) -> bool {
        !self.queue.iter().any(|(number, _, _)| *number == command)
    }

    /// Runs all commands of a stream.
    pub fn finish(&mut self, stream: u64) -> Result<(), u32> {
        self.knows(stream)?;
        let stream = if is_null(stream) { 0 } else { stream };
        while let Some(last) = self.queue.iter().rev().find(|(_, of, _)| *of == stream).map(|(number, _, _)| *number) {
            self.run_to(last)?;
        }
        Ok(())
    }

    /// Runs everything.
    pub fn finish_all(&mut self) -> Result<(), u32> {
        while let Some((number, _, _)) = self.queue.front() {
            let number = *number;
            self.run_to(number)?;
        }
        Ok(())
    }

    /// Runs a command, and first what its stream holds before it. Other streams run only as far as they are waited for.
    pub fn run_to(&mut self, command: u64) -> Result<(), u32> {
        let Some(stream) = self.queue.iter().find(|(number, _, _)| *number == command).map(|(_, of, _)| *of) else {
            return Ok(());
        };
        loop {
            let next = self.queue.iter().position(|(number, of, _)| *number <= command && self.precedes(*of, stream));
            let Some(next) = next else { return Ok(()) };
            if let (_, _, Command::Wait(event)) = &self.queue[next]
                && !self.has_run(*event)
            {
                let event = *event;
                self.run_to(event)?;
                continue;
            }
            let Some((number, _, next)) = self.queue.remove(next) else { return Ok(()) };
            if let Err(error) = self.run(next) {
                self.sticky = error;
                self.queue.clear();
                return Err(error);
            }
            if number == command {
                return Ok(());
            }
        }
    }

    /// Whether a command of one stream runs before a later one of another without being waited for: streams are ordered
    /// with the null stream unless they were made otherwise.
    fn precedes(&self, earlier: u64, later: u64) -> bool {
        let blocks = |stream: u64| self.streams.get(&stream).copied().unwrap_or(false);
        earlier == later || (earlier == 0 && blocks(later)) || (later == 0 && blocks(earlier))
    }

    fn run(&mut self, command: Command) -> Result<(), u32> {
        let outcome = match command {
            Command::Launch { module, kernel, shape, arguments } => {
                return self.launch(&module, &kernel, shape, &arguments);
            }
            Command::Write { to, bytes } => self.memory.write(to, &bytes),
            Command::WriteFromHost { to, from, bytes } => {
                // SAFETY: the memory was page-locked when the copy was given, and stays until the copy has run.
                self.memory.write(to, unsafe { std::slice::from_raw_parts(from.0, bytes) })
            }
            Command::ReadToHost { from, to, bytes } => {
                // SAFETY: as above, and nobody else uses it before the copy has run.
                self.memory.read(from, unsafe { std::slice::from_raw_parts_mut(to.0, bytes) })
            }
            Command::Copy { to, from, bytes } => self.memory.copy(to, from, bytes),
            Command::Fill { to, width, value, count } => self.memory.fill(to, width, value, count),
            Command::Record(event) => {
                if let Some(event) = self.events.get_mut(&event) {
                    event.at = Some(Instant::now());
                }
                Ok(())
            }
            Command::Wait(_) => Ok(()),
        };
        outcome.map_err(|error| {
            eprintln!("emulated GPU {}: a copy or fill: {error}", self.ordinal);
            ILLEGAL_ADDRESS
        })
    }

    fn launch(&mut self, module: &Module, name: &str, shape: Shape, arguments: &[u8]) -> Result<(), u32> {
        let settings = settings();
        let loses = settings.lose_after.is_some_and(|after| self.launches >= after);
        if loses && !self.was_lost && self.ordinal == settings.lose_device {
            self.was_lost = true;
            eprintln!("emulated GPU {}: lost after {} launches, as was asked for", self.ordinal, self.launches);
            return Err(ILLEGAL_ADDRESS);
        }
        self.launches += 1;
        let kernel = module.kernel(name).map_err(|_| INVALID_HANDLE)?;
        let mut options = Options {
            details: settings.counts,
            unwritten: settings.unwritten,
            shared_bytes: crate::device::block_memory(),
            ..Options::default()
        };
        if let Some(workers) = settings.workers {
            options.workers = workers;
        }
        let began = Instant::now();
        match kernel.launch(&self.memory, shape, arguments, options) {
            Ok(counters) => {
                if settings.counts {
                    tell(self.ordinal, name, shape, &counters, began.elapsed().as_secs_f64());
                }
                Ok(())
            }
            Err(fault) => {
                eprintln!("emulated GPU {}: {fault}", self.ordinal);
                Err(match fault.kind {
                    FaultKind::OutOfBounds { .. } => ILLEGAL_ADDRESS,
                    FaultKind::Launch(_) => LAUNCH_OUT_OF_RESOURCES,
                    _ => LAUNCH_FAILED,
                })
            }
        }
    }
}

/// The null stream and its two names.
fn is_null(stream: u64) -> bool {
    stream <= 2
}

fn tell(ordinal: u32, name: &str, shape: Shape, counters: &Counters, seconds: f64) {
    let [x, y, z] = shape.grid;
    eprintln!(
        "emulated GPU {ordinal}: {name} ({x}, {y}, {z}) x {}: {} thread instructions, {} warp instructions, {} fused, {} \
         matrix, {} bytes loaded, {} stored in {} sectors, {} bank conflicts, {:.3} s",
        shape.block[0],
        counters.total(),
        counters.total_warp(),
        counters.of(Class::FusedMultiplyAdd),
        counters.warp_instructions[Class::Matrix as usize],
        counters.global_bytes_loaded,
        counters.global_bytes_stored,
        counters.global_sectors,
        counters.bank_conflicts,
        seconds,
    );
}
