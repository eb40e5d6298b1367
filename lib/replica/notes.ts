// What replicas tell each other beside the engine's messages, whose first byte is 1: how far each is, wishes, and states.

import type { LogIndex } from '../contract/storage.js';
import type { SnapshotIdentity } from '../snapshots/incoming-snapshot.js';

/**
 * | kind | what                                     | behind the kind (u8)                                        |
 * |------|------------------------------------------|-------------------------------------------------------------|
 * | 128  | how far the sender is                    | its decided index (u64)                                     |
 * | 129  | the receiver is to lead                  |                                                             |
 * | 130  | the receiver may have the sender's state | its index, length in bytes and checksum (u64 each)          |
 * | 131  | the receiver is to send a part of it     | its index and checksum, from where to where (u64 each)      |
 * | 132  | a piece of that                          | its index and checksum, where the piece begins, the         |
 * |      |                                          | checksum of the piece (u64 each), then its bytes            |
 * | 133  | the sender has the receiver's state      | its index (u64)                                             |
 * | 134  | the sender lacks a state                 | the least index that is of use to it (u64)                  |
 *
 * Numbers are little-endian, checksums CRC-32C.
 */
const FIRST = 128;
/** Where the bytes of a piece begin. */
export const PIECE_AT = 1 + 4 * 8;
/** No peer sends more in one. */
export const MAX_PIECE_BYTES = 1024 * 1024;

/** Where in which state. */
export interface PartOfState {
  index: LogIndex;
  /** Of the whole state. */
  checksum: number;
  offset: number;
}

export type Note =
  | { type: 'standing'; decidedIdx: LogIndex }
  | { type: 'lead' }
  | ({ type: 'offer' } & SnapshotIdentity)
  | ({ type: 'fetch'; end: number } & PartOfState)
  | ({ type: 'piece'; bytes: Uint8Array; bytesChecksum: number } & PartOfState)
  | { type: 'have'; index: LogIndex }
  | { type: 'want'; least: LogIndex };

const KINDS: readonly Note['type'][] = ['standing', 'lead', 'offer', 'fetch', 'piece', 'have', 'want'];

export function encodeNote(note: Note): Buffer {
  const numbers = numbersOf(note);
  const bytes = note.type === 'piece' ? note.bytes : new Uint8Array();
  const encoded = Buffer.allocUnsafe(1 + 8 * numbers.length + bytes.byteLength);
  encoded[0] = FIRST + KINDS.indexOf(note.type);
  for (const [i, number] of numbers.entries()) encoded.writeBigUInt64LE(BigInt(number), 1 + 8 * i);
  encoded.set(bytes, 1 + 8 * numbers.length);
  return encoded;
}

function numbersOf(note: Note): readonly number[] {
  switch (note.type) {
    case 'standing':
      return [note.decidedIdx];
    case 'lead':
      return [];
    case 'want':
      return [note.least];
    case 'offer':
      return [note.index, note.byteLength, note.checksum];
    case 'have':
      return [note.index];
    case 'fetch':
      return [note.index, note.checksum, note.offset, note.end];
    case 'piece':
      return [note.index, note.checksum, note.offset, note.bytesChecksum];
  }
}

/** @throws RangeError where it is none, or is of a later version */
export function decodeNote(bytes: Uint8Array): Note {
  const type = KINDS[(bytes[0] ?? 0) - FIRST];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (count: number) => buffer.length === 1 + 8 * count;
  const number = (i: number) => Number(buffer.readBigUInt64LE(1 + 8 * i));
  let note: Note | undefined;
  if (type === 'lead' && has(0)) note = { type };
  else if (type === 'want' && has(1)) note = { type, least: number(0) };
  else if (type === 'standing' && has(1)) note = { type, decidedIdx: number(0) };
  else if (type === 'have' && has(1)) note = { type, index: number(0) };
  else if (type === 'offer' && has(3)) {
    note = { type, index: number(0), byteLength: number(1), checksum: number(2) };
  } else if (type === 'fetch' && has(4)) {
    note = { type, index: number(0), checksum: number(1), offset: number(2), end: number(3) };
  } else if (type === 'piece' && buffer.length > PIECE_AT) {
    const bytes = buffer.subarray(PIECE_AT);
    note = { type, index: number(0), checksum: number(1), offset: number(2), bytesChecksum: number(3), bytes };
  }
  if (note === undefined || !numbersOf(note).every(Number.isSafeInteger)) throw new RangeError('it is no note');
  return note;
}

/** Whether the engine has nothing to do with it. */
export function isNote(bytes: Uint8Array): boolean {
  return (bytes[0] ?? 0) >= FIRST;
}
