//! The operations that a step asks of the storage, packed in their order:
//!
//! | kind | operation      | behind the kind (u8)                         |
//! |------|----------------|----------------------------------------------|
//! | 1    | append entries | entries                                      |
//! | 2    | append on prefix | index (u64), entries                       |
//! | 3    | promise        | ballot                                       |
//! | 4    | accepted round | ballot                                       |
//! | 5    | decided index  | index (u64)                                  |
//! | 6    | floor          | index (u64)                                  |
//! | 7    | trim           | index (u64)                                  |
//! | 8    | stop-sign      | flag (u8), stop-sign where it is 1           |
//! | 9    | snapshot       | length (u32), bytes                          |
//!
//! Entries are a count (u32), then of each the length (u32) and the bytes. A ballot is configuration, n, priority (u32) and
//! pid (u64). Numbers are little-endian.

use crate::blob::Blob;
use crate::bytes::Writer;
use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::storage::StopSign;

#[derive(Default)]
pub struct Ops {
    count: usize,
    packed: Writer,
}

impl Ops {
    pub fn move_to(&mut self, out: &mut Writer) {
        out.count(self.count);
        out.raw(self.packed.bytes());
        self.count = 0;
        self.packed.clear();
    }

    fn add(&mut self, kind: u8) -> &mut Writer {
        self.count += 1;
        self.packed.u8(kind);
        &mut self.packed
    }

    pub fn append(&mut self, entries: &[Blob]) {
        self.add(1).entries(entries);
    }

    pub fn append_on_prefix(&mut self, from: usize, entries: &[Blob]) {
        let packed = self.add(2);
        packed.index(from);
        packed.entries(entries);
    }

    pub fn promise(&mut self, ballot: Ballot) {
        self.add(3).ballot(ballot);
    }

    pub fn accepted_round(&mut self, ballot: Ballot) {
        self.add(4).ballot(ballot);
    }

    pub fn decided(&mut self, index: usize) {
        self.add(5).index(index);
    }

    pub fn floor(&mut self, index: usize) {
        self.add(6).index(index);
    }

    pub fn trim(&mut self, index: usize) {
        self.add(7).index(index);
    }

    pub fn stopsign(&mut self, stopsign: Option<&StopSign>) {
        let packed = self.add(8);
        packed.flag(stopsign.is_some());
        if let Some(stopsign) = stopsign {
            packed.stopsign(stopsign);
        }
    }

    pub fn snapshot(&mut self, state: &Blob) {
        self.add(9).byte_string(state.bytes());
    }
}
