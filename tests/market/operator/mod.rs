//! Operators.

mod operator_close;
mod operator_register;
mod operator_set_payout;
