// Several configurations of one group on one transport, and replicas that are not in the same one.

import { describe, expect, it } from '@jest/globals';
import { failureOf } from '../../support/failures.js';
import { openTransport, Party, RawPeer, replicaIdOf } from '../../support/transports.js';
import { until } from '../../support/until.js';

const FIRST = { configurationId: 1 };
const SECOND = { configurationId: 2 };

async function two() {
  const at = [await openTransport(), await openTransport()] as const;
  const party = (i: 0 | 1, changes: object) => {
    const other = { pid: i === 0 ? 2 : 1, endpoint: at[i === 0 ? 1 : 0].endpoint };
    return new Party(i + 1, [other], { endpoint: at[i].endpoint, ...changes }).join(at[i].transport);
  };
  return { at, party };
}

describe('a group in two configurations', () => {
  it('has a way for each, over one connection, and each ends by itself', async () => {
    const { at, party } = await two();
    const ones = [await party(0, FIRST), await party(0, SECOND)] as const;
    const twos = [await party(1, FIRST), await party(1, SECOND)] as const;
    await until(() => [...ones].every((one) => one.isConnected(2)) && [...twos].every((other) => other.isConnected(1)));
    ones[0].send(2, 'in the first');
    ones[1].send(2, 'in the second');
    await until(() => twos.every((other) => other.messages.length === 1));
    expect(twos.map(({ messages }) => messages)).toEqual([['1: in the first'], ['1: in the second']]);
    await ones[0].link?.leave();
    await until(() => !twos[0].isConnected(1));
    ones[1].send(2, 'still');
    await until(() => twos[1].messages.length === 2);
    const again = failureOf(() => new Party(1, [], SECOND).join(at[0].transport));
    expect(await again).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('configuration 2'),
    });
  });
});

describe('replicas in different configurations', () => {
  it('hear of each other, and where the other is', async () => {
    const { at, party } = await two();
    const one = await party(0, FIRST);
    const other = await party(1, SECOND);
    await until(() => one.told.length > 0 && other.told.length > 0);
    expect(one.told[0]).toBe(`2 at ${at[1].endpoint} in 2`);
    expect(other.told[0]).toBe(`1 at ${at[0].endpoint} in 1`);
    expect(one.isConnected(2)).toBe(false);
  });

  it('hear of one that is none of their peers, and nothing of one that has the pid of another', async () => {
    const { transport, port } = await openTransport();
    const party = await new Party(1, [{ pid: 2, endpoint: '127.0.0.1:1' }]).join(transport);
    const peer = RawPeer.greeting(port);
    peer.join({ ...SECOND, from: 2, replicaId: replicaIdOf(7), channel: 1 });
    peer.join({ ...SECOND, from: 4, replicaId: replicaIdOf(4), endpoint: '127.0.0.1:4', channel: 2 });
    await until(() => party.told.length > 0);
    expect(party.told).toEqual(['4 at 127.0.0.1:4 in 2']);
  });

  it('hear that they are no member of the one that they ask for', async () => {
    const { at, party } = await two();
    const one = await party(0, SECOND);
    await new Party(2, [], SECOND).join(at[1].transport);
    await until(() => one.told.length > 0);
    expect(one.told[0]).toBe('2 excludes');
  });
});
