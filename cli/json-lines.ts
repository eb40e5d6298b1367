const NEWLINE = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export class MalformedLineError extends Error {}

/**
 * The values of a stream of JSON Lines; the last may lack its newline.
 * @throws MalformedLineError at the first line that is not JSON, with its number
 */
export async function* jsonLines(input: AsyncIterable<Buffer>): AsyncGenerator<unknown, void, undefined> {
  let number = 0;
  let rest: Buffer[] = [];
  for await (let chunk of input) {
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE)) {
      yield parse(Buffer.concat([...rest, chunk.subarray(0, end)]), ++number);
      rest = [];
      chunk = chunk.subarray(end + 1);
    }
    if (chunk.length > 0) rest.push(chunk);
  }
  if (rest.length > 0) yield parse(Buffer.concat(rest), ++number);
}

function parse(line: Buffer, number: number): unknown {
  try {
    return JSON.parse(utf8.decode(line));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MalformedLineError(`line ${number} is not JSON: ${reason}`, { cause: error });
  }
}
