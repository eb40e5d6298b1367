// The law of msgpackCodec: what is stored comes back, or is refused.

import { inspect, isDeepStrictEqual } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Codec, MemStorage, msgpackCodec, StorageError } from '../../../lib/index.js';

const codec: Codec<unknown> = msgpackCodec();

/** A realm has its own Object, Array, Date and so on. That of jest is neither Node's nor that of a new context. */
type Realm = Record<Constructor, new (...values: unknown[]) => object> & { Object: ObjectConstructor };
const CONSTRUCTORS = [
  ...(['Object', 'Array', 'Date', 'Set', 'Map', 'RegExp', 'Error', 'RangeError', 'AggregateError', 'WeakRef'] as const),
  ...(['ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray'] as const),
  ...(['Uint16Array', 'Int32Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'Promise', 'WeakMap'] as const),
] as const;
type Constructor = (typeof CONSTRUCTORS)[number];
const source = `({ ${CONSTRUCTORS.join(', ')} })`;
const realms: Realm[] = [
  Object.fromEntries(CONSTRUCTORS.map((name) => [name, Reflect.get(globalThis, name)])) as Realm,
  runInContext(source, createContext()) as Realm,
  runInContext(source, createContext()) as Realm,
];

interface Sample {
  value: unknown;
  /** What is to come back, where it is not refused. */
  read: unknown;
  /** Nothing of it may be refused. */
  isData: boolean;
}

const ODD_NAMES = ['constructor', 'toString', 'then', 'toJSON', 'hasOwnProperty', 'valueOf', 'length', 'name', '0', ''];
const key = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.constantFrom(...ODD_NAMES) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 80 }) },
);

const plain = (value: unknown): Sample => ({ value, read: value, isData: true });
const perhaps = (value: unknown): Sample => ({ value, read: value, isData: false });

const primitive: fc.Arbitrary<Sample> = fc
  .oneof(
    fc.integer(),
    fc.double().map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.constantFrom(2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 600n, -(2n ** 70000n)),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.string({ unit: 'grapheme', maxLength: 70 }),
    fc.constantFrom('x'.repeat(300), '€'.repeat(100), 'é'.repeat(70_000), '\ufffd\0'),
  )
  .map(plain);

const realm = fc.constantFrom(...realms);
const bytes = fc.uint8Array({ maxLength: 40 });

/** Built-in objects, each of a realm. What is read must be equal to that of the same class in this one. */
const builtIn: fc.Arbitrary<Sample> = fc.oneof(
  fc.tuple(realm, fc.date({ noInvalidDate: false })).map(([{ Date: Of }, date]) => ({
    ...plain(new Of(date.getTime())),
    read: date,
  })),
  fc
    .tuple(realm, fc.constantFrom('a+', '[^/]', ''), fc.constantFrom('', 'gi', 'u'))
    .map(([{ RegExp: Of }, text, flags]) => ({
      ...plain(new Of(text, flags)),
      read: new RegExp(text, flags),
    })),
  fc
    .tuple(realm, fc.constantFrom('Error', 'RangeError'), fc.string(), fc.option(key))
    .map(([of, type, message, name]) => {
      const named = (error: object) => (name === null ? error : Object.assign(error, { name }));
      const [Of, Here] = [of[type as 'Error'], (realms[0] as Realm)[type as 'Error']];
      // Another name is what it is told by.
      const read = name === null ? new Here(message) : named(new Error(message));
      return { ...plain(named(new Of(message))), read };
    }),
  fc.tuple(realm, bytes).map(([{ ArrayBuffer: Of, Uint8Array: View }, content]) => {
    const buffer = new Of(content.length);
    Reflect.apply(Uint8Array.prototype.set, new View(buffer), [content]);
    return { ...plain(buffer), read: Uint8Array.from(content).buffer };
  }),
  fc.tuple(realm, bytes).map(([of, content]) => ({
    ...plain(new of.DataView(Uint8Array.from(content).buffer)),
    read: new DataView(Uint8Array.from(content).buffer),
  })),
  fc
    .tuple(
      realm,
      fc.constantFrom('Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Int32Array', 'Float64Array'),
      fc.array(fc.integer({ min: 0, max: 127 })),
    )
    .map(([of, type, numbers]) => ({
      ...plain(new of[type as 'Int8Array'](numbers)),
      read: new (realms[0] as Realm)[type as 'Int8Array'](numbers),
    })),
  bytes.map((content) => plain(Buffer.from(content))),
);

const tagged = (value: object) => Object.defineProperty(value, Symbol.toStringTag, { value: 'Object' });

/** What has no meaning as data, or is not what it seems to be. Each may be refused; none may become something else. */
const odd: fc.Arbitrary<Sample> = fc.oneof(
  realm.map((of) => perhaps(new of.Map([['a', 1]]))),
  realm.map((of) => perhaps(new of.WeakMap())),
  realm.map((of) => perhaps(new of.WeakRef({}))),
  realm.map((of) => perhaps(new of.Promise(() => {}))),
  realm.map((of) => perhaps(new of.SharedArrayBuffer(3))),
  realm.map((of) => perhaps(new of.AggregateError([1], 'several'))),
  realm.map((of) => perhaps(Object.setPrototypeOf(new of.Map([[1, 2]]), of.Object.prototype))),
  realm.map((of) => perhaps(Object.setPrototypeOf(new of.Date(5), null))),
  realm.map((of) => perhaps(Object.create(of.Date.prototype))),
  realm.map((of) => perhaps(Object.create(of.Set.prototype))),
  realm.map((of) => perhaps(new Proxy(new of.Map([[1, 2]]), {}))),
  realm.map((of) => perhaps(new Proxy(new of.Date(5), {}))),
  realm.map((of) => perhaps(new of.Object(5))),
  realm.map((of) => perhaps(tagged(new of.Map()))),
  realm.map((of) => perhaps(tagged(new of.WeakRef({})))),
  fc.constantFrom(
    perhaps('\ud800'),
    perhaps({ '\udc00': 1 }),
    perhaps(JSON.parse('{"__proto__":{"a":1}}')),
    perhaps(() => 1),
    perhaps(Symbol('s')),
    perhaps((() => [].values())()),
    perhaps(new (class extends Uint8Array {})(2)),
    perhaps(Object.assign(new Error('m'), { name: Symbol('s') })),
    perhaps(
      new Proxy([], { get: (of, name) => (name === 'length' ? Number.POSITIVE_INFINITY : Reflect.get(of, name)) }),
    ),
    perhaps(new Proxy([], { get: (of, name) => (name === 'length' ? '3' : Reflect.get(of, name)) })),
    perhaps(Object.assign(new Array(2 ** 32 - 1), { 5: 1 })),
  ),
);

/** Reads of it give `first` and then, each time, something that cannot be kept. */
function readOnce(first: unknown): PropertyDescriptor {
  let reads = 0;
  return { get: () => (reads++ === 0 ? first : new Map([[1, 2]])), enumerable: true, configurable: true };
}

const { value: sample } = fc.letrec<{ value: Sample }>((tie) => {
  const parts = fc.array(tie('value'), { maxLength: 5 });
  const keyed = fc.array(fc.tuple(key, tie('value')), { maxLength: 5 });
  const all = (samples: readonly Sample[]) => samples.every(({ isData }) => isData);
  const toObject = (pairs: readonly (readonly [string, unknown])[]) => {
    const made = {};
    for (const [name, value] of pairs) Object.defineProperty(made, name, { ...WRITABLE, value });
    return made;
  };
  const WRITABLE = { writable: true, enumerable: true, configurable: true };
  const object = fc
    .tuple(realm, keyed, fc.constantFrom('own', 'bare', 'getters', 'proxy', 'class'))
    .map(([of, pairs, kind]): Sample => {
      const value =
        kind === 'bare' ? Object.create(null) : kind === 'class' ? new (class Flight {})() : new of.Object();
      for (const [name, part] of pairs) {
        const property = kind === 'getters' ? readOnce(part.value) : { ...WRITABLE, value: part.value };
        Object.defineProperty(value, name, property);
      }
      const read = toObject(pairs.map(([name, part]) => [name, part.read]));
      const isData = all(pairs.map(([, part]) => part)) && !pairs.some(([name]) => name === '__proto__');
      return { value: kind === 'proxy' ? new Proxy(value, {}) : value, read, isData };
    });
  const array = fc
    .tuple(realm, parts, fc.constantFrom('own', 'proxy', 'subclass'))
    .map(([of, samples, kind]): Sample => {
      const made = kind === 'subclass' ? new (class Flights extends Array {})() : (new of.Array() as unknown[]);
      made.push(...samples.map(({ value }) => value));
      const value = kind === 'proxy' ? new Proxy(made, {}) : made;
      return { value, read: samples.map(({ read }) => read), isData: all(samples) };
    });
  const set = fc.tuple(realm, fc.uniqueArray(fc.string(), { maxLength: 5 })).map(([of, members]) => ({
    ...plain(new of.Set(members)),
    read: new Set(members),
  }));
  const ofCode = tie('value').map(
    ({ value, read, isData }): Sample => ({
      // It encodes another value on the way.
      value: new (class Place {
        toJSON() {
          codec.encode({ another: ['x'.repeat(3000), new Date(5), { constructor: 1 }] });
          return value;
        }
      })(),
      read,
      isData: isData && read !== undefined,
    }),
  );
  return {
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 6, arbitrary: primitive },
      { weight: 3, arbitrary: builtIn },
      { weight: 1, arbitrary: odd },
      { weight: 5, arbitrary: object },
      { weight: 4, arbitrary: array },
      { weight: 1, arbitrary: set },
      { weight: 1, arbitrary: ofCode },
    ),
  };
});

const RUNS = 3000;

/** Deeply and strictly, where an invalid date equals another. */
function expectSame(actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const all = { depth: null, maxArrayLength: null, maxStringLength: null };
  const shown = inspect(expected, all);
  if (shown.includes('Invalid Date')) expect(inspect(actual, all)).toBe(shown);
  else expect(actual).toStrictEqual(expected);
}

describe('msgpackCodec', () => {
  it('gives back what was encoded, or throws a TypeError', () => {
    let kept = 0;
    fc.assert(
      fc.property(sample, ({ value, read, isData }) => {
        let encoded: Uint8Array;
        try {
          encoded = codec.encode(value);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          expect(isData).toBe(false);
          return;
        }
        kept++;
        expectSame(codec.decode(encoded), read);
      }),
      { numRuns: RUNS },
    );
    expect(kept).toBeGreaterThan(RUNS / 3);
  });

  it('makes a storage give back what was appended, or throw CODEC and stay as it was', () => {
    fc.assert(
      fc.property(sample, ({ value, read }) => {
        fc.pre(value !== undefined && read !== undefined);
        const log = new MemStorage<unknown>();
        log.appendEntry('first');
        try {
          log.appendEntries(['second', value]);
        } catch (error) {
          expect(error).toBeInstanceOf(StorageError);
          expect(error).toMatchObject({ code: 'CODEC', message: expect.stringContaining('index 2') });
          expect(log.getSuffix(0)).toEqual(['first']);
          return;
        }
        expectSame(log.getSuffix(0).at(-1), read);
      }),
      { numRuns: 500 },
    );
  });

  it('decodes any damaged encoding to an error, or to a value that it encodes', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sample, damage, fc.nat(), ({ value }, changes, cut) => {
        let encoded: Buffer;
        try {
          encoded = Buffer.from(codec.encode([value, 'a text of more than 32 bytes, as extracted in bulk'.repeat(4)]));
        } catch {
          return;
        }
        const isCut = cut % 2 === 0;
        const damaged = isCut ? encoded.subarray(0, cut % encoded.length) : encoded;
        if (!isCut) for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
        let decoded: unknown;
        try {
          decoded = codec.decode(damaged);
        } catch (error) {
          expect(error).toHaveProperty('message');
          return;
        }
        expect(isCut).toBe(false);
        // msgpackr gives an object of its own for this byte, which has no meaning.
        if (damaged.includes(0xc1)) return;
        expectSame(codec.decode(codec.encode(decoded)), decoded);
      }),
      { numRuns: RUNS },
    );
  });
});
