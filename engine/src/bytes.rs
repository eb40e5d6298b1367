//! Numbers and byte strings, packed little-endian. Reading allocates in proportion to the bytes that are there, and never
//! panics: whatever does not fit is an error that names it.

use crate::blob::Blob;
use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::storage::StopSign;
use omnipaxos::util::FlexibleQuorum;
use omnipaxos::ClusterConfig;
use std::rc::Rc;

/// Indices stay below 2^53, so that JavaScript can count them.
pub const MAX_INDEX: u64 = (1 << 53) - 1;

/// What a writer keeps.
const KEPT_BYTES: usize = 4 << 20;
/// Of the length that leads a byte string.
pub const LENGTH_BYTES: usize = 4;

pub type Parsed<V> = Result<V, String>;

pub struct Reader<'a> {
    bytes: &'a [u8],
    /// Entries are looked at, and not kept.
    only_checks: bool,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader {
            bytes,
            only_checks: false,
        }
    }

    /// Reads all that `new` would, but gives no entries: to copy them is most of the work.
    pub fn that_only_checks(bytes: &'a [u8]) -> Self {
        Reader {
            bytes,
            only_checks: true,
        }
    }

    pub fn left(&self) -> usize {
        self.bytes.len()
    }

    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    pub fn end(&self) -> Parsed<()> {
        match self.left() {
            0 => Ok(()),
            more => Err(format!("{more} bytes too many")),
        }
    }

    pub fn take(&mut self, length: usize) -> Parsed<&'a [u8]> {
        if length > self.bytes.len() {
            return Err(format!(
                "{length} bytes wanted where {} are left",
                self.bytes.len()
            ));
        }
        let (taken, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn u8(&mut self) -> Parsed<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u32(&mut self) -> Parsed<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Parsed<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn flag(&mut self) -> Parsed<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!("a flag is 0 or 1, not {other}")),
        }
    }

    pub fn index(&mut self) -> Parsed<usize> {
        let index = self.u64()?;
        if index > MAX_INDEX {
            return Err(format!("an index is below 2^53, not {index}"));
        }
        usize::try_from(index).map_err(|_| format!("no index on this machine: {index}"))
    }

    pub fn byte_string(&mut self) -> Parsed<&'a [u8]> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    pub fn entries(&mut self) -> Parsed<Vec<Blob>> {
        let count = self.u32()? as usize;
        // Each has its length at the least.
        if count > self.left() / LENGTH_BYTES {
            return Err(format!(
                "{count} entries do not fit in {} bytes",
                self.left()
            ));
        }
        let from = self.bytes;
        for _ in 0..count {
            self.byte_string()?;
        }
        if self.only_checks {
            return Ok(Vec::new());
        }
        // One copy for all of them: an allocation for each would take longer than all the rest.
        let memory: Rc<[u8]> = Rc::from(&from[..from.len() - self.left()]);
        let mut entries = Vec::new();
        // Each takes more room here than its length does there.
        entries
            .try_reserve_exact(count)
            .map_err(|error| format!("{count} entries: {error}"))?;
        let mut packed = Reader::new(&memory);
        for _ in 0..count {
            let length = packed.byte_string()?.len();
            let end = memory.len() - packed.left();
            entries.push(Blob::part_of(&memory, end - length, end));
        }
        Ok(entries)
    }

    pub fn ballot(&mut self) -> Parsed<Ballot> {
        Ok(Ballot {
            config_id: self.u32()?,
            n: self.u32()?,
            priority: self.u32()?,
            pid: self.u64()?,
        })
    }

    pub fn stopsign(&mut self) -> Parsed<StopSign> {
        let configuration_id = self.u32()?;
        let count = self.u32()? as usize;
        if count > self.left() / 8 {
            return Err(format!("{count} nodes do not fit in {} bytes", self.left()));
        }
        let mut nodes = Vec::with_capacity(count);
        for _ in 0..count {
            nodes.push(self.u64()?);
        }
        let flexible_quorum = match self.flag()? {
            false => None,
            true => Some(FlexibleQuorum {
                read_quorum_size: self.u32()? as usize,
                write_quorum_size: self.u32()? as usize,
            }),
        };
        let metadata = match self.flag()? {
            false => None,
            true => Some(self.byte_string()?.to_vec()),
        };
        let next_config = ClusterConfig {
            configuration_id,
            nodes,
            flexible_quorum,
        };
        Ok(StopSign::with(next_config, metadata))
    }
}

#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Forgets what was written, and keeps the memory for what comes next, unless that is a lot.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes back what was written behind the first `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub fn flag(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    pub fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    pub fn index(&mut self, value: usize) {
        self.u64(value as u64);
    }

    /// A number of things, or of bytes, that came from frames or from JavaScript: both count them in 32 bits.
    pub fn count(&mut self, value: usize) {
        self.u32(value as u32);
    }

    pub fn byte_string(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    pub fn entries(&mut self, entries: &[Blob]) {
        self.count(entries.len());
        let mut before: Option<&Blob> = None;
        for entry in entries {
            // Entries that came together lie as they are packed here, each behind its length.
            match before.and_then(|before| before.up_to(entry, LENGTH_BYTES)) {
                Some(length_and_bytes) => self.raw(length_and_bytes),
                None => self.byte_string(entry.bytes()),
            }
            before = Some(entry);
        }
    }

    pub fn ballot(&mut self, ballot: Ballot) {
        self.u32(ballot.config_id);
        self.u32(ballot.n);
        self.u32(ballot.priority);
        self.u64(ballot.pid);
    }

    pub fn stopsign(&mut self, stopsign: &StopSign) {
        let ClusterConfig {
            configuration_id,
            nodes,
            flexible_quorum,
        } = &stopsign.next_config;
        self.u32(*configuration_id);
        self.count(nodes.len());
        for node in nodes {
            self.u64(*node);
        }
        self.flag(flexible_quorum.is_some());
        if let Some(quorum) = flexible_quorum {
            self.count(quorum.read_quorum_size);
            self.count(quorum.write_quorum_size);
        }
        self.flag(stopsign.metadata.is_some());
        if let Some(metadata) = &stopsign.metadata {
            self.byte_string(metadata);
        }
    }

    /// Keeps room for a u32 that is known later only.
    pub fn reserve_u32(&mut self) -> usize {
        let at = self.len();
        self.u32(0);
        at
    }

    pub fn fill_u8(&mut self, at: usize, value: u8) {
        self.bytes[at] = value;
    }

    pub fn fill_u32(&mut self, at: usize, value: usize) {
        self.bytes[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
    }
}
