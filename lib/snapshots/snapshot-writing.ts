// Writing one snapshot: its chunks first, which nobody sees, and then the manifest that makes it visible.

import { type Database, WriteBatch } from '../../binding/index.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { checkIndex } from '../contract/validate.js';
import { reported } from '../families/reported.js';
import { manifestKey } from '../format/snapshot-keys.js';
import { encodeManifest, type Manifest, toCreationTime } from '../format/snapshot-records.js';
import { leavesOutcomeOpen } from '../log/failures.js';
import { writeChunks } from './chunk-writer.js';
import { Interruption } from './interruption.js';
import type { PutOptions, SnapshotInfo } from './snapshot.js';
import { checkPutOptions, checkSnapshotName } from './snapshot-arguments.js';
import type { SnapshotFamily } from './snapshot-family.js';
import { TakenSource } from './taken-source.js';

/** What a call has taken over from its caller, and what may end it. */
export interface Taken {
  source: TakenSource;
  interruption: Interruption;
}

/** A snapshot to be written. Name, index and options are as they were given, not checked yet. */
export interface SnapshotWrite {
  name: string;
  index: LogIndex;
  options: PutOptions | undefined;
  taken: Taken;
  /** Makes the last write, of all records of the batch or none, and fsyncs it. */
  commit: (batch: WriteBatch) => Promise<void>;
}

/** Runs a call to which `given` was handed as its source. Where the call fails, for any reason, it closes the source. */
export async function taking<V>(given: unknown, database: Database, call: (taken: Taken) => Promise<V>): Promise<V> {
  const interruption = new Interruption(database);
  try {
    const source = new TakenSource(given, interruption);
    try {
      return await call({ source, interruption });
    } catch (error) {
      await source.letGo();
      throw error;
    }
  } finally {
    interruption.dispose();
  }
}

/**
 * Stores a snapshot, which is visible and durable when this settles. Where it fails, nothing is left of it.
 * @throws StorageError INVALID_ARGUMENT, COLUMN_FAMILY_NOT_FOUND, ROCKSDB; what the source, the interruption or `commit`
 *   throws
 */
export async function writeSnapshot(
  shared: SnapshotFamily,
  chunkBytes: number,
  { name: givenName, index: givenIndex, options, taken, commit }: SnapshotWrite,
): Promise<SnapshotInfo> {
  const { source, interruption } = taken;
  const name = checkSnapshotName(givenName);
  const index = checkIndex('index', givenIndex) + 0; // never -0, which would come back as 0
  source.check();
  const { overwrite, signal } = checkPutOptions(options);
  interruption.heed(signal);
  interruption.check();
  if (!overwrite) refuseTaken(name, await shared.occupant(name));

  const id = shared.begin();
  let published: Promise<SnapshotInfo> | undefined;
  try {
    const written = await writeChunks(shared.family, shared.pace, id, source, interruption, chunkBytes);
    published = shared.exclusively(async () => {
      const replaced = await shared.occupant(name);
      if (!overwrite) refuseTaken(name, replaced);
      interruption.check();
      const manifest = { id, index, ...written, chunkBytes, createdAt: toCreationTime(Date.now()) };
      await commit(toBatch(shared, name, manifest, replaced?.id));
      shared.settle(id);
      return toInfo(name, manifest);
    });
    return await published;
  } catch (error) {
    // Where the manifest may be on disk, the chunks must stay: the next open learns which it is.
    if (published !== undefined && leavesOutcomeOpen(error)) shared.settle(id);
    else await shared.discard(id);
    throw error;
  }
}

/** The last write: the manifest. Where it replaces another of this name, that one's chunks go in the same write. */
function toBatch(shared: SnapshotFamily, name: string, manifest: Manifest, replacedId: number | undefined): WriteBatch {
  const key = manifestKey(name);
  return reported(() => {
    const batch = new WriteBatch().put(shared.family, key, encodeManifest(key, manifest));
    shared.removeChunks(batch, replacedId);
    return batch;
  });
}

/** What callers are told of a snapshot. */
export function toInfo(name: string, { index, byteLength, createdAt }: Manifest): SnapshotInfo {
  return { name, index, byteLength, createdAt: new Date(createdAt) };
}

function refuseTaken(name: string, occupant: object | undefined): void {
  if (occupant === undefined) return;
  throw new StorageError('INVALID_ARGUMENT', `there is a snapshot ${JSON.stringify(name)} already`);
}
