//! Compute clients: registration, what they change themselves, and switching them off.

pub mod client_enable;
pub mod client_register;
pub mod client_update;
