//! Matrix products whose every bit is defined.
