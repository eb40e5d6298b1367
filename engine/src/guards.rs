//! What the published engine (0.2.4) needs around it. Each guard works on messages and calls at the boundary, and changes
//! nothing in the crate. The faults were found by simulation; for each guard a test shows its fault when it is taken out,
//! in the fewest messages that do (`tests/guards.rs`). Of the simulation (`test/lib/testing/simulation.test.ts`) seed 254
//! fails without G1b, 0 without G2, 1 without G4, 1243 without G6; of runners, seed 90 fails without G3, 20086 without G7,
//! 301701 without G8.
//!
//! | guard | the fault without it |
//! |-------|----------------------|
//! | G1b   | a replica that promised a higher ballot and restarted is ignored by a happy leader, and ignores it: behind until the next election |
//! | G2    | a follower that holds the stop-sign counts it again at a sync: the leader decides past its log, and "reconfigured" is taken back |
//! | G3    | an append merges into an older AcceptDecide across an AcceptSync that waits to be taken: replicas diverge |
//! | G4    | the sender of a sync has compacted what the peer needs: the sync is empty or shifted, replicas diverge |
//! | G5    | a late Promise makes the leader send a sync that starts below what the receiver has decided |
//! | G6    | a lost Accepted of a stop-sign is never repeated, and appends are refused meanwhile: stuck for good |
//! | G7    | an AcceptSync is lost, and its receiver repeats its Promise as it was; where the log that this brings has been compacted since, it is withheld each time: behind until the next election |
//! | G8    | a follower asks to be prepared anew, the sync of an older Promise comes first, and its new Promise is lost: the leader prepares it again for ever, and the follower, which accepts, heeds none of it |

use crate::blob::{Blob, Marker};
use crate::bytes::LENGTH_BYTES;
use crate::mirror::Mirror;
use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::messages::ballot_leader_election::HeartbeatMsg;
use omnipaxos::messages::sequence_paxos::{PaxosMessage, PaxosMsg};
use omnipaxos::messages::Message;
use omnipaxos::storage::SnapshotType;
use omnipaxos::util::LogSync;
use std::collections::BTreeMap;

/// The guards that are up. All of them, but in the tests that show what each is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Up {
    pub g1b: bool,
    pub g2: bool,
    pub g3: bool,
    pub g4: bool,
    pub g5: bool,
    pub g6: bool,
    pub g7: bool,
    pub g8: bool,
}

pub const ALL: Up = Up {
    g1b: true,
    g2: true,
    g3: true,
    g4: true,
    g5: true,
    g6: true,
    g7: true,
    g8: true,
};

impl Up {
    /// All but the one of this name.
    pub fn without(mut self, name: &str) -> Result<Self, String> {
        let guard = match name {
            "G1b" => &mut self.g1b,
            "G2" => &mut self.g2,
            "G3" => &mut self.g3,
            "G4" => &mut self.g4,
            "G5" => &mut self.g5,
            "G6" => &mut self.g6,
            "G7" => &mut self.g7,
            "G8" => &mut self.g8,
            other => return Err(format!("there is no guard {other:?}")),
        };
        *guard = false;
        Ok(self)
    }
}

/// Replies in a row from one peer.
const G1B_REPLIES: u32 = 4;
const G6_TICKS: u32 = 100;
/// The Promise that answers the first of them may be on its way.
const G8_PREPARES: u32 = 2;

/// Where the engine stands, as it tells it itself.
#[derive(Clone, Copy)]
pub struct Leadership {
    pub me: u64,
    pub promise: Ballot,
    /// The election that it knows of is over.
    pub in_accept_phase: bool,
}

impl Leadership {
    pub fn leads(&self) -> bool {
        self.promise.pid == self.me && self.in_accept_phase
    }
}

/// Whether the engine may see a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    /// As good as lost on the way; the protocol repeats it.
    Drop,
    Refuse(String),
}

/// What becomes of a message on its way out.
#[derive(Debug, PartialEq, Eq)]
pub enum Outgoing {
    Plain,
    /// Of use to its receiver only together with the state at this index.
    WithState(usize),
    /// The receiver needs the state at this index, and has not got it yet: nothing else is of use to it.
    Offer(usize),
    /// The receiver needs a state, and there is none to give.
    Withhold,
}

pub struct Guards {
    up: Up,
    /// G1b: replies in a row whose leader is above our promise, by peer.
    above: BTreeMap<u64, u32>,
    /// G4: the decided index that each peer told last.
    told_decided: BTreeMap<u64, usize>,
    /// G4: the index of the state that can be given to a peer.
    pub state_at: Option<usize>,
    /// G4: the peers that have it.
    pub given: Vec<u64>,
    /// A sync of more bytes rests on that state, where it is of use.
    max_sync_bytes: usize,
    /// G6: the decided index that does not move, and for how many ticks.
    stall: (usize, u32),
    /// G7: the ballot of the election whose end has not come, and for how many ticks.
    election: (Ballot, u64),
    /// G7: after so many ticks the leader is asked.
    patience: u64,
    /// G8: the leader's Prepares that have come while its entries are accepted.
    prepared_again: u32,
}

impl Guards {
    /// `patience`: ticks after which the engine repeats a message.
    pub fn new(up: Up, patience: u64, max_sync_bytes: usize) -> Self {
        Guards {
            up,
            above: BTreeMap::new(),
            told_decided: BTreeMap::new(),
            state_at: None,
            given: Vec::new(),
            max_sync_bytes,
            stall: (0, 0),
            election: (Ballot::default(), 0),
            patience,
            prepared_again: 0,
        }
    }

    pub fn up(&self) -> Up {
        self.up
    }

    /// Before the engine handles `message`: true where it must try to become the leader behind it.
    pub fn g1b_stuck_laggard(&mut self, message: &Message<Blob>, standing: Leadership) -> bool {
        let Message::BLE(heartbeat) = message else {
            return false;
        };
        let HeartbeatMsg::Reply(reply) = &heartbeat.msg else {
            return false;
        };
        let count = self.above.entry(heartbeat.from).or_default();
        if !self.up.g1b || !standing.leads() || reply.leader <= standing.promise {
            *count = 0;
            return false;
        }
        *count += 1;
        if *count < G1B_REPLIES {
            return false;
        }
        *count = 0;
        true
    }

    /// Before the engine handles `message`. A sync must begin at what is decided here or above it, and leave no gap.
    pub fn g5_overlapping_sync(
        &mut self,
        message: &mut Message<Blob>,
        standing: Leadership,
        mirror: &Mirror,
    ) -> Verdict {
        let Message::SequencePaxos(PaxosMessage { from, msg, .. }) = message else {
            return Verdict::Pass;
        };
        self.note_decided(*from, msg);
        let sync = match msg {
            PaxosMsg::AcceptSync(accept) if accept.n == standing.promise => &mut accept.log_sync,
            PaxosMsg::Promise(promise)
                if promise.n == standing.promise && !standing.in_accept_phase =>
            {
                match &mut promise.log_sync {
                    None => return Verdict::Pass,
                    Some(sync) => sync,
                }
            }
            // The engine takes no log from this one.
            _ => return Verdict::Pass,
        };
        let records = mirror.records();
        if sync.decided_snapshot.is_none() && sync.sync_idx > records.end {
            let (from, end) = (sync.sync_idx, records.end);
            return Verdict::Refuse(format!("a sync from {from}, where the log ends at {end}"));
        }
        if !self.up.g5 {
            return Verdict::Pass;
        }
        let decided = records.decided.min(records.end);
        if sync.sync_idx >= decided {
            return Verdict::Pass;
        }
        let overlap = decided - sync.sync_idx;
        if sync.suffix.len() < overlap {
            return Verdict::Drop; // it would take back what is decided
        }
        sync.suffix.drain(..overlap);
        sync.sync_idx = decided;
        sync.decided_snapshot = None; // of less than is here
        Verdict::Pass
    }

    fn note_decided(&mut self, from: u64, msg: &PaxosMsg<Blob>) {
        let decided = match msg {
            PaxosMsg::Prepare(prepare) => prepare.decided_idx,
            PaxosMsg::Promise(promise) => promise.decided_idx,
            _ => return,
        };
        self.told_decided.insert(from, decided);
    }

    /// In the drain that takes `message` out.
    pub fn outgoing(
        &self,
        message: &mut Message<Blob>,
        mirror: &Mirror,
    ) -> Result<Outgoing, String> {
        let Message::SequencePaxos(PaxosMessage { to, msg, .. }) = message else {
            return Ok(Outgoing::Plain);
        };
        let sync = match msg {
            PaxosMsg::AcceptSync(accept) => &mut accept.log_sync,
            PaxosMsg::Promise(promise) => match &mut promise.log_sync {
                None => return Ok(Outgoing::Plain),
                Some(sync) => sync,
            },
            _ => return Ok(Outgoing::Plain),
        };
        self.g2_stopsign_counted_twice(sync, mirror);
        match self.g4_sync_below_the_floor(*to, sync, mirror)? {
            Outgoing::Plain => self.large_sync(*to, sync, mirror),
            other => Ok(other),
        }
    }

    fn g2_stopsign_counted_twice(&self, sync: &mut LogSync<Blob>, mirror: &Mirror) {
        let end = mirror.records().end;
        if self.up.g2 && sync.stopsign.is_some() && sync.sync_idx > end {
            sync.sync_idx = end;
        }
    }

    fn g4_sync_below_the_floor(
        &self,
        to: u64,
        sync: &mut LogSync<Blob>,
        mirror: &Mirror,
    ) -> Result<Outgoing, String> {
        let records = mirror.records();
        if !self.up.g4 || sync.decided_snapshot.is_some() || sync.sync_idx >= records.floor {
            return Ok(Outgoing::Plain);
        }
        let told = self.told(to).min(records.end);
        if told >= records.floor {
            sync.sync_idx = told;
            sync.suffix = mirror.suffix(told)?;
            return Ok(Outgoing::Plain);
        }
        match self.state_in(mirror) {
            Some(at) => self.rest_on(at, to, sync, mirror),
            None => Ok(Outgoing::Withhold),
        }
    }

    /// A peer that lacks very much gets the state instead of the log up to it: one message carries all of a sync.
    fn large_sync(
        &self,
        to: u64,
        sync: &mut LogSync<Blob>,
        mirror: &Mirror,
    ) -> Result<Outgoing, String> {
        let bytes: usize = sync
            .suffix
            .iter()
            .map(|entry| entry.bytes().len() + LENGTH_BYTES)
            .sum();
        if sync.decided_snapshot.is_some() || bytes <= self.max_sync_bytes {
            return Ok(Outgoing::Plain);
        }
        let of_use = self.told(to).max(sync.sync_idx);
        match self.state_in(mirror).filter(|at| *at > of_use) {
            Some(at) => self.rest_on(at, to, sync, mirror),
            None => Ok(Outgoing::Plain),
        }
    }

    /// The sync begins at the state at `at`. The log behind is read once the peer has that.
    fn rest_on(
        &self,
        at: usize,
        to: u64,
        sync: &mut LogSync<Blob>,
        mirror: &Mirror,
    ) -> Result<Outgoing, String> {
        if !self.given.contains(&to) {
            return Ok(Outgoing::Offer(at));
        }
        sync.sync_idx = at;
        sync.suffix = mirror.suffix(at)?;
        sync.decided_snapshot = Some(SnapshotType::Complete(Marker::new(&[])));
        Ok(Outgoing::WithState(at))
    }

    /// How many ticks from now no guard asks for anything.
    pub fn quiet_ticks(&self) -> u64 {
        let g6 = u64::from(G6_TICKS - 1 - self.stall.1);
        let g7 = self.patience.saturating_sub(1 + self.election.1);
        g6.min(g7)
    }

    /// The decided index of a peer, as far as it has told.
    fn told(&self, pid: u64) -> usize {
        self.told_decided.get(&pid).copied().unwrap_or(0)
    }

    /// The index of the state, where the log behind it is here.
    fn state_in(&self, mirror: &Mirror) -> Option<usize> {
        let records = mirror.records();
        let decided = records.decided.min(records.end);
        self.state_at
            .filter(|at| (records.floor..=decided).contains(at))
    }

    /// Behind each tick: true where the engine must try to become the leader.
    pub fn g6_stopsign_without_answer(
        &mut self,
        standing: Leadership,
        accepted: usize,
        decided: usize,
    ) -> bool {
        if !self.up.g6 || !standing.leads() || accepted <= decided || self.stall.0 != decided {
            self.stall = (decided, 0);
            return false;
        }
        self.stall.1 += 1;
        if self.stall.1 < G6_TICKS {
            return false;
        }
        self.stall.1 = 0;
        true
    }

    /// Behind each tick: the leader that the engine must ask for all that it lacks, as behind a new connection. The Promise
    /// that answers the leader's Prepare is a new one.
    pub fn g7_promise_of_what_is_gone(&mut self, standing: Leadership) -> Option<u64> {
        let Leadership {
            me,
            promise,
            in_accept_phase,
        } = standing;
        let waits = !in_accept_phase && promise.pid != me && promise.pid != 0;
        if !self.up.g7 || !waits || self.election.0 != promise {
            self.election = (promise, 0);
            return None;
        }
        self.election.1 += 1;
        if self.election.1 < self.patience {
            return None;
        }
        self.election.1 = 0;
        Some(promise.pid)
    }

    /// Before the engine handles `message`: the leader that it must ask for all that it lacks behind it, as behind a new
    /// connection. A leader prepares nobody whose promise of its ballot it holds.
    pub fn g8_promise_let_go(
        &mut self,
        message: &Message<Blob>,
        standing: Leadership,
    ) -> Option<u64> {
        let Message::SequencePaxos(PaxosMessage { from, msg, .. }) = message else {
            return None;
        };
        if !standing.in_accept_phase {
            self.prepared_again = 0;
            return None;
        }
        let prepares = matches!(msg, PaxosMsg::Prepare(prepare) if prepare.n == standing.promise);
        if !self.up.g8 || !prepares || *from != standing.promise.pid {
            return None;
        }
        self.prepared_again += 1;
        if self.prepared_again < G8_PREPARES {
            return None;
        }
        self.prepared_again = 0;
        Some(*from)
    }
}
