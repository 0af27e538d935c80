//! Operators.

pub mod operator_register;
pub mod operator_set_payout;
