// What a database of a workload must hold after its first steps. It shares no code with what it is compared with.

import { createHash } from 'node:crypto';
import { LogModel } from '../../lib/testing/storage-suite/log-model.js';
import { type Step, snapshotBytes } from './step.js';

interface ExpectedSnapshot {
  idx: number;
  /** The step that has stored it. */
  number: number;
  bytes: number;
}

export class ExpectedState {
  readonly #logs = new Map<string, LogModel<string, string>>();
  readonly #records = new Map<string, Map<string, string>>();
  readonly #snapshots = new Map<string, ExpectedSnapshot>();
  readonly #live = new Set<string>();

  log(name: string): LogModel<string, string> {
    const log = this.#logs.get(name) ?? new LogModel<string, string>();
    this.#logs.set(name, log);
    return log;
  }

  /** Column families that steps have made, and not dropped. */
  get liveFamilies(): string[] {
    return [...this.#live];
  }

  /** @param number - of the step */
  take(step: Step, number: number): void {
    switch (step.type) {
      case 'ops':
        this.log(step.log).write(step.ops);
        if (step.records.length > 0) this.#put('records', step.records);
        break;
      case 'compact':
        this.log(step.log).compact(step.idx, step.snapshot);
        break;
      case 'records':
        this.#put(step.family, step.records);
        break;
      case 'createFamily':
        this.#live.add(step.name);
        break;
      case 'dropFamily':
        this.#live.delete(step.name);
        break;
      case 'put':
        this.#snapshots.set(step.name, { idx: step.idx, number, bytes: step.bytes });
        break;
      case 'compactTo':
      case 'restore':
        this.#snapshots.set(step.name, { idx: step.idx, number, bytes: step.bytes });
        this.#move(step);
        break;
      case 'delete':
        this.#snapshots.delete(step.name);
        break;
      case 'prune': {
        const sorted = [...this.#snapshots].sort(([, a], [, b]) => a.idx - b.idx || a.number - b.number);
        for (const [name] of sorted.slice(0, Math.max(0, sorted.length - step.keep))) this.#snapshots.delete(name);
        break;
      }
      default:
    }
  }

  #move(step: Extract<Step, { type: 'compactTo' | 'restore' }>): void {
    const log = this.log(step.log);
    const floor = step.type === 'restore' ? step.idx : Math.max(log.observed.compactedIdx, step.idx - step.keep);
    log.write([
      { type: 'trim', idx: floor },
      { type: 'setCompactedIdx', idx: floor },
      ...(step.type === 'restore' ? [{ type: 'setDecidedIdx' as const, idx: step.idx }] : []),
    ]);
  }

  #put(family: string, records: [string, string | undefined][]): void {
    const found = this.#records.get(family) ?? new Map<string, string>();
    this.#records.set(family, found);
    for (const [key, value] of records) {
      if (value === undefined) found.delete(key);
      else found.set(key, value);
    }
  }

  /** What a log holds, as {@link digestOf} gives what was found there. */
  logDigest(name: string): string {
    return digestOf(this.log(name).observed);
  }

  /** Of a family that was dropped: what it held at the end. Of one that is not there yet: that of an empty one. */
  recordsDigest(family: string): string {
    return digestOf([...(this.#records.get(family) ?? [])].sort());
  }

  snapshotsDigest(): string {
    const found = [...this.#snapshots].map(([name, { idx, number, bytes }]) => {
      return [name, idx, digestOf(snapshotBytes(number, bytes).toString('latin1'))];
    });
    return digestOf(found.sort());
  }
}

/** The same for values that are equal, whatever the order of their fields. */
export function digestOf(value: unknown): string {
  const inOrder = (_: string, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return createHash('md5').update(JSON.stringify(value, inOrder)).digest('base64');
}
