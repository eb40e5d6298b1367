//! Who is in the cluster, and what of that a configuration and a ballot may say. The engine keeps vectors as long as the
//! highest pid, and panics on a pid that it does not know: so all that names one is checked here first.

use crate::bytes::Parsed;
use crate::mirror::Records;
use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::ClusterConfig;
use std::collections::BTreeSet;

/// Each drain of the engine costs time by the highest pid.
pub const MAX_PID: u64 = 1024;

#[derive(Clone, Debug)]
pub struct Cluster {
    pub config: ClusterConfig,
    pub me: u64,
}

impl Cluster {
    pub fn new(config: ClusterConfig, me: u64) -> Parsed<Self> {
        check_configuration(&config)?;
        let cluster = Cluster { config, me };
        match cluster.is_member(me) {
            true => Ok(cluster),
            false => Err(format!("pid {me} is not among the nodes")),
        }
    }

    pub fn id(&self) -> u32 {
        self.config.configuration_id
    }

    pub fn is_member(&self, pid: u64) -> bool {
        self.config.nodes.contains(&pid)
    }

    pub fn is_peer(&self, pid: u64) -> bool {
        pid != self.me && self.is_member(pid)
    }

    /// A ballot of this configuration, or the one before all others.
    pub fn check_ballot(&self, ballot: Ballot) -> Parsed<()> {
        if ballot == Ballot::default() {
            return Ok(());
        }
        if ballot.config_id != self.id() {
            return Err(format!(
                "a ballot of configuration {}, not {}",
                ballot.config_id,
                self.id()
            ));
        }
        if !self.is_member(ballot.pid) {
            return Err(format!(
                "a ballot of pid {}, which is no member",
                ballot.pid
            ));
        }
        // The next election adds one.
        if ballot.n == u32::MAX {
            return Err("a ballot that none can follow".to_owned());
        }
        Ok(())
    }

    /// The configuration that a stop-sign names.
    pub fn check_next(&self, next: &ClusterConfig) -> Parsed<()> {
        check_configuration(next)?;
        if next.configuration_id <= self.id() {
            return Err(format!(
                "the next configuration has id {}, which must be above {}",
                next.configuration_id,
                self.id()
            ));
        }
        Ok(())
    }

    pub fn check_records(&self, records: &Records) -> Parsed<()> {
        for ballot in [records.promise, records.accepted_round]
            .into_iter()
            .flatten()
        {
            self.check_ballot(ballot)?;
        }
        let Records {
            decided,
            floor,
            end,
            ref stopsign,
            ..
        } = *records;
        if end < floor {
            return Err(format!("the log ends at {end}, below its floor {floor}"));
        }
        let accepted = end + usize::from(stopsign.is_some());
        if decided > accepted {
            return Err(format!(
                "{decided} decided, where the log ends at {accepted}"
            ));
        }
        Ok(())
    }
}

fn check_configuration(config: &ClusterConfig) -> Parsed<()> {
    let nodes: BTreeSet<u64> = config.nodes.iter().copied().collect();
    if nodes.len() != config.nodes.len() {
        return Err("the nodes name a pid twice".to_owned());
    }
    if let Some(pid) = nodes.iter().find(|pid| **pid == 0 || **pid > MAX_PID) {
        return Err(format!("a pid is from 1 to {MAX_PID}, not {pid}"));
    }
    config.validate().map_err(|error| error.to_string())
}
