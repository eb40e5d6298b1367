import { constants } from 'node:buffer';
import { runInThisContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Codec } from '../../../lib/contract/codec.js';
import { inPlaceEncoder } from '../../../lib/format/msgpack-codec.js';
import { rawCodec } from '../../../lib/format/raw-codec.js';
import { msgpackCodec } from '../../../lib/index.js';

const codec: Codec<unknown> = msgpackCodec();

const encodeInPlace = inPlaceEncoder(codec) as NonNullable<ReturnType<typeof inPlaceEncoder>>;

function inPlaceBytes(value: unknown): Buffer {
  const { view, start, end } = encodeInPlace(value);
  return Buffer.from(Buffer.from(view.buffer, view.byteOffset + start, end - start));
}

/** What a storage does between the two: it copies the bytes before the next value is encoded. */
function throughDisk(value: unknown): unknown {
  const bytes = Buffer.from(codec.encode(value));
  expect(inPlaceBytes(value).equals(bytes)).toBe(true);
  return codec.decode(bytes);
}

function nested(levels: number): unknown {
  let value: unknown = 'innermost';
  for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { value };
  return value;
}

function detached(): Uint8Array {
  const bytes = Uint8Array.of(1, 2, 3);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

describe('msgpackCodec', () => {
  it('keeps all that JSON keeps', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'));
        // As JSON does it: without the sign of -0.
        expect(throughDisk(value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each<[string, unknown]>([
    ['undefined in an object', { a: undefined }],
    ['undefined in an array', [undefined, null]],
    ['NaN and the infinities', [NaN, Infinity, -Infinity]],
    ['a date', new Date('2001-01-01T00:01:02.003Z')],
    ['bigints', [0n, 1n, -1n, 2n ** 53n, 2n ** 64n - 1n, -(2n ** 63n), 2n ** 64n, -(2n ** 200n)]],
    ['a set', new Set(['a', 1])],
    ['a regular expression', /a+/giu],
    ['a Uint8Array', Uint8Array.of(0, 128, 255)],
    ['a Buffer', Buffer.from('bytes')],
    ['an ArrayBuffer', Uint8Array.of(1, 2).buffer],
    ['an error', new RangeError('too far', { cause: { at: 5 } })],
    ['500 levels of nesting', nested(500)],
    ['large numbers', [2 ** 31, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER, -(2 ** 40), 1e300, 5e-324]],
    ['text of every script', ['журнал', '日誌', '📓', '\0', 'x'.repeat(100_000)]],
    ['objects with the same keys, and with others', [{ a: 1 }, { a: 2 }, { b: 3 }, {}]],
  ])('keeps %s', (_, value) => {
    expect(throughDisk(value)).toStrictEqual(value);
  });

  it.each(['Float32Array', 'Float64Array', 'Int16Array', 'Uint32Array', 'BigUint64Array', 'Int8Array'])(
    'keeps a %s',
    (name) => {
      // That of Node itself: inside jest most of them are another class of the same name, which msgpackr does not know.
      const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
      const value = new (runInThisContext(name))(bytes.buffer);
      expect(Object.prototype.toString.call(throughDisk(value))).toBe(`[object ${name}]`);
      expect(throughDisk([value])).toEqual([value]);
    },
  );

  it.each<[string, unknown, unknown]>([
    [
      'a class instance',
      new (class Flight {
        origin = 'SEA';
      })(),
      { origin: 'SEA' },
    ],
    ['-0', [-0], [0]],
    ['a hole in an array', Array(1), [undefined]],
    [
      'what has a toJSON',
      new (class Place {
        toJSON() {
          return ['SEA'];
        }
      })(),
      ['SEA'],
    ],
    ['a symbol key', { [Symbol('s')]: 1, a: 2 }, { a: 2 }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ])('brings %s back as something plainer', (_, value, read) => {
    expect(throughDisk(value)).toStrictEqual(read);
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);

  it.each<[string, unknown]>([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a symbol inside a value', { s: Symbol('s') }],
    ['a function inside a value', { list: [new Set([{ f: () => 1 }])] }],
    ['a Map', new Map([['a', 1]])],
    ['a Map inside a value', { list: [{ map: new Map([[{}, 1]]) }] }],
    ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}')],
    ['half a surrogate pair', ['\ud800']],
    ['half a surrogate pair as a key', { '\udc00': 1 }],
    ['a cycle', cycle],
    ['501 levels of nesting', nested(501)],
    ['a very deep nesting', nested(100_000)],
    ['a promise', Promise.resolve(1)],
    ['a WeakMap', new WeakMap()],
    ['a WeakSet', new WeakSet()],
    ['a WeakRef', new WeakRef({})],
    ['a boxed number', { n: Object(1) }],
    ['a boxed string', Object('x')],
    ['a boxed boolean', [Object(true)]],
    ['a boxed bigint', Object(1n)],
    ['a generator', (function* () {})()],
    ['an iterator', [1].values()],
    ['an iterator of a map', new Map().keys()],
    ['a SharedArrayBuffer', new SharedArrayBuffer(1)],
    ['a URL', new URL('file:///a')],
    ['a Blob', new Blob(['x'])],
    ['an AggregateError', new AggregateError([1], 'm')],
    ['a Map as the cause of an error', new Error('e', { cause: new Map() })],
    [
      'a Map given by toJSON',
      new (class Place {
        toJSON() {
          return new Map();
        }
      })(),
    ],
    ['a class of views', { bytes: new (class Bytes extends Uint8Array {})(1) }],
    ['a view of a detached buffer', { bytes: detached() }],
  ])('does not encode %s', (_, value) => {
    // By name: what Node itself throws is of another realm inside jest.
    expect(() => codec.encode(value)).toThrow(expect.objectContaining({ name: 'TypeError' }));
    expect(() => encodeInPlace(value)).toThrow(expect.objectContaining({ name: 'TypeError' }));
    expect(throughDisk('and is fit for use afterwards')).toBe('and is fit for use afterwards');
  });

  it('refuses a key that stands where others have passed', () => {
    for (let i = 0; i < 2; i++) {
      expect(throughDisk({ origin: 1, delay: 2 })).toEqual({ origin: 1, delay: 2 });
      expect(() => codec.encode({ origin: 1, '\ud800': 2 })).toThrow('half a surrogate pair');
      expect(() => codec.encode(JSON.parse('{"origin":1,"__proto__":2}'))).toThrow('__proto__');
    }
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key ${i}`, i]));
    expect(throughDisk(many)).toEqual(many);
    expect(() => codec.encode({ ...many, '\udc00': 1 })).toThrow('half a surrogate pair');
  });

  it.each([1, 10_000, 1_000_000])('hands out no memory of the encoder with a text of %i', (length) => {
    const bytes = codec.encode('x'.repeat(length));
    expect(encodeInPlace('y'.repeat(length)).memory.buffer).not.toBe(bytes.buffer);
    expect(codec.decode(bytes)).toBe('x'.repeat(length));
  });

  it('refuses a value whose toJSON gives undefined, which no read could give back', () => {
    const value = new (class Nothing {
      toJSON() {}
    })();
    for (const encode of [codec.encode, encodeInPlace]) expect(() => encode(value)).toThrow('toJSON');
    expect(throughDisk({ value })).toEqual({ value: undefined });
  });

  it('encodes a value whose toJSON encodes another', () => {
    const value = () => ({
      before: 'a',
      inner: new (class Place {
        toJSON() {
          codec.encode({ much: 'x'.repeat(20_000) });
          encodeInPlace('little');
          return 'b';
        }
      })(),
      after: 'c',
    });
    expect(throughDisk(value())).toEqual({ before: 'a', inner: 'b', after: 'c' });
  });

  it('names the part that cannot be encoded', () => {
    const tagged = { user: { tags: ['a', 'b', { 'full name': new Map() }] } };
    expect(() => codec.encode(tagged)).toThrow('value.user.tags[2]["full name"]: an object of the type Map');
    expect(() => codec.encode([{ '\ud800': 1 }])).toThrow('value[0]: a key with half a surrogate pair');
    expect(() => codec.encode({ e: new Error('m', { cause: [() => 1] }) })).toThrow('value.e.cause[0]: a function');
    expect(() => codec.encode({ set: new Set(['a', Symbol('s')]) })).toThrow('value.set[1]: a symbol');
    expect(() =>
      codec.encode({
        place: {
          'a b': new (class Place {
            toJSON() {
              return [Symbol('s')];
            }
          })(),
        },
      }),
    ).toThrow('value.place["a b"].toJSON()[0]: a symbol');
    expect(() => codec.encode(new Map())).toThrow(/^an object of the type Map/);
  });

  it('refuses what throws by itself, with its error as the cause, and is fit for use afterwards', () => {
    const failure = new RangeError('no such thing');
    const thrower = () => {
      throw failure;
    };
    const values: unknown[] = [
      { a: Object.defineProperty({}, 'b', { get: thrower, enumerable: true }) },
      {
        a: {
          b: new (class Place {
            toJSON = thrower;
          })(),
        },
      },
      { a: new Proxy({}, { ownKeys: thrower }) },
      { a: new Proxy([], { getPrototypeOf: thrower }) },
    ];
    for (const value of values) {
      expect(() => codec.encode(value)).toThrow(
        expect.objectContaining({
          name: 'TypeError',
          message: expect.stringContaining('no such thing'),
          cause: failure,
        }),
      );
      expect(throughDisk('afterwards')).toBe('afterwards');
    }
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(() => codec.encode({ proxy })).toThrow(TypeError);
  });

  it('reads every part once', () => {
    const reads: string[] = [];
    const counted = (name: string, value: unknown) => ({
      get() {
        reads.push(name);
        return value;
      },
      enumerable: true,
    });
    const value = Object.defineProperties([5], { 0: counted('0', Object.defineProperty({}, 'a', counted('a', 1))) });
    expect(codec.decode(codec.encode(value))).toEqual([{ a: 1 }]);
    expect(reads).toEqual(['0', 'a']);
  });

  it('keeps bytes, whatever a part that is read behind them makes of their object', () => {
    const bytes = Buffer.from('abc');
    const changing = {
      get later() {
        Object.defineProperties(bytes, { constructor: { value: Object }, byteLength: { value: 1 } });
        Object.setPrototypeOf(bytes, null);
        return 1;
      },
    };
    expect(codec.decode(codec.encode([bytes, changing]))).toEqual([Buffer.from('abc'), { later: 1 }]);
  });

  it.each([
    ['Uint8Array', new Uint8Array(10)],
    ['Float64Array', new Float64Array(10)],
    ['Buffer', Buffer.from(new ArrayBuffer(10))],
    ['DataView', new DataView(new ArrayBuffer(10))],
  ])('refuses bytes whose buffer is detached by a part that is read behind them: %s', (_, bytes) => {
    const detaching = {
      get later() {
        structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
        return 1;
      },
    };
    expect(() => codec.encode([bytes, detaching])).toThrow(/detached/);
    expect(throughDisk('afterwards')).toBe('afterwards');
  });

  it('refuses bytes whose buffer is made too short for them by a part that is read behind them', () => {
    const Resizable = ArrayBuffer as unknown as new (
      byteLength: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize(byteLength: number): void };
    const buffer = new Resizable(10, { maxByteLength: 10 });
    const shrinking = {
      get later() {
        buffer.resize(4);
        return 1;
      },
    };
    expect(() => codec.encode([new Uint8Array(buffer, 2, 8), shrinking])).toThrow('detached');
  });

  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])('keeps an error named %s', (name) => {
    const error = new Error('boom', { cause: 'reason' });
    Object.defineProperty(error, 'name', { value: name, enumerable: true, writable: true, configurable: true });
    expect(throughDisk({ error })).toStrictEqual({ error });
  });

  it('gives an error no cause that had none', () => {
    expect(throughDisk(new Error('a'))).not.toHaveProperty('cause');
  });

  it('refuses a string that none can be decoded to', () => {
    const long = 'é'.repeat(constants.MAX_STRING_LENGTH / 2 + 1);
    expect(() => codec.encode({ text: long })).toThrow('value.text: a string of more than');
    expect(() => codec.encode({ list: [{ [long]: 1 }] })).toThrow('value.list[0]: a key of more than');
  });

  it.each([2 ** 27, 2 ** 32 - 1])('refuses an array of %i holes', (length) => {
    const list: unknown[] = [];
    list.length = length;
    expect(() => codec.encode({ list })).toThrow(`value.list: an array of the length ${length}`);
  });

  it('leaves out a property that somebody has given all objects', () => {
    const keep = { a: 1, nested: { list: [{}] } };
    for (const inherited of ['text', () => 1, { much: [] }, '\ud800']) {
      Object.defineProperty(Object.prototype, 'inherited', { value: inherited, enumerable: true, configurable: true });
      try {
        codec.encode({ inherited: 'own' });
        const decoded = throughDisk(keep) as typeof keep;
        expect([Object.keys(decoded), Object.keys(decoded.nested)]).toEqual([['a', 'nested'], ['list']]);
        expect(Object.keys(decoded.nested.list[0] as object)).toEqual([]);
      } finally {
        Reflect.deleteProperty(Object.prototype, 'inherited');
      }
    }
  });

  it('needs none of the values before it to decode one', () => {
    const first = Buffer.from(codec.encode({ origin: 'SEA', delay: 1 }));
    const second = Buffer.from(codec.encode({ origin: 'LAX', delay: 2 }));
    const another: Codec<unknown> = msgpackCodec();
    expect(another.decode(second)).toEqual({ origin: 'LAX', delay: 2 });
    expect(another.decode(first)).toEqual({ origin: 'SEA', delay: 1 });
  });

  it('decodes bytes that lie inside a larger buffer', () => {
    const bytes = codec.encode(['a', 1]);
    const larger = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(5)]);
    expect(codec.decode(larger.subarray(3, 3 + bytes.length))).toEqual(['a', 1]);
  });

  it('decodes to what shares no memory with the bytes', () => {
    const bytes = Buffer.from(codec.encode({ buffer: Buffer.from('abc'), array: Uint8Array.of(1, 2), text: 'abc' }));
    const value = codec.decode(bytes);
    bytes.fill(0);
    expect(value).toEqual({ buffer: Buffer.from('abc'), array: Uint8Array.of(1, 2), text: 'abc' });
  });

  it.each([
    ['a Uint8Array', (bytes: Uint8Array) => new Uint8Array(bytes)],
    [
      'a view of shared memory',
      (bytes: Uint8Array) => {
        const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
        shared.set(bytes);
        return shared;
      },
    ],
  ])('decodes %s as it does a Buffer', (_, given) => {
    const value = {
      text: 'a text of more than 32 bytes, as extracted in bulk',
      bytes: Buffer.from('abc'),
      list: ['a'],
    };
    expect(codec.decode(given(codec.encode(value)))).toStrictEqual(value);
  });

  it.each([['text'], [undefined], [5], [new ArrayBuffer(3)], [[0x91, 1]]])('decodes no %p', (bytes) => {
    expect(() => codec.decode(bytes as unknown as Uint8Array)).toThrow(TypeError);
  });

  it('refuses bytes behind the value, and a value that ends too early', () => {
    const encoded = Buffer.from(
      codec.encode({ a: ['text', 1, new Date(5)], b: Buffer.from('bytes'), c: new Set([1]) }),
    );
    expect(() => codec.decode(Buffer.concat([encoded, Buffer.of(1)]))).toThrow();
    for (let length = 0; length < encoded.length; length++) {
      expect(() => codec.decode(encoded.subarray(0, length))).toThrow();
    }
  });

  it.each([
    ['an error without a name', 'd46500' + '91a161'],
    ['an error that is no array', 'd46500' + 'a161'],
    ['a set that is no array', 'd47300' + 'a161'],
    ['a regular expression that is no text', 'd47800' + '920102'],
    ['a pointer to a part before it', 'd67000000001'],
    ['a part that is pointed to', 'd669000000019101'],
  ])('refuses %s', (_, hex) => {
    expect(() => codec.decode(Buffer.from(hex, 'hex'))).toThrow();
    expect(throughDisk('afterwards')).toBe('afterwards');
  });

  it('is fit for use after the stack has ended in the midst of it', () => {
    const encoded = Buffer.from(codec.encode({ a: [1, 'text'], b: { c: new Date(5) } }));
    const deeper = (): void => {
      try {
        codec.decode(encoded);
        codec.encode({ a: [new Date(5)] });
      } finally {
        deeper();
      }
    };
    expect(deeper).toThrow(RangeError);
    expect(codec.decode(encoded)).toEqual({ a: [1, 'text'], b: { c: new Date(5) } });
    expect(throughDisk({ a: new Set([1]) })).toEqual({ a: new Set([1]) });
  });

  it('turns any bytes into a value or an error, and is fit for use afterwards', () => {
    const probe = { small: [64, 100, 127], text: 'abc' };
    const encoded = Buffer.from(codec.encode(probe));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          codec.decode(Buffer.from(bytes));
        } catch (error) {
          expect(error).toHaveProperty('message');
        }
        expect(codec.decode(encoded)).toEqual(probe);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('rawCodec', () => {
  it.each([
    ['a Uint8Array', Uint8Array.of(0, 1, 255)],
    ['a Buffer', Buffer.from('abc')],
    ['no bytes', new Uint8Array(0)],
    ['a part of a larger buffer', Uint8Array.of(9, 1, 2, 9).subarray(1, 3)],
  ])('stores %s as it is', (_, bytes) => {
    expect(Buffer.from(rawCodec.encode(bytes))).toEqual(Buffer.from(bytes));
    expect(rawCodec.decode(bytes)).toEqual(Buffer.from(bytes));
  });

  it('decodes to a copy, a Buffer', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const decoded = rawCodec.decode(bytes);
    bytes.fill(9);
    expect(decoded).toStrictEqual(Buffer.of(1, 2, 3));
  });

  it.each([['text'], [5], [null], [undefined], [[1, 2]], [new ArrayBuffer(2)], [new DataView(new ArrayBuffer(2))]])(
    'refuses %p',
    (value) => {
      expect(() => rawCodec.encode(value as unknown as Uint8Array)).toThrow(TypeError);
    },
  );
});
