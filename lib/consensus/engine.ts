// The engine over the bytes that cross to it: one step after the other. It holds no storage; who drives it writes what a
// step asks for, and shows nothing of the step to anybody before that is durable.

import { markAsUntransferable } from 'node:worker_threads';
import { LENGTH_BYTES, type PackedEntries } from '../contract/packed-entries.js';
import type { Ballot, LogIndex, StopSign } from '../contract/storage.js';
import type { CheckedCluster, CheckedServer } from './configuration.js';
import { ConsensusError } from './consensus-error.js';
import { loadEngine } from './load-engine.js';
import { ANSWER, type NativeEngine, type NativeEngineOptions } from './native-engine.js';
import { packInput, type StepInput, type StepOutcome, type StorageStanding, unpackOutcome } from './packed-step.js';
import { PackedReader, PackedWriter } from './packing.js';

/** Of frames, by the table in engine/src/wire.rs. */
const PROMISE = 5;
const ACCEPT_SYNC = 6;
const ACCEPT_DECIDE = 7;
const ACCEPT_DECIDE_DECIDED_AT = 14 + 20 + 16; // behind the head, a ballot and a sequence number

/** Of a sync that does not rest on a state, unless a transport takes less. */
export const MAX_SYNC_BYTES = 64 * 1024 * 1024;

/** What a storage holds when an engine starts on it. */
export interface EngineRecords {
  promise: Ballot | undefined;
  acceptedRound: Ballot | undefined;
  decidedIdx: LogIndex;
  floor: LogIndex;
  /** Behind the last entry; the stop-sign does not count. */
  end: LogIndex;
  stopsign: StopSign | undefined;
}

export interface EngineOptions {
  /** Whether a sync that rests on a state must carry it behind its frame. */
  statesInSyncs: boolean;
  /** A sync of more bytes rests on the state that can be given, where it is of use to the peer. */
  maxSyncBytes: number;
  /** A guard to leave out, for the tests that show what it is for. */
  withoutGuard?: string | undefined;
}

/** Entries `[from, to)` of the storage, as {@link packEntries} gives them. */
export type EntryReader = (from: LogIndex, to: LogIndex) => Uint8Array;

export class Engine {
  readonly #native: NativeEngine;
  /** Used again by each step: the native engine copies what it keeps. */
  readonly #input = new PackedWriter();
  #isStepping = false;
  readonly #read: EntryReader;

  /** What is wrong with `records` is told by the first step. */
  constructor(
    cluster: CheckedCluster,
    server: CheckedServer,
    records: EngineRecords,
    read: EntryReader,
    { statesInSyncs, maxSyncBytes, withoutGuard }: EngineOptions,
  ) {
    const options: NativeEngineOptions = {
      pid: server.pid,
      configurationId: cluster.configurationId,
      nodes: cluster.nodes,
      electionTicks: server.electionTickTimeout,
      resendTicks: server.resendMessageTickTimeout,
      priority: server.leaderPriority,
      statesInSyncs,
      maxSyncBytes,
    };
    if (cluster.flexibleQuorum !== undefined) Object.assign(options, cluster.flexibleQuorum);
    if (withoutGuard !== undefined) options.withoutGuard = withoutGuard;
    this.#native = new (loadEngine().NativeEngine)(options, packRecords(records));
    this.#read = read;
  }

  /**
   * @throws ConsensusError `ENGINE_FAILED`: it is dead from then on, and every further step says so; `INVALID_ARGUMENT`:
   *   it was called from within a step, which goes on
   */
  step(input: StepInput, standing: StorageStanding): StepOutcome {
    if (this.#isStepping) throw busy(); // the input of the step at work must stay as it is
    this.#isStepping = true;
    let answer: Buffer;
    try {
      answer = this.#native.step(packInput(this.#input, input, standing), this.#read);
    } finally {
      this.#isStepping = false;
    }
    switch (answer[0]) {
      case ANSWER.done:
        // Messages for all peers, and what readers read, lie in this memory: nobody may take it away with one of them.
        markAsUntransferable(answer.buffer);
        return unpackOutcome(answer, 1);
      case ANSWER.busy:
        throw busy();
      default:
        throw new ConsensusError('ENGINE_FAILED', `the engine has failed: ${answer.toString('utf8', 1)}`);
    }
  }
}

/** What of a message only a codec can check. */
export interface FrameContents {
  entries: Buffer[];
  state: Buffer | undefined;
}

/** @throws ConsensusError MALFORMED_MESSAGE */
export function contentsOf(frame: Uint8Array): FrameContents {
  const answer = loadEngine().contents(frame);
  if (answer[0] !== ANSWER.done) throw malformed(answer.toString('utf8', 1));
  const reader = new PackedReader(answer, 1);
  const entries = reader.list(() => reader.byteString());
  return { entries, state: reader.flag() ? reader.byteString() : undefined };
}

/**
 * That `frame` is whole, and each part of it in range. What it carries is not looked into.
 * @throws ConsensusError MALFORMED_MESSAGE
 */
export function checkFrame(frame: Uint8Array): { stateAt: LogIndex | undefined } {
  const answer = loadEngine().check(frame);
  if (typeof answer === 'string') throw malformed(answer);
  return { stateAt: answer < 0 ? undefined : answer };
}

/** Whom a frame is from and to, by the table in engine/src/wire.rs. {@link checkFrame} has taken the frame. */
export function addressOf(frame: Buffer): { configurationId: number; from: number; to: number } {
  return { configurationId: frame.readUInt32LE(2), from: frame.readUInt32LE(6), to: frame.readUInt32LE(10) };
}

/** The index of the state that a frame rests on, of one that {@link checkFrame} has taken; undefined for none. */
export function stateOf(frame: Uint8Array): LogIndex | undefined {
  return isSync(frame) ? checkFrame(frame).stateAt : undefined;
}

/** Whether a frame may carry a part of the log that its receiver lacks. */
export function isSync(frame: Uint8Array): boolean {
  return frame[1] === PROMISE || frame[1] === ACCEPT_SYNC;
}

/** The decided index that goes with the entries of an AcceptDecide; undefined for any other frame. */
export function decidedIdxOfAppend(frame: Buffer): LogIndex | undefined {
  return frame[1] === ACCEPT_DECIDE ? Number(frame.readBigUInt64LE(ACCEPT_DECIDE_DECIDED_AT)) : undefined;
}

function busy(): ConsensusError {
  return new ConsensusError('INVALID_ARGUMENT', 'a storage or codec must not call the replica that is using it');
}

export function malformed(reason: string, cause?: unknown): ConsensusError {
  return new ConsensusError('MALFORMED_MESSAGE', `the message is refused: ${reason}`, { cause });
}

function packRecords({ promise, acceptedRound, decidedIdx, floor, end, stopsign }: EngineRecords): Buffer {
  const packed = new PackedWriter();
  for (const ballot of [promise, acceptedRound]) {
    packed.flag(ballot !== undefined);
    if (ballot !== undefined) packed.ballot(ballot);
  }
  packed.u64(decidedIdx).u64(floor).u64(end);
  packed.flag(stopsign !== undefined);
  if (stopsign !== undefined) packed.stopsign(stopsign);
  return packed.bytes;
}

/** {@link packEntries} of entries that lie as the engine has them. */
export function packedList({ bytes, length }: PackedEntries): Uint8Array {
  const list = Buffer.allocUnsafeSlow(LENGTH_BYTES + bytes.length);
  list.writeUInt32LE(length);
  list.set(bytes, LENGTH_BYTES);
  return list;
}

export function packEntries(entries: readonly Uint8Array[]): Uint8Array {
  const packed = new PackedWriter().u32(entries.length);
  for (const entry of entries) packed.byteString(entry);
  return packed.bytes;
}
