// A snapshot of a replica: which configuration it was taken in, which proposals it stands for, and the state machine's own
// bytes behind that.

import type { LogIndex } from '../contract/storage.js';
import type { SnapshotSource } from '../snapshots/index.js';
import { AppliedProposals } from './applied-proposals.js';
import { type Configuration, checkConfiguration } from './configurations.js';

/** What a replica makes of the log: every command changes it in the same way on each of them. */
export interface StateMachine<C, R> {
  /**
   * Called for each command once, in the order of the log, on every replica. It must depend on nothing but the state and the
   * command (no clock, no chance), be done when it returns, and not throw: the command is decided, and every replica would
   * throw alike. What it gives is the result of `propose`. `index` is the command's in the log.
   */
  apply(command: C, index: LogIndex): R;
  /**
   * The state behind all that has been applied so far. It is called at once and read later, while `apply` goes on: what it
   * gives must not change by that.
   */
  snapshot(): SnapshotSource;
  /** Puts the state of a snapshot in the place of the current one. */
  restore(state: AsyncIterable<Uint8Array>): Promise<void>;
}

const VERSION = 1;
const LENGTH_BYTES = 4;
/** A replica keeps few proposals for each other: more than this was not written by one. */
const MAX_HEAD_BYTES = 256 * 1024 * 1024;

interface Head {
  version: number;
  index: LogIndex;
  configuration: unknown;
  proposals: unknown;
}

/** What a state machine's state stands for. */
export interface StateHead {
  index: LogIndex;
  /** That the index is in. */
  configuration: Configuration;
  proposals: AppliedProposals;
}

/** `proposals` are as they are at this call. */
export function encodeState(
  { index, configuration, proposals }: StateHead,
  state: SnapshotSource,
): AsyncIterable<Uint8Array> {
  const stored: Head = { version: VERSION, index, configuration, proposals: proposals.toStored() };
  const head = Buffer.from(JSON.stringify(stored));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(head.length);
  return pieces(Buffer.concat([length, head]), state);
}

async function* pieces(head: Buffer, state: SnapshotSource): AsyncGenerator<Uint8Array, void, undefined> {
  yield head;
  if (state instanceof Uint8Array) yield state;
  else yield* state;
}

export interface DecodedState extends StateHead {
  /** The state machine's own, to be read once. */
  state: AsyncIterable<Uint8Array>;
}

/** @throws TypeError, RangeError, SyntaxError where `bytes` are not those of {@link encodeState}; what they throw */
export async function decodeState(bytes: AsyncIterable<Uint8Array>): Promise<DecodedState> {
  const reader = new PieceReader(bytes);
  const length = (await reader.take(LENGTH_BYTES)).readUInt32LE();
  if (length > MAX_HEAD_BYTES) throw new RangeError(`a head of ${length} bytes`);
  const { version, index, configuration, proposals } = JSON.parse((await reader.take(length)).toString()) as Head;
  if (version !== VERSION) throw new RangeError(`version ${version}, where ${VERSION} is known`);
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`${index} is no index`);
  return {
    index,
    configuration: checkConfiguration(configuration),
    proposals: AppliedProposals.from(proposals),
    state: reader.rest(),
  };
}

class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #left = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#pieces = bytes[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    while (this.#left.length < length) {
      const { value, done } = await this.#pieces.next();
      if (done) throw new RangeError(`it ends after ${this.#left.length} bytes of ${length}`);
      this.#left = Buffer.concat([this.#left, value]);
    }
    const taken = this.#left.subarray(0, length);
    this.#left = this.#left.subarray(length);
    return taken;
  }

  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (this.#left.length > 0) yield this.#left;
      for (let next = await this.#pieces.next(); !next.done; next = await this.#pieces.next()) yield next.value;
    } finally {
      await this.#pieces.return?.();
    }
  }
}
