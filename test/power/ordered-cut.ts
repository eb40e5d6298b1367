// What a power cut may leave on ext4 (data=ordered) and XFS, and a little more than either would: their journals keep changes of
// names and sizes in order, and lose the latest. A file grows over what was written only.

import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { type DiskFile, type DiskFolder, isFolder } from './disk-tree.js';
import { Names, type NamesOperation } from './names.js';
import type { NodeNumber, Recording } from './recording.js';
import { PAGE, SECTOR, UnsyncedFile } from './unsynced-file.js';

/** What the first operations have done to a file. */
interface JournaledFile {
  file: UnsyncedFile;
  /** Where in the journal each of its unsynced changes is; undefined for a write, which is in none. */
  journaled: (number | undefined)[];
}

/** How much of the journal a sync of a file or a folder makes durable. */
interface Reach {
  /** What fsync does; */
  all: number;
  /** and fdatasync, which need not care for other names of the file. */
  data: number;
}

/** The disk after a power cut behind the first `count` operations. */
export function cutOrdered({ root, before, operations }: Recording, count: number, random: SeededRandom): DiskFolder {
  const files = new Map<NodeNumber, JournaledFile>();
  for (const [node, was] of before) {
    if (!isFolder(was)) files.set(node, { file: new UnsyncedFile(was.bytes), journaled: [] });
  }
  const journal: (NamesOperation | 'resize')[] = [];
  const reaches = new Map<NodeNumber, Reach>();
  const touch = (node: NodeNumber, isData: boolean) => {
    const data = isData ? journal.length : (reaches.get(node)?.data ?? 0);
    reaches.set(node, { all: journal.length, data });
  };
  let durable = 0;
  for (const operation of operations.slice(0, count)) {
    switch (operation.type) {
      case 'mark':
        break;
      case 'write': {
        const { file, journaled } = files.get(operation.node) as JournaledFile;
        file.changes.push(operation);
        journaled.push(undefined);
        break;
      }
      case 'resize': {
        const { file, journaled } = files.get(operation.node) as JournaledFile;
        journaled.push(journal.length);
        file.changes.push(operation);
        journal.push('resize');
        touch(operation.node, true);
        break;
      }
      case 'sync': {
        const reach = reaches.get(operation.node);
        durable = Math.max(durable, (operation.dataOnly ? reach?.data : reach?.all) ?? 0);
        const synced = files.get(operation.node);
        synced?.file.sync();
        synced?.journaled.splice(0);
        break;
      }
      default:
        if (operation.type === 'create') files.set(operation.node, { file: new UnsyncedFile(), journaled: [] });
        journal.push(operation);
        touch(operation.node, operation.type === 'create' || operation.type === 'mkdir');
        touch(operation.folder, true);
        if (operation.type === 'rename') touch(operation.to, true);
    }
  }

  const kept = random.oneOf([durable, journal.length, random.within(durable, journal.length)]);
  const names = Names.before({ root, before });
  for (const operation of journal.slice(0, kept)) if (operation !== 'resize') names.do(operation);
  const found = new Map<NodeNumber, DiskFile>();
  return names.disk((node) => {
    const bytes = found.get(node) ?? { bytes: contentOf(files.get(node) as JournaledFile, kept, random) };
    found.set(node, bytes);
    return bytes;
  });
}

function contentOf({ file, journaled }: JournaledFile, kept: number, random: SeededRandom): Buffer {
  if (file.changes.length === 0) return Buffer.from(file.synced);
  // Sizes are as the journal says: every resize that it has kept, and none that it has lost.
  const least = journaled.findLastIndex((at) => at !== undefined && at < kept) + 1;
  const lost = journaled.findIndex((at) => at !== undefined && at >= kept);
  const most = lost === -1 ? file.changes.length : lost;
  const reached = random.oneOf([most, most, least, random.within(least, most)]);

  const settled = settledSize(file, least);
  const end = random.oneOf([settled, file.sizeAfter(reached), random.oneOf(ends(file, settled, reached))]);
  const bytes = Buffer.from(file.bytesAfter(reached).subarray(0, end));
  overwrite(bytes, { file, reached, below: end > settled ? settled - (settled % PAGE) : settled }, random);
  return bytes;
}

/** How far the file goes if nothing that was appended has reached the disk. */
function settledSize(file: UnsyncedFile, count: number): number {
  let size = file.synced.length;
  let written = size;
  for (const change of file.changes.slice(0, count)) {
    if ('size' in change) {
      size = change.size > written ? change.size : Math.min(size, change.size);
      written = change.size;
    } else {
      written = Math.max(written, change.offset + change.bytes.length);
    }
  }
  return size;
}

/** Where a file that grows may end: behind one of the writes, or of the pages. */
function ends(file: UnsyncedFile, from: number, count: number): number[] {
  const size = file.sizeAfter(count);
  const found = [from];
  for (const change of file.changes.slice(0, count)) {
    if ('size' in change) continue;
    const end = change.offset + change.bytes.length;
    if (end > from && end <= size) found.push(end);
  }
  for (let page = from - (from % PAGE) + PAGE; page < size; page += PAGE) found.push(page);
  return found;
}

/** What lay below `below` before: each page may have any of its versions, and a sector of it another one. */
function overwrite(
  bytes: Buffer,
  { file, reached, below }: { file: UnsyncedFile; reached: number; below: number },
  random: SeededRandom,
): void {
  const unit = random.oneOf([undefined, PAGE, PAGE, SECTOR]);
  if (unit === undefined) return;
  const newest = random.chance(50);
  for (const at of file.touched(unit)) {
    if (at >= below) break;
    const version = newest && random.chance(70) ? reached : random.oneOf([0, reached, random.within(0, reached)]);
    file.piece(at, Math.min(at + unit, below), version).copy(bytes, at);
  }
}
