//! The program of the probe engine's referee.

mod dispute;
mod evidence;
mod steps;
