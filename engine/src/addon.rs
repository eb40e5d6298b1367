//! The face to Node. It translates and decides nothing. Each call catches its panics; behind one, the engine is dead, and
//! every further call tells why.

use crate::blob::Blob;
use crate::bytes::{Parsed, Reader, Writer};
use crate::caught::caught;
use crate::cluster::Cluster;
use crate::engine::{Engine, Settings};
use crate::guards::ALL;
use crate::mirror::{Records, WINDOW};
use crate::step::{Stepper, DONE};
use crate::wire;
use napi::bindgen_prelude::{BufferSlice, Either, FnArgs, Function, FunctionRef, Uint8Array};
use napi::Env;
use napi_derive::napi;
use omnipaxos::util::FlexibleQuorum;
use omnipaxos::ClusterConfig;
use std::cell::RefCell;
use std::rc::Rc;

/// What leads an answer besides `DONE`: the rest is why the engine is dead, in UTF-8.
const FAILED: u8 = 1;
/// The engine is in the middle of another call: a callback must not come back to it.
const BUSY: u8 = 2;

type Indices = FnArgs<(f64, f64)>;
type Callback = (Env, FunctionRef<Indices, Uint8Array>);

#[napi(object)]
pub struct EngineOptions {
    pub pid: u32,
    pub configuration_id: u32,
    pub nodes: Vec<u32>,
    pub read_quorum_size: Option<u32>,
    pub write_quorum_size: Option<u32>,
    pub election_ticks: u32,
    pub resend_ticks: u32,
    pub priority: u32,
    /// Whether a sync that rests on a state must carry it.
    pub states_in_syncs: bool,
    /// A sync of more bytes rests on the state that can be given, where it is of use to the peer.
    pub max_sync_bytes: u32,
    /// A guard to leave out, for the tests that show what it is for.
    pub without_guard: Option<String>,
}

enum State {
    Running(Box<Stepper>),
    Failed(String),
}

/// The callback of the call that runs. Kept no longer: it leads to the object that holds the engine.
#[derive(Clone, Default)]
struct ReadThrough(Rc<RefCell<Option<Callback>>>);

impl ReadThrough {
    fn read(&self, from: usize, to: usize) -> Parsed<Vec<Blob>> {
        let current = self.0.borrow();
        let Some((env, callback)) = current.as_ref() else {
            return Err("there is nothing to read from".to_owned());
        };
        let packed = callback
            .borrow_back(env)
            .and_then(|read| read.call(FnArgs::from((from as f64, to as f64))))
            .map_err(|error| error.reason.clone())?;
        let mut reader = Reader::new(&packed);
        let entries = reader.entries()?;
        reader.end()?;
        Ok(entries)
    }
}

#[napi]
pub struct NativeEngine {
    state: RefCell<State>,
    read_through: ReadThrough,
}

#[napi]
impl NativeEngine {
    /// On what `records` says of the storage. An engine that cannot be opened is a dead one: its first step tells why.
    #[napi(constructor)]
    pub fn new(options: EngineOptions, records: Uint8Array) -> Self {
        let read_through = ReadThrough::default();
        let mirrored = read_through.clone();
        let opened = caught(|| {
            let settings = settings_of(options)?;
            let records = records_of(&records)?;
            let read = Box::new(move |from, to| mirrored.read(from, to));
            Ok(Stepper::new(Engine::open(settings, records, read)?))
        });
        let state = match opened {
            Ok(stepper) => State::Running(Box::new(stepper)),
            Err(reason) => State::Failed(reason),
        };
        NativeEngine {
            state: RefCell::new(state),
            read_through,
        }
    }

    /// One step, packed as `step.rs` says. `read` gives entries `[from, to)` of the storage.
    #[napi]
    pub fn step<'env>(
        &self,
        env: &'env Env,
        input: Uint8Array,
        read: Function<'_, Indices, Uint8Array>,
    ) -> napi::Result<BufferSlice<'env>> {
        let Ok(mut state) = self.state.try_borrow_mut() else {
            return answer(env, BUSY, &[]);
        };
        let stepper = match &mut *state {
            State::Running(stepper) => stepper,
            State::Failed(reason) => return answer(env, FAILED, reason.as_bytes()),
        };
        *self.read_through.0.borrow_mut() = Some((*env, read.create_ref()?));
        // The engine leads its output with the status. It is copied: what is freed by Node, later, costs more than that.
        let outcome = caught(|| {
            let output = stepper.step(&input)?;
            Ok(BufferSlice::copy_from(env, output))
        });
        *self.read_through.0.borrow_mut() = None;
        match outcome {
            Ok(output) => output,
            Err(reason) => {
                let answer = answer(env, FAILED, reason.as_bytes());
                let broken = std::mem::replace(&mut *state, State::Failed(reason));
                // What a panic left behind may panic once more.
                let _ = caught(|| {
                    drop(broken);
                    Ok(())
                });
                answer
            }
        }
    }
}

/// What of `frame` only a codec can check: its entries, then a flag and the state (length, bytes) that came with it. A
/// frame that is none is answered with the reason, as a failure.
#[napi]
pub fn contents(env: &Env, frame: Uint8Array) -> napi::Result<BufferSlice<'_>> {
    match caught(|| contents_of(&frame)) {
        Ok(contents) => answer(env, DONE, contents.bytes()),
        Err(reason) => answer(env, FAILED, reason.as_bytes()),
    }
}

/// The index of the state that `frame` rests on, -1 where it does on none; the reason where it is no frame, or not whole and
/// in range. Nothing is allocated in Node for a good one: each message comes through here.
#[napi]
pub fn check(frame: Uint8Array) -> Either<f64, String> {
    match caught(|| wire::check(&frame)) {
        Ok(state_at) => Either::A(state_at.map_or(-1.0, |at| at as f64)),
        Err(reason) => Either::B(reason),
    }
}

fn contents_of(frame: &[u8]) -> Parsed<Writer> {
    let (entries, state) = wire::contents(wire::decode(frame)?);
    let mut contents = Writer::default();
    contents.entries(&entries);
    contents.flag(state.is_some());
    if let Some(state) = state {
        contents.byte_string(state.bytes());
    }
    Ok(contents)
}

/// In memory of Node's own: what is handed over to it is freed only when its event loop turns.
fn answer<'env>(env: &'env Env, status: u8, bytes: &[u8]) -> napi::Result<BufferSlice<'env>> {
    let mut answer = Vec::with_capacity(bytes.len() + 1);
    answer.push(status);
    answer.extend_from_slice(bytes);
    BufferSlice::copy_from(env, answer)
}

fn settings_of(options: EngineOptions) -> Parsed<Settings> {
    let flexible_quorum = match (options.read_quorum_size, options.write_quorum_size) {
        (Some(read), Some(write)) => Some(FlexibleQuorum {
            read_quorum_size: read as usize,
            write_quorum_size: write as usize,
        }),
        _ => None,
    };
    let config = ClusterConfig {
        configuration_id: options.configuration_id,
        nodes: options.nodes.into_iter().map(u64::from).collect(),
        flexible_quorum,
    };
    Ok(Settings {
        cluster: Cluster::new(config, u64::from(options.pid))?,
        election_ticks: u64::from(options.election_ticks),
        resend_ticks: u64::from(options.resend_ticks),
        priority: options.priority,
        guards: match options.without_guard {
            None => ALL,
            Some(name) => ALL.without(&name)?,
        },
        window: WINDOW,
        states_in_syncs: options.states_in_syncs,
        max_sync_bytes: options.max_sync_bytes as usize,
    })
}

/// Promise and accepted round (each a flag, then the ballot), decided index, floor and end (u64), stop-sign (flag, then
/// it).
fn records_of(packed: &[u8]) -> Parsed<Records> {
    let mut reader = Reader::new(packed);
    let ballot = |reader: &mut Reader<'_>| match reader.flag()? {
        false => Ok::<_, String>(None),
        true => Ok(Some(reader.ballot()?)),
    };
    let records = Records {
        promise: ballot(&mut reader)?,
        accepted_round: ballot(&mut reader)?,
        decided: reader.index()?,
        floor: reader.index()?,
        end: reader.index()?,
        stopsign: match reader.flag()? {
            false => None,
            true => Some(reader.stopsign()?),
        },
    };
    reader.end()?;
    Ok(records)
}
