// A newer connection takes the place of an older one: what still comes on that is dropped.

import { describe, expect, it } from '@jest/globals';
import { joinedFrame, messagePieces, newLine, preface, refusedFrame, TYPE } from '../../../lib/transport/frames.js';
import { openTransport, Party, RawPeer, rawServer, replicaIdOf } from '../../support/transports.js';
import { until } from '../../support/until.js';

const message = (channel: number, text: string) => Buffer.concat(messagePieces(channel, Buffer.from(text)));

async function one() {
  const opened = await openTransport();
  const { port } = await rawServer((socket) => socket.destroy());
  const party = await new Party(1, [{ pid: 2, endpoint: `127.0.0.1:${port}` }]).join(opened.transport);
  return { ...opened, party };
}

async function joined(peer: RawPeer): Promise<RawPeer> {
  const count = peer.got(TYPE.joined).length;
  peer.join();
  await until(() => peer.got(TYPE.joined).length > count);
  return peer;
}

describe('a newer connection', () => {
  it('on the same line ends the older one, before its groups join', async () => {
    const { port, party } = await one();
    const line = newLine();
    const older = await joined(RawPeer.greeting(port, line, 1));
    older.write(message(1, 'a'));
    await until(() => party.messages.length === 1);
    const newer = RawPeer.greeting(port, line, 2);
    await until(() => older.isClosed);
    expect(party.told).toEqual(['+2', '2: a', '-2']);
    await joined(newer);
    newer.write(message(1, 'b'));
    await until(() => party.messages.length === 2);
    expect(party.told).toEqual(['+2', '2: a', '-2', '+2', '2: b']);
  });

  it('is not replaced by an older one that comes late', async () => {
    const { port, party } = await one();
    const line = newLine();
    const newer = await joined(RawPeer.greeting(port, line, 2));
    const late = RawPeer.greeting(port, line, 1).join().write(message(1, 'late'));
    await until(() => late.isClosed);
    newer.write(message(1, 'a'));
    await until(() => party.messages.length === 1);
    expect(party.told).toEqual(['+2', '2: a']);
  });

  it('of the replica on another line takes its messages over, and the older one hears of it', async () => {
    const { port, party } = await one();
    const older = await joined(RawPeer.greeting(port));
    const newer = await joined(RawPeer.greeting(port));
    await until(() => older.got(TYPE.refused).length === 1);
    older.write(message(1, 'old'));
    newer.write(message(1, 'new'));
    await until(() => party.messages.length === 1);
    older.write(message(1, 'old'));
    older.join({ group: 'other', channel: 2 });
    await until(() => older.got(TYPE.refused).length === 2);
    expect(party.told).toEqual(['+2', '-2', '+2', '2: new']);
  });

  it('gives nothing that came behind the one before in the same moment', async () => {
    const { port, party } = await one();
    const line = newLine();
    const older = await joined(RawPeer.greeting(port, line, 1));
    const text = 'x'.repeat(100);
    for (let i = 0; i < 2000; i++) older.write(message(1, text));
    const newer = RawPeer.greeting(port, line, 2).join().write(message(1, 'new'));
    await until(() => party.messages.includes('2: new'));
    const at = party.told.lastIndexOf('+2');
    expect(party.told.slice(at)).toEqual(['+2', '2: new']);
    newer.write(message(1, 'newer'));
    await until(() => party.messages.at(-1) === '2: newer');
    expect(party.told.slice(at)).toEqual(['+2', '2: new', '2: newer']);
  });
});

describe('a channel that the peer ends', () => {
  it('is joined again, on the same connection where another group holds that', async () => {
    const { transport } = await openTransport();
    const peers: RawPeer[] = [];
    const { port } = await rawServer((socket) => void peers.push(new RawPeer(socket).write(preface())));
    const endpoint = `127.0.0.1:${port}`;
    const a = await new Party(1, [{ pid: 2, endpoint }], { group: 'a' }).join(transport);
    const b = await new Party(1, [{ pid: 2, endpoint }], { group: 'b' }).join(transport);
    await until(() => peers[0]?.got(TYPE.join).length === 2);
    const [peer] = peers as [RawPeer];
    peer.write(joinedFrame(1, replicaIdOf(2)), joinedFrame(2, replicaIdOf(2)));
    await until(() => a.isConnected(2) && b.isConnected(2));
    peer.write(refusedFrame(1, 'replaced'));
    await until(() => peer.got(TYPE.join).length === 3);
    a.send(2, 'lost');
    peer.write(joinedFrame(3, replicaIdOf(2)));
    await until(() => a.isConnected(2));
    a.send(2, 'kept');
    await until(() => peer.got(TYPE.message).length === 1);
    expect(peer.got(TYPE.message)).toEqual([message(3, 'kept').subarray(5)]);
    expect(a.told).toEqual(['+2', '-2', '+2']);
    expect(b.told).toEqual(['+2']);
    expect(peers).toHaveLength(1);
  });
});
