// Values as they lie on disk: a schema version and a codec's bytes, or eight bytes of an index. What is read is checked;
// nothing that does not fit is guessed at or passed over.

import { isGone } from '../binding/arguments.js';
import type { Codec } from './codec.js';
import { msgpackCodec } from './codec.js';
import { readU64, showKey, writeU64 } from './key-space.js';
import type { Ballot, LogIndex, NodeId, StopSign } from './storage.js';
import { StorageError } from './storage-error.js';
import { checkBallot, checkStopsign } from './validate.js';

export const SCHEMA_VERSION = 1;

/** @throws StorageError CODEC, with `what` in the message */
export function encodeBytes<V>(codec: Codec<V>, value: V, what: () => string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = codec.encode(value);
  } catch (error) {
    throw cannotEncode(what(), error);
  }
  if (!(bytes instanceof Uint8Array)) throw new StorageError('CODEC', `${what()}: its codec did not give a Uint8Array`);
  if (isGone(bytes))
    throw new StorageError('CODEC', `${what()} cannot be encoded: the buffer of its bytes is detached`);
  return bytes;
}

export function cannotEncode(what: string, cause: unknown): StorageError {
  return new StorageError('CODEC', `${what} cannot be encoded: ${messageOf(cause)}`, { cause });
}

/** The value as it lies on disk. Throws like {@link encodeBytes}. */
export function encodeValue<V>(codec: Codec<V>, value: V, what: () => string): Buffer {
  return framed(encodeBytes(codec, value, what));
}

/** `bytes` behind the schema version. */
export function framed(bytes: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(bytes.byteLength + 1);
  value[0] = SCHEMA_VERSION;
  value.set(bytes, 1);
  return value;
}

/**
 * The value that lies in `[start, end)` of `bytes`.
 * @throws StorageError CODEC, with the key in the message
 */
export function decodeValue<V>(codec: Codec<V>, bytes: Buffer, start: number, end: number, key: () => Uint8Array): V {
  if (start === end || bytes[start] !== SCHEMA_VERSION) {
    const found = start === end ? 'it is empty' : `it has schema version ${bytes[start]}`;
    throw new StorageError(
      'CODEC',
      `the value at ${showKey(key())} cannot be read: ${found}, this release reads ${SCHEMA_VERSION}`,
    );
  }
  let value: V;
  try {
    value = codec.decode(bytes.subarray(start + 1, end));
  } catch (error) {
    throw new StorageError('CODEC', `the value at ${showKey(key())} cannot be decoded: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (value === undefined) throw new StorageError('CODEC', `the value at ${showKey(key())} decodes to undefined`);
  return value;
}

export function encodeIndex(idx: LogIndex): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  writeU64(bytes, 0, idx);
  return bytes;
}

/** @throws StorageError META, with the key in the message */
export function decodeIndex(key: Uint8Array, stored: Buffer): LogIndex {
  if (stored.length !== 8) {
    throw new StorageError('META', `the value at ${showKey(key)} has ${stored.length} bytes; a u64 has 8`);
  }
  const idx = readU64(stored, 0);
  if (!Number.isSafeInteger(idx)) {
    throw new StorageError(
      'META',
      `the value at ${showKey(key)} is ${stored.readBigUInt64BE()}; an index is below 2^53`,
    );
  }
  return idx;
}

/** A ballot as [configId, n, priority, pid]. */
export const ballotCodec: Codec<Ballot> = shaped(
  ({ configId, n, priority, pid }) => [configId, n, priority, pid],
  (fields) => {
    const [configId, n, priority, pid] = fields as [number, number, number, NodeId];
    return checkBallot('ballot', { configId, n, priority, pid: toNodeId(pid) });
  },
  4,
);

/** A stop-sign as [configurationId, nodes, [readQuorumSize, writeQuorumSize] or null, metadata or null]. */
export const stopsignCodec: Codec<StopSign> = shaped(
  ({ nextConfig: { configurationId, nodes, flexibleQuorum }, metadata }) => [
    configurationId,
    nodes,
    flexibleQuorum ? [flexibleQuorum.readQuorumSize, flexibleQuorum.writeQuorumSize] : null,
    metadata === undefined ? null : Buffer.from(metadata),
  ],
  (fields) => {
    const [configurationId, nodes, quorum, metadata] = fields as [
      number,
      NodeId[],
      [number, number] | null,
      Buffer | null,
    ];
    const stopsign: StopSign = { nextConfig: { configurationId, nodes: nodes.map(toNodeId) } };
    if (quorum !== null) stopsign.nextConfig.flexibleQuorum = { readQuorumSize: quorum[0], writeQuorumSize: quorum[1] };
    if (metadata !== null) stopsign.metadata = metadata;
    return checkStopsign('stopsign', stopsign);
  },
  4,
);

function toNodeId(stored: NodeId): NodeId {
  return typeof stored === 'bigint' && stored <= Number.MAX_SAFE_INTEGER ? Number(stored) : stored;
}

/** A codec for an array of `length` fields, checked by `fromFields`. */
export function shaped<V>(
  toFields: (value: V) => unknown[],
  fromFields: (fields: unknown[]) => V,
  length: number,
): Codec<V> {
  const { encode, decode } = msgpackCodec<unknown>();
  return {
    encode: (value) => encode(toFields(value)),
    decode(bytes) {
      const fields = decode(bytes);
      if (!Array.isArray(fields) || fields.length !== length) throw new TypeError(`not an array of ${length} fields`);
      return fromFields(fields);
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
