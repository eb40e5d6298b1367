// What goes into a step of the engine and what comes out of it, packed as engine/src/step.rs says.

import type { PackedEntries } from '../contract/packed-entries.js';
import type { Ballot, LogIndex, StopSign, StorageOp } from '../contract/storage.js';
import { ByteStrings, PackedReader, type PackedWriter } from './packing.js';

export type Call =
  | { type: 'reconnected'; pid: number }
  | { type: 'tryBecomeLeader' }
  | { type: 'setPriority'; priority: number }
  | { type: 'reconfigure'; stopsign: StopSign };

/** Done in this order: the ticks, the calls, the messages, the proposals. */
export interface StepInput {
  ticks?: number;
  calls?: readonly Call[];
  messages?: readonly Uint8Array[];
  proposals?: ByteStrings;
}

/** What the engine must know of the storage. */
export interface StorageStanding {
  /** The last step whose writes are durable. */
  durableStep: number;
  /** The index of the state that can be given to a peer below the floor. */
  stateAt: LogIndex | undefined;
  floor: LogIndex;
}

export interface OutgoingFrame {
  to: number;
  /** The index of the state without which the frame is of no use; it goes behind the frame. */
  stateAt: LogIndex | undefined;
  frame: Buffer;
}

/** Where the engine stands behind a step. To be shown to nobody before the step's operations are durable. */
export interface EngineView {
  decidedIdx: LogIndex;
  acceptedIdx: LogIndex;
  compactedIdx: LogIndex;
  promise: Ballot;
  currentLeader: { pid: number; inAcceptPhase: boolean } | undefined;
  /** The decided stop-sign. */
  reconfigured: StopSign | undefined;
}

/** What a step asks of the storage. */
export type EngineOp =
  | { type: 'appendEntries'; entries: PackedEntries }
  | { type: 'appendOnPrefix'; fromIdx: LogIndex; entries: PackedEntries }
  | Exclude<StorageOp<never, Buffer>, { entries: unknown } | { type: 'appendEntry' }>;

export interface StepOutcome {
  step: number;
  view: EngineView;
  /** How many ticks may pass, if nothing else comes, before the engine does anything by itself. */
  quietTicks: number;
  refusedProposals: boolean;
  refusedStopsign: boolean;
  refusedMessages: { which: number; reason: string }[];
  /** Peers below the floor, for which there was no state to give. */
  withheld: number[];
  frames: OutgoingFrame[];
  ops: EngineOp[];
}

const NONE = 2n ** 64n - 1n;
const NO_PROPOSALS = new ByteStrings();
const REFUSED_PROPOSALS = 1;
const REFUSED_STOPSIGN = 2;

/** Gives what `packed` holds then: valid until it is used again. */
export function packInput(
  packed: PackedWriter,
  input: StepInput,
  { durableStep, stateAt, floor }: StorageStanding,
): Buffer {
  const { ticks = 0, calls = [], messages = [], proposals = NO_PROPOSALS } = input;
  packed
    .clear()
    .u64(durableStep)
    .u64(stateAt ?? NONE)
    .u64(floor)
    .u32(ticks)
    .u32(calls.length);
  for (const call of calls) packCall(packed, call);
  packed.u32(messages.length);
  for (const message of messages) packed.byteString(message);
  return packed.u32(proposals.count).raw(proposals.bytes).bytes;
}

function packCall(packed: PackedWriter, call: Call): void {
  switch (call.type) {
    case 'reconnected':
      packed.u8(1).u32(call.pid);
      break;
    case 'tryBecomeLeader':
      packed.u8(2);
      break;
    case 'setPriority':
      packed.u8(3).u32(call.priority);
      break;
    case 'reconfigure':
      packed.u8(4).stopsign(call.stopsign);
      break;
  }
}

/** `start` is where the outcome begins in `bytes`. Its buffers are views of them. */
export function unpackOutcome(bytes: Buffer, start: number): StepOutcome {
  const reader = new PackedReader(bytes, start);
  const step = reader.index();
  const decidedIdx = reader.index();
  const acceptedIdx = reader.index();
  const compactedIdx = reader.index();
  const promise = reader.ballot();
  const leader = reader.u32();
  const inAcceptPhase = reader.flag();
  const quietTicks = reader.u32();
  const refusals = reader.u8();
  const reconfigured = reader.flag() ? reader.stopsign() : undefined;
  const currentLeader = leader === 0 ? undefined : { pid: leader, inAcceptPhase };
  return {
    step,
    view: { decidedIdx, acceptedIdx, compactedIdx, promise, currentLeader, reconfigured },
    quietTicks,
    refusedProposals: (refusals & REFUSED_PROPOSALS) !== 0,
    refusedStopsign: (refusals & REFUSED_STOPSIGN) !== 0,
    refusedMessages: reader.list(() => ({ which: reader.u32(), reason: reader.text() })),
    withheld: reader.list(() => reader.u32()),
    frames: reader.list(() => {
      const to = reader.u32();
      const stateAt = reader.u64();
      return { to, stateAt: typeof stateAt === 'bigint' ? undefined : stateAt, frame: reader.byteString() };
    }),
    ops: reader.list(() => unpackOp(reader)),
  };
}

function unpackOp(reader: PackedReader): EngineOp {
  const kind = reader.u8();
  switch (kind) {
    case 1:
      return { type: 'appendEntries', entries: reader.entries() };
    case 2:
      return { type: 'appendOnPrefix', fromIdx: reader.index(), entries: reader.entries() };
    case 3:
      return { type: 'setPromise', ballot: reader.ballot() };
    case 4:
      return { type: 'setAcceptedRound', ballot: reader.ballot() };
    case 5:
      return { type: 'setDecidedIdx', idx: reader.index() };
    case 6:
      return { type: 'setCompactedIdx', idx: reader.index() };
    case 7:
      return { type: 'trim', idx: reader.index() };
    case 8:
      return { type: 'setStopsign', stopsign: reader.flag() ? reader.stopsign() : undefined };
    case 9:
      return { type: 'setSnapshot', snapshot: reader.byteString() };
    default:
      throw new RangeError(`there is no operation ${kind}`);
  }
}
