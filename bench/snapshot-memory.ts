// Puts a snapshot of 1 GiB into a new database, reads it back, and prints what that took. It is a process of its own, so that
// nothing else adds to its peak of resident memory. Usage: snapshot-memory.js <path> <bytes of a chunk>

import { randomFillSync } from 'node:crypto';
import { Database } from '../lib/index.js';
import { SnapshotStore } from '../lib/snapshots/snapshot-store.js';

const MIB = 2 ** 20;
const SIZE_MIB = 1024;

export interface MemoryFigures {
  putSeconds: number;
  readSeconds: number;
  baseBytes: number;
  peakBytes: number;
}

const [, , path = '', chunkBytes] = process.argv;
const db = await Database.open(path, { columnFamilies: ['log', 'snapshots'] });
const store = await SnapshotStore.openWithChunksOf(Number(chunkBytes), db, 'snapshots');
const peak = () => process.resourceUsage().maxRSS * 1024;

const baseBytes = peak();
const begun = performance.now();
await store.put('snapshot', 1, mebibytes());
const written = performance.now();
let read = 0;
for await (const bytes of await store.open('snapshot')) read += (bytes as Buffer).length;
const done = performance.now();
if (read !== SIZE_MIB * MIB) throw new Error(`${read} bytes came back`);
const figures: MemoryFigures = {
  putSeconds: (written - begun) / 1000,
  readSeconds: (done - written) / 1000,
  baseBytes,
  peakBytes: peak(),
};
console.log(JSON.stringify(figures));
await db.close();

function* mebibytes(): Generator<Buffer> {
  const piece = randomFillSync(Buffer.alloc(MIB));
  for (let i = 0; i < SIZE_MIB; i++) {
    piece.writeUInt32LE(i);
    yield piece;
  }
}
