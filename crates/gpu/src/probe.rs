//! What a node proves about its hardware: a matrix chain, a walk through memory, a stream.
