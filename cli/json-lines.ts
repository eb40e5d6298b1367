const NEWLINE = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export class MalformedLineError extends Error {}

/** All that JSON takes for white space. */
const BLANK = /^[ \t\r]*$/;

/**
 * What `encode` makes of the values of a stream of JSON Lines. Blank lines are skipped; the last line may lack its newline.
 * @throws MalformedLineError at the first line that is not JSON, or that `encode` refuses, with its number
 */
export async function* jsonLines<T>(
  input: AsyncIterable<Buffer>,
  encode: (value: unknown) => T,
): AsyncGenerator<T, void, undefined> {
  let number = 0;
  for await (const line of lines(input)) {
    const text = decode(line, ++number);
    if (!BLANK.test(text)) yield encodeLine(text, number, encode);
  }
}

async function* lines(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let rest: Buffer[] = [];
  for await (let chunk of input) {
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE)) {
      yield Buffer.concat([...rest, chunk.subarray(0, end)]);
      rest = [];
      chunk = chunk.subarray(end + 1);
    }
    if (chunk.length > 0) rest.push(chunk);
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

function decode(line: Buffer, number: number): string {
  try {
    return utf8.decode(line);
  } catch (error) {
    throw new MalformedLineError(`line ${number} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}

function encodeLine<T>(text: string, number: number, encode: (value: unknown) => T): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MalformedLineError(`line ${number} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  try {
    refuseRounded(text);
    return encode(value);
  } catch (error) {
    throw new MalformedLineError(`line ${number} cannot be stored: ${messageOf(error)}`, { cause: error });
  }
}

/** Only a text that matches can hold a number that does not fit into a double. */
const SUSPECT = /\d{16}|e\+?\d{3}/i;
/** The strings and numbers of a text that JSON.parse has accepted: there, every quote outside a string opens one. */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi;

/** JSON.parse silently rounds an integer beyond 2^53, and makes 1e400 an infinity. Fractions may be rounded. */
function refuseRounded(json: string): void {
  if (!SUSPECT.test(json)) return;
  for (const [token] of json.matchAll(STRING_OR_NUMBER)) {
    if (token.startsWith('"')) continue;
    const value = Number(token);
    const isExact = Number.isFinite(value) && (!/^-?\d+$/.test(token) || BigInt(value) === BigInt(token));
    if (!isExact) throw new RangeError(`the number ${token} would be read as ${value}; give it as a string`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
