//! Credits: the burn side.

pub mod credit_buy;
pub mod credit_open;
