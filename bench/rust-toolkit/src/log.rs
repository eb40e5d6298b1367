//! A log of the crate, in a database that is opened as the crate's own documentation does it, but for the one option that lets
//! its WAL files come round.

use omnipaxos::storage::{Entry, NoSnapshot, Storage};
use rocksdb::{ColumnFamilyDescriptor, Options, DB};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tsoracle_paxos_toolkit::storage::RocksdbStorage;

const FAMILY: &str = "log";
/// As omnipaxos-rocksdb keeps by default.
const RECYCLED_WALS: usize = 2;

/// `serde_bytes`: without it, each byte is encoded on its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Bytes(#[serde(with = "serde_bytes")] Vec<u8>);

impl Entry for Bytes {
    type Snapshot = NoSnapshot;
}

pub struct Log {
    db: Arc<DB>,
    storage: RocksdbStorage<Bytes>,
    next: u64,
}

impl Log {
    pub fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_recycle_log_file_num(RECYCLED_WALS);
        let family = ColumnFamilyDescriptor::new(FAMILY, Options::default());
        let db = Arc::new(DB::open_cf_descriptors(&options, path, vec![family])?);
        let storage = RocksdbStorage::open_in(db.clone(), FAMILY)?;
        let next = storage.get_log_len()? + storage.get_compacted_idx()?;
        Ok(Log { db, storage, next })
    }

    pub fn append(&mut self, count: usize, entry_bytes: usize) -> Result<(), Box<dyn Error>> {
        let entry = || Bytes(vec![b'e'; entry_bytes]);
        if count == 1 {
            self.storage.append_entry(entry())?;
        } else {
            self.storage
                .append_entries((0..count).map(|_| entry()).collect())?;
        }
        self.next += count as u64;
        Ok(())
    }

    /// How many entries were read of `from` up to `to`.
    pub fn read(&self, from: u64, to: u64) -> Result<usize, Box<dyn Error>> {
        Ok(self.storage.get_entries(from, to)?.len())
    }

    /// Compacts the whole log away, and waits until nothing runs in the background.
    pub fn settle(&mut self) -> Result<(), Box<dyn Error>> {
        self.storage.set_decided_idx(self.next)?;
        self.storage.set_compacted_idx(self.next)?;
        self.storage.trim(self.next)?;
        let family = self.db.cf_handle(FAMILY).ok_or("its family is gone")?;
        for property in [
            "rocksdb.mem-table-flush-pending",
            "rocksdb.num-running-flushes",
            "rocksdb.compaction-pending",
            "rocksdb.num-running-compactions",
        ] {
            while self
                .db
                .property_int_value_cf(&family, property)?
                .is_some_and(|busy| busy > 0)
            {
                thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
    }
}
