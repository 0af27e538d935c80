//! One file per instruction: its accounts and its handler.

mod step;
mod trace_begin;
mod trace_end;

pub use step::*;
pub use trace_begin::*;
pub use trace_end::*;
