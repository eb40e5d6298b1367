// Every method in every state of a database's life: allowed, or refused with CLOSED. Nothing else may happen.

import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, type Database, type Row, WriteBatch } from '../../binding/index.js';
import { expectRocksError } from '../support/failures.js';
import { bytes, puts, temporaryDatabase } from '../support/temporary-database.js';

let db: Database;
let cf: ColumnFamily;
let running: Promise<unknown>[];
let rows: AsyncIterableIterator<Row>;

beforeEach(async () => {
  db = await temporaryDatabase({ columnFamilies: ['log'] });
  cf = db.columnFamily('default');
  running = [];
  const batch = new WriteBatch();
  for (let i = 0; i < 2500; i++) batch.put(cf, bytes(`k${i}`), bytes('v'));
  await db.write(batch);
  rows = db.iterate(cf);
  await rows.next();
});

// How the database comes into each state; what `running` holds must succeed whatever is called then.
const states: Record<string, () => unknown> = {
  open: () => rows.return?.(),
  writing: () => {
    for (let i = 0; i < 20; i++) running.push(db.write(puts(cf, { [`w${i}`]: 'v' }), { sync: true }));
  },
  iterating: async () => {
    for (let i = 1; i < 1000; i++) await rows.next();
    running.push(rows.next()); // the second piece is under way
  },
  closing: () => {
    running.push(db.write(puts(cf, { w: 'v' }), { sync: true }), db.get(cf, bytes('k1')), db.flush());
    running.push(db.close());
  },
  closed: () => db.close(),
};

const methods: Record<string, () => unknown> = {
  path: () => db.path,
  columnFamilies: () => db.columnFamilies,
  columnFamily: () => db.columnFamily('log'),
  createColumnFamily: () => db.createColumnFamily('new'),
  dropColumnFamily: () => db.dropColumnFamily('log'),
  get: () => db.get(cf, bytes('k1')),
  getSync: () => db.getSync(cf, bytes('k1')),
  write: () => db.write(puts(cf, { a: '1' }), { sync: true }),
  'write of nothing': () => db.write(new WriteBatch()),
  writeSync: () => db.writeSync(puts(cf, { a: '1' }), { sync: true }),
  'writeSync of nothing': () => db.writeSync(new WriteBatch()),
  scan: () => db.scan(cf),
  scanSync: () => db.scanSync(cf),
  'scan of nothing': () => db.scan(cf, { limit: 0 }),
  iterate: () => db.iterate(cf),
  'iterate, next': () => db.iterate(cf).next(),
  'iterate, return': () => db.iterate(cf).return?.(),
  'next of a live iterator': () => Promise.all(Array.from({ length: 3000 }, () => rows.next())),
  'return of a live iterator': () => rows.return?.(),
  flush: () => db.flush(),
  compactRange: () => db.compactRange(cf),
  checkpoint: () => db.checkpoint(`${db.path}-copy`),
  verifyChecksums: () => db.verifyChecksums(),
  property: () => db.property('rocksdb.stats'),
  closed: () => db.closed,
  close: () => db.close(),
  closeSync: () => db.closeSync(),
  asyncDispose: () => db[Symbol.asyncDispose](),
  dispose: () => db[Symbol.dispose](),
  inspect: () => inspect(db),
  'WriteBatch.put': () => puts(cf, { a: '1' }),
  'WriteBatch.clear': () => puts(cf, { a: '1' }).clear(),
};

// + allowed, - refused with CLOSED. Columns: open, writing, iterating, closing, closed.
const table = `
  path                       + + + + +
  columnFamilies             + + + + +
  columnFamily               + + + + +
  createColumnFamily         + + + - -
  dropColumnFamily           + + + - -
  get                        + + + - -
  getSync                    + + + - -
  write                      + + + - -
  write of nothing           + + + - -
  writeSync                  + + + - -
  writeSync of nothing       + + + - -
  scan                       + + + - -
  scanSync                   + + + - -
  scan of nothing            + + + - -
  iterate                    + + + + +
  iterate, next              + + + - -
  iterate, return            + + + + +
  next of a live iterator    + + + - -
  return of a live iterator  + + + + +
  flush                      + + + - -
  compactRange               + + + - -
  checkpoint                 + + + - -
  verifyChecksums            + + + - -
  property                   + + + - -
  closed                     + + + + +
  close                      + + + + +
  closeSync                  + + + + +
  asyncDispose               + + + + +
  dispose                    + + + + +
  inspect                    + + + + +
  WriteBatch.put             + + + + +
  WriteBatch.clear           + + + + +
`;

const cells = table
  .trim()
  .split('\n')
  .flatMap((line) => {
    const [, method, marks] = /^\s*(.+?)\s+([-+ ]+)$/.exec(line) as unknown as [string, string, string];
    return Object.keys(states).map((state, i) => ({ method, state, allowed: marks.split(' ')[i] === '+' }));
  });

it('the table has a row for every method', () => {
  expect(new Set(cells.map(({ method }) => method))).toEqual(new Set(Object.keys(methods)));
});

describe.each(Object.keys(states))('a database that is %s', (state) => {
  it.each(cells.filter((cell) => cell.state === state))('$method: allowed is $allowed', async ({ method, allowed }) => {
    await states[state]?.();
    const call = methods[method] as () => unknown;
    if (allowed) await call();
    else await expectRocksError(call, 'CLOSED');
    await Promise.all(running);
    expect(db.closed).toBe(state.startsWith('clos') || /^close(Sync)?$|[dD]ispose/.test(method));
  });
});
