//! The storage as the engine sees it. It answers from memory: the meta records, the entries that are not durable yet, and
//! a window of recent ones; what lies below is read through a callback. It writes nothing: every write is recorded as an
//! operation, for the caller to perform.

use crate::blob::{Blob, Marker};
use crate::bytes::Writer;
use crate::ops::Ops;
use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::storage::{StopSign, StorageOp, StorageResult};
use std::collections::VecDeque;

/// Entries `[from, to)` of what has been stored, or why they cannot be had.
pub type ReadThrough = Box<dyn Fn(usize, usize) -> Result<Vec<Blob>, String>>;

/// So many are read at once.
const PAGE_ENTRIES: usize = 1024;

/// What a storage holds when the engine starts on it.
#[derive(Clone, Debug, Default)]
pub struct Records {
    pub promise: Option<Ballot>,
    pub accepted_round: Option<Ballot>,
    pub decided: usize,
    pub floor: usize,
    /// Behind the last entry; the stop-sign does not count.
    pub end: usize,
    pub stopsign: Option<StopSign>,
}

/// How much of the log stays in memory once it is durable.
#[derive(Clone, Copy)]
pub struct Window {
    pub entries: usize,
    pub bytes: usize,
}

pub const WINDOW: Window = Window {
    entries: 16_384,
    bytes: 16 << 20,
};

pub struct Mirror {
    records: Records,
    /// Entries `[base, records.end)`.
    recent: VecDeque<Blob>,
    recent_bytes: usize,
    base: usize,
    window: Window,
    /// Steps whose writes are not durable yet, each with the lowest index that it wrote.
    waiting: VecDeque<(u64, usize)>,
    step: u64,
    ops: Ops,
    /// While the engine is told of a compaction that the storage has already done.
    compacting: bool,
    read_through: ReadThrough,
}

impl Mirror {
    pub fn new(records: Records, window: Window, read_through: ReadThrough) -> Self {
        Mirror {
            base: records.end,
            records,
            recent: VecDeque::new(),
            recent_bytes: 0,
            window,
            waiting: VecDeque::new(),
            step: 0,
            ops: Ops::default(),
            compacting: false,
            read_through,
        }
    }

    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Moves the operations since the last time into `out`: how many, then each.
    pub fn take_ops(&mut self, out: &mut Writer) {
        self.ops.move_to(out);
    }

    /// The number under which what is written from now on becomes durable.
    pub fn begin(&mut self, step: u64) {
        self.step = step;
    }

    /// All that was written up to and with `step` is durable: it may leave the memory.
    pub fn durable(&mut self, step: u64) {
        while self
            .waiting
            .front()
            .is_some_and(|(waiting, _)| *waiting <= step)
        {
            self.waiting.pop_front();
        }
        self.evict();
    }

    pub fn set_compacting(&mut self, compacting: bool) {
        self.compacting = compacting;
    }

    pub fn is_compacting(&self) -> bool {
        self.compacting
    }

    /// Entries `[from, to)`, or nothing where one of them is missing.
    pub fn entries(&self, from: usize, to: usize) -> Result<Vec<Blob>, String> {
        if from >= to || from < self.records.floor || to > self.records.end {
            return Ok(Vec::new());
        }
        let mut entries = Vec::with_capacity(to - from);
        let below = to.min(self.base);
        // Each page takes more memory while it is read than behind that.
        for first in (from..below).step_by(PAGE_ENTRIES) {
            let last = below.min(first + PAGE_ENTRIES);
            let page = (self.read_through)(first, last)?;
            if page.len() != last - first {
                let found = page.len();
                return Err(format!(
                    "the storage gave {found} entries for [{first}, {last})"
                ));
            }
            entries.extend(page);
        }
        let start = from.max(self.base);
        if start < to {
            entries.extend(
                self.recent
                    .range(start - self.base..to - self.base)
                    .cloned(),
            );
        }
        Ok(entries)
    }

    pub fn suffix(&self, from: usize) -> Result<Vec<Blob>, String> {
        self.entries(from, self.records.end)
    }

    /// How many entries are in memory.
    pub fn in_memory(&self) -> usize {
        self.recent.len()
    }

    fn wrote_from(&mut self, index: usize) {
        match self.waiting.back_mut() {
            Some((step, lowest)) if *step == self.step => *lowest = index.min(*lowest),
            _ => self.waiting.push_back((self.step, index)),
        }
    }

    fn push(&mut self, entries: Vec<Blob>) {
        self.records.end += entries.len();
        for entry in entries {
            self.recent_bytes += entry.bytes().len();
            self.recent.push_back(entry);
        }
        self.evict();
    }

    fn evict(&mut self) {
        if !self.is_past_window() {
            return;
        }
        // What a waiting step writes over is not in the storage yet, nor is what lies above it.
        let stored = self.waiting.iter().map(|(_, lowest)| *lowest).min();
        while self.is_past_window() {
            if stored.is_some_and(|stored| self.base >= stored) {
                return;
            }
            self.drop_first();
        }
    }

    fn is_past_window(&self) -> bool {
        self.recent.len() > self.window.entries || self.recent_bytes > self.window.bytes
    }

    fn drop_first(&mut self) {
        if let Some(entry) = self.recent.pop_front() {
            self.recent_bytes -= entry.bytes().len();
            self.base += 1;
        }
    }

    fn append(&mut self, entries: Vec<Blob>) {
        if entries.is_empty() {
            return;
        }
        self.ops.append(&entries);
        self.wrote_from(self.records.end);
        self.push(entries);
    }

    fn append_on_prefix(&mut self, from: usize, entries: Vec<Blob>) -> StorageResult<()> {
        let Records { floor, end, .. } = self.records;
        if from < floor || from > end {
            return Err(format!("an append at {from}, where the log is [{floor}, {end})").into());
        }
        self.ops.append_on_prefix(from, &entries);
        self.wrote_from(from);
        while self.records.end > from && !self.recent.is_empty() {
            if let Some(entry) = self.recent.pop_back() {
                self.recent_bytes -= entry.bytes().len();
            }
            self.records.end -= 1;
        }
        self.records.end = from;
        self.base = self.base.min(from);
        self.push(entries);
        Ok(())
    }

    fn trim(&mut self, index: usize) {
        if !self.compacting {
            self.ops.trim(index);
        }
        while self.base < index && !self.recent.is_empty() {
            self.drop_first();
        }
        if self.base < index && self.recent.is_empty() {
            self.base = index;
        }
        if self.records.end < index {
            // The log is empty now, and goes on from here.
            self.records.end = index;
            self.wrote_from(index);
        }
    }

    pub(crate) fn perform(&mut self, op: StorageOp<Blob>) -> StorageResult<()> {
        match op {
            StorageOp::AppendEntry(entry) => self.append(vec![entry]),
            StorageOp::AppendEntries(entries) => self.append(entries),
            StorageOp::AppendOnPrefix(from, entries) => self.append_on_prefix(from, entries)?,
            StorageOp::SetPromise(ballot) => {
                // The engine sets what it has just read, at every start.
                if self.records.promise != Some(ballot) {
                    self.ops.promise(ballot);
                    self.records.promise = Some(ballot);
                }
            }
            StorageOp::SetAcceptedRound(ballot) => {
                if self.records.accepted_round != Some(ballot) {
                    self.ops.accepted_round(ballot);
                    self.records.accepted_round = Some(ballot);
                }
            }
            StorageOp::SetDecidedIndex(index) => {
                if self.records.decided != index {
                    self.ops.decided(index);
                    self.records.decided = index;
                }
            }
            StorageOp::SetCompactedIdx(index) => {
                if !self.compacting {
                    self.ops.floor(index);
                }
                self.records.floor = index;
            }
            StorageOp::Trim(index) => self.trim(index),
            StorageOp::SetStopsign(stopsign) => {
                self.ops.stopsign(stopsign.as_ref());
                self.records.stopsign = stopsign;
            }
            StorageOp::SetSnapshot(snapshot) => {
                if let (false, Some(Marker { state })) = (self.compacting, snapshot) {
                    self.ops.snapshot(&state);
                }
            }
        }
        Ok(())
    }
}
