//! Each guard against the fault that it is there for, in the fewest messages that show it. Each fault is shown as well with
//! its guard taken out, so that a guard which does nothing is noticed.

mod support;

use omnipaxos_engine::engine::NO_STATE;
use omnipaxos_engine::guards::{Up, ALL};
use omnipaxos_engine::mirror::Records;
use omnipaxos_engine::wire;
use support::{kind, reconnected, stop_with, Disk, Input, Net, Node, Sent, BECOME_LEADER};

const PROMISE: u8 = 5;
const ACCEPT_SYNC: u8 = 6;
const ACCEPTED: u8 = 8;
const ACCEPT_DECIDE: u8 = 7;

fn without(name: &str) -> Up {
    ALL.without(name).unwrap()
}

fn never(_: u64, _: &Sent) -> bool {
    false
}

// ── G1b ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A follower promised itself a ballot that nobody else saw, and started again.
fn laggard_catches_up(guards: Up) -> bool {
    let mut net = Net::new(3, guards);
    let leader = net.elect();
    let laggard = leader % 3 + 1;
    net.node(laggard).call(BECOME_LEADER.to_vec());
    net.nodes[laggard as usize - 1] = net.node(laggard).reopen(3, laggard, guards);
    for pid in (1..=3).filter(|pid| *pid != laggard) {
        let outcome = net.node(laggard).call(reconnected(pid as u32));
        net.post(laggard, outcome);
        let outcome = net.node(pid).call(reconnected(laggard as u32));
        net.post(pid, outcome);
    }
    net.settle_all();
    net.propose(leader, "behind");
    net.settle_all();
    for _ in 0..200 {
        net.tick(never);
    }
    net.words(laggard) == ["behind"]
}

#[test]
fn g1b_a_replica_that_promised_higher_and_restarted_catches_up_with_a_happy_leader() {
    assert!(laggard_catches_up(ALL));
    assert!(
        !laggard_catches_up(without("G1b")),
        "the fault is there to be guarded against"
    );
}

// ── G2 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A follower that holds the stop-sign is synced again before it is decided.
fn resync_with_stopsign(guards: Up) -> bool {
    let mut net = Net::new(3, guards);
    let leader = net.elect();
    let follower = leader % 3 + 1;
    net.propose(leader, "one");
    net.settle_all();
    let outcome = net.node(leader).call(stop_with(1, 3));
    net.post(leader, outcome);
    // Both followers hold the stop-sign; their answers are lost.
    net.settle(|_, sent| kind(sent) == ACCEPTED);
    let outcome = net.node(follower).call(reconnected(leader as u32));
    net.post(follower, outcome);
    net.settle_all();
    [leader, follower].into_iter().all(|pid| {
        let outcome = net.node(pid).look();
        outcome.reconfigured.is_some() && outcome.decided == 2 && outcome.accepted == 2
    })
}

#[test]
fn g2_a_follower_with_the_stopsign_does_not_count_it_twice() {
    assert!(resync_with_stopsign(ALL));
    assert!(!resync_with_stopsign(without("G2")));
}

// ── G3 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// In one step of the leader: an append, the promise of a follower that a sync has not reached, one more append.
fn append_around_a_sync(guards: Up) -> (Vec<String>, Vec<String>) {
    let mut net = Net::new(3, guards);
    net.lead(1);
    let forward = |net: &mut Net, word: &str| net.node(3).propose(word).sent.remove(0).frame;
    let before = forward(&mut net, "before the sync");
    let behind = forward(&mut net, "behind the sync");
    // The promise of node 2, which asks to be prepared again.
    let request = net.node(2).call(reconnected(1)).sent.remove(0).frame;
    let prepare = net.node(1).receive(&[request]).sent.remove(0).frame;
    let promise = net.node(2).receive(&[prepare]).sent.remove(0);
    assert_eq!(kind(&promise), PROMISE);

    net.node(1).receive(std::slice::from_ref(&promise.frame)); // its sync is lost, and the promise comes again

    let outcome = net.node(1).receive(&[before, promise.frame, behind]);
    net.post(1, outcome);
    net.settle_all();
    net.propose(1, "last");
    net.settle_all();
    (net.words(1), net.words(2))
}

#[test]
fn g3_an_append_does_not_pass_a_sync_of_the_same_step() {
    let (leader, follower) = append_around_a_sync(ALL);
    assert_eq!(leader, ["before the sync", "behind the sync", "last"]);
    assert_eq!(follower, leader);
    let (leader, follower) = append_around_a_sync(without("G3"));
    assert_ne!(follower, leader);
}

// ── G4 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The leader compacts what node 3, cut off, has not seen, and syncs it. With `state_at` it has a state to give.
fn sync_below_the_floor(guards: Up, state_at: Option<usize>) -> (Node, Vec<String>) {
    let mut net = Net::new(3, guards);
    net.lead(1);
    for word in ["a", "b", "c", "d"] {
        net.propose(1, word);
        net.settle(|_, sent| sent.to == 3);
    }
    net.node(1).disk.borrow_mut().compact(3);
    net.node(1).look();
    let request = net.node(3).call(reconnected(1)).sent.remove(0).frame;
    let prepare = net.node(1).receive(&[request]).sent.remove(0).frame;
    let promise = net.node(3).receive(&[prepare]).sent.remove(0).frame;
    let messages = vec![promise];
    let outcome = net
        .node(1)
        .step(Input {
            messages,
            state_at,
            given: vec![3],
            ..Input::default()
        })
        .unwrap();
    if state_at.is_none() && guards.g4 {
        assert_eq!(outcome.withheld, [3]);
        assert!(outcome.sent.iter().all(|sent| kind(sent) != ACCEPT_SYNC));
    }
    for mut sent in outcome.sent {
        if kind(&sent) == ACCEPT_SYNC && guards.g4 {
            assert_eq!(sent.state, 3);
            sent.frame.extend_from_slice(b"state at 3");
        }
        net.node(sent.to).receive(&[sent.frame]);
    }
    let words = net.words(3);
    (net.nodes.remove(2), words)
}

#[test]
fn g4_a_peer_below_the_floor_gets_the_state_and_what_lies_behind_it() {
    let (mut node, words) = sync_below_the_floor(ALL, Some(3));
    assert_eq!(words, ["d"]);
    let outcome = node.look();
    assert_eq!((outcome.floor, outcome.accepted), (3, 4));
    assert_eq!(
        node.disk.borrow().state.as_deref(),
        Some(b"state at 3".as_slice())
    );

    let (_, words) = sync_below_the_floor(ALL, None);
    assert!(words.is_empty(), "without a state nothing is sent");

    let (mut node, words) = sync_below_the_floor(without("G4"), Some(3));
    assert!(words.is_empty());
    let outcome = node.look();
    assert!(
        outcome.decided > outcome.accepted || outcome.accepted < 4,
        "lost: {outcome:?}"
    );
}

/// Node 3, cut off, misses three words of `length` bytes; the leader, which has a state at `state_at`, syncs it. Gives the
/// state that the sync rests on.
fn sync_of_words(length: usize, state_at: Option<usize>) -> u64 {
    let mut net = Net::new(3, ALL);
    net.lead(1);
    net.propose(1, "seen");
    net.settle_all();
    for word in ["a", "b", "c"] {
        net.propose(1, &word.repeat(length));
        net.settle(|_, sent| sent.to == 3);
    }
    let request = net.node(3).call(reconnected(1)).sent.remove(0).frame;
    let prepare = net.node(1).receive(&[request]).sent.remove(0).frame;
    let promise = net.node(3).receive(&[prepare]).sent.remove(0).frame;
    let input = Input {
        messages: vec![promise],
        state_at,
        given: vec![3],
        ..Input::default()
    };
    let sent = net.node(1).step(input).unwrap().sent;
    let mut syncs = sent.into_iter().filter(|sent| kind(sent) == ACCEPT_SYNC);
    let mut sync = syncs.next().unwrap();
    let state = sync.state;
    if state != NO_STATE {
        sync.frame.extend_from_slice(b"the state");
    }
    net.node(3).receive(&[sync.frame]);
    let missing = if state == NO_STATE { 1 } else { state as usize };
    let all = [
        "seen".to_owned(),
        "a".repeat(length),
        "b".repeat(length),
        "c".repeat(length),
    ];
    assert!(net.words(3).ends_with(&all[missing..]));
    state
}

#[test]
fn a_sync_of_very_much_rests_on_the_state_where_that_is_of_use() {
    assert_eq!(sync_of_words(500, Some(3)), 3);
    assert_eq!(sync_of_words(500, Some(4)), 4);
    assert_eq!(sync_of_words(500, Some(1)), NO_STATE); // the peer has it
    assert_eq!(sync_of_words(500, None), NO_STATE);
    assert_eq!(sync_of_words(50, Some(3)), NO_STATE);
}

#[test]
fn g4_a_peer_that_has_no_state_yet_is_offered_it_and_sent_nothing() {
    let mut net = Net::new(3, ALL);
    net.lead(1);
    for word in ["a", "b", "c", "d"] {
        net.propose(1, word);
        net.settle(|_, sent| sent.to == 3);
    }
    net.node(1).disk.borrow_mut().compact(3);
    net.node(1).look();
    let request = net.node(3).call(reconnected(1)).sent.remove(0).frame;
    let prepare = net.node(1).receive(&[request]).sent.remove(0).frame;
    let promise = net.node(3).receive(&[prepare]).sent.remove(0).frame;
    let input = Input {
        messages: vec![promise],
        state_at: Some(3),
        given: vec![2],
        ..Input::default()
    };
    let sent = net.node(1).step(input).unwrap().sent;
    let offers: Vec<_> = sent.iter().filter(|sent| sent.state != NO_STATE).collect();
    assert_eq!((offers.len(), offers[0].to, offers[0].state), (1, 3, 3));
    assert!(offers[0].frame.is_empty());
}

// ── G5 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Node 2 has decided and compacted; a promise of long ago makes the leader sync it from before that.
fn sync_from_long_ago(guards: Up) -> Result<Vec<String>, String> {
    let mut net = Net::new(3, guards);
    net.lead(1);
    let request = net.node(2).call(reconnected(1)).sent.remove(0).frame;
    let prepare = net.node(1).receive(&[request]).sent.remove(0).frame;
    let old = net.node(2).receive(&[prepare]).sent.remove(0);
    assert_eq!(kind(&old), PROMISE);
    let outcome = net.node(1).receive(std::slice::from_ref(&old.frame));
    net.post(1, outcome);
    net.settle_all();
    for word in ["a", "b", "c"] {
        net.propose(1, word);
        net.settle_all();
    }
    net.node(2).disk.borrow_mut().compact(3);
    net.node(2).look();
    // Node 2 is to be prepared again, and the old promise comes once more.
    let request = net.node(2).call(reconnected(1)).sent.remove(0).frame;
    let prepare = net.node(1).receive(&[request]);
    net.node(2).receive(&[prepare.sent[0].frame.clone()]);
    let late = net.node(1).receive(&[old.frame]);
    let sync = late
        .sent
        .iter()
        .find(|sent| kind(sent) == ACCEPT_SYNC)
        .ok_or("no sync")?;
    let messages = vec![sync.frame.clone()];
    net.node(2).step(Input {
        messages,
        ..Input::default()
    })?;
    let outcome = net.node(2).look();
    assert_eq!(
        (outcome.floor, outcome.decided, outcome.accepted),
        (3, 3, 3)
    );
    net.propose(1, "d");
    net.settle_all();
    Ok(net.words(2))
}

#[test]
fn g5_a_sync_from_below_what_is_decided_changes_nothing_of_that() {
    assert_eq!(sync_from_long_ago(ALL), Ok(vec!["d".to_owned()]));
    assert!(sync_from_long_ago(without("G5")).is_err());
}

// ── G6 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Both followers accept a stop-sign, and their answers are lost.
fn stopsign_without_answer(guards: Up) -> bool {
    let mut net = Net::new(3, guards);
    let leader = net.elect();
    let outcome = net.node(leader).call(stop_with(7, 3));
    net.post(leader, outcome);
    net.settle(|_, sent| kind(sent) == ACCEPTED);
    for _ in 0..300 {
        net.tick(never);
    }
    (1..=3).all(|pid| net.node(pid).look().reconfigured.is_some())
}

#[test]
fn g6_a_stopsign_whose_answers_are_lost_is_decided_all_the_same() {
    assert!(stopsign_without_answer(ALL));
    assert!(!stopsign_without_answer(without("G6")));
}

// ── G7 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A follower's Promise is answered by a sync that is lost. Before it repeats the Promise, it compacts what that brought,
/// which all have decided.
fn catches_up_behind_a_promise_of_what_is_gone(guards: Up) -> bool {
    let mut net = Net::new(3, guards);
    let first = net.elect();
    let (second, follower) = (first % 3 + 1, (first + 1) % 3 + 1);
    net.propose(first, "one");
    for _ in 0..3 {
        net.tick(|_, sent| sent.to == second);
    }
    let outcome = net.node(second).call(BECOME_LEADER.to_vec());
    net.post(second, outcome);
    net.settle(|_, sent| sent.to == follower && kind(sent) == ACCEPT_SYNC);
    net.propose(second, "two");
    net.settle_all();
    net.node(follower).disk.borrow_mut().compact(1);
    for _ in 0..300 {
        net.tick(never);
    }
    net.words(second) == ["one", "two"] && net.words(follower) == ["two"]
}

#[test]
fn g7_a_promise_that_rests_on_what_is_gone_is_made_anew() {
    assert!(catches_up_behind_a_promise_of_what_is_gone(ALL));
    assert!(!catches_up_behind_a_promise_of_what_is_gone(without("G7")));
}

// ── G8 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A follower asks three times to be prepared, and is so twice. Before the third Prepare comes the sync that answers its first
/// Promise; the second Promise is lost.
fn catches_up_behind_a_promise_that_was_let_go(guards: Up) -> bool {
    let mut net = Net::new(3, guards);
    let leader = net.elect();
    let follower = leader % 3 + 1;
    let ask = |net: &mut Net| {
        let asked = net.node(follower).call(reconnected(leader as u32));
        asked.sent.into_iter().next().unwrap().frame
    };
    let (first, second) = (ask(&mut net), ask(&mut net));
    let prepares = net.node(leader).receive(&[first, second]).sent;
    let promise = net.node(follower).receive(&[prepares[0].frame.clone()]);
    let third = ask(&mut net);
    let lost = net.node(follower).receive(&[prepares[1].frame.clone()]);
    assert_eq!(kind(&lost.sent[0]), PROMISE);
    let outcome = net
        .node(leader)
        .receive(&[promise.sent[0].frame.clone(), third]);
    net.post(leader, outcome);
    net.settle_all();
    net.propose(leader, "behind");
    for _ in 0..300 {
        net.tick(never);
    }
    net.words(follower) == ["behind"]
}

#[test]
fn g8_a_follower_whose_promise_was_let_go_promises_anew() {
    assert!(catches_up_behind_a_promise_that_was_let_go(ALL));
    assert!(!catches_up_behind_a_promise_that_was_let_go(without("G8")));
}

// ── What the guards rest on ─────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_guard_that_there_is_not_is_no_guard() {
    assert!(ALL.without("G9").is_err());
}

#[test]
fn a_message_keeps_its_meaning_on_the_way() {
    let mut net = Net::new(3, ALL);
    net.lead(1);
    let outcome = net.node(1).propose("word");
    let sent = outcome
        .sent
        .iter()
        .find(|sent| kind(sent) == ACCEPT_DECIDE)
        .unwrap();
    let frame = wire::decode(&sent.frame).unwrap();
    let mut again = omnipaxos_engine::bytes::Writer::default();
    assert!(wire::encode(
        &mut again,
        frame.configuration,
        &frame.message
    ));
    assert_eq!(again.bytes(), sent.frame);
}

#[test]
fn a_decided_index_below_the_floor_is_the_floor() {
    let records = Records {
        floor: 5,
        end: 5,
        decided: 2,
        ..Records::default()
    };
    let disk = Disk {
        records,
        ..Disk::default()
    };
    assert_eq!(Node::open(3, 1, ALL, disk).look().decided, 5);
}
