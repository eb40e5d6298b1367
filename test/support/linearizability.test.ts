import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { type Operation, violationIn } from './linearizability.js';

const read = (start: number, end: number, value: string | null): Operation => ({ type: 'read', start, end, value });
const write = (start: number, end: number | undefined, value: string | null): Operation => {
  return { type: 'write', start, end, value };
};
const cas = (
  start: number,
  end: number | undefined,
  expected: string | null,
  value: string | null,
  found?: string | null,
): Operation => ({ type: 'cas', start, end, expected, value, found });

describe('a linearizable history', () => {
  const histories: Record<string, Operation[]> = {
    'has nothing in it': [],
    'reads what was written': [write(0, 1, 'a'), read(2, 3, 'a')],
    'reads nothing from a key that has no value': [
      read(0, 1, null),
      write(2, 3, 'a'),
      write(4, 5, null),
      read(6, 7, null),
    ],
    'reads the old value during a write, or the new one': [write(0, 9, 'a'), read(1, 2, null), read(3, 4, 'a')],
    'has two writes at once, in the order of which the reads decide': [
      write(0, 9, 'a'),
      write(0, 9, 'b'),
      read(1, 2, 'b'),
      read(3, 4, 'a'),
    ],
    'takes a write twice that was called before another': [
      write(0, 1, 'a'),
      write(2, 9, 'b'),
      write(2, 9, 'a'),
      read(3, 4, 'b'),
      read(5, 6, 'a'),
    ],
    'sets by comparison what is there': [
      cas(0, 1, null, 'a'),
      cas(2, 3, 'a', 'b'),
      cas(4, 5, 'a', 'c', 'b'),
      read(6, 7, 'b'),
    ],
    'has a write of an unknown outcome that never happens': [
      write(0, undefined, 'a'),
      read(1, 2, null),
      read(8, 9, null),
    ],
    'has a write of an unknown outcome that happens late': [
      write(0, undefined, 'a'),
      write(1, 2, 'b'),
      read(3, 4, 'b'),
      read(5, 6, 'a'),
    ],
    'has a chain of unknown outcomes of which the last is seen': [
      cas(0, undefined, null, 'a'),
      cas(1, undefined, 'a', 'b'),
      read(2, 3, 'b'),
    ],
    'has unknown deletions': [write(0, 1, 'a'), write(2, undefined, null), read(3, 4, 'a'), read(5, 6, null)],
  };
  it.each(Object.entries(histories))('%s', (_, history) => {
    expect(violationIn(history)).toBeUndefined();
  });
});

describe('a history that is not linearizable', () => {
  const histories: Record<string, Operation[]> = {
    'reads what was never written': [read(0, 1, 'a')],
    'reads what is no more': [write(0, 1, 'a'), write(2, 3, 'b'), read(4, 5, 'a')],
    'has lost a write': [write(0, 1, 'a'), read(2, 3, null)],
    'goes back during a write': [write(0, 9, 'a'), read(1, 2, 'a'), read(3, 4, null)],
    'has readers that see two writes in different orders': [
      write(0, 1, 'a'),
      write(0, 1, 'b'),
      read(2, 3, 'a'),
      read(4, 5, 'b'),
    ],
    'sets twice by the same comparison': [write(0, 1, 'a'), cas(2, 9, 'a', 'b'), cas(2, 9, 'a', 'c')],
    'refuses a comparison that holds': [write(0, 1, 'a'), cas(2, 3, 'a', 'b', 'a')],
    'reads before it is called what an unknown outcome has written': [read(0, 1, 'a'), write(2, undefined, 'a')],
    'has a write of an unknown outcome that happens twice': [
      write(0, undefined, 'a'),
      read(1, 2, 'a'),
      write(3, 4, 'b'),
      read(5, 6, 'a'),
    ],
    'needs an unknown comparison that could not hold': [write(0, 1, 'x'), cas(2, undefined, 'a', 'b'), read(3, 4, 'b')],
  };
  it.each(Object.entries(histories))('%s', (_, history) => {
    expect(violationIn(history)).toBeDefined();
  });

  it('is told with what could not come next', () => {
    const stale = read(4, 5, 'a');
    expect(violationIn([write(0, 1, 'a'), write(2, 3, 'b'), stale])).toBe(
      `with the value "b" none can come next:\n${JSON.stringify(stale)}`,
    );
  });
});

/** Ten clients: each operation happens at one moment between its call and its answer. Every value is written once at most. */
function randomHistory(random: SeededRandom): Operation[] {
  const planned: { at: number; start: number; end: number | undefined; happens: boolean }[] = [];
  for (let client = 0; client < 10; client++) {
    for (let time = random.within(0, 20), i = 0; i < 30; i++) {
      const start = time;
      const at = start + random.within(1, 60);
      const end = at + random.within(1, 60);
      time = end + random.within(1, 40);
      const isUnknown = random.chance(8);
      planned.push({ at, start, end: isUnknown ? undefined : end, happens: !isUnknown || random.chance(50) });
    }
  }
  let value: string | null = null;
  const recent: (string | null)[] = [null];
  const set = (next: string | null) => {
    value = next;
    recent.push(next);
  };
  return planned
    .sort((a, b) => a.at - b.at)
    .map(({ start, end, happens }, i): Operation => {
      const kind = random.within(0, 9);
      const next = kind === 0 ? null : `v${i}`;
      if (kind >= 5) return { type: 'read', start, end, value };
      if (kind >= 3) {
        const expected = random.chance(60) ? value : random.oneOf(recent);
        const found = expected === value ? undefined : value;
        if (happens && found === undefined) set(next);
        return { type: 'cas', start, end, expected, value: next, found: end === undefined ? undefined : found };
      }
      if (happens) set(next);
      return { type: 'write', start, end, value: next };
    });
}

/** A read made stale: of a value over which another was written for certain before the read was called. */
function withStaleRead(history: readonly Operation[]): Operation[] | undefined {
  const known = history.filter((operation): operation is Operation & { end: number } => operation.end !== undefined);
  const writes = known.filter(({ type }) => type === 'write');
  for (const old of writes.filter(({ value }) => value !== null)) {
    const over = writes.find(({ start }) => start > old.end);
    const late =
      over && known.find(({ type, start, value }) => type === 'read' && start > over.end && value !== old.value);
    if (late !== undefined) {
      return history.map((operation) => (operation === late ? { ...late, type: 'read', value: old.value } : operation));
    }
  }
  return undefined;
}

/** A write taken out that somebody has read. */
function withLostWrite(history: readonly Operation[]): Operation[] | undefined {
  const seen = new Set(
    history.filter(({ type, end }) => type === 'read' && end !== undefined).map(({ value }) => value),
  );
  const lost = history.find(({ type, value }) => type !== 'read' && value !== null && seen.has(value));
  return lost && history.filter((operation) => operation !== lost);
}

describe('a random history', () => {
  const SEEDS = Array.from({ length: 100 }, (_, seed) => seed);
  const histories = SEEDS.map((seed) => randomHistory(new SeededRandom(seed)));

  it('is linearizable as it was made', () => {
    expect(SEEDS.filter((seed) => violationIn(histories[seed] as Operation[]) !== undefined)).toEqual([]);
  });

  it.each([
    ['one read is stale', withStaleRead],
    ['one write that was read is lost', withLostWrite],
  ])('is not linearizable any more where %s', (_, change) => {
    const changed = histories.flatMap((history) => {
      const made = change(history);
      return made === undefined ? [] : [made];
    });
    expect(changed.length).toBeGreaterThan(90);
    expect(changed.filter((history) => violationIn(history) === undefined)).toEqual([]);
  });
});
