// Random sequences of everything that writes, against a plain map; after each step every way of reading must agree with
// it. A failure prints the seed and the shortest sequence that fails.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Database, type Row, type ScanRange, WriteBatch } from '../../binding/index.js';
import { collect, openAt, shown, temporaryDatabase } from '../support/temporary-database.js';

const FAMILIES = ['default', 'log'] as const;
type Family = (typeof FAMILIES)[number];
type Model = Record<Family, Map<string, Buffer>>;

// Few bytes and short keys, so that records meet each other.
const key = fc
  .array(fc.constantFrom(0, 1, 0x61, 0x62, 0x7f, 0x80, 0xfe, 0xff), { maxLength: 3 })
  .map((bytes) => Buffer.from(bytes));
const value = fc.oneof(
  { weight: 9, arbitrary: fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.integer({ min: 65_000, max: 66_000 }).map((length) => Buffer.alloc(length, length)) },
);
const family = fc.constantFrom(...FAMILIES);
const record = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('put' as const), family, key, value }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), family, key }) },
  {
    weight: 1,
    arbitrary: fc
      .record({ type: fc.constant('deleteRange' as const), family, from: key, to: key })
      .map((range) =>
        Buffer.compare(range.from, range.to) > 0 ? { ...range, from: range.to, to: range.from } : range,
      ),
  },
);
const batch = fc.array(record, { maxLength: 12 });
const sync = fc.boolean();
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('write' as const), batch, sync }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('writeSync' as const), batch, sync }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('writes' as const), batches: fc.array(batch, { maxLength: 6 }), sync }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), family }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
);
const range: fc.Arbitrary<ScanRange> = fc
  .record(
    {
      gte: key,
      gt: key,
      lte: key,
      lt: key,
      reverse: fc.boolean(),
      limit: fc.nat(8),
      maxBytes: fc.integer({ min: 1, max: 140_000 }),
    },
    { requiredKeys: [] },
  )
  .map((given) => given as ScanRange);

let db: Database;

function build(
  records: readonly (typeof record extends fc.Arbitrary<infer T> ? T : never)[],
  model: Model,
): WriteBatch {
  const built = new WriteBatch();
  for (const item of records) {
    const cf = db.columnFamily(item.family);
    const rows = model[item.family];
    if (item.type === 'put') {
      built.put(cf, item.key, item.value);
      rows.set(item.key.toString('latin1'), item.value);
    } else if (item.type === 'delete') {
      built.delete(cf, item.key);
      rows.delete(item.key.toString('latin1'));
    } else {
      built.deleteRange(cf, item.from, item.to);
      const [from, to] = [item.from.toString('latin1'), item.to.toString('latin1')];
      for (const stored of rows.keys()) if (stored >= from && stored < to) rows.delete(stored);
    }
  }
  return built;
}

async function perform(item: typeof step extends fc.Arbitrary<infer T> ? T : never, model: Model): Promise<void> {
  if (item.type === 'write') await db.write(build(item.batch, model), { sync: item.sync });
  else if (item.type === 'writeSync') db.writeSync(build(item.batch, model), { sync: item.sync });
  else if (item.type === 'writes') {
    await Promise.all(item.batches.map((records) => db.write(build(records, model), { sync: item.sync })));
  } else if (item.type === 'flush') await db.flush();
  else if (item.type === 'compact') await db.compactRange(db.columnFamily(item.family));
  else {
    await db.close();
    db = await openAt(db.path, { createIfMissing: false });
  }
}

/** What a scan of the model gives. Latin-1 strings compare as their bytes do. */
function expected(rows: ReadonlyMap<string, Buffer>, given: ScanRange): string[] {
  const bound = (name: 'gte' | 'gt' | 'lte' | 'lt') => given[name] && Buffer.from(given[name]).toString('latin1');
  const [gte, gt, lte, lt] = [bound('gte'), bound('gt'), bound('lte'), bound('lt')];
  const within = [...rows]
    .filter(([k]) => (gte === undefined || k >= gte) && (gt === undefined || k > gt))
    .filter(([k]) => (lte === undefined || k <= lte) && (lt === undefined || k < lt))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (given.reverse) within.reverse();
  const found: Row[] = [];
  let length = 0;
  for (const [k, value] of within) {
    if (
      found.length >= (given.limit ?? Number.POSITIVE_INFINITY) ||
      length >= (given.maxBytes ?? Number.POSITIVE_INFINITY)
    )
      break;
    found.push({ key: Buffer.from(k, 'latin1'), value });
    length += k.length + value.length;
  }
  return shown(found);
}

async function compare(model: Model, ranges: readonly ScanRange[], keys: readonly Buffer[]): Promise<void> {
  for (const name of FAMILIES) {
    const cf = db.columnFamily(name);
    const rows = model[name];
    for (const given of [{}, ...ranges]) {
      const wanted = expected(rows, given);
      expect(shown(db.scanSync(cf, given))).toEqual(wanted);
      expect(shown(await db.scan(cf, given))).toEqual(wanted);
      expect(shown(await collect(db.iterate(cf, given)))).toEqual(wanted);
    }
    for (const wanted of keys) {
      expect(db.getSync(cf, wanted)).toEqual(rows.get(wanted.toString('latin1')));
      expect(await db.get(cf, wanted)).toEqual(rows.get(wanted.toString('latin1')));
    }
  }
}

describe('any sequence of writes', () => {
  it('leaves what a plain map would hold, however it is read', async () => {
    db = await temporaryDatabase({ columnFamilies: ['log'] });
    const steps = fc.array(step, { minLength: 1, maxLength: 12 });
    const property = fc.asyncProperty(
      steps,
      fc.array(range, { maxLength: 6 }),
      fc.array(key, { maxLength: 4 }),
      async (sequence, ranges, keys) => {
        const everything = new WriteBatch();
        for (const name of FAMILIES)
          everything.deleteRange(db.columnFamily(name), Buffer.alloc(0), Buffer.alloc(4, 0xff));
        await db.write(everything);
        const model: Model = { default: new Map(), log: new Map() };
        for (const item of sequence) {
          await perform(item, model);
          await compare(model, ranges, keys);
        }
      },
    );
    await fc.assert(property, { numRuns: 60 });
  }, 180_000); // a third of it where nothing else runs
});
