//! What the engine replicates: bytes that it never looks into. An entry is shared, not copied, by all that hold it.

use omnipaxos::storage::{Entry, Snapshot};
use std::fmt;
use std::rc::Rc;

#[derive(Clone, PartialEq, Eq)]
pub struct Blob(Rc<[u8]>);

impl Blob {
    pub fn new(bytes: &[u8]) -> Self {
        Blob(Rc::from(bytes))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Entry for Blob {
    type Snapshot = Marker;
}

/// Stands for the state at the index of a sync. The engine's own snapshots are never used: `state` is what the sender put
/// behind its message, empty where the state goes another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    pub state: Blob,
}

impl Marker {
    pub fn new(state: &[u8]) -> Self {
        Marker {
            state: Blob::new(state),
        }
    }
}

impl Snapshot<Blob> for Marker {
    fn create(_: &[Blob]) -> Self {
        Marker::new(&[])
    }

    fn merge(&mut self, _: Self) {}

    fn use_snapshots() -> bool {
        false
    }
}
