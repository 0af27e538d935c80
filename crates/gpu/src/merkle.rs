//! SHA-256 and Merkle trees on the device.
