// What replicas tell each other beside the engine's messages, whose first byte is 1: how far each is, wishes, and states.

import type { LogIndex } from '../contract/storage.js';

/**
 * | kind | what                                     | behind the kind (u8)                         |
 * |------|------------------------------------------|----------------------------------------------|
 * | 128  | how far the sender is                    | its decided index (u64)                      |
 * | 129  | the receiver is to lead                  |                                              |
 * | 130  | the receiver may have the sender's state | its index, its length in bytes (u64 each)    |
 * | 131  | the receiver is to send a piece of it    | its index, where the piece begins (u64 each) |
 * | 132  | a piece                                  | the same, then its bytes                     |
 * | 133  | the sender has the receiver's state      | its index (u64)                              |
 * | 134  | the sender lacks all: it is to be offered a state of this configuration |               |
 *
 * Numbers are little-endian.
 */
const FIRST = 128;

export type Note =
  | { type: 'standing'; decidedIdx: LogIndex }
  | { type: 'lead' }
  | { type: 'offer'; index: LogIndex; byteLength: number }
  | { type: 'fetch'; index: LogIndex; offset: number }
  | { type: 'piece'; index: LogIndex; offset: number; bytes: Uint8Array }
  | { type: 'have'; index: LogIndex }
  | { type: 'want' };

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
    case 'want':
      return [];
    case 'offer':
      return [note.index, note.byteLength];
    case 'have':
      return [note.index];
    default:
      return [note.index, note.offset];
  }
}

/** @throws RangeError where it is none, or is of a later version */
export function decodeNote(bytes: Uint8Array): Note {
  const type = KINDS[(bytes[0] ?? 0) - FIRST];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (count: number) => buffer.length === 1 + 8 * count;
  const number = (i: number) => Number(buffer.readBigUInt64LE(1 + 8 * i));
  let note: Note | undefined;
  if ((type === 'lead' || type === 'want') && has(0)) note = { type };
  else if (type === 'standing' && has(1)) note = { type, decidedIdx: number(0) };
  else if (type === 'have' && has(1)) note = { type, index: number(0) };
  else if (type === 'offer' && has(2)) note = { type, index: number(0), byteLength: number(1) };
  else if (type === 'fetch' && has(2)) note = { type, index: number(0), offset: number(1) };
  else if (type === 'piece' && buffer.length > 17) {
    note = { type, index: number(0), offset: number(1), bytes: buffer.subarray(17) };
  }
  if (note === undefined || !numbersOf(note).every(Number.isSafeInteger)) throw new RangeError('it is no note');
  return note;
}

/** Whether the engine has nothing to do with it. */
export function isNote(bytes: Uint8Array): boolean {
  return (bytes[0] ?? 0) >= FIRST;
}
