//! Operators.

pub mod operator_close;
pub mod operator_register;
pub mod operator_set_payout;
