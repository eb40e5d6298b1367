// Takes the steps of a workload on a real database, and tells of each when it is called and when it is done.

import { join } from 'node:path';
import {
  AsyncRocksdbStorage,
  Database,
  type DatabaseOptions,
  RocksdbStorage,
  SnapshotStore,
  WriteBatch,
} from '../../lib/index.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { isWrite, type Records, type Step, snapshotBytes } from './step.js';
import { FAMILIES, LOGS, RECORDS, SNAPSHOT_FAMILY, stepsOf, type Workload } from './steps.js';

type Log = RocksdbStorage<string, string> | AsyncRocksdbStorage<string, string>;

/** Below the root: folders above it are made by the open, which must be durable too. */
export const DATABASE = 'replica/data';

/** So small that a WAL is closed, recycled and removed many times. */
export function databaseOptions({ recycleWalFiles = 2 }: Pick<Workload, 'recycleWalFiles'>): DatabaseOptions {
  const writeBufferSize = 64 * 1024;
  return {
    columnFamilies: FAMILIES.map((name) => ({ name, writeBufferSize })),
    maxTotalWalSize: 96 * 1024,
    recycleWalFiles,
  };
}

export async function playSteps(root: string, workload: Workload, seed: number, mark: (text: string) => void) {
  const player = new StepPlayer(root, workload);
  const random = new SeededRandom(seed + 1);
  const underWay: Promise<void>[] = [];
  for (const [number, step] of stepsOf(workload, seed).entries()) {
    // Asynchronous writes are called while others are under way; whatever else, alone.
    const joins = workload.storage === 'async' && isWrite(step);
    if (!joins || random.chance(30)) await Promise.all(underWay.splice(0));
    mark(`call ${number}`);
    const done = player.take(step, number).then(() => mark(`done ${number}`));
    underWay.push(done);
    if (!joins) await done;
  }
  await Promise.all(underWay);
  await player.close();
}

class StepPlayer {
  readonly #root: string;
  readonly #workload: Workload;
  #db: Database | undefined;
  #snapshots: SnapshotStore | undefined;
  readonly #logs = new Map<string, Log>();

  constructor(root: string, workload: Workload) {
    this.#root = root;
    this.#workload = workload;
  }

  async take(step: Step, number: number): Promise<void> {
    const db = this.#db as Database;
    switch (step.type) {
      case 'reopen':
        await this.close();
        return this.#open();
      case 'open':
        return this.#open();
      case 'ops': {
        const options = step.records.length === 0 ? {} : { alongside: this.#batch(RECORDS, step.records) };
        return this.#log(step.log).writeAtomically(step.ops, { sync: step.sync, ...options });
      }
      case 'compact':
        return this.#log(step.log).compact(step.idx, step.snapshot);
      case 'records':
        return this.#write(this.#batch(step.family, step.records), step.sync);
      case 'flush':
        return db.flush();
      case 'compactRange':
        return db.compactRange(db.columnFamily(step.family));
      case 'createFamily':
        await db.createColumnFamily({ name: step.name, writeBufferSize: 64 * 1024 });
        return;
      case 'dropFamily':
        return db.dropColumnFamily(step.name);
      case 'checkpoint':
        return db.checkpoint(join(this.#root, step.name));
      default:
        return this.#takeOnSnapshots(step, number);
    }
  }

  async #takeOnSnapshots(
    step: Extract<Step, { type: 'put' | 'compactTo' | 'restore' | 'delete' | 'prune' }>,
    number: number,
  ): Promise<void> {
    const snapshots = this.#snapshots as SnapshotStore;
    switch (step.type) {
      case 'put':
        await snapshots.put(step.name, step.idx, snapshotBytes(number, step.bytes));
        break;
      case 'compactTo': {
        const bytes = snapshotBytes(number, step.bytes);
        await snapshots.compactTo(this.#log(step.log), step.name, step.idx, bytes, { keepEntries: step.keep });
        break;
      }
      case 'restore':
        await snapshots.restore(this.#log(step.log), step.name, step.idx, snapshotBytes(number, step.bytes));
        break;
      case 'delete':
        await snapshots.delete(step.name);
        break;
      case 'prune':
        await snapshots.prune({ keep: step.keep });
        break;
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  async #open(): Promise<void> {
    const db = await Database.open(join(this.#root, DATABASE), databaseOptions(this.#workload));
    this.#db = db;
    const isAsync = this.#workload.storage === 'async';
    for (const log of LOGS) {
      const storage = isAsync ? await AsyncRocksdbStorage.openIn(db, log) : RocksdbStorage.openIn(db, log);
      this.#logs.set(log, storage as Log);
    }
    this.#snapshots = await SnapshotStore.openIn(db, SNAPSHOT_FAMILY);
  }

  get #database(): Database {
    return this.#db as Database;
  }

  #log(name: string): Log {
    return this.#logs.get(name) as Log;
  }

  async #write(batch: WriteBatch, sync: boolean): Promise<void> {
    if (this.#workload.storage === 'async') await this.#database.write(batch, { sync });
    else this.#database.writeSync(batch, { sync });
  }

  #batch(family: string, records: Records): WriteBatch {
    const batch = new WriteBatch();
    const cf = this.#database.columnFamily(family);
    for (const [key, value] of records) {
      if (value === undefined) batch.delete(cf, Buffer.from(key));
      else batch.put(cf, Buffer.from(key), Buffer.from(value));
    }
    return batch;
  }
}
