//! The mirror as the engine's storage: the trait of the crate, each method in terms of one operation or one read.

use crate::blob::{Blob, Marker};
use crate::mirror::Mirror;
use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::storage::{StopSign, Storage, StorageOp, StorageResult};
use std::cell::RefCell;
use std::rc::Rc;

/// The mirror, shared by the engine and what surrounds it. Nothing holds on to a borrow while it calls the engine.
#[derive(Clone)]
pub struct Shared(pub Rc<RefCell<Mirror>>);

impl Shared {
    fn set(&self, op: StorageOp<Blob>) -> StorageResult<()> {
        self.0.try_borrow_mut()?.perform(op)
    }
}

impl Storage<Blob> for Shared {
    fn write_atomically(&mut self, ops: Vec<StorageOp<Blob>>) -> StorageResult<()> {
        ops.into_iter().try_for_each(|op| self.set(op))
    }

    fn append_entry(&mut self, entry: Blob) -> StorageResult<()> {
        self.set(StorageOp::AppendEntry(entry))
    }

    fn append_entries(&mut self, entries: Vec<Blob>) -> StorageResult<()> {
        self.set(StorageOp::AppendEntries(entries))
    }

    fn append_on_prefix(&mut self, from: usize, entries: Vec<Blob>) -> StorageResult<()> {
        self.set(StorageOp::AppendOnPrefix(from, entries))
    }

    fn set_promise(&mut self, ballot: Ballot) -> StorageResult<()> {
        self.set(StorageOp::SetPromise(ballot))
    }

    fn set_decided_idx(&mut self, index: usize) -> StorageResult<()> {
        self.set(StorageOp::SetDecidedIndex(index))
    }

    fn get_decided_idx(&self) -> StorageResult<usize> {
        Ok(self.0.try_borrow()?.records().decided)
    }

    fn set_accepted_round(&mut self, ballot: Ballot) -> StorageResult<()> {
        self.set(StorageOp::SetAcceptedRound(ballot))
    }

    fn get_accepted_round(&self) -> StorageResult<Option<Ballot>> {
        Ok(self.0.try_borrow()?.records().accepted_round)
    }

    fn get_entries(&self, from: usize, to: usize) -> StorageResult<Vec<Blob>> {
        let mirror = self.0.try_borrow()?;
        if mirror.is_compacting() {
            return Ok(Vec::new()); // for a snapshot, of which only the marker is made
        }
        Ok(mirror.entries(from, to)?)
    }

    fn get_log_len(&self) -> StorageResult<usize> {
        let mirror = self.0.try_borrow()?;
        let records = mirror.records();
        Ok(records.end - records.floor)
    }

    fn get_suffix(&self, from: usize) -> StorageResult<Vec<Blob>> {
        Ok(self.0.try_borrow()?.suffix(from)?)
    }

    fn get_promise(&self) -> StorageResult<Option<Ballot>> {
        Ok(self.0.try_borrow()?.records().promise)
    }

    fn set_stopsign(&mut self, stopsign: Option<StopSign>) -> StorageResult<()> {
        self.set(StorageOp::SetStopsign(stopsign))
    }

    fn get_stopsign(&self) -> StorageResult<Option<StopSign>> {
        Ok(self.0.try_borrow()?.records().stopsign.clone())
    }

    fn trim(&mut self, index: usize) -> StorageResult<()> {
        self.set(StorageOp::Trim(index))
    }

    fn set_compacted_idx(&mut self, index: usize) -> StorageResult<()> {
        self.set(StorageOp::SetCompactedIdx(index))
    }

    fn get_compacted_idx(&self) -> StorageResult<usize> {
        Ok(self.0.try_borrow()?.records().floor)
    }

    fn set_snapshot(&mut self, snapshot: Option<Marker>) -> StorageResult<()> {
        self.set(StorageOp::SetSnapshot(snapshot))
    }

    fn get_snapshot(&self) -> StorageResult<Option<Marker>> {
        Ok(None)
    }
}
