//! The program of the probe engine's referee.

mod evidence;
mod steps;
