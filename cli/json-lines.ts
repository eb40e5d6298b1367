const NEWLINE = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export class MalformedLineError extends Error {}

/**
 * The values of a stream of JSON Lines; the last may lack its newline.
 * @throws MalformedLineError at the first line that is not JSON, or for which `check` throws, with its number
 */
export async function* jsonLines(
  input: AsyncIterable<Buffer>,
  check: (value: unknown) => unknown,
): AsyncGenerator<unknown, void, undefined> {
  let number = 0;
  let rest: Buffer[] = [];
  for await (let chunk of input) {
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE)) {
      yield parse(Buffer.concat([...rest, chunk.subarray(0, end)]), ++number, check);
      rest = [];
      chunk = chunk.subarray(end + 1);
    }
    if (chunk.length > 0) rest.push(chunk);
  }
  if (rest.length > 0) yield parse(Buffer.concat(rest), ++number, check);
}

function parse(line: Buffer, number: number, check: (value: unknown) => unknown): unknown {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(line);
    value = JSON.parse(text);
  } catch (error) {
    throw new MalformedLineError(`line ${number} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  try {
    refuseRounded(text);
    check(value);
  } catch (error) {
    throw new MalformedLineError(`line ${number} cannot be stored: ${messageOf(error)}`, { cause: error });
  }
  return value;
}

/** A text with a match may hold a number that a double does not; it need not. */
const SUSPECT = /\d{16}|e\+?\d{3}/i;
/** In a text that JSON.parse has taken every quote outside a string opens one, so that these are its strings and numbers. */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi;

/** JSON.parse rounds an integer beyond 2^53 and makes an infinity of 1e400, without a word. A fraction may be rounded. */
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
