//! What the engine replicates: bytes that it never looks into. An entry is shared, not copied, by all that hold it.

use omnipaxos::storage::{Entry, Snapshot};
use std::fmt;
use std::rc::Rc;

/// A part of memory that it may share with the entries it came with: they are stored together, and leave together.
#[derive(Clone)]
pub struct Blob {
    memory: Rc<[u8]>,
    start: usize,
    end: usize,
}

impl Blob {
    pub fn new(bytes: &[u8]) -> Self {
        Blob::part_of(&Rc::from(bytes), 0, bytes.len())
    }

    /// `[start, end)` of `memory`.
    pub fn part_of(memory: &Rc<[u8]>, start: usize, end: usize) -> Self {
        Blob {
            memory: Rc::clone(memory),
            start,
            end,
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    /// What lies between the end of `self` and the end of `next`, where `next` begins `gap` bytes behind `self`.
    pub fn up_to<'a>(&'a self, next: &Blob, gap: usize) -> Option<&'a [u8]> {
        let follows = Rc::ptr_eq(&self.memory, &next.memory) && next.start == self.end + gap;
        follows.then(|| &self.memory[self.end..next.end])
    }
}

impl PartialEq for Blob {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Blob {}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes().len())
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
