// What a process did to its files, as recorder.c has recorded it: that file says how a recording is laid out.

import { readFileSync } from 'node:fs';
import { type DiskFile, type DiskFolder, isFolder } from './disk-tree.js';

/** A file or a folder, the same for all its life; no later one has its number. */
export type NodeNumber = number;

/** One thing that was done. */
export type Operation =
  | { type: 'mark'; text: string }
  | { type: 'create' | 'mkdir' | 'link'; node: NodeNumber; folder: NodeNumber; name: string }
  | { type: 'remove'; node: NodeNumber; folder: NodeNumber; name: string }
  | { type: 'rename'; node: NodeNumber; folder: NodeNumber; name: string; to: NodeNumber; newName: string }
  | { type: 'write'; node: NodeNumber; offset: number; bytes: Buffer }
  | { type: 'resize'; node: NodeNumber; size: number }
  | { type: 'sync'; node: NodeNumber; dataOnly: boolean };

/** What was on the disk, and everything that was done to it from then on, in order. */
export interface Recording {
  readonly root: NodeNumber;
  /** Files and folders that were there. */
  readonly before: ReadonlyMap<NodeNumber, DiskFile | DiskFolder>;
  readonly operations: readonly Operation[];
}

const KINDS = ['root', 'mark', 'create', 'mkdir', 'link', 'remove', 'rename', 'write', 'resize', 'sync'] as const;
const HEADER_BYTES = 24;

/**
 * Reads a recording.
 * @param path - of the recording
 * @param disk - what was in the folder when it began, by the inodes there; nothing where left out
 */
export function readRecording(path: string, disk?: ReadonlyMap<number, DiskFile | DiskFolder>): Recording {
  return new RecordingReader(readFileSync(path)).read(disk);
}

class RecordingReader {
  readonly #bytes: Buffer;
  /** Whose an inode is at the moment. */
  readonly #owners = new Map<number, NodeNumber>();
  readonly #names = new Map<NodeNumber, Map<string, NodeNumber>>();
  #numbers = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(disk: ReadonlyMap<number, DiskFile | DiskFolder> = new Map()): Recording {
    const before = new Map<NodeNumber, DiskFile | DiskFolder>();
    const numbers = new Map<DiskFile | DiskFolder, NodeNumber>();
    for (const [inode, node] of disk) {
      const number = this.#begin(inode);
      before.set(number, node);
      numbers.set(node, number);
    }
    for (const [number, node] of before) {
      if (!isFolder(node)) continue;
      for (const [name, child] of node.entries) this.#in(number).set(name, numbers.get(child) as NodeNumber);
    }

    let root = -1;
    const operations: Operation[] = [];
    for (let at = 0; at + HEADER_BYTES <= this.#bytes.length; ) {
      const kind = KINDS[this.#bytes.readUInt32LE(at)];
      const length = this.#bytes.readUInt32LE(at + 4);
      const inode = Number(this.#bytes.readBigUInt64LE(at + 8));
      const other = Number(this.#bytes.readBigUInt64LE(at + 16));
      const payload = this.#bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
      at += HEADER_BYTES + length;
      if (kind === undefined) throw new Error(`a record at ${at} of a kind that there is not`);
      if (kind === 'root') root = this.#owners.get(inode) ?? this.#begin(inode);
      else operations.push(this.#operation(kind, inode, other, payload));
    }
    return { root, before, operations };
  }

  #operation(kind: Exclude<(typeof KINDS)[number], 'root'>, inode: number, other: number, payload: Buffer): Operation {
    switch (kind) {
      case 'mark':
        return { type: kind, text: payload.toString() };
      case 'create':
      case 'mkdir':
      case 'link': {
        const node = kind === 'link' ? this.#owner(inode) : this.#begin(inode);
        const folder = this.#owner(other);
        const name = payload.toString();
        this.#in(folder).set(name, node);
        return { type: kind, node, folder, name };
      }
      case 'remove': {
        const folder = this.#owner(other);
        const name = payload.toString();
        return { type: kind, node: this.#take(folder, name), folder, name };
      }
      case 'rename': {
        const folder = this.#owner(inode);
        const to = this.#owner(other);
        const [name = '', newName = ''] = payload.toString().split('\0');
        const node = this.#take(folder, name);
        this.#in(to).set(newName, node);
        return { type: kind, node, folder, name, to, newName };
      }
      case 'write':
        return { type: kind, node: this.#owner(inode), offset: other, bytes: payload };
      case 'resize':
        return { type: kind, node: this.#owner(inode), size: other };
      case 'sync':
        return { type: kind, node: this.#owner(inode), dataOnly: other === 1 };
    }
  }

  #begin(inode: number): NodeNumber {
    const number = this.#numbers++;
    this.#owners.set(inode, number);
    this.#names.set(number, new Map());
    return number;
  }

  #owner(inode: number): NodeNumber {
    const number = this.#owners.get(inode);
    if (number === undefined) throw new Error(`the recording tells nothing of the beginning of inode ${inode}`);
    return number;
  }

  #in(folder: NodeNumber): Map<string, NodeNumber> {
    return this.#names.get(folder) as Map<string, NodeNumber>;
  }

  #take(folder: NodeNumber, name: string): NodeNumber {
    const node = this.#in(folder).get(name);
    if (node === undefined) throw new Error(`the recording tells nothing of the beginning of ${name}`);
    this.#in(folder).delete(name);
    return node;
  }
}
