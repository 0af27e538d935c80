//! The engine registry.

mod engine_register;
