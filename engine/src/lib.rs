//! OmniPaxos 0.2.4, unchanged, as a pure state machine behind Node-API: messages, proposals and ticks in; storage
//! operations, messages and the decided index out. It must never do I/O, and no panic may leave it.

#[cfg(feature = "addon")]
mod addon;
pub mod blob;
pub mod bytes;
pub mod caught;
pub mod cluster;
pub mod door;
pub mod engine;
pub mod guards;
pub mod mirror;
pub mod ops;
pub mod shared;
pub mod step;
pub mod wire;
