//! The mirror against a plain list, with a storage that is several steps behind: what it answers is the same, whatever has
//! left its memory.

mod support;

use omnipaxos::storage::{Storage, StorageOp};
use omnipaxos_engine::blob::{Blob, Marker};
use omnipaxos_engine::mirror::{Mirror, Records, Window};
use omnipaxos_engine::shared::Shared;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use support::Random;

/// A log from its floor on.
#[derive(Clone, Default)]
struct Log {
    floor: usize,
    entries: Vec<Blob>,
}

impl Log {
    fn end(&self) -> usize {
        self.floor + self.entries.len()
    }

    fn range(&self, from: usize, to: usize) -> Vec<Blob> {
        if from < self.floor || to > self.end() || from >= to {
            return Vec::new();
        }
        self.entries[from - self.floor..to - self.floor].to_vec()
    }
}

const WINDOW: usize = 5;

fn run(seed: u64) {
    let mut random = Random(seed);
    let stored = Rc::new(RefCell::new(Log::default()));
    let disk = stored.clone();
    let read = Box::new(move |from, to| Ok(disk.borrow().range(from, to)));
    let window = Window {
        entries: WINDOW,
        bytes: 1 << 20,
    };
    let mut storage = Shared(Rc::new(RefCell::new(Mirror::new(
        Records::default(),
        window,
        read,
    ))));
    let mut log = Log::default();
    let mut behind: VecDeque<(u64, Log)> = VecDeque::new();
    let mut next = 0u64;
    for step in 1..60 {
        storage.0.borrow_mut().begin(step);
        for _ in 0..random.below(3) {
            let count = random.below(4);
            let entries: Vec<Blob> = (0..count)
                .map(|_| {
                    next += 1;
                    Blob::new(&next.to_le_bytes())
                })
                .collect();
            match random.below(4) {
                0 => {
                    let from = log.floor + random.below(log.entries.len() + 1);
                    log.entries.truncate(from - log.floor);
                    log.entries.extend(entries.clone());
                    storage.append_on_prefix(from, entries).unwrap();
                }
                1 => {
                    // A state, at an index in the log or past its end, as a sync brings it.
                    let at = log.floor + random.below(log.entries.len() + 4);
                    log.entries.drain(..(at - log.floor).min(log.entries.len()));
                    log.floor = at;
                    log.entries = entries.clone();
                    let ops = vec![
                        StorageOp::Trim(at),
                        StorageOp::SetCompactedIdx(at),
                        StorageOp::SetSnapshot(Some(Marker::new(b"state"))),
                        StorageOp::AppendOnPrefix(at, entries),
                    ];
                    storage.write_atomically(ops).unwrap();
                }
                _ => {
                    log.entries.extend(entries.clone());
                    storage.append_entries(entries).unwrap();
                }
            }
        }
        behind.push_back((step, log.clone()));
        while behind.len() > random.below(6) {
            if let Some((durable, state)) = behind.pop_front() {
                *stored.borrow_mut() = state;
                storage.0.borrow_mut().durable(durable);
            }
        }
        if behind.is_empty() {
            let kept = storage.0.borrow().in_memory();
            assert!(
                kept <= WINDOW,
                "seed {seed}: {kept} kept of what is durable"
            );
        }
        assert_eq!(
            storage.get_log_len().unwrap(),
            log.entries.len(),
            "seed {seed}"
        );
        for _ in 0..6 {
            let from = random.below(log.end() + 3);
            let to = from + random.below(8);
            assert_eq!(
                storage.get_entries(from, to).unwrap(),
                log.range(from, to),
                "seed {seed}"
            );
            assert_eq!(
                storage.get_suffix(from).unwrap(),
                log.range(from, log.end()),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn a_mirror_answers_as_the_log_is_while_its_storage_is_behind() {
    (1..2_000).for_each(run);
}
