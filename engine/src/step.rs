//! One step of the engine, packed both ways. In, in the order in which it is done:
//!
//! | what | how |
//! |------|-----|
//! | u64 | the last step whose writes are durable |
//! | u64 | the index of the state that can be given to a peer, or 2^64 - 1 |
//! | u64 | the floor of the storage |
//! | u32 | ticks that have passed |
//! | u32, then of each | calls: kind (u8); 1 reconnected, pid (u32); 2 try to become leader; 3 priority (u32); 4 stop-sign |
//! | u32, then of each | messages: length (u32), frame |
//! | u32, then of each | proposals: length (u32), bytes |
//!
//! Out:
//!
//! | what | how |
//! |------|-----|
//! | u8 | the status: done |
//! | u64 | the number of this step |
//! | u64 x 3 | decided, accepted and compacted index |
//! | ballot | the promise |
//! | u32, u8 | the pid of the leader, 0 where there is none; 1 in the accept phase |
//! | u32 | how many ticks may pass, if nothing else comes, before the engine does anything by itself |
//! | u8 | 1: proposals were refused, 2: the stop-sign was refused, for a stop-sign that has been accepted |
//! | flag | then the decided stop-sign |
//! | u32, then of each | refused messages: which (u32), the reason (length u32, UTF-8) |
//! | u32, then of each | peers below the floor that no state could be given to: pid (u32) |
//! | u32, then of each | messages for peers: to (u32), index of the state it needs or 2^64 - 1, length (u32), frame |
//! | u32, then of each | operations, see `ops.rs` |
//!
//! An error here is the engine's own: nothing it holds can be trusted behind it.

use crate::bytes::{Parsed, Reader, Writer};
use crate::engine::{Engine, NO_STATE};

/// The status of a step that has been done.
pub const DONE: u8 = 0;
const REFUSED_PROPOSALS: u8 = 1;
const REFUSED_STOPSIGN: u8 = 2;

pub struct Stepper {
    engine: Engine,
    step: u64,
    out: Writer,
}

impl Stepper {
    pub fn new(engine: Engine) -> Self {
        Stepper {
            engine,
            step: 0,
            out: Writer::default(),
        }
    }

    pub fn step(&mut self, input: &[u8]) -> Parsed<&[u8]> {
        let mut input = Reader::new(input);
        self.step += 1;
        let mut refusals = 0;
        let mut refused: Vec<(usize, String)> = Vec::new();
        let engine = &mut self.engine;

        {
            let mut mirror = engine.mirror.0.borrow_mut();
            mirror.durable(input.u64()?);
            mirror.begin(self.step);
        }
        let state_at = input.u64()?;
        engine.guards.state_at = match state_at {
            NO_STATE => None,
            at => Some(usize::try_from(at).map_err(|error| error.to_string())?),
        };
        let floor = input.index()?;
        let known = engine.mirror.0.borrow().records().floor;
        if floor > known {
            engine.compacted(floor)?;
        }
        for _ in 0..input.u32()? {
            engine.tick()?;
        }
        for _ in 0..input.u32()? {
            match input.u8()? {
                1 => engine.reconnected(u64::from(input.u32()?))?,
                2 => engine.try_become_leader()?,
                3 => engine.set_priority(input.u32()?)?,
                4 => {
                    if !engine.reconfigure(input.stopsign()?)? {
                        refusals |= REFUSED_STOPSIGN;
                    }
                }
                other => return Err(format!("there is no call {other}")),
            }
        }
        let messages = input.u32()? as usize;
        for which in 0..messages {
            if let Some(reason) = engine.receive(input.byte_string()?)? {
                refused.push((which, reason));
            }
        }
        let proposals = input.entries()?;
        if !proposals.is_empty() && !engine.propose(proposals)? {
            refusals |= REFUSED_PROPOSALS;
        }
        input.end()?;
        engine.drain()?;
        Ok(self.output(refusals, &refused))
    }

    fn output(&mut self, refusals: u8, refused: &[(usize, String)]) -> &[u8] {
        let engine = &mut self.engine;
        let out = &mut self.out;
        out.clear();
        out.u8(DONE);
        out.u64(self.step);
        out.index(engine.decided());
        out.index(engine.accepted());
        out.index(engine.mirror.0.borrow().records().floor);
        let leadership = engine.leadership();
        out.ballot(leadership.promise);
        out.u32(leadership.promise.pid as u32);
        out.flag(leadership.promise.pid != 0 && leadership.in_accept_phase);
        out.u32(engine.quiet_ticks());
        out.u8(refusals);
        out.flag(engine.reconfigured.is_some());
        if let Some(stopsign) = &engine.reconfigured {
            out.stopsign(stopsign);
        }
        out.count(refused.len());
        for (which, reason) in refused {
            out.count(*which);
            out.byte_string(reason.as_bytes());
        }
        engine.outbox.move_to(out);
        engine.mirror.0.borrow_mut().take_ops(out);
        out.bytes()
    }
}
