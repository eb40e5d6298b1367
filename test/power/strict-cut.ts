// What a power cut may leave where POSIX alone is to be relied on: what was synced, and of all else anything, each for itself.

import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { type DiskFile, type DiskFolder, isFolder } from './disk-tree.js';
import { Names, type NamesOperation } from './names.js';
import type { NodeNumber, Recording } from './recording.js';
import { PAGE, SECTOR, UnsyncedFile } from './unsynced-file.js';

/** The disk after a power cut behind the first `count` operations. */
export function cutStrict({ root, before, operations }: Recording, count: number, random: SeededRandom): DiskFolder {
  const files = new Map<NodeNumber, UnsyncedFile>();
  for (const [node, was] of before) if (!isFolder(was)) files.set(node, new UnsyncedFile(was.bytes));
  const named: { operation: NamesOperation; isSynced: boolean }[] = [];
  for (const operation of operations.slice(0, count)) {
    switch (operation.type) {
      case 'mark':
        break;
      case 'write':
      case 'resize':
        files.get(operation.node)?.changes.push(operation);
        break;
      case 'sync':
        files.get(operation.node)?.sync();
        // A name is in the folder where it comes to lie.
        for (const change of named) {
          const { operation: done } = change;
          if ((done.type === 'rename' ? done.to : done.folder) === operation.node) change.isSynced = true;
        }
        break;
      default:
        if (operation.type === 'create') files.set(operation.node, new UnsyncedFile());
        named.push({ operation, isSynced: false });
    }
  }

  const keepsName = chooser(random);
  const names = Names.before({ root, before });
  for (const { operation, isSynced } of named) if (isSynced || keepsName()) names.do(operation);
  const found = new Map<NodeNumber, DiskFile>();
  return names.disk((node) => {
    const file = found.get(node) ?? { bytes: contentOf(files.get(node) as UnsyncedFile, random) };
    found.set(node, file);
    return file;
  });
}

/** Nothing, everything, or some: all three are what a fault of the order of syncs shows in. */
function chooser(random: SeededRandom): () => boolean {
  const percent = random.oneOf([0, 0, 20, 50, 80, 100, 100]);
  return () => random.chance(percent);
}

function contentOf(file: UnsyncedFile, random: SeededRandom): Buffer {
  const { changes } = file;
  const version = () => random.within(0, changes.length);
  switch (random.within(1, 5)) {
    case 1:
      return file.bytesAfter(0);
    case 2:
      return file.bytesAfter(changes.length);
    case 3:
      return file.bytesAfter(version());
    default:
      return scattered(file, random.oneOf([PAGE, SECTOR]), random.chance(50) ? changes.length : version(), random);
  }
}

/** Of the size after `reached` changes; each piece in any of its versions, zeros among them where the size had grown first. */
function scattered(file: UnsyncedFile, unit: number, reached: number, random: SeededRandom): Buffer {
  const size = file.sizeAfter(reached);
  const bytes = Buffer.alloc(size);
  file.synced.copy(bytes);
  const { length } = file.changes;
  const percent = random.oneOf([5, 30, 50, 70, 95]);
  for (const at of file.touched(unit)) {
    if (at >= size) break;
    const version = random.chance(percent) ? length : random.oneOf([0, random.within(0, length)]);
    file.piece(at, Math.min(at + unit, size), version).copy(bytes, at);
  }
  return bytes;
}
