// Compares what the replicas hold at the end with all that the clients were told.

import { isDeepStrictEqual } from 'node:util';
import type { Flight } from '../flights.js';
import { type Attempt, flightOf } from './clients.js';
import { checksum, ROW } from './flight-log.js';

export interface Findings {
  /** Records that were acknowledged, and are gone, changed or somewhere else on one replica or more. */
  lost: number;
  /** Attempts that a replica has applied more than once. */
  appliedTwice: number;
  areEqual: boolean;
  /** Anything else that is not as it was told, in words. */
  violations: string[];
}

interface Row {
  index: number;
  record: number;
  attempt: number;
  checksum: number;
}

/** `histories`: of each replica all rows of its state machine. */
export function check(
  histories: readonly Uint32Array[],
  attempts: readonly Attempt[],
  flights: readonly Flight[],
): Findings {
  const lost = new Set<number>();
  const violations: string[] = [];
  let appliedTwice = 0;
  histories.forEach((history, i) => {
    const rows = rowsOf(history);
    const byIndex = new Map(rows.map((row) => [row.index, row]));
    const byAttempt = new Map(rows.map((row) => [nameOf(row), row]));
    const firsts = new Map<number, Row>();
    for (const row of rows) if (!firsts.has(row.record)) firsts.set(row.record, row);
    appliedTwice += rows.length - byAttempt.size;
    if (rows.some(({ index }, at) => at > 0 && index <= (rows[at - 1] as Row).index)) {
      violations.push(`replica ${i + 1} has applied the log in another order`);
    }
    for (const { record, attempt, outcome } of attempts) {
      const name = nameOf({ record, attempt });
      if (outcome.type === 'applied') {
        const { index, isNew } = outcome;
        const row = { index, record, attempt, checksum: checksum(flightOf(record, flights)) };
        if (!isDeepStrictEqual(byIndex.get(index), row)) lost.add(record);
        else if (isNew !== (firsts.get(record)?.index === index)) violations.push(`record ${record} is there twice`);
      } else if (outcome.type === 'never' && byAttempt.has(name)) {
        violations.push(`attempt ${name} was said never to be in the log, and replica ${i + 1} has it`);
      }
    }
  });
  const [first, ...others] = histories;
  return {
    lost: lost.size,
    appliedTwice,
    areEqual: others.every((other) => isDeepStrictEqual(other, first)),
    violations,
  };
}

function nameOf({ record, attempt }: { record: number; attempt: number }): string {
  return `${attempt} of record ${record}`;
}

function rowsOf(history: Uint32Array): Row[] {
  return Array.from({ length: history.length / ROW }, (_, i) => {
    const [index, record, attempt, checksum] = history.subarray(i * ROW, (i + 1) * ROW) as unknown as [
      number,
      number,
      number,
      number,
    ];
    return { index, record, attempt, checksum };
  });
}
