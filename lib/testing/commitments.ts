import type { Ballot, LogIndex } from '../contract/storage.js';

/** What a message commits its sender to, for ever. */
export type Commitment = { promise: Ballot } | { accepted: { round: Ballot; idx: LogIndex } };

// engine/src/wire.rs has the frames.
const PROMISE = 5;
const ACCEPTED = 8;
const BALLOT_AT = 14;
const INDEX_AT = BALLOT_AT + 20;

export function commitmentIn(frame: Uint8Array): Commitment | undefined {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const kind = bytes.readUInt8(1);
  if (kind !== PROMISE && kind !== ACCEPTED) return undefined;
  const ballot: Ballot = {
    configId: bytes.readUInt32LE(BALLOT_AT),
    n: bytes.readUInt32LE(BALLOT_AT + 4),
    priority: bytes.readUInt32LE(BALLOT_AT + 8),
    pid: Number(bytes.readBigUInt64LE(BALLOT_AT + 12)),
  };
  if (kind === PROMISE) return { promise: ballot };
  return { accepted: { round: ballot, idx: Number(bytes.readBigUInt64LE(INDEX_AT)) } };
}
