//! A CUDA driver library whose devices are PTX machines.
