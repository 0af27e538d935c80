//! Credits: the burn side.

mod credit_buy;
mod credit_open;
