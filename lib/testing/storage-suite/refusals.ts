// What is no argument is refused before anything is written: alone, and as part of an atomic write.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { AnyStorage } from './any-storage.js';
import { type Contract, refuses } from './contract.js';
import { observe } from './observe.js';

// The types of the arguments are what is under test.
type Untyped = Record<keyof AnyStorage<unknown>, (...args: unknown[]) => unknown>;

const NOT_NUMBERS = [undefined, null, '1', '', true, {}, [], [1], Symbol('s'), () => 1];
const NOT_INTEGERS = [1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const NO_INDEX = [...NOT_NUMBERS, ...NOT_INTEGERS, -1, -(2 ** 53), 2 ** 53, 1n];
const NO_U32 = [...NOT_NUMBERS, ...NOT_INTEGERS, -1, 2 ** 32, 2 ** 53, 1n];
const NO_U64 = [...NOT_NUMBERS, ...NOT_INTEGERS, -1, 2 ** 53, -1n, 2n ** 64n];
const NO_ARRAY = [undefined, null, 'abc', 5, {}, { length: 1, 0: 'a' }, new Set(['a']), Uint8Array.of(1), () => []];
const NO_OBJECT = [null, 5, 'ballot', true, 7n, Symbol('s'), () => ({})];
const NO_BYTES = [null, 'bytes', 5, [1, 2], new ArrayBuffer(2), {}];
// biome-ignore lint/suspicious/noSparseArray: a hole is what is tried.
const WITH_HOLE = ['a', , 'b'];

const ballot = { configId: 1, n: 2, priority: 3, pid: 4 };
const nextConfig = { configurationId: 2, nodes: [1, 2], flexibleQuorum: { readQuorumSize: 1, writeQuorumSize: 2 } };

/** What is refused: an argument, a call that passes it, and values. */
type Refused = readonly [argument: string, call: (log: Untyped, value: unknown) => unknown, values: readonly unknown[]];

const methods: Record<string, readonly Refused[]> = {
  getEntries: [
    ['from', (log, value) => log.getEntries(value, 2), NO_INDEX],
    ['to', (log, value) => log.getEntries(0, value), NO_INDEX],
  ],
  getSuffix: [['from', (log, value) => log.getSuffix(value), NO_INDEX]],
  appendEntry: [['entry', (log, value) => log.appendEntry(value), [undefined]]],
  appendEntries: [
    ['array', (log, value) => log.appendEntries(value), NO_ARRAY],
    ['entry in the array', (log, value) => log.appendEntries(['a', value, 'b']), [undefined]],
    ['hole in the array', (log, value) => log.appendEntries(value), [WITH_HOLE]],
  ],
  append: [['array', (log, value) => log.append(value), [...NO_ARRAY, WITH_HOLE, ['a', undefined]]]],
  appendOnPrefix: [
    ['fromIdx', (log, value) => log.appendOnPrefix(value, ['a']), NO_INDEX],
    ['fromIdx of nothing', (log, value) => log.appendOnPrefix(value, []), NO_INDEX],
    ['array', (log, value) => log.appendOnPrefix(0, value), [...NO_ARRAY, WITH_HOLE, [undefined]]],
  ],
  setDecidedIdx: [['index', (log, value) => log.setDecidedIdx(value), NO_INDEX]],
  setCompactedIdx: [['index', (log, value) => log.setCompactedIdx(value), NO_INDEX]],
  trim: [['index', (log, value) => log.trim(value), NO_INDEX]],
  compact: [['index', (log, value) => log.compact(value, 'snapshot'), NO_INDEX]],
  setPromise: ballots('setPromise'),
  setAcceptedRound: ballots('setAcceptedRound'),
  setStopsign: stopsigns(),
  writeAtomically: [
    ['array', (log, value) => log.writeAtomically(value), NO_ARRAY],
    ['operation', (log, value) => log.writeAtomically([{ type: 'trim', idx: 1 }, value]), [undefined, ...NO_OBJECT]],
    ['type', behindOthers('', 'type'), [undefined, null, 5, 'compact', 'Trim', 'toString', '__proto__', Symbol('s')]],
    ['entry', behindOthers('appendEntry', 'entry'), [undefined]],
    ['entries', behindOthers('appendEntries', 'entries'), [...NO_ARRAY, WITH_HOLE]],
    ['fromIdx', behindOthers('appendOnPrefix', 'fromIdx'), NO_INDEX],
    ['index to trim to', behindOthers('trim', 'idx'), NO_INDEX],
    ['decided index', behindOthers('setDecidedIdx', 'idx'), NO_INDEX],
    ['floor', behindOthers('setCompactedIdx', 'idx'), NO_INDEX],
    ['promise', behindOthers('setPromise', 'ballot'), [undefined, ...NO_OBJECT, { ...ballot, pid: -1 }]],
    ['accepted round', behindOthers('setAcceptedRound', 'ballot'), [undefined, ...NO_OBJECT, { ...ballot, n: 1.5 }]],
    ['stop-sign', behindOthers('setStopsign', 'stopsign'), NO_OBJECT],
  ],
};

/** An atomic write whose last operation is of `type`, with the value as its `field`. */
function behindOthers(type: string, field: string) {
  return (log: Untyped, value: unknown) =>
    log.writeAtomically([
      { type: 'appendEntry', entry: 'before' },
      { type: 'setPromise', ballot: { ...ballot, n: 9 } },
      { type, entries: ['a'], [field]: value },
    ]);
}

function ballots(method: 'setPromise' | 'setAcceptedRound'): Refused[] {
  return [
    ['ballot', (log, value) => log[method](value), [undefined, ...NO_OBJECT, []]],
    ['configId', (log, configId) => log[method]({ ...ballot, configId }), NO_U32],
    ['n', (log, n) => log[method]({ ...ballot, n }), NO_U32],
    ['priority', (log, priority) => log[method]({ ...ballot, priority }), NO_U32],
    ['pid', (log, pid) => log[method]({ ...ballot, pid }), NO_U64],
  ];
}

function stopsigns(): Refused[] {
  const set = (log: Untyped, change: object) => log.setStopsign({ nextConfig: { ...nextConfig, ...change } });
  const quorum = (log: Untyped, change: object) =>
    set(log, { flexibleQuorum: { ...nextConfig.flexibleQuorum, ...change } });
  return [
    ['stop-sign', (log, value) => log.setStopsign(value), NO_OBJECT],
    ['configuration', (log, value) => log.setStopsign({ nextConfig: value }), [undefined, ...NO_OBJECT]],
    ['configurationId', (log, configurationId) => set(log, { configurationId }), NO_U32],
    ['nodes', (log, nodes) => set(log, { nodes }), NO_ARRAY],
    ['node', (log, node) => set(log, { nodes: [1, node] }), NO_U64],
    ['flexibleQuorum', (log, flexibleQuorum) => set(log, { flexibleQuorum }), NO_OBJECT],
    ['readQuorumSize', (log, readQuorumSize) => quorum(log, { readQuorumSize }), NO_INDEX],
    ['writeQuorumSize', (log, writeQuorumSize) => quorum(log, { writeQuorumSize }), NO_INDEX],
    ['metadata', (log, metadata) => log.setStopsign({ nextConfig, metadata }), NO_BYTES],
  ];
}

export function refusals({ describe, it, given }: Contract): void {
  describe('a wrong argument', () => {
    for (const [method, refused] of Object.entries(methods)) {
      it(`of ${method} is refused, and changes nothing`, async () => {
        const log = await given(
          (log) => log.appendEntries(['x', 'y', 'z']),
          (log) => log.setPromise(ballot),
          (log) => log.setStopsign({ nextConfig }),
        );
        const before = await observe(log);
        for (const [argument, call, values] of refused) {
          for (const value of values) {
            await refuses(() => call(log as unknown as Untyped, value), `${argument} ${inspect(value)}`);
          }
        }
        assert.deepEqual(await observe(log), before);
      });
    }
  });
}
