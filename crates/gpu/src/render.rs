//! The path tracer as waves of rays.
