//! Streams and events.

use crate::memory::Stream;
use crate::names::{INVALID_HANDLE, NOT_READY};
use crate::state::{Command, Event, on_current};
use std::ffi::{c_int, c_uint};

/// `CU_STREAM_NON_BLOCKING`.
const NON_BLOCKING: c_uint = 1;

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamCreate(stream: *mut Stream, flags: c_uint) -> u32 {
    on_current(|device| {
        let handle = device.handle();
        device.streams.insert(handle, flags & NON_BLOCKING == 0);
        // SAFETY: the caller gives room for one handle.
        unsafe { stream.write(handle) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamCreateWithPriority(stream: *mut Stream, flags: c_uint, _priority: c_int) -> u32 {
    // SAFETY: as the caller gives it.
    unsafe { cuStreamCreate(stream, flags) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamDestroy_v2(stream: Stream) -> u32 {
    on_current(|device| {
        if !device.streams.contains_key(&stream) {
            return Err(INVALID_HANDLE);
        }
        device.finish(stream)?;
        device.streams.remove(&stream);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamSynchronize(stream: Stream) -> u32 {
    on_current(|device| device.finish(stream))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamQuery(stream: Stream) -> u32 {
    on_current(|device| {
        if device.is_idle(stream)? {
            return Ok(());
        }
        // Whoever asks again and again shall see an end.
        device.finish(stream)?;
        Err(NOT_READY)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamWaitEvent(stream: Stream, event: u64, _flags: c_uint) -> u32 {
    on_current(|device| {
        let Some(event) = device.events.get(&event).copied() else { return Err(INVALID_HANDLE) };
        match event.command {
            Some(command) => device.push(stream, Command::Wait(command)).map(|_| ()),
            None => Ok(()),
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuEventCreate(event: *mut u64, _flags: c_uint) -> u32 {
    on_current(|device| {
        let handle = device.handle();
        device.events.insert(handle, Event { command: None, at: None });
        // SAFETY: the caller gives room for one handle.
        unsafe { event.write(handle) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuEventRecord(event: u64, stream: Stream) -> u32 {
    on_current(|device| {
        if !device.events.contains_key(&event) {
            return Err(INVALID_HANDLE);
        }
        let command = device.push(stream, Command::Record(event))?;
        device.events.insert(event, Event { command: Some(command), at: None });
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuEventSynchronize(event: u64) -> u32 {
    on_current(|device| match device.events.get(&event).copied() {
        Some(Event { command: Some(command), .. }) => device.run_to(command),
        Some(_) => Ok(()),
        None => Err(INVALID_HANDLE),
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuEventQuery(event: u64) -> u32 {
    on_current(|device| match device.events.get(&event).copied() {
        Some(Event { command: Some(command), .. }) if !device.has_run(command) => {
            device.run_to(command)?;
            Err(NOT_READY)
        }
        Some(_) => Ok(()),
        None => Err(INVALID_HANDLE),
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuEventElapsedTime(milliseconds: *mut f32, start: u64, end: u64) -> u32 {
    on_current(|device| {
        let of = |event| device.events.get(&event).copied().ok_or(INVALID_HANDLE);
        let (start, end) = (of(start)?, of(end)?);
        if start.command.is_none() || end.command.is_none() {
            return Err(INVALID_HANDLE);
        }
        let (Some(start), Some(end)) = (start.at, end.at) else { return Err(NOT_READY) };
        let elapsed = match end.checked_duration_since(start) {
            Some(elapsed) => elapsed.as_secs_f32(),
            None => -start.duration_since(end).as_secs_f32(),
        };
        // SAFETY: the caller gives room for one number.
        unsafe { milliseconds.write(elapsed * 1e3) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuEventElapsedTime_v2(milliseconds: *mut f32, start: u64, end: u64) -> u32 {
    // SAFETY: as the caller gives it.
    unsafe { cuEventElapsedTime(milliseconds, start, end) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuEventDestroy_v2(event: u64) -> u32 {
    on_current(|device| device.events.remove(&event).map(|_| ()).ok_or(INVALID_HANDLE))
}
