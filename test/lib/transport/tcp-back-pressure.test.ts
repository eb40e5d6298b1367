// A peer that does not read, and one that does not answer: neither fills memory, nor stays unnoticed.

import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { BEAT, joinedFrame, preface, TYPE } from '../../../lib/transport/frames.js';
import {
  openTransport,
  PATIENT,
  Party,
  RawPeer,
  rawServer,
  replicaIdOf,
  twoConnected,
} from '../../support/transports.js';
import { until } from '../../support/until.js';

const MESSAGE = Buffer.alloc(256 * 1024, 7);

/** Replica 1, connected with a peer 2 made of bytes, which has let it in. */
async function connected(electionTimeoutMs = PATIENT) {
  const opened = await openTransport({ electionTimeoutMs });
  const peers: RawPeer[] = [];
  const { port } = await rawServer((socket) => {
    peers.push(new RawPeer(socket).write(preface(), joinedFrame(1, replicaIdOf(2))));
  });
  const party = await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${port}` }]).join(opened.transport);
  await until(() => party.isConnected(2));
  return { ...opened, party, peers, peer: peers[0] as RawPeer };
}

/** Sends until that gives a promise. */
async function fill(party: Party): Promise<{ full: Promise<void>; sent: number }> {
  for (let sent = 1; ; sent++) {
    const full = party.link?.send(2, MESSAGE);
    // What goes out within a turn of the event loop does not wait for the peer.
    const isFull = full !== undefined && (await Promise.race([full.then(() => false), sleep(500, true)]));
    if (isFull) return { full: full as Promise<void>, sent };
  }
}

describe('a peer that does not read', () => {
  it('makes send give a promise that waits, and memory stays bounded', async () => {
    const { party, peer } = await connected();
    peer.socket.pause();
    const before = process.memoryUsage();
    const { full, sent } = await fill(party);
    const after = process.memoryUsage();
    expect(sent).toBeGreaterThan(1);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(8 * 1024 * 1024);
    peer.socket.resume();
    await full;
    await until(() => peer.got(TYPE.message).length === sent);
    expect(party.link?.send(2, Buffer.from('more'))).toBeUndefined();
  });

  it.each<[string, (party: Party, peer: RawPeer, close: () => Promise<void>) => unknown]>([
    ['the connection', (_, peer) => peer.socket.destroy()],
    ['the membership', (party) => party.link?.leave()],
    ['the transport', (_party, _peer, close) => close()],
  ])('makes nobody wait longer than %s lasts', async (_, end) => {
    const { party, peer, transport } = await connected();
    peer.socket.pause();
    const { full } = await fill(party);
    end(party, peer, () => transport.close());
    await full;
  });

  it('does not hold up the others', async () => {
    const { one, two, at } = await twoConnected();
    const { port } = await rawServer((socket) => {
      new RawPeer(socket).write(preface(), joinedFrame(1, replicaIdOf(2))).socket.pause();
    });
    const other = await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${port}` }], { group: 'h' }).join(at[0].transport);
    await until(() => other.isConnected(2));
    await fill(other);
    one.send(2, 'through');
    await until(() => two.messages.length === 1);
  });
});

describe('a long message', () => {
  it('on a slow line does not look like a dead peer', async () => {
    const { party, peer } = await connected(200);
    const beats = setInterval(() => peer.write(BEAT), 20);
    try {
      peer.socket.pause();
      void party.link?.send(2, Buffer.alloc(20_000_000));
      // Read a little now and then, for longer than the peer could be silent.
      for (let i = 0; i < 40; i++) {
        peer.socket.resume();
        peer.socket.once('data', () => peer.socket.pause());
        await sleep(20);
      }
      peer.socket.resume();
      await until(() => peer.got(TYPE.message).length === 1);
    } finally {
      clearInterval(beats);
    }
    expect(party.told).toEqual(['+2']);
  });
});

describe('a peer that is silent', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['from the beginning', () => {}],
    ['behind the preface', (socket) => socket.write(preface())],
    ['and reads nothing', (socket) => socket.pause()],
  ])('%s is given up, and dialled again', async (_, arrived) => {
    const { transport } = await openTransport({ electionTimeoutMs: 100 });
    const sockets: Socket[] = [];
    const { port } = await rawServer((socket) => {
      sockets.push(socket);
      arrived(socket);
    });
    const party = await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${port}` }]).join(transport);
    await until(() => sockets.length >= 3);
    expect(party.told).toEqual([]);
  });

  it('once it is joined is told as disconnected', async () => {
    const { party } = await connected(100);
    await until(() => party.count('-2') >= 1);
  });

  it('is noticed by the side that it has dialled as well', async () => {
    const { transport, port } = await openTransport({ electionTimeoutMs: 100 });
    const nowhere = await rawServer((socket) => socket.destroy());
    const party = await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${nowhere.port}` }]).join(transport);
    const peer = RawPeer.greeting(port).join();
    await until(() => peer.isClosed);
    expect(party.told).toEqual(['+2', '-2']);
  });

  it('is not one that says BEAT, for however long', async () => {
    const { transport, port } = await openTransport({ electionTimeoutMs: 1000 });
    const party = await new Party(1, [{ pid: 2, endpoint: '127.0.0.1:9' }]).join(transport);
    const peer = RawPeer.greeting(port).join();
    for (let i = 0; i < 60; i++) {
      peer.write(BEAT);
      await sleep(50);
    }
    expect(peer.isClosed).toBe(false);
    expect(party.told).toEqual(['+2']);
    expect(peer.got(TYPE.beat).length).toBeGreaterThan(5);
  });

  it('is not one that was not heard because our own event loop has stalled', async () => {
    const { one, two } = await twoConnected({ electionTimeoutMs: 1000 });
    for (let i = 0; i < 3; i++) {
      const end = Date.now() + 1500;
      while (Date.now() < end); // longer than a peer may be silent
      await sleep(20);
    }
    expect([one.isConnected(2), two.isConnected(1)]).toEqual([true, true]);
    expect(one.count('-2') + two.count('-1')).toBe(0);
  });
});
