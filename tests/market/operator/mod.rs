//! Operators.

mod operator_register;
mod operator_set_payout;
