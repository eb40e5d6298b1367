//! Replicas whose storage is a vector, and whose messages wait until a test delivers them.
#![allow(dead_code)] // each test file uses its own part

use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::storage::StopSign;
use omnipaxos::ClusterConfig;
use omnipaxos_engine::blob::Blob;
use omnipaxos_engine::bytes::{Reader, Writer};
use omnipaxos_engine::caught::caught;
use omnipaxos_engine::cluster::Cluster;
use omnipaxos_engine::engine::{Engine, Settings, NO_STATE};
use omnipaxos_engine::guards::Up;
use omnipaxos_engine::mirror::{Records, Window};
use omnipaxos_engine::step::Stepper;
use std::cell::RefCell;
use std::rc::Rc;

/// A generator of numbers from a seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub records: Records,
    pub log: Vec<Blob>,
    pub state: Option<Vec<u8>>,
}

impl Disk {
    pub fn words(&self) -> Vec<String> {
        let word = |entry: &Blob| String::from_utf8_lossy(entry.bytes()).into_owned();
        self.log.iter().map(word).collect()
    }

    fn truncate(&mut self, end: usize) {
        self.log.truncate(end.saturating_sub(self.records.floor));
        self.records.end = self.records.floor + self.log.len();
    }

    fn append(&mut self, entries: Vec<Blob>) {
        self.records.end += entries.len();
        self.log.extend(entries);
    }

    pub fn compact(&mut self, floor: usize) {
        self.log
            .drain(..(floor - self.records.floor).min(self.log.len()));
        self.records.floor = floor;
        self.records.end = floor + self.log.len();
    }

    fn perform(&mut self, reader: &mut Reader<'_>) -> Result<(), String> {
        match reader.u8()? {
            1 => {
                let entries = reader.entries()?;
                self.append(entries);
            }
            2 => {
                let from = reader.index()?;
                let entries = reader.entries()?;
                assert!(from <= self.records.end, "no gap");
                self.truncate(from);
                self.append(entries);
            }
            3 => self.records.promise = Some(reader.ballot()?),
            4 => self.records.accepted_round = Some(reader.ballot()?),
            5 => self.records.decided = reader.index()?,
            6 => assert_eq!(reader.index()?, self.records.floor),
            7 => {
                let floor = reader.index()?;
                self.compact(floor);
            }
            8 => {
                self.records.stopsign = match reader.flag()? {
                    false => None,
                    true => Some(reader.stopsign()?),
                }
            }
            9 => self.state = Some(reader.byte_string()?.to_vec()),
            other => return Err(format!("operation {other}")),
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
pub struct Sent {
    pub to: u64,
    pub state: u64,
    pub frame: Vec<u8>,
}

#[derive(Debug, Default)]
pub struct Outcome {
    pub decided: usize,
    pub accepted: usize,
    pub floor: usize,
    pub promise: Ballot,
    pub leader: u32,
    pub accept_phase: bool,
    pub refusals: u8,
    pub reconfigured: Option<StopSign>,
    pub refused: Vec<String>,
    pub withheld: Vec<u32>,
    pub sent: Vec<Sent>,
    pub quiet: u32,
}

/// What goes into a step; see `step.rs`.
#[derive(Default)]
pub struct Input {
    pub ticks: u32,
    pub calls: Vec<Vec<u8>>,
    pub messages: Vec<Vec<u8>>,
    pub proposals: Vec<Vec<u8>>,
    pub state_at: Option<usize>,
}

pub struct Node {
    pub stepper: Stepper,
    pub disk: Rc<RefCell<Disk>>,
    steps: u64,
}

pub fn cluster(nodes: u64, me: u64) -> Cluster {
    let config = ClusterConfig {
        configuration_id: 1,
        nodes: (1..=nodes).collect(),
        flexible_quorum: None,
    };
    Cluster::new(config, me).unwrap()
}

impl Node {
    pub fn open(nodes: u64, me: u64, guards: Up, disk: Disk) -> Self {
        let window = Window {
            entries: 4,
            bytes: 1 << 20,
        };
        let settings = Settings {
            cluster: cluster(nodes, me),
            election_ticks: 5,
            resend_ticks: 20,
            priority: 0,
            guards,
            window,
            states_in_syncs: false,
        };
        let records = disk.records.clone();
        let disk = Rc::new(RefCell::new(disk));
        let stored = disk.clone();
        let read = move |from: usize, to: usize| {
            let disk = stored.borrow();
            let floor = disk.records.floor;
            disk.log
                .get(from - floor..to - floor)
                .map(<[Blob]>::to_vec)
                .ok_or(format!("nothing stored at [{from}, {to})"))
        };
        let engine = Engine::open(settings, records, Box::new(read)).unwrap();
        Node {
            stepper: Stepper::new(engine),
            disk,
            steps: 0,
        }
    }

    pub fn reopen(&self, nodes: u64, me: u64, guards: Up) -> Self {
        Node::open(nodes, me, guards, self.disk.borrow().clone())
    }

    /// One step and its writes.
    pub fn step(&mut self, input: Input) -> Result<Outcome, String> {
        let mut packed = Writer::default();
        packed.u64(self.steps);
        packed.u64(input.state_at.map_or(NO_STATE, |at| at as u64));
        packed.index(self.disk.borrow().records.floor);
        packed.u32(input.ticks);
        packed.count(input.calls.len());
        for call in &input.calls {
            packed.raw(call);
        }
        for list in [&input.messages, &input.proposals] {
            packed.count(list.len());
            for bytes in list {
                packed.byte_string(bytes);
            }
        }
        let out = caught(|| self.stepper.step(packed.bytes()).map(<[u8]>::to_vec))?;
        self.steps += 1;
        self.take(&out)
    }

    fn take(&mut self, out: &[u8]) -> Result<Outcome, String> {
        let mut reader = Reader::new(out);
        reader.u8()?;
        assert_eq!(reader.u64()?, self.steps);
        let mut outcome = Outcome {
            decided: reader.index()?,
            accepted: reader.index()?,
            floor: reader.index()?,
            promise: reader.ballot()?,
            leader: reader.u32()?,
            accept_phase: reader.flag()?,
            quiet: reader.u32()?,
            refusals: reader.u8()?,
            ..Outcome::default()
        };
        if reader.flag()? {
            outcome.reconfigured = Some(reader.stopsign()?);
        }
        for _ in 0..reader.u32()? {
            reader.u32()?;
            let reason = String::from_utf8_lossy(reader.byte_string()?).into_owned();
            outcome.refused.push(reason);
        }
        for _ in 0..reader.u32()? {
            outcome.withheld.push(reader.u32()?);
        }
        for _ in 0..reader.u32()? {
            outcome.sent.push(Sent {
                to: u64::from(reader.u32()?),
                state: reader.u64()?,
                frame: reader.byte_string()?.to_vec(),
            });
        }
        let mut disk = self.disk.borrow_mut();
        for _ in 0..reader.u32()? {
            disk.perform(&mut reader)?;
        }
        reader.end()?;
        Ok(outcome)
    }

    pub fn tick(&mut self) -> Outcome {
        self.ticks(1)
    }

    pub fn ticks(&mut self, ticks: u32) -> Outcome {
        self.step(Input {
            ticks,
            ..Input::default()
        })
        .unwrap()
    }

    pub fn receive(&mut self, frames: &[Vec<u8>]) -> Outcome {
        let messages = frames.to_vec();
        self.step(Input {
            messages,
            ..Input::default()
        })
        .unwrap()
    }

    pub fn propose(&mut self, word: &str) -> Outcome {
        let proposals = vec![word.as_bytes().to_vec()];
        self.step(Input {
            proposals,
            ..Input::default()
        })
        .unwrap()
    }

    pub fn call(&mut self, call: Vec<u8>) -> Outcome {
        let calls = vec![call];
        self.step(Input {
            calls,
            ..Input::default()
        })
        .unwrap()
    }

    pub fn look(&mut self) -> Outcome {
        self.step(Input::default()).unwrap()
    }
}

pub const BECOME_LEADER: [u8; 1] = [2];

pub fn reconnected(pid: u32) -> Vec<u8> {
    let mut call = Writer::default();
    call.u8(1);
    call.u32(pid);
    call.bytes().to_vec()
}

pub fn stop_with(metadata: u8, nodes: u64) -> Vec<u8> {
    let next = ClusterConfig {
        configuration_id: 2,
        nodes: (1..=nodes).collect(),
        flexible_quorum: None,
    };
    let mut call = Writer::default();
    call.u8(4);
    call.stopsign(&StopSign::with(next, Some(vec![metadata])));
    call.bytes().to_vec()
}

/// The kind of a frame, as `wire.rs` numbers it.
pub fn kind(sent: &Sent) -> u8 {
    sent.frame[1]
}

/// All nodes, and all that is under way between them.
pub struct Net {
    pub nodes: Vec<Node>,
    pub under_way: Vec<(u64, Sent)>,
}

impl Net {
    pub fn new(count: u64, guards: Up) -> Self {
        let nodes = (1..=count)
            .map(|me| Node::open(count, me, guards, Disk::default()))
            .collect();
        Net {
            nodes,
            under_way: Vec::new(),
        }
    }

    pub fn node(&mut self, pid: u64) -> &mut Node {
        &mut self.nodes[pid as usize - 1]
    }

    pub fn post(&mut self, from: u64, outcome: Outcome) {
        self.under_way
            .extend(outcome.sent.into_iter().map(|sent| (from, sent)));
    }

    /// Delivers until nothing is under way; what `lost` names is lost.
    pub fn settle(&mut self, lost: impl Fn(u64, &Sent) -> bool) {
        for _ in 0..10_000 {
            if self.under_way.is_empty() {
                return;
            }
            let (from, sent) = self.under_way.remove(0);
            if lost(from, &sent) {
                continue;
            }
            let outcome = self.node(sent.to).receive(&[sent.frame]);
            self.post(sent.to, outcome);
        }
        panic!("the messages do not come to an end");
    }

    pub fn settle_all(&mut self) {
        self.settle(|_, _| false);
    }

    /// One tick of every node, settled.
    pub fn tick(&mut self, lost: impl Fn(u64, &Sent) -> bool) {
        for pid in 1..=self.nodes.len() as u64 {
            let outcome = self.node(pid).tick();
            self.post(pid, outcome);
        }
        self.settle(lost);
    }

    /// Makes `pid` the leader.
    pub fn lead(&mut self, pid: u64) {
        let outcome = self.node(pid).call(BECOME_LEADER.to_vec());
        self.post(pid, outcome);
        self.settle_all();
        assert_eq!(u64::from(self.node(pid).look().leader), pid);
    }

    /// Ticks until one leads that all others follow, heartbeats included.
    pub fn elect(&mut self) -> u64 {
        for _ in 0..40 {
            self.tick(|_, _| false);
        }
        let leader = u64::from(self.node(1).look().leader);
        assert!(self.node(leader).look().accept_phase);
        leader
    }

    pub fn propose(&mut self, at: u64, word: &str) {
        let outcome = self.node(at).propose(word);
        self.post(at, outcome);
    }

    pub fn words(&self, pid: u64) -> Vec<String> {
        self.nodes[pid as usize - 1].disk.borrow().words()
    }
}
