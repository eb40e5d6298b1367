// What the demo of a cluster would say if something were wrong.

import { describe, expect, it } from '@jest/globals';
import { check } from '../../examples/cluster/check.js';
import type { Attempt } from '../../examples/cluster/clients.js';
import { planFaults, seeded } from '../../examples/cluster/faults.js';
import { type Command, FlightLog, ROW } from '../../examples/cluster/flight-log.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';

const { CLUSTER_SEED = String(Math.floor(Math.random() * 2 ** 31)) } = process.env;
const random = new SeededRandom(Number(CLUSTER_SEED));
const FLIGHTS = ['SEA', 'PDX', 'LAX'].map((origin, delay) => ({
  date: '2001/01/01 00:00',
  delay,
  distance: 100,
  origin,
  destination: 'SFO',
}));
const RIGHT = { lost: 0, appliedTwice: 0, areEqual: true, violations: [] };

/** A run in which all went well: some attempts were never heard of again, though applied, and some were refused. */
function run(records = 50): { history: Uint32Array; attempts: Attempt[] } {
  const log = new FlightLog();
  const attempts: Attempt[] = [];
  let index = 0;
  for (let record = 0; record < records; record++) {
    for (let attempt = 1; ; attempt++) {
      const type = record % 5 === 0 && attempt === 1 ? random.oneOf(['never', 'unknown'] as const) : 'applied';
      index += random.within(1, 2);
      const command: Command = { record, attempt, flight: FLIGHTS[record % FLIGHTS.length] as Command['flight'] };
      const isNew = type === 'never' || (type === 'unknown' && random.chance(50)) ? true : log.apply(command, index);
      attempts.push({ record, attempt, outcome: type === 'applied' ? { type, index, isNew } : { type } });
      if (type === 'applied') break;
    }
  }
  return { history: log.history, attempts };
}

const rowOf = (history: Uint32Array, record: number) => {
  for (let i = 0; i < history.length; i += ROW) if (history[i + 1] === record) return i;
  throw new RangeError(`there is no record ${record}`);
};

/** `record` is one that was acknowledged at its first attempt. */
function without(history: Uint32Array, record: number): Uint32Array {
  const at = rowOf(history, record);
  return Uint32Array.from([...history.subarray(0, at), ...history.subarray(at + ROW)]);
}

function changed(history: Uint32Array, at: number, value: number): Uint32Array {
  return history.with(at, value);
}

describe(`the check at the end (CLUSTER_SEED=${CLUSTER_SEED})`, () => {
  const { history, attempts } = run();
  const others = [history, history];
  const record = 5 * random.within(0, 8) + random.within(1, 4);
  const at = rowOf(history, record);

  it('finds nothing where nothing is wrong', () => {
    expect(check([history, ...others], attempts, FLIGHTS)).toEqual(RIGHT);
  });

  it.each([
    ['gone', () => without(history, record)],
    ['changed', () => changed(history, at + 3, 1)],
    ['at another index', () => changed(history, at, (history[at] as number) + 1_000_000)],
  ])('finds an acknowledged record that is %s on one replica', (_, wrong) => {
    expect(check([history, wrong(), history], attempts, FLIGHTS)).toMatchObject({ lost: 1, areEqual: false });
  });

  it('finds a record that all have lost', () => {
    const lost = without(history, record);
    expect(check([lost, lost, lost], attempts, FLIGHTS)).toMatchObject({ lost: 1, areEqual: true });
  });

  it('finds an attempt that was applied twice', () => {
    const twice = Uint32Array.from([...history, 1_000_000, ...history.subarray(at + 1, at + ROW)]);
    expect(check([twice, twice, twice], attempts, FLIGHTS)).toMatchObject({ lost: 0, appliedTwice: 3 });
  });

  it('finds an attempt that was said never to be applied', () => {
    const refused = { record: 0, attempt: 9, outcome: { type: 'never' } } as const;
    const wrong = Uint32Array.from([...history, 1_000_000, 0, 9, 0]);
    const { violations } = check([history, history, wrong], [...attempts, refused], FLIGHTS);
    expect(violations).toEqual(['attempt 9 of record 0 was said never to be in the log, and replica 3 has it']);
  });

  it('finds a record that was said to be new where it was there already', () => {
    const again: Attempt = { record, attempt: 9, outcome: { type: 'applied', index: 1_000_000, isNew: true } };
    const more = Uint32Array.from([...history, 1_000_000, record, 9, history[at + 3] as number]);
    const { violations } = check([more, more, more], [...attempts, again], FLIGHTS);
    expect(new Set(violations)).toEqual(new Set([`record ${record} is there twice`]));
  });

  it('finds a log that was applied in another order', () => {
    const rows = [history.subarray(ROW, 2 * ROW), history.subarray(0, ROW), history.subarray(2 * ROW)];
    const wrong = Uint32Array.from(rows.flatMap((row) => [...row]));
    expect(check([wrong, history, history], attempts, FLIGHTS)).toMatchObject({
      areEqual: false,
      violations: expect.arrayContaining(['replica 1 has applied the log in another order']),
    });
  });
});

describe('the plan of the faults', () => {
  it('has as many as were asked for, in order, within the run, and follows from its seed', () => {
    for (let i = 0; i < 30; i++) {
      const [records, kills, partitions] = [random.within(1, 20_000), random.within(0, 60), random.within(0, 60)];
      const seed = random.within(0, 2 ** 31);
      const plan = planFaults(seeded(seed), records, kills, partitions);
      expect(plan.filter(({ type }) => type === 'kill')).toHaveLength(kills);
      expect(plan).toHaveLength(kills + partitions);
      expect(plan.map(({ at }) => at)).toEqual(plan.map(({ at }) => at).sort((a, b) => a - b));
      for (const { at } of plan) expect(at).toBeLessThan(records);
      expect(planFaults(seeded(seed), records, kills, partitions)).toEqual(plan);
    }
  });
});

describe('the state of the demo', () => {
  it('is the same once it is restored, however its bytes are cut', async () => {
    const log = new FlightLog();
    const flight = FLIGHTS[0] as Command['flight'];
    for (let index = 0; index < 20; index++) log.apply({ record: random.within(0, 9), attempt: 1, flight }, index);
    const bytes = log.snapshot();
    const cut = random.within(0, bytes.length);
    const restored = new FlightLog();
    async function* pieces() {
      yield* [bytes.subarray(0, cut), bytes.subarray(cut)];
    }
    await restored.restore(pieces());
    expect(restored.history).toEqual(log.history);
    for (let record = 0; record < 10; record++) {
      const command = { record, attempt: 2, flight };
      expect(restored.apply(command, 20)).toBe(log.apply(command, 20));
    }
  });
});
