import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jsonLines, MalformedLineError } from '../../cli/json-lines.js';

const value = fc
  .jsonValue()
  .filter((one) => !JSON.stringify(one).includes('e+') && !/\d{16}/.test(JSON.stringify(one)));
const blank = fc.string({ unit: fc.constantFrom(' ', '\t', '\r'), maxLength: 3 });
const ending = fc.constantFrom('', '\n', '\r\n', '\n\n \t');

/** `bytes` in pieces that are cut at `cuts`. */
async function* inPieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let start = 0;
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

async function read(text: string, cuts: readonly number[]): Promise<{ values: unknown[]; failure: unknown }> {
  const values: unknown[] = [];
  try {
    for await (const one of jsonLines(inPieces(Buffer.from(text), cuts), (read) => read)) values.push(one);
  } catch (failure) {
    return { values, failure };
  }
  return { values, failure: undefined };
}

describe('jsonLines', () => {
  it('gives every value in order, however the bytes arrive, and skips blank lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            value.map((one) => ({ one })),
            blank,
          ),
        ),
        ending,
        fc.array(fc.nat()),
        async (lines, end, cuts) => {
          const texts = lines.map((line) => (typeof line === 'string' ? line : ` ${JSON.stringify(line.one)}\r`));
          const { values, failure } = await read(texts.join('\n') + end, cuts);
          expect(failure).toBeUndefined();
          const expected = lines.flatMap((line) => (typeof line === 'string' ? [] : [JSON.stringify(line.one)]));
          expect(values.map((one) => JSON.stringify(one))).toEqual(expected);
        },
      ),
    );
  });

  it('stops at a malformed line, with its number among all lines, blank ones too', async () => {
    const line = fc.constantFrom('1', '{"a":[null]}', '', ' \t\r');
    const malformed = fc.constantFrom('nope', '{', '1 2', '\u00a0', '9007199254740993', '[1e400]');
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        malformed,
        fc.array(line),
        fc.array(fc.nat()),
        async (before, bad, after, cuts) => {
          const { values, failure } = await read([...before, bad, ...after].join('\n'), cuts);
          expect(failure).toBeInstanceOf(MalformedLineError);
          expect((failure as Error).message).toMatch(
            new RegExp(`^line ${before.length + 1} (is not JSON|cannot be stored): `),
          );
          expect(values).toHaveLength(before.filter((text) => text.trim() !== '').length);
        },
      ),
    );
  });
});
