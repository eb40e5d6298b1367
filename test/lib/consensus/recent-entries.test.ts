// The end of the log in memory, beside a plain array that forgets nothing.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EngineOp } from '../../../lib/consensus/packed-step.js';
import { RecentEntries } from '../../../lib/consensus/recent-entries.js';
import { packed } from '../../support/packed.js';

type Step =
  | { kind: 'append'; count: number }
  | { kind: 'prefix'; back: number; count: number }
  | { kind: 'state'; ahead: number };

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 0, max: 900 }) }),
    fc.record({
      kind: fc.constant('prefix' as const),
      back: fc.integer({ min: 0, max: 1500 }),
      count: fc.integer({ min: 0, max: 900 }),
    }),
    fc.record({ kind: fc.constant('state' as const), ahead: fc.integer({ min: 1, max: 50 }) }),
  ),
  { maxLength: 30 },
);

describe('RecentEntries', () => {
  it('gives what the log holds from an index on, or nothing', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 20 }), (script: Step[], start) => {
        const recent = new RecentEntries(start);
        let log: (string | undefined)[] = Array(start).fill(undefined);
        let written = 0;
        for (const step of script) {
          const fromIdx = step.kind === 'state' ? log.length + step.ahead : Math.max(start, log.length - backOf(step));
          const entries = Array.from({ length: step.kind === 'state' ? 3 : step.count }, () => `${written++}`);
          const op: EngineOp =
            step.kind === 'append'
              ? { type: 'appendEntries', entries: packed(entries) }
              : { type: 'appendOnPrefix', fromIdx, entries: packed(entries) };
          recent.apply([op]);
          // What lies below a state that was taken over is in no log.
          log = step.kind === 'state' ? Array(fromIdx).fill(undefined) : log.slice(0, fromIdx);
          log.push(...entries);

          const at = (index: number) => recent.from(index, log.length, 2000)?.at(0).toString();
          for (let index = 0; index < log.length; index += 37) {
            const found = at(index);
            if (found !== undefined && found !== log[index]) expect(found).toBe(log[index]);
          }
          for (let index = Math.max(0, log.length - entries.length); index < log.length; index++) {
            if (at(index) !== log[index]) expect(at(index)).toBe(log[index]); // the last are always there
          }
          expect(recent.from(log.length, log.length + 1, 100)).toBeUndefined();
        }
      }),
      { numRuns: 40 },
    );
  });

  it('forgets whole steps, the oldest first', () => {
    const recent = new RecentEntries(0);
    const append = () =>
      recent.apply([{ type: 'appendEntries', entries: packed(Array.from({ length: 1000 }, () => 'entry')) }]);
    for (let step = 0; step < 5; step++) append();
    expect(recent.from(999, 5000, 1)).toBeUndefined();
    expect(recent.from(1000, 5000, 1)?.length).toBe(1);
  });

  it('gives about so many bytes, and one entry at the least', () => {
    const recent = new RecentEntries(0);
    recent.apply([{ type: 'appendEntries', entries: packed(Array.from({ length: 10 }, () => '12345678')) }]);
    expect(recent.from(0, 10, 1)?.length).toBe(1);
    expect(recent.from(2, 10, 50)?.length).toBe(4);
    expect(recent.from(2, 5, 1000)?.length).toBe(3);
  });
});

function backOf(step: Step): number {
  return step.kind === 'prefix' ? step.back : 0;
}
