//! Matrix products: exact in integers, strict in f32.
