// What is on a disk: files and folders. A file may have several names, which share one object.

import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file and what is in it. */
export interface DiskFile {
  readonly bytes: Buffer;
}

/** A folder and what it holds, by name. */
export interface DiskFolder {
  readonly entries: ReadonlyMap<string, DiskFile | DiskFolder>;
}

/** Nothing but the root. */
export const EMPTY_DISK: DiskFolder = { entries: new Map() };

export function isFolder(node: DiskFile | DiskFolder): node is DiskFolder {
  return 'entries' in node;
}

/** Makes `disk` out of the empty folder `path`. Returns which inode each file and folder has there. */
export function writeDisk(disk: DiskFolder, path: string): Map<number, DiskFile | DiskFolder> {
  const inodes = new Map<number, DiskFile | DiskFolder>();
  const written = new Map<DiskFile, string>();
  const write = (folder: DiskFolder, at: string) => {
    inodes.set(lstatSync(at).ino, folder);
    for (const [name, node] of folder.entries) {
      const where = join(at, name);
      if (isFolder(node)) {
        mkdirSync(where);
        write(node, where);
        continue;
      }
      const other = written.get(node);
      if (other !== undefined) {
        linkSync(other, where);
        continue;
      }
      writeFileSync(where, node.bytes);
      written.set(node, where);
      inodes.set(lstatSync(where).ino, node);
    }
  };
  write(disk, path);
  return inodes;
}

/** What is in the folder `path`. */
export function readDisk(path: string): DiskFolder {
  const files = new Map<number, DiskFile>();
  const read = (at: string): DiskFolder => {
    const entries = new Map<string, DiskFile | DiskFolder>();
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const where = join(at, entry.name);
      if (entry.isDirectory()) {
        entries.set(entry.name, read(where));
        continue;
      }
      const { ino } = lstatSync(where);
      const file = files.get(ino) ?? { bytes: readFileSync(where) };
      files.set(ino, file);
      entries.set(entry.name, file);
    }
    return { entries };
  };
  return read(path);
}

/** Every file of `disk`, by its path below the root; of a folder, undefined. Sorted. */
export function filesOf(disk: DiskFolder): Map<string, Buffer | undefined> {
  const found = new Map<string, Buffer | undefined>();
  const list = (folder: DiskFolder, at: string) => {
    for (const [name, node] of [...folder.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
      found.set(at + name, isFolder(node) ? undefined : node.bytes);
      if (isFolder(node)) list(node, `${at + name}/`);
    }
  };
  list(disk, '');
  return found;
}
