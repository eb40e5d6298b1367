//! The door: what comes from outside is looked at here before the engine sees it. Whatever would make the engine panic, or
//! that no replica could have sent, is refused with a reason.

use crate::blob::Blob;
use crate::bytes::{Parsed, MAX_INDEX};
use crate::cluster::Cluster;
use crate::wire;
use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::messages::ballot_leader_election::HeartbeatMsg;
use omnipaxos::messages::sequence_paxos::PaxosMsg;
use omnipaxos::messages::Message;
use omnipaxos::storage::SnapshotType;
use omnipaxos::util::LogSync;

/// What the engine stands at while the message comes.
#[derive(Clone, Copy)]
pub struct Standing {
    pub promise: Ballot,
    pub accepted: usize,
    /// A state comes with the sync that needs it, not another way.
    pub states_in_syncs: bool,
}

pub fn admit(cluster: &Cluster, standing: Standing, frame: &[u8]) -> Parsed<Message<Blob>> {
    let wire::Frame {
        configuration,
        message,
    } = wire::decode(frame)?;
    if configuration != cluster.id() {
        return Err(format!(
            "of configuration {configuration}, not {}",
            cluster.id()
        ));
    }
    if message.get_receiver() != cluster.me {
        return Err(format!(
            "for pid {}, not {}",
            message.get_receiver(),
            cluster.me
        ));
    }
    let from = message.get_sender();
    if !cluster.is_peer(from) {
        return Err(format!("from pid {from}, which is no peer"));
    }
    match &message {
        Message::BLE(heartbeat) => {
            if let HeartbeatMsg::Reply(reply) = &heartbeat.msg {
                check_leader(cluster, reply.ballot, from)?;
                cluster.check_ballot(reply.leader)?;
            }
        }
        Message::SequencePaxos(paxos) => check_paxos(cluster, standing, from, &paxos.msg)?,
    }
    Ok(message)
}

fn check_paxos(
    cluster: &Cluster,
    standing: Standing,
    from: u64,
    msg: &PaxosMsg<Blob>,
) -> Parsed<()> {
    let me = cluster.me;
    match msg {
        PaxosMsg::PrepareReq(request) => cluster.check_ballot(request.n),
        PaxosMsg::NotAccepted(refusal) => cluster.check_ballot(refusal.n),
        PaxosMsg::Prepare(prepare) => {
            check_leader(cluster, prepare.n, from)?;
            cluster.check_ballot(prepare.n_accepted)?;
            check_decided(prepare.decided_idx, prepare.accepted_idx)
        }
        PaxosMsg::Promise(promise) => {
            check_leader(cluster, promise.n, me)?;
            cluster.check_ballot(promise.n_accepted)?;
            check_decided(promise.decided_idx, promise.accepted_idx)?;
            match &promise.log_sync {
                None => Ok(()),
                Some(sync) => check_sync(cluster, standing, sync).map(|_| ()),
            }
        }
        PaxosMsg::AcceptSync(accept) => {
            check_leader(cluster, accept.n, from)?;
            check_decided(
                accept.decided_idx,
                check_sync(cluster, standing, &accept.log_sync)?,
            )
        }
        PaxosMsg::AcceptDecide(accept) => check_leader(cluster, accept.n, from),
        PaxosMsg::Decide(decide) => check_leader(cluster, decide.n, from),
        PaxosMsg::Accepted(accepted) => {
            check_leader(cluster, accepted.n, me)?;
            if accepted.n == standing.promise && accepted.accepted_idx > standing.accepted {
                let (theirs, ours) = (accepted.accepted_idx, standing.accepted);
                return Err(format!(
                    "{theirs} accepted, where the leader's log ends at {ours}"
                ));
            }
            Ok(())
        }
        PaxosMsg::ProposalForward(_) => Ok(()),
        PaxosMsg::AcceptStopSign(accept) => {
            check_leader(cluster, accept.n, from)?;
            cluster.check_next(&accept.ss.next_config)
        }
        PaxosMsg::ForwardStopSign(stopsign) => cluster.check_next(&stopsign.next_config),
        PaxosMsg::Compaction(_) => Err("a request to compact".to_owned()),
    }
}

fn check_leader(cluster: &Cluster, ballot: Ballot, leader: u64) -> Parsed<()> {
    if ballot.pid != leader {
        return Err(format!("a ballot of pid {}, not {leader}", ballot.pid));
    }
    cluster.check_ballot(ballot)
}

fn check_decided(decided: usize, accepted: usize) -> Parsed<()> {
    match decided <= accepted {
        true => Ok(()),
        false => Err(format!(
            "{decided} decided, where the log ends at {accepted}"
        )),
    }
}

/// Returns where the log ends behind the sync.
fn check_sync(cluster: &Cluster, standing: Standing, sync: &LogSync<Blob>) -> Parsed<usize> {
    if let (true, Some(SnapshotType::Complete(marker))) =
        (standing.states_in_syncs, &sync.decided_snapshot)
    {
        if marker.state.bytes().is_empty() {
            return Err("a sync without the state that it rests on".to_owned());
        }
    }
    if let Some(stopsign) = &sync.stopsign {
        cluster.check_next(&stopsign.next_config)?;
    }
    let end = sync.sync_idx + sync.suffix.len() + usize::from(sync.stopsign.is_some());
    match end as u64 <= MAX_INDEX {
        true => Ok(end),
        false => Err(format!("a log that ends at {end}")),
    }
}
