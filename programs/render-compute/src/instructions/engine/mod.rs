//! The engine registry.

pub mod engine_register;
