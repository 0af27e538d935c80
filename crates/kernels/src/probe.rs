//! What a node proves about its hardware.
