//! The path tracer in waves.
