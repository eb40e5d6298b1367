//! The crate that omnipaxos-rocksdb re-creates, as a contestant of `npm run bench`. It takes a folder of its own, and answers
//! requests on its stdin as `bench/shared/protocol.ts` says.

mod log;
#[path = "../../../engine/examples/pure_rust/sample.rs"]
mod sample;

use log::Log;
use sample::sample;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const READ_ENTRIES: u64 = 10_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Numbers {
    time: Duration,
    batch: usize,
    entry_bytes: usize,
}

struct Contestant {
    folder: PathBuf,
    /// In its steady state.
    steady: Option<Log>,
    read: Option<Log>,
}

impl Contestant {
    fn answer(&mut self, line: &str) -> Outcome<String> {
        let mut words = line.split(' ');
        let work = words.next().unwrap_or_default();
        let numbers = numbers_of(words)?;
        match work {
            "append" => append(self.steady()?, &numbers),
            "append-cold" => {
                let path = self.folder.join("cold");
                let sampled = append(&mut Log::open(&path)?, &numbers)?;
                fs::remove_dir_all(path)?;
                Ok(sampled)
            }
            "append-reopened" => {
                let path = self.folder.join("reopened");
                if !path.exists() {
                    append(&mut Log::open(&path)?, &numbers)?;
                }
                let mut log = Log::open(&path)?;
                let sampled = append(&mut log, &numbers)?;
                log.settle()?;
                Ok(sampled)
            }
            "read" => self.read(&numbers),
            "settle" => {
                if let Some(log) = &mut self.steady {
                    log.settle()?;
                }
                Ok("{}".to_owned())
            }
            _ => Err(format!("it has no work named {work}").into()),
        }
    }

    fn steady(&mut self) -> Outcome<&mut Log> {
        if self.steady.is_none() {
            self.steady = Some(Log::open(&self.folder.join("db"))?);
        }
        self.steady.as_mut().ok_or_else(|| "it is not open".into())
    }

    fn read(&mut self, numbers: &Numbers) -> Outcome<String> {
        if self.read.is_none() {
            let mut log = Log::open(&self.folder.join("read"))?;
            log.append(READ_ENTRIES as usize, numbers.entry_bytes)?;
            self.read = Some(log);
        }
        let log = self.read.as_ref().ok_or("it is not open")?;
        measure(numbers.time, READ_ENTRIES as usize, || {
            let count = log.read(0, READ_ENTRIES)?;
            if count != READ_ENTRIES as usize {
                return Err(format!("read {count} entries").into());
            }
            Ok(())
        })
    }
}

fn append(log: &mut Log, numbers: &Numbers) -> Outcome<String> {
    measure(numbers.time, numbers.batch, || {
        log.append(numbers.batch, numbers.entry_bytes)
    })
}

/// Calls `call` again and again for `time`, at least once.
fn measure(
    time: Duration,
    entries_per_call: usize,
    mut call: impl FnMut() -> Outcome<()>,
) -> Outcome<String> {
    let mut latencies = Vec::new();
    let start = Instant::now();
    let mut before = start;
    loop {
        call()?;
        let after = Instant::now();
        latencies.push(after - before);
        before = after;
        if before - start >= time {
            break;
        }
    }
    let seconds = (before - start).as_secs_f64();
    Ok(sample(latencies, entries_per_call, seconds))
}

fn numbers_of<'a>(words: impl Iterator<Item = &'a str>) -> Outcome<Numbers> {
    let mut numbers = Numbers {
        time: Duration::ZERO,
        batch: 1,
        entry_bytes: 128,
    };
    for word in words {
        match word.split_once('=') {
            Some(("ms", value)) => numbers.time = Duration::from_millis(value.parse()?),
            Some(("batch", value)) => numbers.batch = value.parse()?,
            Some(("entryBytes", value)) => numbers.entry_bytes = value.parse()?,
            _ => return Err(format!("it does not know {word}").into()),
        }
    }
    Ok(numbers)
}

fn main() -> Outcome<()> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or("usage: rust-toolkit FOLDER, with requests on stdin: see bench/README.md")?;
    let mut contestant = Contestant {
        folder: folder.into(),
        steady: None,
        read: None,
    };
    let mut out = io::stdout();
    writeln!(
        out,
        r#"{{"version":"tsoracle-paxos-toolkit 0.2.3 in Rust","durability":"every append (WriteOptions::sync)"}}"#
    )?;
    out.flush()?;
    for line in io::stdin().lock().lines() {
        match contestant.answer(&line?) {
            Ok(answer) => writeln!(out, "{answer}")?,
            Err(error) => writeln!(out, "{{\"error\":{:?}}}", error.to_string())?,
        }
        out.flush()?;
    }
    Ok(())
}
