//! Ticks that are told late: where nothing comes between, an engine does the same as if it had been told each in its time, and
//! ticks that it calls quiet it does nothing in.

mod support;

use omnipaxos_engine::guards::ALL;
use support::{Input, Net, Random, Sent, BECOME_LEADER};

const NODES: u64 = 3;

/// Two clusters that the same befalls: one is told each tick, the other holds back those that are quiet.
struct Twins {
    prompt: Net,
    late: Net,
    quiet: [u32; NODES as usize],
    held: [u32; NODES as usize],
    held_at_all: u32,
}

impl Twins {
    fn tick(&mut self, pid: u64) {
        let i = pid as usize - 1;
        let prompt = self.prompt.node(pid).tick();
        if self.held[i] < self.quiet[i] {
            self.held[i] += 1;
            self.held_at_all += 1;
            assert!(prompt.sent.is_empty(), "a message in a quiet tick");
            assert!(prompt.quiet >= self.quiet[i] - self.held[i]);
            return;
        }
        let input = Input {
            ticks: 1,
            ..Input::default()
        };
        let late = self.late_step(pid, input);
        assert_eq!(bytes(&prompt.sent), bytes(&late.sent));
        self.prompt.post(pid, prompt);
        self.late.post(pid, late);
    }

    fn both(&mut self, pid: u64, input: impl Fn() -> Input) {
        let prompt = self.prompt.node(pid).step(input()).unwrap();
        let late = self.late_step(pid, input());
        assert_eq!(bytes(&prompt.sent), bytes(&late.sent));
        assert_eq!(prompt.quiet, late.quiet);
        assert_eq!(
            (prompt.decided, prompt.accepted),
            (late.decided, late.accepted)
        );
        self.prompt.post(pid, prompt);
        self.late.post(pid, late);
    }

    fn late_step(&mut self, pid: u64, mut input: Input) -> support::Outcome {
        let i = pid as usize - 1;
        input.ticks += std::mem::take(&mut self.held[i]);
        let outcome = self.late.node(pid).step(input).unwrap();
        self.quiet[i] = outcome.quiet;
        outcome
    }
}

fn bytes(sent: &[Sent]) -> Vec<(u64, Vec<u8>)> {
    sent.iter()
        .map(|sent| (sent.to, sent.frame.clone()))
        .collect()
}

#[test]
fn ticks_told_late_change_nothing() {
    for seed in 0..200 {
        let mut random = Random(seed);
        let mut twins = Twins {
            prompt: Net::new(NODES, ALL),
            late: Net::new(NODES, ALL),
            quiet: [0; NODES as usize],
            held: [0; NODES as usize],
            held_at_all: 0,
        };
        for n in 0..600 {
            let pid = random.below(NODES as usize) as u64 + 1;
            let waiting = twins.prompt.under_way.len();
            match random.below(100) {
                0..=49 => twins.tick(pid),
                50..=94 if waiting > 0 => {
                    let (_, sent) = twins.prompt.under_way.remove(0);
                    twins.late.under_way.remove(0);
                    if random.below(20) == 0 {
                        continue; // it is lost
                    }
                    twins.both(sent.to, || Input {
                        messages: vec![sent.frame.clone()],
                        ..Input::default()
                    });
                }
                95..=98 => twins.both(pid, || Input {
                    proposals: vec![format!("entry {n}").into_bytes()],
                    ..Input::default()
                }),
                99 => twins.both(pid, || Input {
                    calls: vec![BECOME_LEADER.to_vec()],
                    ..Input::default()
                }),
                _ => (),
            }
        }
        for pid in 1..=NODES {
            assert_eq!(
                twins.prompt.words(pid),
                twins.late.words(pid),
                "seed {seed}"
            );
        }
        assert!(twins.held_at_all > 30, "seed {seed}");
    }
}
