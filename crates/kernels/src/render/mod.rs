//! The `render` engine: a unidirectional path tracer whose every bit is defined.

pub mod scene;
