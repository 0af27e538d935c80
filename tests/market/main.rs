//! The market's program under test: the binary that is shipped, on a local chain, one module per instruction. The laws of the
//! design are checked after every transaction that any of these tests sends.

mod attestation;
mod audit;
mod cheats;
mod client;
mod compute;
mod credit;
mod dispute;
mod engine;
mod epoch;
mod governance;
mod job;
mod laws;
mod layout;
mod lease;
mod model;
mod network;
mod node;
mod operator;
mod oracle;
mod probe;
mod probe_referee;
mod referee;
