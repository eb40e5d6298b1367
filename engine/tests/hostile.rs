//! Bytes that no replica sent, and messages of replicas with some of their bytes changed, into replicas that are at work.
//! Whatever comes is taken or refused: no panic, no error of the engine.
//!
//! `FUZZ_INPUTS` says how many (default 30,000), `FUZZ_SEED` where to start.

mod support;

use omnipaxos_engine::guards::ALL;
use support::{reconnected, stop_with, Input, Net, Random, BECOME_LEADER};

fn from_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(otherwise)
}

fn mutated(random: &mut Random, frame: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = frame.to_vec();
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len().max(1));
        match random.below(8) {
            _ if bytes.is_empty() => bytes.push(random.next() as u8),
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes.truncate(at),
            3 => bytes.insert(at, random.next() as u8),
            4 => {
                let extremes = [
                    0,
                    1,
                    u64::MAX,
                    1 << 53,
                    (1 << 53) - 1,
                    u64::from(u32::MAX),
                    3,
                    7,
                ];
                let value = extremes[random.below(extremes.len())].to_le_bytes();
                let width = [4, 8][random.below(2)].min(bytes.len() - at);
                bytes[at..at + width].copy_from_slice(&value[..width]);
            }
            5 => {
                let from = random.below(other.len().max(1));
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            6 => bytes[at] = bytes[at].wrapping_add(1),
            _ => bytes[at] = bytes[at].wrapping_sub(1),
        }
    }
    bytes
}

/// Some traffic, of which every frame is kept.
fn run_a_while(net: &mut Net, random: &mut Random, pool: &mut Vec<Vec<u8>>) {
    for round in 0..12 {
        let pid = 1 + random.below(3) as u64;
        let outcome = match random.below(10) {
            0 => net.node(pid).call(BECOME_LEADER.to_vec()),
            1 => net.node(pid).call(reconnected(1 + random.below(3) as u32)),
            2 if round > 9 => net.node(pid).call(stop_with(round, 3)),
            3 => {
                let node = net.node(pid);
                let decided = node.look().decided;
                let mut disk = node.disk.borrow_mut();
                let floor = decided.min(disk.records.end).max(disk.records.floor);
                disk.compact(floor);
                drop(disk);
                let state_at = Some(floor);
                node.step(Input {
                    state_at,
                    ..Input::default()
                })
                .unwrap()
            }
            4..=6 => net.node(pid).tick(),
            _ => net.node(pid).propose(&format!("word {round}")),
        };
        net.post(pid, outcome);
        for _ in 0..random.below(40) {
            if net.under_way.is_empty() {
                break;
            }
            let (_, sent) = net.under_way.remove(0);
            pool.push(sent.frame.clone());
            if random.below(12) > 0 {
                let outcome = net.node(sent.to).receive(&[sent.frame]);
                net.post(sent.to, outcome);
            }
        }
    }
    net.under_way.clear();
}

#[test]
fn bytes_from_outside_are_taken_or_refused_and_never_break_the_engine() {
    let inputs = from_env("FUZZ_INPUTS", 30_000);
    let first = from_env("FUZZ_SEED", 1);
    let mut fed = 0;
    let mut refused = 0;
    let mut seed = first;
    while fed < inputs {
        let mut random = Random(seed);
        let mut net = Net::new(3, ALL);
        let mut pool = Vec::new();
        run_a_while(&mut net, &mut random, &mut pool);
        for _ in 0..300 {
            let pid = 1 + random.below(3) as u64;
            let frame = match random.below(10) {
                0 => (0..random.below(80)).map(|_| random.next() as u8).collect(),
                _ => {
                    let (a, b) = (random.below(pool.len()), random.below(pool.len()));
                    let mut frame = mutated(&mut random, &pool[a], &pool[b]);
                    if frame.len() > 14 && random.below(4) > 0 {
                        // For whom it is and from whom, so that more of them come in.
                        frame[..6].copy_from_slice(&[1, pool[a][1], 1, 0, 0, 0]);
                        frame[6..10].copy_from_slice(&(pid as u32 % 3 + 1).to_le_bytes());
                        frame[10..14].copy_from_slice(&(pid as u32).to_le_bytes());
                    }
                    frame
                }
            };
            let input = Input {
                messages: vec![frame.clone()],
                ticks: u32::from(random.below(20) == 0),
                ..Input::default()
            };
            match net.node(pid).step(input) {
                Ok(outcome) => {
                    refused += outcome.refused.len();
                    for sent in outcome.sent {
                        pool.push(sent.frame);
                    }
                }
                Err(reason) => panic!("FUZZ_SEED={seed}, input {fed}: {reason} from {frame:?}"),
            }
            fed += 1;
        }
        seed += 1;
    }
    assert!(
        refused > 0 && refused < fed as usize,
        "some of both: {refused} of {fed}"
    );
    println!("{fed} inputs from seed {first}: {refused} refused");
}
