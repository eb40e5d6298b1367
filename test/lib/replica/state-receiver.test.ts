import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { PackedBatch } from '../../../binding/packed-batch.js';
import { StateReceiver } from '../../../lib/replica/state-receiver.js';
import type { StateStore } from '../../../lib/replica/state-store.js';

const MANY_TICKS = 300;

/** A receiver on a store in memory, to which peers send each state in one piece. */
async function receiving() {
  const names = new Map<string, number>();
  const store: StateStore = {
    async put(name, index, state) {
      for await (const _piece of state);
      names.set(name, index);
    },
    open: () => Promise.reject(new Error('nobody reads it')),
    list: async () => [...names].map(([name, index]) => ({ name, index })),
    async delete(name) {
      names.delete(name);
    },
    renaming: async () => new PackedBatch(),
  };
  const receiver = new StateReceiver(
    store,
    { name: 'state', incoming: 'incoming' },
    (from, note) => {
      if (note.type === 'fetch') setImmediate(() => receiver.piece(from, note.index, 0, Buffer.from('all of it')));
    },
    () => {},
  );
  await receiver.open();
  const take = async (from: number, index: number) => {
    receiver.offer(from, index, 9);
    for (let i = 0; i < 5; i++) await turn();
  };
  const pass = (ticks: number, decidedIdx = 0) => {
    for (let i = 0; i < ticks; i++) receiver.tick(decidedIdx);
  };
  return { receiver, names, take, pass };
}

describe('what receives the states of peers', () => {
  it('keeps one that the engine has a message for, however long an election takes and whatever comes meanwhile', async () => {
    const { receiver, take, pass } = await receiving();
    await take(3, 25);
    expect(receiver.hasArrived(25)).toBe(true);
    pass(MANY_TICKS);
    await take(2, 30);
    expect(receiver.hasArrived(30)).toBe(true);
    expect(() => receiver.install(25)).not.toThrow();
    expect(receiver.isInstalling).toBe(true);
    receiver.installed(25);
    expect(receiver.isInstalling).toBe(false);
    expect(receiver.hasArrived(25)).toBe(false);
  });

  it('removes one that nobody asks for, or that is decided', async () => {
    const { receiver, names, take, pass } = await receiving();
    await take(3, 25);
    await take(2, 30);
    expect(names.size).toBe(2);
    receiver.hasArrived(30);
    pass(MANY_TICKS);
    expect(names.size).toBe(1);
    expect(receiver.hasArrived(25)).toBe(false);
    pass(1, 30);
    expect(names.size).toBe(0);
    expect(receiver.isBusy).toBe(false);
  });

  it('removes what an earlier life has left', async () => {
    const { receiver, names, take } = await receiving();
    await take(3, 25);
    expect(names.size).toBe(1);
    await receiver.open();
    expect(names.size).toBe(0);
  });
});
