//! render-worker: the node operator's binary
