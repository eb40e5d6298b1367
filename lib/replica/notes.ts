// What replicas tell each other beside the engine's messages, whose first byte is 1: how far each is, and a wish.

import type { LogIndex } from '../contract/storage.js';

/**
 * | kind | what                        | behind the kind (u8)     |
 * |------|-----------------------------|--------------------------|
 * | 128  | how far the sender is       | its decided index (u64)  |
 * | 129  | the receiver is to lead     |                          |
 *
 * Numbers are little-endian.
 */
const STANDING = 128;
const LEAD = 129;

export type Note = { type: 'standing'; decidedIdx: LogIndex } | { type: 'lead' };

export function encodeNote(note: Note): Buffer {
  if (note.type === 'lead') return Buffer.of(LEAD);
  const bytes = Buffer.alloc(9, STANDING);
  bytes.writeBigUInt64LE(BigInt(note.decidedIdx), 1);
  return bytes;
}

/** Undefined for a message of the engine, or of a later version. */
export function decodeNote(bytes: Uint8Array): Note | undefined {
  if (bytes[0] === LEAD && bytes.length === 1) return { type: 'lead' };
  if (bytes[0] !== STANDING || bytes.length !== 9) return undefined;
  const decidedIdx = Number(Buffer.from(bytes.buffer, bytes.byteOffset, 9).readBigUInt64LE(1));
  return Number.isSafeInteger(decidedIdx) ? { type: 'standing', decidedIdx } : undefined;
}

/** Whether the engine has nothing to do with it. */
export function isNote(bytes: Uint8Array): boolean {
  return (bytes[0] ?? 0) >= STANDING;
}
