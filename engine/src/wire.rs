//! Messages between replicas, as frames. All numbers are little-endian.
//!
//! | bytes | what                                             |
//! |-------|--------------------------------------------------|
//! | 1     | version of this format                           |
//! | 1     | kind, one of those below                         |
//! | 4     | configuration                                    |
//! | 4, 4  | from, to                                         |
//! | rest  | what the kind says                               |
//!
//! A sync is flags (1: snapshot, 2: stop-sign), the index (u64), entries, and the stop-sign where there is one. With the
//! first flag, the state at that index lies behind the message, up to the end of the frame; it may be empty. Nothing else
//! may lie behind a message. Delta snapshots and requests to compact have no form here: the engine is wrong in both.

use crate::blob::{Blob, Marker};
use crate::bytes::{Parsed, Reader, Writer};
use omnipaxos::messages::ballot_leader_election::{
    BLEMessage, HeartbeatMsg, HeartbeatReply, HeartbeatRequest,
};
use omnipaxos::messages::sequence_paxos::{
    AcceptDecide, AcceptStopSign, AcceptSync, Accepted, Decide, NotAccepted, PaxosMessage,
    PaxosMsg, Prepare, PrepareReq, Promise,
};
use omnipaxos::messages::Message;
use omnipaxos::storage::SnapshotType;
use omnipaxos::util::{LogSync, SequenceNumber};

pub const VERSION: u8 = 1;
const HAS_SNAPSHOT: u8 = 1;
const HAS_STOPSIGN: u8 = 2;

pub struct Frame {
    pub configuration: u32,
    pub message: Message<Blob>,
}

/// Returns whether `message` has a form; what has none was never to be sent.
pub fn encode(out: &mut Writer, configuration: u32, message: &Message<Blob>) -> bool {
    out.u8(VERSION);
    let kind_at = out.len();
    out.u8(0);
    out.u32(configuration);
    out.u32(message.get_sender() as u32);
    out.u32(message.get_receiver() as u32);
    let kind = match message {
        Message::BLE(BLEMessage { msg, .. }) => match msg {
            HeartbeatMsg::Request(HeartbeatRequest { round }) => {
                out.u32(*round);
                1
            }
            HeartbeatMsg::Reply(reply) => {
                out.u32(reply.round);
                out.ballot(reply.ballot);
                out.ballot(reply.leader);
                out.flag(reply.happy);
                2
            }
        },
        Message::SequencePaxos(PaxosMessage { msg, .. }) => match encode_paxos(out, msg) {
            Some(kind) => kind,
            None => return false,
        },
    };
    out.fill_u8(kind_at, kind);
    true
}

fn encode_paxos(out: &mut Writer, msg: &PaxosMsg<Blob>) -> Option<u8> {
    Some(match msg {
        PaxosMsg::PrepareReq(PrepareReq { n }) => {
            out.ballot(*n);
            3
        }
        PaxosMsg::Prepare(prepare) => {
            out.ballot(prepare.n);
            out.index(prepare.decided_idx);
            out.ballot(prepare.n_accepted);
            out.index(prepare.accepted_idx);
            4
        }
        PaxosMsg::Promise(promise) => {
            out.ballot(promise.n);
            out.ballot(promise.n_accepted);
            out.index(promise.decided_idx);
            out.index(promise.accepted_idx);
            out.flag(promise.log_sync.is_some());
            if let Some(sync) = &promise.log_sync {
                encode_sync(out, sync)?;
            }
            5
        }
        PaxosMsg::AcceptSync(accept) => {
            out.ballot(accept.n);
            sequence_number(out, accept.seq_num);
            out.index(accept.decided_idx);
            encode_sync(out, &accept.log_sync)?;
            6
        }
        PaxosMsg::AcceptDecide(accept) => {
            out.ballot(accept.n);
            sequence_number(out, accept.seq_num);
            out.index(accept.decided_idx);
            out.entries(&accept.entries);
            7
        }
        PaxosMsg::Accepted(Accepted { n, accepted_idx }) => {
            out.ballot(*n);
            out.index(*accepted_idx);
            8
        }
        PaxosMsg::NotAccepted(NotAccepted { n }) => {
            out.ballot(*n);
            9
        }
        PaxosMsg::Decide(decide) => {
            out.ballot(decide.n);
            sequence_number(out, decide.seq_num);
            out.index(decide.decided_idx);
            10
        }
        PaxosMsg::ProposalForward(entries) => {
            out.entries(entries);
            11
        }
        PaxosMsg::AcceptStopSign(AcceptStopSign { n, seq_num, ss }) => {
            out.ballot(*n);
            sequence_number(out, *seq_num);
            out.stopsign(ss);
            12
        }
        PaxosMsg::ForwardStopSign(stopsign) => {
            out.stopsign(stopsign);
            13
        }
        PaxosMsg::Compaction(_) => return None,
    })
}

fn sequence_number(out: &mut Writer, SequenceNumber { session, counter }: SequenceNumber) {
    out.u64(session);
    out.u64(counter);
}

fn encode_sync(out: &mut Writer, sync: &LogSync<Blob>) -> Option<()> {
    let mut flags = 0;
    match &sync.decided_snapshot {
        None => (),
        // The state itself is put behind the frame by whoever has it.
        Some(SnapshotType::Complete(_)) => flags |= HAS_SNAPSHOT,
        Some(SnapshotType::Delta(_)) => return None,
    }
    if sync.stopsign.is_some() {
        flags |= HAS_STOPSIGN;
    }
    out.u8(flags);
    out.index(sync.sync_idx);
    out.entries(&sync.suffix);
    if let Some(stopsign) = &sync.stopsign {
        out.stopsign(stopsign);
    }
    Some(())
}

/// The message in `frame`, its parts whole and in range; whether it may come now is not asked here.
pub fn decode(frame: &[u8]) -> Parsed<Frame> {
    decode_by(Reader::new(frame))
}

/// That `frame` is one, by the rules of `decode`. Returns the index of the state that it rests on, if it does on one.
pub fn check(frame: &[u8]) -> Parsed<Option<usize>> {
    let frame = decode_by(Reader::that_only_checks(frame))?;
    Ok(sync_of(frame)
        .filter(|sync| sync.decided_snapshot.is_some())
        .map(|sync| sync.sync_idx))
}

fn decode_by(mut reader: Reader<'_>) -> Parsed<Frame> {
    let version = reader.u8()?;
    if version != VERSION {
        return Err(format!("version {version}, where {VERSION} is known"));
    }
    let kind = reader.u8()?;
    let configuration = reader.u32()?;
    let from = u64::from(reader.u32()?);
    let to = u64::from(reader.u32()?);
    let message = match kind {
        1 => Message::BLE(BLEMessage {
            from,
            to,
            msg: HeartbeatMsg::Request(HeartbeatRequest {
                round: reader.u32()?,
            }),
        }),
        2 => Message::BLE(BLEMessage {
            from,
            to,
            msg: HeartbeatMsg::Reply(HeartbeatReply {
                round: reader.u32()?,
                ballot: reader.ballot()?,
                leader: reader.ballot()?,
                happy: reader.flag()?,
            }),
        }),
        _ => Message::SequencePaxos(PaxosMessage {
            from,
            to,
            msg: decode_paxos(kind, &mut reader)?,
        }),
    };
    reader.end()?;
    Ok(Frame {
        configuration,
        message,
    })
}

fn decode_paxos(kind: u8, reader: &mut Reader<'_>) -> Parsed<PaxosMsg<Blob>> {
    Ok(match kind {
        3 => PaxosMsg::PrepareReq(PrepareReq {
            n: reader.ballot()?,
        }),
        4 => PaxosMsg::Prepare(Prepare {
            n: reader.ballot()?,
            decided_idx: reader.index()?,
            n_accepted: reader.ballot()?,
            accepted_idx: reader.index()?,
        }),
        5 => PaxosMsg::Promise(Promise {
            n: reader.ballot()?,
            n_accepted: reader.ballot()?,
            decided_idx: reader.index()?,
            accepted_idx: reader.index()?,
            log_sync: match reader.flag()? {
                false => None,
                true => Some(decode_sync(reader)?),
            },
        }),
        6 => PaxosMsg::AcceptSync(AcceptSync {
            n: reader.ballot()?,
            seq_num: decode_sequence_number(reader)?,
            decided_idx: reader.index()?,
            log_sync: decode_sync(reader)?,
        }),
        7 => PaxosMsg::AcceptDecide(AcceptDecide {
            n: reader.ballot()?,
            seq_num: decode_sequence_number(reader)?,
            decided_idx: reader.index()?,
            entries: reader.entries()?,
        }),
        8 => PaxosMsg::Accepted(Accepted {
            n: reader.ballot()?,
            accepted_idx: reader.index()?,
        }),
        9 => PaxosMsg::NotAccepted(NotAccepted {
            n: reader.ballot()?,
        }),
        10 => PaxosMsg::Decide(Decide {
            n: reader.ballot()?,
            seq_num: decode_sequence_number(reader)?,
            decided_idx: reader.index()?,
        }),
        11 => PaxosMsg::ProposalForward(reader.entries()?),
        12 => PaxosMsg::AcceptStopSign(AcceptStopSign {
            n: reader.ballot()?,
            seq_num: decode_sequence_number(reader)?,
            ss: reader.stopsign()?,
        }),
        13 => PaxosMsg::ForwardStopSign(reader.stopsign()?),
        other => return Err(format!("there is no kind {other}")),
    })
}

fn decode_sequence_number(reader: &mut Reader<'_>) -> Parsed<SequenceNumber> {
    // Both only ever count up by one, and the engine adds to them without a look.
    Ok(SequenceNumber {
        session: reader.index()? as u64,
        counter: reader.index()? as u64,
    })
}

fn decode_sync(reader: &mut Reader<'_>) -> Parsed<LogSync<Blob>> {
    let flags = reader.u8()?;
    if flags & !(HAS_SNAPSHOT | HAS_STOPSIGN) != 0 {
        return Err(format!("a sync has no flags {flags}"));
    }
    let sync_idx = reader.index()?;
    let suffix = reader.entries()?;
    let stopsign = match flags & HAS_STOPSIGN {
        0 => None,
        _ => Some(reader.stopsign()?),
    };
    // A sync is the last part of its message, so what is left is the state.
    let decided_snapshot = match flags & HAS_SNAPSHOT {
        0 => None,
        _ => Some(SnapshotType::Complete(Marker::new(reader.rest()))),
    };
    Ok(LogSync {
        decided_snapshot,
        suffix,
        sync_idx,
        stopsign,
    })
}

/// The entries of a message, and the state that came with it.
pub fn contents(frame: Frame) -> (Vec<Blob>, Option<Blob>) {
    match frame.message {
        Message::SequencePaxos(PaxosMessage {
            msg: PaxosMsg::AcceptDecide(accept),
            ..
        }) => (accept.entries, None),
        Message::SequencePaxos(PaxosMessage {
            msg: PaxosMsg::ProposalForward(entries),
            ..
        }) => (entries, None),
        _ => match sync_of(frame) {
            None => (Vec::new(), None),
            Some(sync) => {
                let state = match sync.decided_snapshot {
                    Some(SnapshotType::Complete(marker)) => Some(marker.state),
                    _ => None,
                };
                (sync.suffix, state)
            }
        },
    }
}

fn sync_of(frame: Frame) -> Option<LogSync<Blob>> {
    let Message::SequencePaxos(PaxosMessage { msg, .. }) = frame.message else {
        return None;
    };
    match msg {
        PaxosMsg::AcceptSync(accept) => Some(accept.log_sync),
        PaxosMsg::Promise(promise) => promise.log_sync,
        _ => None,
    }
}
