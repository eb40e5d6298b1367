// What callers hand to a storage, checked before anything is written. Each check returns what it was given.

import { inspect, types } from 'node:util';
import { isGone, show } from '../../binding/arguments.js';
import { isDatabase } from '../../binding/database.js';
import type { Database } from '../../binding/index.js';
import { isWriteBatch } from '../../binding/write-batch.js';
import type { CheckedOp, EntryList } from './checked-op.js';
import type { Codec } from './codec.js';
import type { AtomicWriteOptions, ReadOptions, ReadPackedOptions } from './options.js';
import { PackedEntries } from './packed-entries.js';
import type { Ballot, LogIndex, StopSign, StorageOp } from './storage.js';
import { StorageError } from './storage-error.js';

const MAX_U32 = 2 ** 32 - 1;
const MAX_U64 = 2n ** 64n - 1n;

export function invalid(argument: string, wanted: string, given: unknown): StorageError {
  const shown = show(given, { depth: 1, maxArrayLength: 5 });
  return new StorageError('INVALID_ARGUMENT', `${argument} must be ${wanted}, not ${shown}`);
}

export function checkIndex(argument: string, value: unknown): LogIndex {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid(argument, 'a safe integer ≥ 0', value);
  return value as number;
}

export function checkDatabase(argument: string, value: unknown): Database {
  if (!isDatabase(value)) throw invalid(argument, 'a Database', value);
  return value;
}

export function checkName(argument: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || /[\0\p{Surrogate}]/u.test(value)) {
    throw invalid(argument, 'a name: a string that is not empty, has no \\0 and is well-formed', value);
  }
  return value;
}

/** A copy: what is encoded later may change the array. */
export function checkEntries<T>(argument: string, value: unknown): EntryList<T> {
  if (PackedEntries.is(value)) return value;
  if (!Array.isArray(value)) throw invalid(argument, 'an array', value);
  const entries: T[] = [];
  // By index, so that a hole in the array counts as well.
  for (let i = 0; i < value.length; i++) {
    const entry: unknown = value[i];
    if (entry === undefined) throw invalid(`${argument}[${i}]`, 'a value', undefined);
    entries.push(entry as T);
  }
  return entries;
}

export function checkBallot(argument: string, value: unknown): Ballot {
  const { configId, n, priority, pid } = checkObject<Ballot>(argument, value);
  checkU32(`${argument}.configId`, configId);
  checkU32(`${argument}.n`, n);
  checkU32(`${argument}.priority`, priority);
  checkU64(`${argument}.pid`, pid);
  return { configId, n, priority, pid };
}

export function checkStopsign(argument: string, value: unknown): StopSign {
  const { nextConfig, metadata } = checkObject<StopSign>(argument, value);
  const config = checkObject<StopSign['nextConfig']>(`${argument}.nextConfig`, nextConfig);
  const { configurationId, nodes, flexibleQuorum } = config;
  checkU32(`${argument}.nextConfig.configurationId`, configurationId);
  if (!Array.isArray(nodes)) throw invalid(`${argument}.nextConfig.nodes`, 'an array', nodes);
  const stopsign: StopSign = { nextConfig: { configurationId, nodes: [...nodes] } };
  for (const [i, node] of stopsign.nextConfig.nodes.entries()) checkU64(`${argument}.nextConfig.nodes[${i}]`, node);
  if (flexibleQuorum !== undefined) {
    type Quorum = NonNullable<typeof flexibleQuorum>;
    const quorum = checkObject<Quorum>(`${argument}.nextConfig.flexibleQuorum`, flexibleQuorum);
    const { readQuorumSize, writeQuorumSize } = quorum;
    checkIndex(`${argument}.nextConfig.flexibleQuorum.readQuorumSize`, readQuorumSize);
    checkIndex(`${argument}.nextConfig.flexibleQuorum.writeQuorumSize`, writeQuorumSize);
    stopsign.nextConfig.flexibleQuorum = { readQuorumSize, writeQuorumSize };
  }
  if (metadata === undefined) return stopsign;
  if (!types.isUint8Array(metadata)) throw invalid(`${argument}.metadata`, 'a Uint8Array', metadata);
  if (isGone(metadata)) {
    throw invalid(`${argument}.metadata`, 'a Uint8Array whose buffer is not detached', metadata);
  }
  return { ...stopsign, metadata };
}

export function checkOps<T, S>(value: unknown): readonly CheckedOp<T, S>[] {
  if (!Array.isArray(value)) throw invalid('ops', 'an array', value);
  return Array.from(value as unknown[], (op, i) => {
    return checkOp(`ops[${i}]`, checkObject<StorageOp<T, S>>(`ops[${i}]`, op));
  });
}

/**
 * A copy of what was checked: a getter may give something else the next time. `argument` names the operation in messages; it
 * is empty for a method whose own arguments these are.
 */
export function checkOp<T, S>(argument: string, op: StorageOp<T, S>): CheckedOp<T, S> {
  const field = (name: string) => (argument === '' ? name : `${argument}.${name}`);
  switch (op.type) {
    case 'appendEntry': {
      const { entry } = op;
      if (entry === undefined) throw invalid(field('entry'), 'a value', undefined);
      return { type: 'appendEntry', entry };
    }
    case 'appendOnPrefix': {
      const fromIdx = checkIndex(field('fromIdx'), op.fromIdx);
      return { type: 'appendOnPrefix', fromIdx, entries: checkEntries(field('entries'), op.entries) };
    }
    case 'appendEntries':
      return { type: 'appendEntries', entries: checkEntries(field('entries'), op.entries) };
    case 'setPromise':
      return { type: 'setPromise', ballot: checkBallot(field('ballot'), op.ballot) };
    case 'setAcceptedRound':
      return { type: 'setAcceptedRound', ballot: checkBallot(field('ballot'), op.ballot) };
    case 'setDecidedIdx':
      return { type: 'setDecidedIdx', idx: checkIndex(field('idx'), op.idx) };
    case 'setCompactedIdx':
      return { type: 'setCompactedIdx', idx: checkIndex(field('idx'), op.idx) };
    case 'trim':
      return { type: 'trim', idx: checkIndex(field('idx'), op.idx) };
    case 'setStopsign': {
      const { stopsign } = op;
      return {
        type: 'setStopsign',
        stopsign: stopsign === undefined ? undefined : checkStopsign(field('stopsign'), stopsign),
      };
    }
    case 'setSnapshot':
      return { type: 'setSnapshot', snapshot: op.snapshot };
    default:
      throw invalid(field('type'), 'the type of a StorageOp', (op as { type: unknown }).type);
  }
}

/** An options object with none but the known names: a misspelt one must not pass for its default. */
export function checkOptions<V extends object>(value: unknown, known: readonly (keyof V & string)[]): V {
  // An array or a Map has no own names either: it must not pass for an object without options.
  if (Object.prototype.toString.call(value) !== '[object Object]') throw invalid('options', 'an object', value);
  for (const name of Object.keys(value as object)) {
    if (!(known as readonly string[]).includes(name)) {
      const message = `options has no option ${inspect(name)}; there are ${known.join(', ')}`;
      throw new StorageError('INVALID_ARGUMENT', message);
    }
  }
  return value as V;
}

/** A copy, read once. */
export function checkAtomicWriteOptions(value: unknown): AtomicWriteOptions {
  if (value === undefined) return {};
  const { alongside, sync } = checkOptions<AtomicWriteOptions>(value, ['alongside', 'sync']);
  if (alongside !== undefined && !isWriteBatch(alongside)) {
    throw invalid('options.alongside', 'a WriteBatch', alongside);
  }
  if (sync !== undefined && typeof sync !== 'boolean') throw invalid('options.sync', 'a boolean', sync);
  return { ...(alongside !== undefined && { alongside }), ...(sync !== undefined && { sync }) };
}

/** `known`: the names of those that the method has. */
export function checkReadOptions(value: unknown, known: readonly (keyof ReadOptions)[]): ReadOptions {
  if (value === undefined) return {};
  const { maxBytes, signal } = checkOptions<ReadOptions>(value, known);
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes > 0)) {
    throw invalid('options.maxBytes', 'a safe integer > 0', maxBytes);
  }
  const checked = checkSignal(signal);
  return { ...(maxBytes !== undefined && { maxBytes }), ...(checked !== undefined && { signal: checked }) };
}

/** A page is one buffer: behind this much, the largest entry still has room in it. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024;
const DEFAULT_PAGE_BYTES = 1024 * 1024;

export function checkReadPackedOptions(value: unknown): ReadPackedOptions & { maxBytes: number } {
  const { maxBytes = DEFAULT_PAGE_BYTES, ...others } = checkReadOptions(value, ['maxBytes', 'signal']);
  if (maxBytes > MAX_PAGE_BYTES)
    throw invalid('options.maxBytes', `a safe integer from 1 to ${MAX_PAGE_BYTES}`, maxBytes);
  return { ...others, maxBytes };
}

/** By what it can do, so that a signal of another realm is one as well. */
export function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  const { aborted, addEventListener, throwIfAborted } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Partial<AbortSignal>;
  if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function' || typeof throwIfAborted !== 'function') {
    throw invalid('options.signal', 'an AbortSignal', value);
  }
  return value as AbortSignal;
}

export function checkCodec<V>(argument: string, value: unknown): Codec<V> {
  const { encode, decode } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Codec<V>>;
  if (typeof encode !== 'function' || typeof decode !== 'function') {
    throw invalid(argument, 'a codec, an object with the functions encode and decode', value);
  }
  return value as Codec<V>;
}

function checkObject<V>(argument: string, value: unknown): V {
  if (typeof value !== 'object' || value === null) throw invalid(argument, 'an object', value);
  return value as V;
}

function checkU32(argument: string, value: unknown): void {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > MAX_U32) {
    throw invalid(argument, 'a u32 (an integer from 0 to 4294967295)', value);
  }
}

function checkU64(argument: string, value: unknown): void {
  const fits =
    typeof value === 'bigint' ? value >= 0n && value <= MAX_U64 : Number.isSafeInteger(value) && (value as number) >= 0;
  if (!fits) throw invalid(argument, 'a u64 (a safe integer ≥ 0, or a bigint from 0 to 2^64 - 1)', value);
}
