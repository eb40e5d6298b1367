// What both profiles of a disk must keep, and that they lose what nobody has synced. POWER_SEED chooses what happens.

import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { type DiskFolder, filesOf } from './disk-tree.js';
import { cutPower, PROFILES, type Profile } from './power-cut.js';
import type { Operation, Recording } from './recording.js';

const { POWER_SEED = String(Math.floor(Math.random() * 1_000_000)) } = process.env;
const runSeed = Number(POWER_SEED);
const RUNS = 300;
const ROOT = 0;
const profiles = Object.keys(PROFILES) as Profile[];

/** Operations on a few files of one folder, each whole by itself, and how the files are then. */
class Scribbler {
  readonly operations: Operation[] = [];
  readonly files = new Map<string, { node: number; bytes: Buffer }>();
  readonly #random: SeededRandom;
  #nodes = ROOT;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  scribble(steps: number, names = ['a', 'b', 'c', 'd']): this {
    for (; steps > 0; steps--) this.#step(this.#random.oneOf(names), this.#random.oneOf(names));
    return this;
  }

  #step(name: string, newName: string): void {
    const random = this.#random;
    const file = this.files.get(name);
    if (file === undefined) {
      const node = ++this.#nodes;
      this.operations.push({ type: 'create', node, folder: ROOT, name });
      this.files.set(name, { node, bytes: Buffer.alloc(0) });
      return;
    }
    const { node } = file;
    const dice = random.within(1, 100);
    if (dice <= 60) {
      const offset = random.chance(50) ? file.bytes.length : random.within(0, file.bytes.length);
      const bytes = Buffer.alloc(random.within(1, 6000), random.within(1, 255));
      this.operations.push({ type: 'write', node, offset, bytes });
      const grown = Buffer.alloc(Math.max(file.bytes.length, offset + bytes.length));
      file.bytes.copy(grown);
      bytes.copy(grown, offset);
      file.bytes = grown;
    } else if (dice <= 70) {
      const size = random.within(0, file.bytes.length);
      this.operations.push({ type: 'resize', node, size });
      file.bytes = file.bytes.subarray(0, size);
    } else if (dice <= 80) {
      this.operations.push({ type: 'sync', node, dataOnly: random.chance(50) });
    } else if (dice <= 85) {
      this.operations.push({ type: 'sync', node: ROOT, dataOnly: false });
    } else if (dice <= 92) {
      this.operations.push({ type: 'remove', node, folder: ROOT, name });
      this.files.delete(name);
    } else if (name !== newName) {
      this.operations.push({ type: 'rename', node, folder: ROOT, name, to: ROOT, newName });
      this.files.delete(name);
      this.files.set(newName, file);
    }
  }

  syncAll(): this {
    for (const { node } of this.files.values()) this.operations.push({ type: 'sync', node, dataOnly: false });
    this.operations.push({ type: 'sync', node: ROOT, dataOnly: false });
    return this;
  }

  get recording(): Recording {
    const empty: DiskFolder = { entries: new Map() };
    return { root: ROOT, before: new Map([[ROOT, empty]]), operations: this.operations };
  }

  get contents(): Record<string, string> {
    return Object.fromEntries([...this.files].sort().map(([name, { bytes }]) => [name, bytes.toString('base64')]));
  }
}

function contentsOf(disk: DiskFolder): Record<string, string | undefined> {
  return Object.fromEntries([...filesOf(disk)].map(([name, bytes]) => [name, bytes?.toString('base64')]));
}

/** Runs `law` with numbers that follow from the seed, and tells with which it has failed. */
function always(law: (random: SeededRandom) => void): void {
  for (let run = 0; run < RUNS; run++) {
    try {
      law(new SeededRandom(runSeed * RUNS + run));
    } catch (error) {
      throw new Error(`POWER_SEED=${runSeed}, run ${run}: ${(error as Error).message}`, { cause: error });
    }
  }
}

describe.each(profiles)('a power cut by the %s profile', (profile) => {
  const cutAtEnd = ({ recording }: Scribbler, random: SeededRandom) =>
    PROFILES[profile](recording, recording.operations.length, random);

  it('leaves all that was synced, whatever was done before', () => {
    always((random) => {
      const scribbler = new Scribbler(random).scribble(60).syncAll();
      expect(contentsOf(cutAtEnd(scribbler, random))).toEqual(scribbler.contents);
    });
  });

  it('leaves synced files alone while others are changed', () => {
    always((random) => {
      const scribbler = new Scribbler(random).scribble(30, ['a', 'b']).syncAll();
      const synced = scribbler.contents;
      scribbler.scribble(40, ['x', 'y', 'z']);
      expect(contentsOf(cutAtEnd(scribbler, random))).toMatchObject(synced);
    });
  });

  it('leaves every byte as some version of the file had it, zeros at most where it had grown', () => {
    always((random) => {
      const scribbler = new Scribbler(random).scribble(50);
      for (const [name, bytes] of filesOf(cutAtEnd(scribbler, random))) {
        const known = new Set(profile === 'strict' ? [0] : []);
        for (const operation of scribbler.operations) {
          if (operation.type === 'write') known.add(operation.bytes[0] as number);
        }
        const strange = bytes?.find((byte) => !known.has(byte));
        if (strange !== undefined) throw new Error(`${name} has the byte ${strange}, which nobody has written`);
      }
    });
  });

  it('loses what was not synced in some cuts, and keeps it in others', () => {
    const outcomes = new Set<string>();
    always((random) => {
      const scribbler = new Scribbler(random);
      scribbler.operations.push(
        { type: 'create', node: 1, folder: ROOT, name: 'a' },
        { type: 'write', node: 1, offset: 0, bytes: Buffer.from('old') },
        { type: 'sync', node: 1, dataOnly: false },
        { type: 'sync', node: ROOT, dataOnly: false },
        { type: 'write', node: 1, offset: 0, bytes: Buffer.from('new') },
        { type: 'create', node: 2, folder: ROOT, name: 'b' },
      );
      const found = filesOf(cutAtEnd(scribbler, random));
      outcomes.add(`${found.get('a')} ${found.has('b')}`);
    });
    expect([...outcomes].sort()).toEqual(['new false', 'new true', 'old false', 'old true']);
  });
});

describe('a power cut by the ordered profile', () => {
  it('loses the latest names, never an earlier one alone', () => {
    always((random) => {
      const scribbler = new Scribbler(random);
      for (let node = 1; node <= 10; node++) {
        scribbler.operations.push({ type: 'create', node, folder: ROOT, name: `${node}`.padStart(2, '0') });
      }
      const names = [...filesOf(cutPower(scribbler.recording, 'ordered', random).disk).keys()];
      expect(names).toEqual(names.map((_, i) => `${i + 1}`.padStart(2, '0')));
    });
  });
});
