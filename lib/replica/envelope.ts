// What a replica proposes: a command, or nothing, behind who proposed it and how often it has proposed before. An envelope is
// read by all replicas, of this version and of later ones.

import type { Proposer } from './applied-proposals.js';

/**
 * | bytes | what                                                                        |
 * |-------|-----------------------------------------------------------------------------|
 * | 1     | version of this format                                                      |
 * | 1     | kind: 1 a command, 2 nothing                                                |
 * | 8     | replica id of the proposer                                                  |
 * | 4     | its incarnation                                                             |
 * | 8     | counter: of the proposals of an incarnation                                 |
 * | 8     | every counter below has settled                                             |
 * | rest  | the command, as its codec has it                                            |
 *
 * Numbers are little-endian.
 */
const VERSION = 1;
const COMMAND = 1;
const NOTHING = 2;
export const HEAD_BYTES = 30;

export interface Envelope {
  proposer: Proposer;
  counter: number;
  settledBelow: number;
  /** A view; undefined for one that is only there to be decided. */
  command: Buffer | undefined;
}

/** @throws RangeError where the counters are past what a number can tell apart */
export function encodeEnvelope(
  proposer: Proposer,
  counter: number,
  settledBelow: number,
  command?: Uint8Array,
): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + (command?.byteLength ?? 0));
  bytes[0] = VERSION;
  bytes[1] = command === undefined ? NOTHING : COMMAND;
  bytes.write(proposer.replicaId, 2, 'hex');
  bytes.writeUInt32LE(proposer.incarnation, 10);
  writeIndex(bytes, counter, 14);
  writeIndex(bytes, settledBelow, 22);
  if (command !== undefined) bytes.set(command, HEAD_BYTES);
  return bytes;
}

/** @throws RangeError where it is none that this version knows */
export function decodeEnvelope(bytes: Buffer): Envelope {
  if (bytes.length < HEAD_BYTES) throw new RangeError(`an entry of ${bytes.length} bytes is no proposal of a replica`);
  if (bytes[0] !== VERSION) throw new RangeError(`a proposal of version ${bytes[0]}, where ${VERSION} is known`);
  const kind = bytes[1];
  if (kind !== COMMAND && kind !== NOTHING) throw new RangeError(`there is no proposal of kind ${kind}`);
  return {
    proposer: { replicaId: bytes.toString('hex', 2, 10), incarnation: bytes.readUInt32LE(10) },
    counter: readIndex(bytes, 14),
    settledBelow: readIndex(bytes, 22),
    command: kind === COMMAND ? bytes.subarray(HEAD_BYTES) : undefined,
  };
}

const HIGH = 2 ** 32;

function writeIndex(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % HIGH, at);
  bytes.writeUInt32LE(Math.floor(value / HIGH), at + 4);
}

function readIndex(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * HIGH;
}
