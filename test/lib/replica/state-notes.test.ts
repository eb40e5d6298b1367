// Two ends of a state transfer on real stores, with nothing between them but what the test lets through.

import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from '../../../binding/crc32c.js';
import { AsyncRocksdbStorage } from '../../../lib/index.js';
import { accessOf } from '../../../lib/log/storage-methods.js';
import { decodeNote, encodeNote, type Note } from '../../../lib/replica/notes.js';
import { stateStoreOf } from '../../../lib/replica/state-store.js';
import { StateTransfer } from '../../../lib/replica/state-transfer.js';
import { announcedNames } from '../../../lib/snapshots/snapshot-store.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { CHUNK_BYTES, chunkKeys, content, newStore, type OpenStore } from '../../support/snapshots.js';

const NAME = 'g';
const INDEX = 7;
const LIMITS = { bytesPerTick: 4000, maxMessageBytes: 700 };
const RECEIVER = 9;

interface End {
  opened: OpenStore;
  states: StateTransfer;
  /** What it has sent, as it is on the way. */
  out: [number, Buffer][];
}

function endOn(opened: OpenStore, at?: number): End {
  const out: [number, Buffer][] = [];
  const states = new StateTransfer(stateStoreOf(opened.store), {
    name: NAME,
    incoming: NAME,
    begin: 0,
    limits: LIMITS,
    current: () => at,
  });
  states.send = (to, note) => void out.push([to, encodeNote(note)]);
  return { opened, states, out };
}

async function giver(bytes: Buffer): Promise<End> {
  const opened = await newStore();
  await opened.store.put(NAME, INDEX, bytes);
  return endOn(opened, INDEX);
}

async function receiver(opened?: OpenStore): Promise<End> {
  const end = endOn(opened ?? (await newStore()));
  await end.states.open();
  return end;
}

/** A message of `from` arrives; false where it is refused. */
function arrives(end: End, from: number, bytes: Buffer): boolean {
  try {
    end.states.heed(from, decodeNote(bytes));
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return false;
  }
}

function flip(bytes: Buffer, at: number, bit: number): void {
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
}

/** One tick of both, and all that is sent meanwhile; `mangle` says what comes of a message. */
async function round(
  giverPid: number,
  one: End,
  other: End,
  mangle = (message: Buffer) => [message],
): Promise<boolean> {
  const isGiven = one.states.isGiven(RECEIVER, INDEX);
  one.states.tick(INDEX + 1);
  other.states.tick(0);
  for (let turns = 0; turns < 3; turns++) {
    await setImmediate();
    for (const [, message] of one.out.splice(0)) for (const each of mangle(message)) arrives(other, giverPid, each);
    for (const [to, message] of other.out.splice(0))
      if (to === giverPid) for (const each of mangle(message)) arrives(one, RECEIVER, each);
  }
  return isGiven;
}

/** Of 50,000 bytes some 20,000 to 30,000 are stored; what comes behind them is lost. */
async function comesInHalf(one: End, other: End): Promise<void> {
  const first = (message: Buffer) => {
    const note = decodeNote(message);
    return note.type === 'piece' && note.offset >= 30_000 ? [] : [message];
  };
  while ((await chunkKeys(other.opened)).length < 20) await round(1, one, other, first);
}

async function expectArrived(end: End, bytes: Buffer): Promise<void> {
  expect(end.states.hasArrived(INDEX)).toBe(true);
  const log = await AsyncRocksdbStorage.openIn(end.opened.db, 'log');
  await accessOf(log).write(
    () => [],
    () => {},
    { alongside: end.states.install(INDEX), sync: true },
  );
  end.states.installed(INDEX);
  await log.close();
  expect(await end.opened.store.get(NAME)).toEqual(bytes);
}

describe('a state transfer', () => {
  it('gives the state whole, whatever is lost, doubled or damaged, and wherever the receiver starts again', async () => {
    const run = fc.asyncProperty(fc.nat(20_000), fc.integer(), async (length, seed) => {
      const random = new SeededRandom(seed);
      const bytes = content(length, 5);
      const one = await giver(bytes);
      let other = await receiver();
      const mangle = (message: Buffer): Buffer[] => {
        const copy = Buffer.from(message);
        if (random.chance(3)) return [];
        if (random.chance(3)) return [message, copy];
        // What is damaged on the way is a piece: all else is short.
        if (copy.length > 100 && random.chance(3)) flip(copy, random.within(33, copy.length - 1), random.within(0, 7));
        return [copy];
      };
      while (!(await round(1, one, other, mangle))) {
        if (!random.chance(1)) continue;
        await other.states.close();
        other = await receiver(other.opened);
        one.states.reconnected(RECEIVER);
      }
      if (!other.states.hasArrived(INDEX)) return; // it has started again since
      await expectArrived(other, bytes);
    });
    await fc.assert(run, { numRuns: 15 });
  });

  it('goes on behind what has come before the receiver started again, also from another that has the same', async () => {
    const bytes = content(50_000);
    const one = await giver(bytes);
    let other = await receiver();
    await comesInHalf(one, other);
    await other.states.close();
    const stored = (await chunkKeys(other.opened)).length;
    const another = await giver(bytes);
    other = await receiver(other.opened);
    const asked: number[] = [];
    const watch = (message: Buffer) => {
      const note = decodeNote(message);
      if (note.type === 'fetch') asked.push(note.offset);
      return [message];
    };
    while (!(await round(2, another, other, watch)));
    expect(asked[0]).toBe(stored * CHUNK_BYTES);
    await expectArrived(other, bytes);
  });

  it('never mixes two states of one index and length', async () => {
    const one = await giver(content(50_000, 1));
    let other = await receiver();
    await comesInHalf(one, other);
    await other.states.close();
    const another = await giver(content(50_000, 2));
    other = await receiver(other.opened);
    while (!(await round(2, another, other)));
    await expectArrived(other, content(50_000, 2));
    expect(await chunkKeys(other.opened)).toHaveLength(50);
  });

  it('is done away with once the log has got there another way', async () => {
    const one = await giver(content(50_000));
    let other = await receiver();
    await comesInHalf(one, other);
    await other.states.close();
    other = await receiver(other.opened);
    other.states.tick(INDEX);
    await other.states.close();
    expect([await chunkKeys(other.opened), await announcedNames(other.opened.store)]).toEqual([[], []]);
  });

  it('gives nothing of a snapshot that has taken the place of the one that was offered', async () => {
    const one = await giver(content(50_000, 1));
    one.states.isGiven(RECEIVER, INDEX);
    while (one.out.length === 0) await setImmediate();
    const { checksum } = decodeNote(one.out.splice(0)[0]?.[1] as Buffer) as Extract<Note, { type: 'offer' }>;
    await one.opened.store.put(NAME, INDEX + 1, content(50_000, 2));
    for (let asked = 0; asked < 3; asked++) {
      arrives(one, RECEIVER, encodeNote({ type: 'fetch', index: INDEX, checksum, offset: 0, end: 1000 }));
      await one.opened.store.get(NAME);
      for (let turns = 0; turns < 10; turns++) await setImmediate();
    }
    expect(one.out).toEqual([]);
    one.states.close();
  });

  const LIE = content(600, 3);
  it.each<[string, Partial<Extract<Note, { type: 'piece' }>>]>([
    ['past the end', { bytes: content(3001), bytesChecksum: crc32c(content(3001)) }],
    ['longer than any', { bytes: Buffer.alloc(2 ** 20 + 1), bytesChecksum: crc32c(Buffer.alloc(2 ** 20 + 1)) }],
    ['of another state', { checksum: 1 }],
    ['that is damaged', { bytesChecksum: 1 }],
  ])('refuses a piece %s', async (_, changes) => {
    const one = await giver(content(3000));
    const other = await receiver();
    one.states.isGiven(RECEIVER, INDEX);
    while (one.out.length === 0) await setImmediate();
    arrives(other, 1, one.out[0]?.[1] as Buffer);
    while (other.out.length === 0) await setImmediate();
    const { checksum } = decodeNote(other.out[0]?.[1] as Buffer) as Extract<Note, { type: 'fetch' }>;
    const piece = { type: 'piece', index: INDEX, checksum, offset: 0, bytes: LIE, bytesChecksum: crc32c(LIE) } as const;
    expect(arrives(other, 1, encodeNote({ ...piece, ...changes }))).toBe(false);
    expect(arrives(other, 1, encodeNote({ ...piece, offset: 600 }))).toBe(true); // not the one that is waited for: as good as lost
    await other.states.close();
    expect(await chunkKeys(other.opened)).toEqual([]);
  });
});
