// What waits for the next steps of a runner, in the order in which it came. Messages are bounded by dropping the oldest;
// proposals are the caller's own.

import type { Call, StepInput } from './packed-step.js';
import { ByteStrings } from './packing.js';

const MAX_MESSAGES = 16_384;
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;
/** With so many bytes of proposals a step is full: what one step writes is one write. */
const STEP_BYTES = 4 * 1024 * 1024;

interface Batch {
  calls: Call[];
  messages: Uint8Array[];
  proposals: ByteStrings;
}

export class InputQueue {
  #batches: Batch[] = [];
  #messages = 0;
  /** Memory for the proposals of the next batch. */
  #spare: ByteStrings | undefined;
  #messageBytes = 0;

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** A step does calls first: one that comes behind something else begins another step. */
  call(call: Call): void {
    const last = this.#batches.at(-1);
    const fits = last !== undefined && last.messages.length === 0 && last.proposals.count === 0;
    (fits ? last : this.#begin()).calls.push(call);
  }

  message(message: Uint8Array): void {
    this.#last().messages.push(message);
    this.#messages++;
    this.#messageBytes += message.byteLength;
    for (let i = 0; this.#messages > 1 && this.#isOverfull; ) {
      const oldest = this.#batches[i]?.messages.shift();
      if (oldest === undefined) i++;
      else this.#forget(oldest);
    }
  }

  /** Copies `entry`. */
  proposal(entry: Uint8Array): void {
    const last = this.#last();
    (last.proposals.byteLength < STEP_BYTES ? last : this.#begin()).proposals.add(entry);
  }

  /** `input` has been taken, and is not needed any more. */
  done({ proposals }: StepInput): void {
    if (proposals === undefined) return;
    proposals.clear();
    this.#spare = proposals;
  }

  /** The input of the next step. */
  take(): StepInput | undefined {
    const batch = this.#batches.shift();
    for (const message of batch?.messages ?? []) this.#forget(message);
    return batch;
  }

  clear(): void {
    while (this.take() !== undefined);
  }

  get #isOverfull(): boolean {
    return this.#messages > MAX_MESSAGES || this.#messageBytes > MAX_MESSAGE_BYTES;
  }

  #forget(message: Uint8Array): void {
    this.#messages--;
    this.#messageBytes -= message.byteLength;
  }

  #last(): Batch {
    return this.#batches.at(-1) ?? this.#begin();
  }

  #begin(): Batch {
    const batch: Batch = { calls: [], messages: [], proposals: this.#spare ?? new ByteStrings() };
    this.#spare = undefined;
    this.#batches.push(batch);
    return batch;
  }
}
