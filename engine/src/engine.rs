//! The published OmniPaxos with its mirror, its guards and its door, as one state machine. It does no I/O, has no clock
//! and no thread: see `step.rs` for what goes in and what comes out.

use crate::blob::Blob;
use crate::bytes::{Parsed, Writer};
use crate::cluster::Cluster;
use crate::door::{self, Standing};
use crate::guards::{Guards, Leadership, Outgoing, Up, Verdict};
use crate::mirror::{Mirror, ReadThrough, Records, Window};
use crate::shared::Shared;
use crate::wire;
use omnipaxos::messages::sequence_paxos::{PaxosMessage, PaxosMsg};
use omnipaxos::messages::Message;
use omnipaxos::storage::StopSign;
use omnipaxos::{OmniPaxos, OmniPaxosConfig, ServerConfig};
use std::cell::RefCell;
use std::rc::Rc;

/// The default would take room for 100,000 messages at once.
const BUFFER_SIZE: usize = 1024;

pub struct Settings {
    pub cluster: Cluster,
    pub election_ticks: u64,
    pub resend_ticks: u64,
    pub priority: u32,
    pub guards: Up,
    pub window: Window,
    pub states_in_syncs: bool,
    pub max_sync_bytes: usize,
}

/// Messages for peers, as frames.
#[derive(Default)]
pub struct Outbox {
    pub count: usize,
    /// Of each: to (u32), the index of the state that it needs or 2^64 - 1 (u64), the length (u32), the frame.
    /// Without a frame: the peer is to be offered that state.
    pub packed: Writer,
    /// Peers below the floor that nothing can be sent to, for want of a state.
    pub withheld: Vec<u64>,
}

impl Outbox {
    /// A message without a frame.
    fn offer(&mut self, to: u64, at: usize) {
        self.packed.u32(to as u32);
        self.packed.u64(at as u64);
        self.packed.u32(0);
        self.count += 1;
    }

    /// Moves all into `out`: the peers that nothing can be sent to, then the messages.
    pub fn move_to(&mut self, out: &mut Writer) {
        out.count(self.withheld.len());
        for pid in self.withheld.drain(..) {
            out.u32(pid as u32);
        }
        out.count(self.count);
        out.raw(self.packed.bytes());
        self.count = 0;
        self.packed.clear();
    }
}

pub const NO_STATE: u64 = u64::MAX;

pub struct Engine {
    paxos: OmniPaxos<Blob, Shared>,
    pub mirror: Shared,
    pub guards: Guards,
    pub cluster: Cluster,
    pub outbox: Outbox,
    /// Sticky: the engine's own answer may go back to none.
    pub reconfigured: Option<StopSign>,
    taken: Vec<Message<Blob>>,
    states_in_syncs: bool,
    ticks: u64,
    /// Each so many ticks the engine does something by itself.
    periods: [u64; 2],
}

impl Engine {
    pub fn open(
        settings: Settings,
        mut records: Records,
        read_through: ReadThrough,
    ) -> Parsed<Self> {
        let Settings {
            cluster,
            election_ticks,
            resend_ticks,
            priority,
            guards,
            window,
            states_in_syncs,
            max_sync_bytes,
        } = settings;
        // The decided index is not fsynced; the floor never passes it.
        records.decided = records.decided.max(records.floor);
        cluster.check_records(&records)?;
        let mirror = Shared(Rc::new(RefCell::new(Mirror::new(
            records,
            window,
            read_through,
        ))));
        let config = OmniPaxosConfig {
            cluster_config: cluster.config.clone(),
            server_config: ServerConfig {
                pid: cluster.me,
                election_tick_timeout: election_ticks,
                resend_message_tick_timeout: resend_ticks,
                leader_priority: priority,
                buffer_size: BUFFER_SIZE,
                batch_size: 1,
                ..ServerConfig::default()
            },
        };
        let paxos = config
            .build(mirror.clone())
            .map_err(|error| error.to_string())?;
        let mut engine = Engine {
            paxos,
            mirror,
            guards: Guards::new(guards, resend_ticks, max_sync_bytes),
            cluster,
            outbox: Outbox::default(),
            reconfigured: None,
            taken: Vec::new(),
            states_in_syncs,
            ticks: 0,
            periods: [election_ticks, resend_ticks],
        };
        engine.drain()?;
        Ok(engine)
    }

    pub fn leadership(&self) -> Leadership {
        let leader = self.paxos.get_current_leader();
        Leadership {
            me: self.cluster.me,
            promise: self.paxos.get_promise(),
            in_accept_phase: leader.is_some_and(|(_, in_accept_phase)| in_accept_phase),
        }
    }

    pub fn decided(&self) -> usize {
        self.paxos.get_decided_idx()
    }

    pub fn accepted(&self) -> usize {
        self.paxos.get_accepted_idx()
    }

    /// Returns why `frame` was refused, if it was.
    pub fn receive(&mut self, frame: &[u8]) -> Parsed<Option<String>> {
        let standing = Standing {
            promise: self.paxos.get_promise(),
            accepted: self.accepted(),
            states_in_syncs: self.states_in_syncs,
        };
        let mut message = match door::admit(&self.cluster, standing, frame) {
            Ok(message) => message,
            Err(reason) => return Ok(Some(reason)),
        };
        let leadership = self.leadership();
        let verdict = {
            let mirror = self.mirror.0.borrow();
            self.guards
                .g5_overlapping_sync(&mut message, leadership, &mirror)
        };
        match verdict {
            Verdict::Pass => (),
            Verdict::Drop => return Ok(None),
            Verdict::Refuse(reason) => return Ok(Some(reason)),
        }
        let stuck = self.guards.g1b_stuck_laggard(&message, leadership);
        let let_go = self.guards.g8_promise_let_go(&message, leadership);
        self.paxos.handle_incoming(message);
        self.called()?;
        if stuck {
            self.try_become_leader()?;
        }
        if let Some(leader) = let_go {
            self.reconnected(leader)?;
        }
        Ok(None)
    }

    /// All of them as one append. False where a stop-sign has been accepted: nothing comes behind it.
    pub fn propose(&mut self, entries: Vec<Blob>) -> Parsed<bool> {
        if self.mirror.0.borrow().records().stopsign.is_some() {
            return Ok(false);
        }
        let me = self.cluster.me;
        self.paxos
            .handle_incoming(Message::SequencePaxos(PaxosMessage {
                from: me,
                to: me,
                msg: PaxosMsg::ProposalForward(entries),
            }));
        self.called()?;
        Ok(true)
    }

    /// False where a stop-sign has been accepted already.
    pub fn reconfigure(
        &mut self,
        StopSign {
            next_config,
            metadata,
        }: StopSign,
    ) -> Parsed<bool> {
        if self.mirror.0.borrow().records().stopsign.is_some() {
            return Ok(false);
        }
        let proposed = self.paxos.reconfigure(next_config, metadata).is_ok();
        self.called()?;
        Ok(proposed)
    }

    pub fn tick(&mut self) -> Parsed<()> {
        self.ticks += 1;
        self.paxos.tick();
        self.called()?;
        let (accepted, decided) = (self.accepted(), self.decided());
        if self
            .guards
            .g6_stopsign_without_answer(self.leadership(), accepted, decided)
        {
            self.try_become_leader()?;
        }
        if let Some(leader) = self.guards.g7_promise_of_what_is_gone(self.leadership()) {
            self.reconnected(leader)?;
        }
        Ok(())
    }

    /// How many ticks from now the engine, and the guards, do nothing but count. (Batches, which it flushes by the tick too, are
    /// of one entry and never wait.)
    pub fn quiet_ticks(&self) -> u32 {
        let quiet = self
            .periods
            .map(|period| period - 1 - self.ticks % period)
            .into_iter()
            .fold(self.guards.quiet_ticks(), u64::min);
        u32::try_from(quiet).unwrap_or(u32::MAX)
    }

    pub fn reconnected(&mut self, pid: u64) -> Parsed<()> {
        self.paxos.reconnected(pid);
        self.called()
    }

    pub fn try_become_leader(&mut self) -> Parsed<()> {
        self.paxos.try_become_leader();
        self.called()
    }

    pub fn set_priority(&mut self, priority: u32) -> Parsed<()> {
        self.paxos.set_priority(priority);
        self.called()
    }

    /// Tells the engine that the storage has moved its floor to `floor`.
    pub fn compacted(&mut self, floor: usize) -> Parsed<()> {
        {
            let mirror = self.mirror.0.borrow();
            let records = mirror.records();
            let highest = records.decided.min(records.end);
            if floor > highest {
                return Err(format!(
                    "compacted to {floor}, past what is decided: {highest}"
                ));
            }
        }
        self.mirror.0.borrow_mut().set_compacting(true);
        let told = self.paxos.snapshot(Some(floor), true);
        self.mirror.0.borrow_mut().set_compacting(false);
        told.map_err(|error| format!("compacted to {floor}: {error}"))?;
        self.called()
    }

    /// G3: the engine merges an append into a message that has not been taken yet, so nothing may stay behind a call.
    fn called(&mut self) -> Parsed<()> {
        if self.guards.up().g3 {
            self.drain()?;
        }
        Ok(())
    }

    pub fn drain(&mut self) -> Parsed<()> {
        if self.reconfigured.is_none() {
            self.reconfigured = self.paxos.is_reconfigured();
        }
        let mut taken = std::mem::take(&mut self.taken);
        self.paxos.take_outgoing_messages(&mut taken);
        let mirror = self.mirror.0.borrow();
        for mut message in taken.drain(..) {
            let to = message.get_receiver();
            let state = match self.guards.outgoing(&mut message, &mirror)? {
                Outgoing::Plain => NO_STATE,
                Outgoing::WithState(at) => at as u64,
                Outgoing::Offer(at) => {
                    self.outbox.offer(to, at);
                    continue;
                }
                Outgoing::Withhold => {
                    self.outbox.withheld.push(to);
                    continue;
                }
            };
            let packed = &mut self.outbox.packed;
            let start = packed.len();
            packed.u32(to as u32);
            packed.u64(state);
            let length_at = packed.reserve_u32();
            if !wire::encode(packed, self.cluster.id(), &message) {
                packed.truncate(start);
                continue;
            }
            let length = packed.len() - length_at - 4;
            if length > u32::MAX as usize {
                return Err(format!("a message of {length} bytes"));
            }
            packed.fill_u32(length_at, length);
            self.outbox.count += 1;
        }
        drop(mirror);
        self.taken = taken;
        Ok(())
    }
}
