//! The main job on real parts, shown step by step.
fn main() {}
