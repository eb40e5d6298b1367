import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OmniPaxos } from '../../../lib/consensus/index.js';
import { MemStorage } from '../../../lib/index.js';
import { DISKS, type Message, Replicas } from '../../support/replicas.js';

const [{ disk }] = DISKS as unknown as [{ disk: (typeof DISKS)[0]['disk'] }];
const malformed = (word: string) =>
  expect.objectContaining({ code: 'MALFORMED_MESSAGE', message: expect.stringContaining(word) });

/** All that three busy replicas sent, to one of which it can be given once more. */
async function traffic(): Promise<{ replicas: Replicas; sent: Message[] }> {
  const replicas = await Replicas.of(disk);
  const leader = replicas.elect();
  const follower = replicas.other(leader);
  replicas.propose(leader, 'a', 'b').propose(follower, 'c').settle();
  replicas.omni(leader).compact(2, { state: 'at 2' });
  replicas.isolate(follower).propose(leader, 'd').settle();
  replicas.rejoin(follower).settle();
  replicas.at(replicas.other(leader, follower), (omni) => omni.tryBecomeLeader()).settle();
  replicas.tick(5);
  return { replicas, sent: replicas.sent };
}

describe('handleIncoming', () => {
  it('refuses bytes at random', async () => {
    const { replicas } = await traffic();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        expect(() => replicas.omni(1).handleIncoming(bytes)).toThrow(malformed('refused'));
      }),
    );
  });

  it('takes or refuses a message of which some bytes are changed, and the replica goes on', async () => {
    const { replicas, sent } = await traffic();
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.nat({ max: sent.length - 1 }), changes, fc.boolean(), (which, changed, cut) => {
        const { to, bytes } = sent[which] as Message;
        let mutated = Uint8Array.from(bytes);
        for (const [at, value] of changed) mutated[at % mutated.length] = value;
        if (cut) mutated = mutated.subarray(0, (changed[0]?.[0] ?? 0) % (mutated.length + 1));
        try {
          replicas.omni(to).handleIncoming(mutated);
        } catch (error) {
          expect(error).toEqual(malformed('refused'));
        }
        replicas.omni(to).tick();
      }),
      { numRuns: 3_000 },
    );
  });

  it('names what is wrong with a message of another cluster, or for another replica', async () => {
    const { sent } = await traffic();
    const { from, to, bytes } = sent[0] as Message;
    const build = (pid: number, configurationId = 1, nodes = [1, 2, 3]) =>
      OmniPaxos.build({ configurationId, nodes }, { pid }, new MemStorage<string>());
    const changed = (at: number, value: number) => {
      const copy = Uint8Array.from(bytes);
      copy[at] = value;
      return copy;
    };
    expect(() => build(to, 2).handleIncoming(bytes)).toThrow(malformed('of configuration 1, not 2'));
    expect(() => build(from).handleIncoming(bytes)).toThrow(malformed(`for pid ${to}, not ${from}`));
    expect(() => build(to).handleIncoming(changed(6, 9))).toThrow(malformed('from pid 9, which is no peer'));
    expect(() => build(to).handleIncoming(changed(6, to))).toThrow(malformed('which is no peer'));
    expect(() => build(to).handleIncoming(changed(0, 2))).toThrow(malformed('version 2'));
    expect(() => build(to).handleIncoming(changed(1, 14))).toThrow(malformed('no kind 14'));
    expect(() => build(to).handleIncoming(new Uint8Array())).toThrow(malformed('1 bytes wanted'));
  });

  it('refuses a message whose entries the codec cannot read, before they reach the log', async () => {
    const { replicas } = await traffic();
    const leader = replicas.elect();
    const entryCodec = {
      encode: (entry: string) => Buffer.from(entry),
      decode: (): string => {
        throw new Error('not in my language');
      },
    };
    const follower = OmniPaxos.build(replicas.cluster, { pid: replicas.other(leader) }, new MemStorage<string>(), {
      entryCodec,
    });
    replicas.sent = [];
    replicas.propose(leader, 'foreign').settle();
    const message = replicas.sent.find(({ kind, to }) => kind === 'acceptDecide' && to === replicas.other(leader));
    expect(() => follower.handleIncoming((message as Message).bytes)).toThrow(malformed('not in my language'));
    follower.tick();
  });

  it('keeps nothing of the memory that it was given', async () => {
    const { replicas, sent } = await traffic();
    const { bytes, to } = sent.at(-1) as Message;
    const memory = Uint8Array.from(bytes);
    replicas.omni(to).handleIncoming(memory);
    memory.fill(0xff);
    replicas.omni(to).tick();
  });
});
