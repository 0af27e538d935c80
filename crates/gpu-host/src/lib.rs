//! The host's side of `gpu`: devices, their memory, launches, and each engine on a device.
