// Compares a disk with the steps of a workload: all parts of it must be as one and the same number of first steps leaves them.
// No synced step that was done may be lost, and none may be there that was not called.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AsyncRocksdbStorage, Database, RocksdbStorage, SnapshotStore } from '../../lib/index.js';
import { observe } from '../../lib/testing/storage-suite/observe.js';
import type { CheckOptions, DiskCheck, Shown } from './disk-check.js';
import { digestOf, ExpectedState } from './expected-state.js';
import { Progress } from './marks.js';
import { DATABASE, databaseOptions } from './play-steps.js';
import { isSynced, type Step } from './step.js';
import { FAMILIES, LOGS, RECORDS, SNAPSHOT_FAMILY, stepsOf, type Workload } from './steps.js';

/** What each column family holds, as a digest. */
type Parts = Map<string, string>;

export class StepsCheck implements DiskCheck {
  readonly #workload: Workload;
  readonly #steps: readonly Step[];
  /** After each step. */
  readonly #expected: Parts[] = [];
  readonly #made: { name: string; made: number; dropped: number | undefined }[] = [];

  constructor(workload: Workload, seed: number) {
    this.#workload = workload;
    this.#steps = stepsOf(workload, seed);
    const numberOf = (type: Step['type'], wanted: string) => {
      const number = this.#steps.findIndex((step) => step.type === type && 'name' in step && step.name === wanted);
      return number === -1 ? undefined : number;
    };
    for (const [made, step] of this.#steps.entries()) {
      if (step.type !== 'createFamily') continue;
      this.#made.push({ name: step.name, made, dropped: numberOf('dropFamily', step.name) });
    }
    const state = new ExpectedState();
    for (const [number, step] of this.#steps.entries()) {
      state.take(step, number);
      this.#expected.push(this.#partsOf(state));
    }
  }

  #partsOf(state: ExpectedState): Parts {
    return new Map([
      ...LOGS.map((log) => [log, state.logDigest(log)] as const),
      [SNAPSHOT_FAMILY, state.snapshotsDigest()],
      ...[RECORDS, ...this.#made.map(({ name }) => name)].map((name) => [name, state.recordsDigest(name)] as const),
    ]);
  }

  async check(root: string, marks: readonly string[], { shown, onShown, goOn }: CheckOptions): Promise<Shown> {
    const progress = new Progress(marks);
    const parts = await this.#open(join(root, DATABASE), progress, { onShown, goOn });
    const found = digestOf([...parts].sort());
    if (shown !== undefined && found !== shown) throw new Error('what an open has shown is not there any more');
    const durable = Math.max(0, ...[...progress.done].filter((number) => isSynced(this.#steps[number] as Step)));
    this.#compare(parts, durable, Math.max(0, progress.called));
    await this.#checkCheckpoints(root, progress);
    return found;
  }

  async #open(path: string, progress: Progress, { onShown, goOn }: CheckOptions): Promise<Parts> {
    let db = await Database.open(path);
    try {
      const isOpened = progress.done.has(0);
      this.#checkFamilies(db, progress, isOpened);
      if (!isOpened) {
        await db.close();
        db = await Database.open(path, databaseOptions(this.#workload));
      }
      const parts = await this.#read(db, goOn);
      onShown?.();
      if (!goOn) return parts;
      await db.close();
      db = await Database.open(path, databaseOptions(this.#workload));
      const again = await this.#read(db, false);
      for (const [name, digest] of parts) {
        if (name !== LOGS[0] && again.get(name) !== digest) throw new Error(`${name} is different after a close`);
      }
      return parts;
    } finally {
      await db.close();
    }
  }

  #checkFamilies(db: Database, { done, called }: Progress, isOpened: boolean): void {
    const found = new Set(db.columnFamilies);
    found.delete('default');
    for (const name of FAMILIES) {
      if (!found.delete(name) && isOpened) throw new Error(`the column family ${name} is gone`);
    }
    for (const { name, made, dropped } of this.#made) {
      const isThere = found.delete(name);
      const mayBeDropped = dropped !== undefined && dropped <= called;
      if (!isThere && done.has(made) && !mayBeDropped) throw new Error(`the column family ${name} is gone`);
      if (isThere && dropped !== undefined && done.has(dropped)) throw new Error(`${name} was dropped, and is there`);
      if (isThere && made > called) throw new Error(`${name} is there before it was made`);
    }
    if (found.size > 0) throw new Error(`nobody has made the column families ${[...found].join(', ')}`);
  }

  /** @param append - whether the first log is to take one entry more, behind all that is compared */
  async #read(db: Database, append: boolean): Promise<Parts> {
    const parts: Parts = new Map();
    for (const log of LOGS) {
      // Each kind reads what the other has written.
      const storage =
        log === LOGS[0]
          ? await AsyncRocksdbStorage.openIn<string, string>(db, log)
          : RocksdbStorage.openIn<string, string>(db, log);
      parts.set(log, digestOf(await observe(storage)));
      if (append && log === LOGS[0]) await storage.appendEntry('one more');
      await storage.close();
    }
    parts.set(SNAPSHOT_FAMILY, await snapshotsIn(db));
    for (const name of [RECORDS, ...this.#made.map((made) => made.name)]) {
      if (!db.columnFamilies.includes(name)) continue;
      const rows = await db.scan(db.columnFamily(name));
      parts.set(name, digestOf(rows.map(({ key, value }) => [key.toString(), value.toString()]).sort()));
    }
    return parts;
  }

  #compare(parts: Parts, least: number, most: number): void {
    const fits = (number: number, name: string, digest: string) => this.#expected[number]?.get(name) === digest;
    for (let number = least; number <= most; number++) {
      if ([...parts].every(([name, digest]) => fits(number, name, digest))) return;
    }
    const found = [...parts].map(([name, digest]) => {
      const numbers = [...this.#expected.keys()].filter((number) => fits(number, name, digest));
      return `${name} as after ${numbers.length === 0 ? 'no step at all' : `step ${rangesOf(numbers)}`}`;
    });
    throw new Error(`step ${least} was durable and ${most} the last that was called, but found is ${found.join('; ')}`);
  }

  async #checkCheckpoints(root: string, { done, called }: Progress): Promise<void> {
    for (const [number, step] of this.#steps.entries()) {
      if (step.type !== 'checkpoint') continue;
      const path = join(root, step.name);
      if (!existsSync(path)) {
        if (done.has(number)) throw new Error(`the ${step.name} is gone`);
        continue;
      }
      if (number > called) throw new Error(`there is a ${step.name} before it was called for`);
      const db = await Database.open(path, { createIfMissing: false });
      try {
        this.#compare(await this.#read(db, false), number, number);
      } catch (error) {
        throw new Error(`${step.name}: ${(error as Error).message}`);
      } finally {
        await db.close();
      }
    }
  }
}

async function snapshotsIn(db: Database): Promise<string> {
  const store = await SnapshotStore.openIn(db, SNAPSHOT_FAMILY);
  const found: [string, number, string][] = [];
  for (const { name, index } of await store.list()) {
    found.push([name, index, digestOf((await store.get(name))?.toString('latin1') ?? '')]);
  }
  return digestOf(found.sort());
}

/** As in "3 to 7, 9". */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
}
