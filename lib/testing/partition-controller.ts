import { ConsensusError } from '../consensus/consensus-error.js';

/** Which ways between replicas are cut. A way goes in one direction. */
export class PartitionController {
  readonly #isolated = new Set<number>();
  readonly #blocked = new Set<string>();

  /** Cuts all ways to and from `pid`. */
  isolate(pid: number): void {
    this.#isolated.add(checkPid('pid', pid));
  }

  /** Undoes {@link isolate}; what {@link block} has cut stays cut. */
  restore(pid: number): void {
    this.#isolated.delete(checkPid('pid', pid));
  }

  /** Cuts the way from `from` to `to`, and not the way back. */
  block(from: number, to: number): void {
    this.#blocked.add(way(from, to));
  }

  /** Messages of `from` reach `to` again. */
  unblock(from: number, to: number): void {
    this.#blocked.delete(way(from, to));
  }

  /** Opens all ways. */
  heal(): void {
    this.#isolated.clear();
    this.#blocked.clear();
  }

  /** Whether a message of `from` would be lost on its way to `to`. */
  isBlocked(from: number, to: number): boolean {
    return this.#blocked.has(way(from, to)) || this.#isolated.has(from) || this.#isolated.has(to);
  }
}

function way(from: number, to: number): string {
  return `${checkPid('from', from)} to ${checkPid('to', to)}`;
}

/** @internal @throws ConsensusError INVALID_ARGUMENT */
export function checkPid(argument: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new ConsensusError('INVALID_ARGUMENT', `${argument} must be a pid, an integer above 0, not ${String(value)}`);
}
