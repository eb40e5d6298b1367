// What is long goes on a connection of its own: the others do not wait for it, and nobody is told of it.

import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { BulkWay } from '../../../lib/transport/bulk-way.js';
import type { Dialler, OutgoingChannel } from '../../../lib/transport/dialler.js';
import { joinedFrame, joinFrame, messagePieces, preface, readJoin, TYPE } from '../../../lib/transport/frames.js';
import type { Member } from '../../../lib/transport/member.js';
import {
  JOIN,
  openTransport,
  Party,
  RawPeer,
  rawServer,
  replicaIdOf,
  TcpProxy,
  twoConnected,
} from '../../support/transports.js';
import { until } from '../../support/until.js';

const MIB = 1024 * 1024;

describe('bulk', () => {
  it('has a connection of its own, made for the first of it, and nobody is told of that', async () => {
    const at = [await openTransport(), await openTransport()] as const;
    const proxy = await TcpProxy.to(at[1].port);
    const one = await new Party(1, [{ pid: 2, endpoint: proxy.endpoint }]).join(at[0].transport);
    const two = await new Party(2, [{ pid: 1, endpoint: at[0].endpoint }]).join(at[1].transport);
    await until(() => one.isConnected(2) && two.isConnected(1));
    expect(proxy.connections).toBe(1);
    const told = [...one.told, ...two.told];
    await one.link?.sendBulk(2, Buffer.from('long'));
    await until(() => two.messages.length === 1);
    expect([proxy.connections, two.messages]).toEqual([2, ['1: long']]);
    await one.link?.sendBulk(2, Buffer.from('longer'));
    await until(() => two.messages.length === 2);
    expect(proxy.connections).toBe(2);
    expect([...one.told, ...two.told.filter((each) => !two.messages.includes(each))]).toEqual(told);
  });

  it('does not hold up what is sent beside it, however much of it nobody reads', async () => {
    const arrived: { type: number; peer: RawPeer }[] = [];
    const { port } = await rawServer((socket) => admit(socket, arrived));
    const { transport } = await openTransport();
    const one = await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${port}` }]).join(transport);
    await until(() => one.isConnected(2));
    await one.link?.sendBulk(2, Buffer.from('first'));
    await until(() => arrived.some(({ type }) => type === TYPE.bulk));
    const bulk = arrived.find(({ type }) => type === TYPE.bulk)?.peer as RawPeer;
    bulk.socket.pause();
    const rooms = Array.from({ length: 10 }, () => one.link?.sendBulk(2, Buffer.alloc(4 * MIB)));
    expect(rooms.at(-1)).toBeInstanceOf(Promise);
    one.send(2, 'at once');
    const main = arrived.find(({ type }) => type === TYPE.join)?.peer as RawPeer;
    await until(() => main.got(TYPE.message).some((payload) => `${payload.subarray(4)}` === 'at once'));
    await one.link?.leave();
    await Promise.all(rooms);
  });

  it.each([
    ['of an unknown replica', { from: 9, replicaId: replicaIdOf(9) }],
    ['of another replica id', { replicaId: replicaIdOf(7) }],
    ['of another configuration', { configurationId: 2 }],
    ['of another group', { group: 'other' }],
    ['for another replica', { to: 3 }],
  ])('%s is refused', async (_, changes) => {
    const { transport, port } = await openTransport();
    const one = await new Party(1, [{ pid: 2, endpoint: '127.0.0.1:1' }]).join(transport);
    const peer = RawPeer.greeting(port).write(joinFrame({ ...JOIN, ...changes }, TYPE.bulk));
    peer.write(...messagePieces(1, Buffer.from('lie')));
    await until(() => peer.got(TYPE.refused).length === 1);
    expect([one.messages, one.count('+2')]).toEqual([[], 0]);
  });

  it('that is newer takes the place of the older, and of nothing else', async () => {
    const { transport, port } = await openTransport();
    const one = await new Party(1, [{ pid: 2, endpoint: '127.0.0.1:1' }]).join(transport);
    const main = RawPeer.greeting(port).join();
    await until(() => main.got(TYPE.joined).length === 1);
    const bulks = [1, 2].map(() => RawPeer.greeting(port));
    for (const [i, bulk] of bulks.entries()) {
      bulk.write(joinFrame(JOIN, TYPE.bulk), ...messagePieces(1, Buffer.from(`bulk ${i}`)));
      await until(() => one.messages.length === i + 1);
    }
    await until(() => bulks[0]?.got(TYPE.refused).length === 1);
    main.write(...messagePieces(1, Buffer.from('main')));
    await until(() => one.messages.length === 3);
    expect(one.told).toEqual(['+2', '2: bulk 0', '2: bulk 1', '2: main']);
  });

  it('that cannot be sent is dropped, and nobody waits for it', async () => {
    const { one, at } = await twoConnected();
    await at[1].transport.close();
    await until(() => !one.isConnected(2));
    expect(one.link?.sendBulk(2, Buffer.alloc(10))).toBeUndefined();
    expect(one.link?.sendBulk(9, Buffer.alloc(10))).toBeUndefined();
  });
});

describe('the way for bulk', () => {
  /** Its channel, and what has been sent on it. */
  function newWay(): { way: BulkWay; channel: { state: string }; sent: string[] } {
    const channel = { state: 'waiting' };
    const sent: string[] = [];
    const dialler = {
      add: () => channel as unknown as OutgoingChannel,
      remove: () => sent.push('removed'),
      send: (_: OutgoingChannel, message: Uint8Array) => void sent.push(`${message}`),
    };
    return { way: new BulkWay(dialler as unknown as Dialler, {} as Member, 2), channel, sent };
  }

  it('keeps one message until the peer lets it in, and for not longer than that may take', async () => {
    const { way, channel, sent } = newWay();
    const first = way.send(Buffer.from('a'));
    expect(way.send(Buffer.from('b'))).toBe(first);
    way.tick();
    expect(sent).toEqual([]);
    channel.state = 'joined';
    way.tick();
    await first;
    expect(sent).toEqual(['a']);
    channel.state = 'waiting';
    const lost = way.send(Buffer.from('c'));
    for (let i = 0; i < 300; i++) way.tick();
    await lost;
    channel.state = 'joined';
    way.tick();
    expect(sent).toEqual(['a']);
  });

  it('is idle once nothing was sent for ten seconds', () => {
    const { way, channel } = newWay();
    channel.state = 'joined';
    for (let i = 0; i < 1000; i++) way.tick();
    expect(way.isIdle).toBe(false);
    way.send(Buffer.from('a'));
    for (let i = 0; i < 1000; i++) way.tick();
    expect(way.isIdle).toBe(false);
    way.tick();
    expect(way.isIdle).toBe(true);
  });
});

/** Lets in whoever comes. */
function admit(socket: Socket, arrived: { type: number; peer: RawPeer }[]): void {
  const peer = new RawPeer(socket);
  peer.write(preface());
  until(() => peer.frames.some(({ type }) => type === TYPE.join || type === TYPE.bulk)).then(() => {
    const { type, payload } = peer.frames.find((frame) => frame.type !== TYPE.hello) as (typeof peer.frames)[0];
    arrived.push({ type, peer });
    peer.write(joinedFrame(readJoin(payload).channel, replicaIdOf(2)));
  });
}
