//! The published engine alone, in Rust: three replicas in one thread, entries in memory, messages handed over as they are.
//! `npm run bench:consensus` divides by it. It answers requests on its stdin as `bench/shared/protocol.ts` says.

mod memory;
mod sample;

use memory::Memory;
use omnipaxos::storage::{Entry, NoSnapshot};
use omnipaxos::util::LogEntry;
use omnipaxos::{ClusterConfig, OmniPaxos, OmniPaxosConfig, ServerConfig};
use sample::sample;
use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

const NODES: [u64; 3] = [1, 2, 3];
/// The engine keeps every entry: a log is begun anew once it is so long.
const LONGEST_LOG: usize = 4_000_000;

#[derive(Clone, Debug)]
struct Bytes(Vec<u8>);

impl Entry for Bytes {
    type Snapshot = NoSnapshot;
}

type Replica = OmniPaxos<Bytes, Memory<Bytes>>;

struct Cluster {
    replicas: Vec<Replica>,
    leader: usize,
}

impl Cluster {
    fn elected() -> Result<Self, Box<dyn Error>> {
        let mut cluster = Cluster {
            replicas: Vec::new(),
            leader: 0,
        };
        for pid in NODES {
            let config = OmniPaxosConfig {
                cluster_config: ClusterConfig {
                    configuration_id: 1,
                    nodes: NODES.to_vec(),
                    flexible_quorum: None,
                },
                server_config: ServerConfig {
                    pid,
                    batch_size: 1,
                    buffer_size: 1024,
                    ..ServerConfig::default()
                },
            };
            cluster.replicas.push(config.build(Memory::default())?);
        }
        for _ in 0..1000 {
            for replica in &mut cluster.replicas {
                replica.tick();
            }
            cluster.deliver();
            let is_leading =
                |replica: &Replica, pid| replica.get_current_leader() == Some((pid, true));
            let leading = NODES.iter().position(|pid| {
                cluster
                    .replicas
                    .iter()
                    .all(|replica| is_leading(replica, *pid))
            });
            if let Some(leader) = leading {
                cluster.leader = leader;
                return Ok(cluster);
            }
        }
        Err("no leader was elected".into())
    }

    /// Until nobody has anything to say.
    fn deliver(&mut self) {
        let mut taken = Vec::new();
        loop {
            for replica in &mut self.replicas {
                replica.take_outgoing_messages(&mut taken);
            }
            if taken.is_empty() {
                return;
            }
            for message in taken.drain(..) {
                let to = message.get_receiver() as usize - 1;
                self.replicas[to].handle_incoming(message);
            }
        }
    }

    fn decided(&self) -> usize {
        self.replicas[self.leader].get_decided_idx()
    }

    fn propose(&mut self, entry: Bytes) -> Result<(), Box<dyn Error>> {
        self.replicas[self.leader]
            .append(entry)
            .map_err(|error| format!("{error:?}").into())
    }
}

/// `in_flight` proposals under way for `time`: each that is decided is followed by the next.
fn measure(in_flight: usize, time: Duration, entry_bytes: usize) -> Result<String, Box<dyn Error>> {
    let mut cluster = Cluster::elected()?;
    let mut latencies = Vec::new();
    let mut begun = VecDeque::new();
    let mut seen = cluster.decided();
    let mut entry = 0_u8;
    let start = Instant::now();
    let mut now = start;
    loop {
        let goes_on = latencies.is_empty() || now - start < time;
        if !goes_on && begun.is_empty() {
            break;
        }
        while goes_on && begun.len() < in_flight {
            cluster.propose(Bytes(vec![entry; entry_bytes]))?;
            entry = entry.wrapping_add(1);
            begun.push_back(Instant::now());
        }
        cluster.deliver();
        let decided = cluster.decided();
        // As a user would: what is decided is read.
        let read = cluster.replicas[cluster.leader]
            .read_decided_suffix(seen)
            .unwrap_or_default();
        now = Instant::now();
        for item in read {
            if let (LogEntry::Decided(Bytes(bytes)), Some(at)) = (item, begun.pop_front()) {
                assert_eq!(bytes.len(), entry_bytes);
                latencies.push(now - at);
            }
        }
        seen = decided;
        if decided > LONGEST_LOG {
            cluster = Cluster::elected()?;
            seen = cluster.decided();
            begun.clear();
        }
    }
    let seconds = (now - start).as_secs_f64();
    Ok(sample(latencies, 1, seconds))
}

fn answer(line: &str) -> Result<String, Box<dyn Error>> {
    let mut words = line.split(' ');
    let work = words.next().unwrap_or_default();
    if work == "settle" {
        return Ok("{}".to_owned());
    }
    if work != "append" {
        return Err(format!("it has no work named {work}").into());
    }
    let (mut ms, mut in_flight, mut entry_bytes) = (0, 1, 128);
    for word in words {
        match word.split_once('=') {
            Some(("ms", value)) => ms = value.parse()?,
            Some(("inFlight", value)) => in_flight = value.parse()?,
            Some(("entryBytes", value)) => entry_bytes = value.parse()?,
            _ => return Err(format!("it does not know {word}").into()),
        }
    }
    measure(in_flight, Duration::from_millis(ms), entry_bytes)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    writeln!(
        out,
        "{{\"version\":\"omnipaxos 0.2.4 in Rust\",\"durability\":\"none: memory\"}}"
    )?;
    for line in io::stdin().lock().lines() {
        match answer(&line?) {
            Ok(answer) => writeln!(out, "{answer}")?,
            Err(error) => writeln!(out, "{{\"error\":{:?}}}", error.to_string())?,
        }
        out.flush()?;
    }
    Ok(())
}
