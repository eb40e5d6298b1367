// The disk alone: what it and the file system take to make one write durable.

import { closeSync, constants, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant, Numbers } from '../../shared/contestant.js';
import { measureBlocking } from '../../shared/measure.js';
import { ENTRY_BYTES, type Sample } from '../../shared/protocol.js';
import { rawEntries } from '../../shared/raw-entries.js';

type SyncFile = (file: number) => void;

const PREALLOCATED_BYTES = 64 * 1024 ** 2;

export async function openDisk(folder: string): Promise<Contestant> {
  const preallocated = join(folder, 'preallocated');
  preallocate(preallocated);
  return {
    version: `node:fs of Node ${process.version}`,
    durability: 'pwrite, then fdatasync or fsync',
    works: {
      'write-growing': (numbers) => writeGrowing(join(folder, 'growing'), fdatasyncSync, numbers),
      'write-growing-fsync': (numbers) => writeGrowing(join(folder, 'growing'), fsyncSync, numbers),
      'write-preallocated': (numbers) => writePreallocated(preallocated, fdatasyncSync, numbers),
      'write-preallocated-fsync': (numbers) => writePreallocated(preallocated, fsyncSync, numbers),
    },
    async settle() {},
    async close() {},
  };
}

/**
 * Writes every byte. If the file were only allocated, an fsync would also have to mark its blocks as written. It writes 4 KiB
 * at a time: after larger pieces, Linux may count a whole piece as written where only a few of its bytes are.
 */
function preallocate(path: string): void {
  const file = openSync(path, 'w');
  const zeros = Buffer.alloc(4096);
  for (let at = 0; at < PREALLOCATED_BYTES; at += zeros.length) writeSync(file, zeros, 0, zeros.length, at);
  fsyncSync(file);
  closeSync(file);
}

function writeGrowing(path: string, sync: SyncFile, numbers: Numbers): Sample {
  const file = openSync(path, 'w');
  const sample = writeOneAfterAnother(file, sync, numbers, Number.POSITIVE_INFINITY);
  closeSync(file);
  rmSync(path);
  return sample;
}

function writePreallocated(path: string, sync: SyncFile, numbers: Numbers): Sample {
  const file = openSync(path, constants.O_WRONLY);
  const sample = writeOneAfterAnother(file, sync, numbers, PREALLOCATED_BYTES);
  closeSync(file);
  return sample;
}

function writeOneAfterAnother(
  file: number,
  sync: SyncFile,
  { ms, entryBytes = ENTRY_BYTES }: Numbers,
  end: number,
): Sample {
  const [entry] = rawEntries(1, entryBytes) as [Buffer];
  let at = 0;
  const sample = measureBlocking(ms, 1, () => {
    writeSync(file, entry, 0, entry.length, at);
    sync(file);
    at += entry.length;
    if (at + entry.length > end) at = 0;
  });
  return { ...sample, fsyncs: sample.entries };
}
