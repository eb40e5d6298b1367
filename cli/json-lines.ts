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
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(line));
  } catch (error) {
    throw new MalformedLineError(`line ${number} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  try {
    check(value);
  } catch (error) {
    throw new MalformedLineError(`line ${number} cannot be stored: ${messageOf(error)}`, { cause: error });
  }
  return value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
