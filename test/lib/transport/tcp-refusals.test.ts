// Who may not come in: each is told why, logged once, and holds nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Membership } from '../../../lib/consensus/index.js';
import {
  helloFrame,
  joinedFrame,
  leaveFrame,
  messagePieces,
  newLine,
  preface,
  refusedFrame,
  TYPE,
} from '../../../lib/transport/frames.js';
import {
  JOIN,
  type Opened,
  openTransport,
  Party,
  RawPeer,
  rawServer,
  replicaIdOf,
  TcpProxy,
} from '../../support/transports.js';
import { until } from '../../support/until.js';

/** A replica 1 of group g, whose peer 2 is nowhere. */
async function one(): Promise<Opened & { party: Party }> {
  const opened = await openTransport();
  const { port } = await rawServer((socket) => socket.destroy());
  const party = await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${port}` }]).join(opened.transport);
  return { ...opened, party };
}

const reasons = (peer: RawPeer) =>
  peer.got(TYPE.refused).map((payload) => `${payload.readUInt32LE(0)} ${payload.subarray(8)}`);
const about = (logged: string[], words: string) => logged.filter((line) => line.includes(words));

/** How many sockets the process has open, both ends of each connection. */
const sockets = () => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length;

describe('a peer that joins', () => {
  it.each<[string, object, string]>([
    ['an unknown group', { group: 'other' }, 'it has not joined this group'],
    ['another replica', { to: 3 }, 'it is replica 1, not 3'],
    ['from an unknown pid', { from: 3, replicaId: replicaIdOf(3) }, '3 is none of its peers'],
    ['from the own pid', { from: 1, replicaId: replicaIdOf(1) }, '1 is none of its peers'],
    ['of another configuration', { configurationId: 2 }, 'it is in configuration 1, not 2'],
    ['with another replica id', { replicaId: replicaIdOf(7) }, 'is not the replica id of 2'],
  ])('%s is refused, logged once, and may try again', async (_, changes, reason) => {
    const { port, party, logged } = await one();
    const peer = RawPeer.greeting(port);
    for (let channel = 1; channel <= 3; channel++) peer.join({ ...changes, channel });
    await until(() => reasons(peer).length === 3);
    expect(reasons(peer)).toEqual(
      [1, 2, 3].map((channel) => expect.stringMatching(new RegExp(`^${channel} .*${reason}`))),
    );
    for (const piece of messagePieces(3, Buffer.from('x'))) peer.write(piece);
    peer.join({ channel: 4 });
    await until(() => peer.got(TYPE.joined).length === 1);
    expect(peer.got(TYPE.joined)[0]).toEqual(joinedFrame(4, replicaIdOf(1)).subarray(5));
    expect(party.told.filter((told) => !told.includes('at'))).toEqual(['+2']); // and nothing that came on a channel that was refused
    expect(about(logged, reason)).toHaveLength(1);
  });

  it('is refused where the check throws', async () => {
    const { port, party } = await one();
    party.refusal = () => {
      throw new Error('boom');
    };
    const peer = RawPeer.greeting(port).join();
    await until(() => reasons(peer).length === 1);
    expect(reasons(peer)).toEqual(['1 its check of replica ids has failed: boom']);
  });
});

describe('a connection that breaks the rules', () => {
  it.each<[string, (peer: RawPeer) => void, string]>([
    ['with garbage', (peer) => peer.write(Buffer.from('GET / HTTP/1.1\r\n\r\n')), 'does not speak this protocol'],
    ['of another version', (peer) => peer.write(preface().fill(9, 8)), 'version 151587081 of the protocol'],
    ['without HELLO', (peer) => peer.write(preface()).join(), 'begins with a frame of type 2'],
    ['with a frame of 4 GiB', (peer) => peer.write(preface(), Buffer.from('ffffffff06', 'hex')), '4294967295 bytes'],
    [
      'with more than 4 KiB before it is let in',
      (peer) => peer.write(preface(), Buffer.from('0110000006', 'hex')),
      '4097 bytes',
    ],
    [
      'with HELLO twice',
      (peer) => peer.write(preface(), ...[1, 2].map((number) => helloFrame({ line: newLine(), number }))),
      'type 1',
    ],
    ['with an unknown frame', (peer) => hello(peer).write(Buffer.from('0000000063', 'hex')), 'type 99'],
    ['with a short JOIN', (peer) => hello(peer).write(Buffer.from('0100000002aa', 'hex')), 'JOIN of it has 1 bytes'],
    ['with a channel that goes back', (peer) => hello(peer).join().join(), 'channel 1 behind 1'],
    [
      'with a message on no channel',
      (peer) => hello(peer).write(...messagePieces(1, Buffer.from('x'))),
      'on channel 1',
    ],
  ])('%s is ended, told why and logged once', async (_, misbehave, reason) => {
    const { port, party, logged } = await one();
    for (let i = 0; i < 3; i++) {
      const peer = RawPeer.to(port);
      misbehave(peer);
      await until(() => peer.isClosed);
      expect(reasons(peer).at(-1)).toEqual(expect.stringMatching(new RegExp(`^0 .*${reason}`)));
    }
    expect(about(logged, reason)).toHaveLength(1);
    expect(party.messages).toEqual([]);
    const peer = RawPeer.greeting(port).join();
    await until(() => peer.got(TYPE.joined).length === 1);
    peer.write(...messagePieces(1, Buffer.from('alive')));
    await until(() => party.messages.length === 1);
  });

  const hello = (peer: RawPeer) => peer.write(preface(), helloFrame({ line: newLine(), number: 1 }));

  it('holds no memory by what a length claims', async () => {
    const { port } = await one();
    const peers = Array.from({ length: 20 }, () => RawPeer.greeting(port));
    const before = process.memoryUsage().arrayBuffers;
    peers.forEach((peer) => {
      peer.join().write(Buffer.from('0000007006', 'hex'), Buffer.alloc(1000));
    });
    // They push each other out: the last one stays.
    await until(
      () => peers.filter(({ isClosed }) => !isClosed).length <= 20 && (peers.at(-1)?.got(TYPE.joined).length ?? 0) > 0,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 200_000);
  });

  it('that asks on and does not read the answers is ended', async () => {
    const { port, logged } = await one();
    const peer = RawPeer.greeting(port).join();
    await until(() => peer.got(TYPE.joined).length === 1);
    peer.socket.pause();
    let channel = 2;
    // The system takes some megabytes of answers before it takes no more.
    while (!peer.isClosed) {
      for (let i = 0; i < 1000 && !peer.isClosed; i++) peer.join({ channel: channel++, group: 'x'.repeat(1000) });
      await sleep(5);
    }
    expect(about(logged, 'does not read')).toHaveLength(1);
  });

  it('or leaves what was never joined does no harm', async () => {
    const { port, party } = await one();
    const peer = RawPeer.greeting(port).write(leaveFrame(9)).join();
    await until(() => peer.got(TYPE.joined).length === 1);
    peer.write(leaveFrame(1), leaveFrame(1), ...messagePieces(1, Buffer.from('dropped'))).join({ channel: 2 });
    await until(() => peer.got(TYPE.joined).length === 2);
    expect(party.told).toEqual(['+2', '-2', '+2']);
  });
});

describe('connections that do not introduce themselves', () => {
  it('are ended after a while, and logged once', async () => {
    const { port, logged } = await one();
    const peers = [RawPeer.to(port), RawPeer.to(port).write(preface().subarray(0, 5)), RawPeer.greeting(port)];
    peers.push(RawPeer.greeting(port).join({ group: 'other' }));
    const slow = RawPeer.to(port);
    const bytes = Buffer.concat([preface(), helloFrame({ line: newLine(), number: 1 })]);
    for (let i = 0; !slow.isClosed; i = Math.min(i + 1, 20)) {
      if (i < 20) slow.write(bytes.subarray(i, i + 1));
      await sleep(50);
    }
    await until(() => peers.every(({ isClosed }) => isClosed));
    expect(about(logged, 'not introduced itself in time')).toHaveLength(1);
  });

  it('are few: more push out the oldest, and a peer gets in', async () => {
    const { port, party, logged } = await one();
    const before = sockets();
    const peers = Array.from({ length: 300 }, () => RawPeer.to(port));
    await until(() => peers.filter(({ isClosed }) => isClosed).length >= 236);
    expect(sockets() - before).toBeLessThan(2 * 64 + 20);
    const peer = RawPeer.greeting(port).join();
    await until(() => peer.got(TYPE.joined).length === 1);
    expect(party.told).toEqual(['+2']);
    expect(about(logged, 'too many')).toHaveLength(1);
    await until(() => peers.every(({ isClosed }) => isClosed));
    expect(peer.isClosed).toBe(false);
  });
});

describe('who dials', () => {
  /** Replica 1, whose peer 2 answers with bytes of the test's. */
  async function dialling(answer: (peer: RawPeer) => void, changes: Partial<Membership> = {}) {
    const opened = await openTransport();
    const peers: RawPeer[] = [];
    const { port } = await rawServer((socket) => {
      const peer = new RawPeer(socket);
      peers.push(peer);
      answer(peer);
    });
    const party = await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${port}` }], changes).join(opened.transport);
    return { ...opened, party, peers };
  }

  it.each<[string, (peer: RawPeer) => void, string]>([
    ['garbage', (peer) => peer.write(Buffer.from('220 smtp.example.org\r\n')), 'does not speak this protocol'],
    ['another version', (peer) => peer.write(preface().fill(9, 8)), 'version 151587081 of the protocol'],
    ['a message', (peer) => peer.write(preface(), ...messagePieces(1, Buffer.from('x'))), 'a frame of type 6'],
    ['a frame of 4 GiB', (peer) => peer.write(preface(), Buffer.from('ffffffff04', 'hex')), '4294967295 bytes'],
    ['REFUSED for all', (peer) => peer.write(preface(), refusedFrame(0, 'go\naway')), "it says: 'go\\naway'"],
    ['REFUSED for the group', (peer) => peer.write(preface(), refusedFrame(1, 'not here')), "it says: 'not here'"],
    ['another replica id', (peer) => peer.write(preface(), joinedFrame(1, replicaIdOf(9))), 'not the replica id of 2'],
    ['an end', (peer) => peer.socket.end(), 'it has not let us in'],
  ])('and is answered by %s gives up, logs that once, and comes again', async (_, answer, reason) => {
    const { party, peers, logged } = await dialling(answer);
    await until(() => peers.length >= 4 && peers.slice(0, 3).every(({ isClosed }) => isClosed));
    expect(about(logged, reason)).toHaveLength(1);
    expect(logged).toHaveLength(1);
    expect(party.told).toEqual([]);
    expect(party.isConnected(2)).toBe(false);
    expect(peers.every((peer) => peer.got(TYPE.message).length === 0)).toBe(true);
  });

  it('and cannot connect says so once, and goes on', async () => {
    const { server, port } = await rawServer(() => {});
    await new Promise((resolve) => server.close(resolve));
    const { transport, logged } = await openTransport();
    const party = await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${port}` }]).join(transport);
    await until(() => logged.length > 0);
    expect(logged).toEqual([expect.stringContaining('ECONNREFUSED')]);
    const { transport: second } = await openTransport({ listen: `127.0.0.1:${port}` });
    await new Party(2, [{ pid: 1, endpoint: transport.endpoint }]).join(second);
    await until(() => party.isConnected(2));
    expect(logged).toHaveLength(1);
  });

  it('is let in where one group of two is refused, which tries on', async () => {
    const a = await openTransport();
    const b = await openTransport();
    const proxy = await TcpProxy.to(b.port);
    const peers = [{ pid: 2, endpoint: proxy.endpoint }];
    const early = await new Party(1, peers, { group: 'early' }).join(a.transport);
    const late = await new Party(1, peers, { group: 'late' }).join(a.transport);
    await new Party(2, [{ pid: 1, endpoint: a.endpoint }], { group: 'early' }).join(b.transport);
    await until(() => early.isConnected(2) && about(a.logged, "'it has not joined this group'").length > 0);
    await new Party(2, [{ pid: 1, endpoint: a.endpoint }], { group: 'late' }).join(b.transport);
    await until(() => late.isConnected(2));
    expect(early.count('-2')).toBe(0);
    expect(proxy.connections).toBe(1);
  });
});

describe('what is logged', () => {
  it('ends somewhere', async () => {
    const { port, logged } = await one();
    const peer = RawPeer.greeting(port);
    for (let channel = 1; channel <= 3000; channel++) peer.join({ channel, group: `g${channel}` });
    await until(() => reasons(peer).length === 3000);
    expect(logged.length).toBeLessThan(1100);
    expect(logged.at(-1)).toContain('no new ones are logged');
  });

  it('may throw', async () => {
    const log = () => {
      throw new Error('no log');
    };
    const { transport, port } = await openTransport({ log });
    await new Party(1, []).join(transport);
    const peer = RawPeer.greeting(port).join(JOIN);
    await until(() => reasons(peer).length === 1);
  });
});
