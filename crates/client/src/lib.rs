//! Addresses, instruction builders, account decoding, job manifests and the blob store
