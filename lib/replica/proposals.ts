// The proposals of this replica that have not settled: each is proposed, and proposed again wherever it may have got lost,
// until it has been applied here or nobody waits for it any more.

import Denque from 'denque';
import { checkRecord, checkSignal, invalid } from '../consensus/configuration.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import type { LogIndex } from '../contract/storage.js';
import type { Proposer } from './applied-proposals.js';
import { encodeEnvelope } from './envelope.js';

/** How long to wait for a proposal. */
export interface ProposeOptions {
  /** Ends the waiting. */
  signal?: AbortSignal;
  /** Milliseconds after which the waiting ends. Default: it does not. */
  timeoutMs?: number;
}

/** A proposal that has been applied. */
export interface Applied<R> {
  /** Of its entry in the log. */
  index: LogIndex;
  /** What `apply` gave. */
  result: R;
}

/** From the call to its outcome. */
interface Proposal<R> {
  /** Undefined for one that changes no state. */
  command: Uint8Array | undefined;
  /** What it has once there is room for it. */
  sent: Sent | undefined;
  isOver: boolean;
  resolve(outcome: Applied<R>): void;
  reject(error: ConsensusError): void;
}

interface Sent {
  counter: number;
  bytes: Buffer;
  /** The epoch under which it was last proposed; undefined where nobody led, or took it. */
  epoch: bigint | undefined;
  /** When, in ticks. */
  at: number;
  /** Whether the engine has ever had it. */
  wasTaken: boolean;
}

export interface ProposalsOptions {
  proposer: Proposer;
  /** What is under way together, at most; one proposal may be larger by itself. */
  maxInFlightBytes: number;
  /** Ticks after which one that has not been applied counts as lost. */
  resendTicks: number;
  /** False where nothing can be proposed just now. */
  append(envelope: Buffer): boolean;
}

export class Proposals<R> {
  readonly #options: ProposalsOptions;
  /** By their counters, which rise. */
  readonly #pending = new Map<number, Proposal<R> & { sent: Sent }>();
  /** In the order of the calls: none overtakes one that waits for more room. */
  readonly #waiting = new Denque<Proposal<R>>();
  #bytes = 0;
  #counter = 0;
  #epoch: bigint | undefined;
  #ticks = 0;
  #end: (() => ConsensusError) | undefined;

  constructor(options: ProposalsOptions) {
    this.#options = options;
  }

  /** Of those that are under way. */
  get inFlight(): { proposals: number; bytes: number } {
    return { proposals: this.#pending.size, bytes: this.#bytes };
  }

  /**
   * `command` must stay as it is; without it, something that changes no state is proposed. Rejects with `NOT_DECIDED` where
   * it certainly is not in the log, with `OUTCOME_UNKNOWN` where it may be yet, and with what {@link end} is given.
   */
  propose(command: Uint8Array | undefined, options: ProposeOptions): Promise<Applied<R>> {
    if (this.#end !== undefined) return Promise.reject(this.#end());
    return new Promise((resolve, reject) => {
      const over = () => {
        proposal.isOver = true;
        stopWaiting();
      };
      const proposal: Proposal<R> = {
        command,
        sent: undefined,
        isOver: false,
        resolve(outcome) {
          over();
          resolve(outcome);
        },
        reject(error) {
          over();
          reject(error);
        },
      };
      const stopWaiting = waiting(options, (how) => this.#giveUp(proposal, how));
      if (options.signal?.aborted) return this.#giveUp(proposal, ABORTED);
      this.#waiting.push(proposal);
      this.#goOn();
    });
  }

  /** What `counter` is of has been applied here. */
  applied(counter: number, index: LogIndex, result: R): void {
    const proposal = this.#pending.get(counter);
    if (proposal === undefined) return; // before, or nobody waits for it
    this.#forget(proposal.sent);
    proposal.resolve({ index, result });
    this.#goOn();
  }

  /** A state of a peer's has come in place of the entries of some: that they were applied is known, and not with which result. */
  passed(hasApplied: (counter: number) => boolean): void {
    for (const [counter, proposal] of this.#pending) {
      if (!hasApplied(counter)) continue;
      this.#forget(proposal.sent);
      const message = 'the proposal was applied, and its result lost: the state behind it came from a peer';
      proposal.reject(new ConsensusError('OUTCOME_UNKNOWN', message));
    }
    this.#goOn();
  }

  /** Who leads has changed: what was proposed to another leader may be lost. Undefined: nobody is known to lead. */
  ledUnder(epoch: bigint | undefined): void {
    this.#epoch = epoch;
    for (const { sent } of this.#pending.values()) if (sent.epoch !== epoch) this.#append(sent);
  }

  /** Proposes again what has been under way for long. */
  tick(): void {
    this.#ticks++;
    const { resendTicks } = this.#options;
    for (const { sent } of this.#pending.values()) {
      if (sent.epoch === undefined || this.#ticks - sent.at >= resendTicks) this.#append(sent);
    }
  }

  /** Nothing is applied any more. What may be in a log fails with `underWay`, what was never proposed with `later`. */
  end(underWay: () => ConsensusError, later: () => ConsensusError): void {
    if (this.#end !== undefined) return;
    this.#end = later;
    const [pending, waiting] = [[...this.#pending.values()], this.#waiting.toArray()];
    this.#pending.clear();
    this.#waiting.clear();
    this.#bytes = 0;
    for (const proposal of pending) proposal.reject(proposal.sent.wasTaken ? underWay() : later());
    for (const proposal of waiting) if (!proposal.isOver) proposal.reject(later());
  }

  #goOn(): void {
    for (let next = this.#waiting.peekFront(); next !== undefined; next = this.#waiting.peekFront()) {
      if (!next.isOver) {
        const bytes = this.#bytes + (next.command?.byteLength ?? 0);
        if (this.#bytes > 0 && bytes > this.#options.maxInFlightBytes) return;
        this.#begin(next);
      }
      this.#waiting.shift();
    }
  }

  #begin(proposal: Proposal<R>): void {
    const counter = this.#counter++;
    const { value: settledBelow = counter } = this.#pending.keys().next();
    const bytes = encodeEnvelope(this.#options.proposer, counter, settledBelow, proposal.command);
    const sent: Sent = { counter, bytes, epoch: undefined, at: 0, wasTaken: false };
    this.#pending.set(counter, Object.assign(proposal, { sent }));
    this.#bytes += bytes.byteLength;
    this.#append(sent);
  }

  #giveUp(proposal: Proposal<R>, how: string): void {
    const { sent } = proposal;
    if (sent !== undefined) this.#forget(sent);
    if (sent === undefined) {
      proposal.reject(new ConsensusError('NOT_DECIDED', `${how} before there was room for the proposal`));
    } else if (!sent.wasTaken) {
      proposal.reject(new ConsensusError('NOT_DECIDED', `${how} before a leader was known to propose it to`));
    } else {
      const message = `${how} before the proposal was applied: it may be decided yet`;
      proposal.reject(new ConsensusError('OUTCOME_UNKNOWN', message));
    }
    this.#goOn();
  }

  #forget({ counter, bytes }: Sent): void {
    if (this.#pending.delete(counter)) this.#bytes -= bytes.byteLength;
  }

  /** Where nobody leads it stays here: the engine would keep it, and propose it beside our own next attempt. */
  #append(sent: Sent): void {
    const isTaken = this.#epoch !== undefined && this.#options.append(sent.bytes);
    sent.epoch = isTaken ? this.#epoch : undefined;
    sent.wasTaken ||= isTaken;
    sent.at = this.#ticks;
  }
}

const ABORTED = 'the signal was aborted';

/**
 * What `promise` comes to, but where nobody wants to wait any longer: `given` makes of the reason what it rejects with.
 */
export function waitFor<V>(promise: Promise<V>, options: ProposeOptions, given: (how: string) => Error): Promise<V> {
  return new Promise((resolve, reject) => {
    const stopWaiting = waiting(options, (how) => reject(given(how)));
    promise.then(resolve, reject).finally(stopWaiting);
    if (options.signal?.aborted) reject(given(ABORTED));
  });
}

/** Calls `end` once nobody wants to wait any longer. Returns what forgets that. */
function waiting({ signal, timeoutMs }: ProposeOptions, end: (how: string) => void): () => void {
  const aborted = () => end(ABORTED);
  signal?.addEventListener('abort', aborted, { once: true });
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => end(`${timeoutMs} ms were over`), timeoutMs);
  return () => {
    signal?.removeEventListener('abort', aborted);
    clearTimeout(timer);
  };
}

/** @throws ConsensusError INVALID_ARGUMENT */
export function checkProposeOptions(options: ProposeOptions): ProposeOptions {
  const { signal, timeoutMs } = checkRecord<ProposeOptions>('options', options, ['signal', 'timeoutMs']);
  checkSignal(signal);
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs >= 0 && timeoutMs < 2 ** 31)) {
    throw invalid('options.timeoutMs', 'milliseconds, from 0 to 2^31 - 1', timeoutMs);
  }
  return { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) };
}
