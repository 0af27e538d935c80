//! The compressed wide hierarchy, as GPUs walk it.
