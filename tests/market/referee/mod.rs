//! The referee's program: the same bits as everywhere else, and a refusal with a code for whatever does not fit.

mod evidence;
mod steps;
