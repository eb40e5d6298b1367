import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { crc32c } from '../../../binding/crc32c.js';
import { PackedBatch } from '../../../binding/packed-batch.js';
import { IncomingStates } from '../../../lib/replica/incoming-states.js';
import { StateReceiver } from '../../../lib/replica/state-receiver.js';
import type { StateStore } from '../../../lib/replica/state-store.js';

const MANY_TICKS = 300;
const STATE = Buffer.from('all of it');
const CHECKSUM = crc32c(STATE);

/** A receiver on a store in memory, to which peers send each state in one piece, where they do. */
async function receiving() {
  const names = new Set<string>(['other.7']);
  const store: StateStore = {
    identityOf: () => Promise.reject(new Error('nobody gives it')),
    readFrom: () => Promise.reject(new Error('nobody reads it')),
    incoming: (_, announcedAs) => ({
      async take(_, restFrom) {
        names.add(announcedAs);
        for await (const _piece of restFrom(0) as AsyncIterable<Uint8Array>);
        return new PackedBatch();
      },
      read: () => {
        throw new Error('nobody reads it');
      },
      async discard() {
        names.delete(announcedAs);
      },
    }),
    announcedNames: async () => [...names],
  };
  const peers = { areSilent: false };
  const receiver = new StateReceiver(
    new IncomingStates(store, 'state', 'incoming'),
    (from, note) => {
      if (note.type !== 'fetch' || peers.areSilent) return;
      const { index, checksum } = note;
      const piece = { type: 'piece', index, checksum, offset: 0, bytes: STATE, bytesChecksum: CHECKSUM } as const;
      setImmediate(() => receiver.piece(from, piece));
    },
    () => {},
  );
  await receiver.open();
  const turns = async () => {
    for (let i = 0; i < 5; i++) await turn();
  };
  const take = async (from: number, index: number) => {
    receiver.offer(from, { index, byteLength: STATE.length, checksum: CHECKSUM });
    await turns();
  };
  const pass = async (ticks: number, decidedIdx = 0) => {
    for (let i = 0; i < ticks; i++) receiver.tick(decidedIdx);
    await turns();
  };
  return { receiver, names, peers, take, pass };
}

describe('what receives the states of peers', () => {
  it('keeps one that the engine has a message for, however long an election takes and whatever comes meanwhile', async () => {
    const { receiver, take, pass } = await receiving();
    await take(3, 25);
    expect(receiver.hasArrived(25)).toBe(true);
    await pass(MANY_TICKS);
    await take(2, 30);
    expect(receiver.hasArrived(30)).toBe(true);
    await pass(MANY_TICKS);
    expect(receiver.arrivedIdx).toBe(30);
    expect(() => receiver.install(25)).not.toThrow();
    expect(receiver.isInstalling).toBe(true);
    receiver.installed(25);
    expect(receiver.isInstalling).toBe(false);
    expect(receiver.hasArrived(25)).toBe(false);
    expect(receiver.hasArrived(30)).toBe(true);
  });

  it('gives up one that nobody asks for, and removes what is decided', async () => {
    const { receiver, names, take, pass } = await receiving();
    await take(3, 25);
    await take(2, 30);
    receiver.hasArrived(30);
    await pass(MANY_TICKS);
    expect(receiver.hasArrived(25)).toBe(false);
    expect(receiver.isBusy).toBe(true);
    expect([...names]).toEqual(['other.7', 'incoming.25', 'incoming.30']);
    await pass(1, 25);
    expect([...names]).toEqual(['other.7', 'incoming.30']);
    await pass(1, 30);
    await pass(1, 30);
    expect([...names]).toEqual(['other.7']);
    expect(receiver.isBusy).toBe(false);
  });

  it('keeps no more than one that is not whole, also of those that an earlier life has begun', async () => {
    const { receiver, names, peers, take, pass } = await receiving();
    await take(3, 25);
    receiver.hasArrived(25);
    peers.areSilent = true;
    await take(3, 30);
    await pass(MANY_TICKS);
    await take(3, 35);
    expect([...names]).toEqual(['other.7', 'incoming.25', 'incoming.35']);
    await pass(MANY_TICKS);
    receiver.installed(25);
    await receiver.open();
    peers.areSilent = false;
    await take(3, 40);
    expect([...names]).toEqual(['other.7', 'incoming.40']);
  });
});
