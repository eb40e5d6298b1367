// The law of the suite: what became of a damaged database, in the eyes of the product's user.

import { AsyncRocksdbStorage, Database, RocksdbStorage, RocksError, StorageError } from '../../lib/index.js';
import type { Acknowledged } from './images.js';
import { type Content, observe, type Reader, type Use } from './observe.js';
import { MAX_TOTAL_WAL_SIZE } from './scratch.js';

/** Where the damage has shown, or that it has not. The last two break the law. */
export type Verdict = 'whole' | 'refused at open' | 'refused at read' | 'refused at write' | 'silent' | 'wrong error';

export interface Outcome {
  verdict: Verdict;
  /** Of the error, and of its cause. */
  code?: string;
  /** What is missing or other, or the message of the error. */
  detail?: string;
}

/** Codes by which damage may be told. `IO_ERROR` is a file that is not there, or is too short. */
const TELLING = new Set([
  'CORRUPTION',
  'IO_ERROR',
  'NOT_FOUND',
  'NOT_SUPPORTED',
  'COLUMN_FAMILY_NOT_FOUND',
  'CODEC',
  'META',
  'LOG_INTEGRITY',
]);
const SHOWN_LINES = 3;

class Refusal {
  readonly verdict: Verdict;
  readonly error: unknown;
  constructor(verdict: Verdict, error: unknown) {
    this.verdict = verdict;
    this.error = error;
  }

  outcome(): Outcome {
    const { error } = this;
    if (!(error instanceof RocksError || error instanceof StorageError)) {
      return {
        verdict: 'wrong error',
        detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
    }
    const inner = error.cause instanceof RocksError ? error.cause.code : undefined;
    const code = inner === undefined ? error.code : `${error.code}/${inner}`;
    const isTelling = TELLING.has(inner ?? error.code);
    return { verdict: isTelling ? this.verdict : 'wrong error', code, detail: error.message };
  }
}

/** Opens the database at `path` as its owner would, reads all of it, and goes on writing to it. */
export async function verdictOn(path: string, acknowledged: Acknowledged): Promise<Outcome> {
  try {
    const refusals = await readAll(path, acknowledged);
    if (typeof refusals === 'string') return { verdict: 'silent', detail: refusals };
    if (refusals.length > 0) throw new Refusal('refused at read', refusals[0]);
    const lost = await goOn(path, acknowledged);
    return lost === undefined ? { verdict: 'whole' } : { verdict: 'silent', detail: lost };
  } catch (error) {
    return (error instanceof Refusal ? error : new Refusal('wrong error', error)).outcome();
  }
}

/** What the reads were refused with, or what is silently missing. */
async function readAll(path: string, { layout, contents }: Acknowledged): Promise<unknown[] | string> {
  await using db = await open(path, Object.keys(layout));
  const surplus = db.columnFamilies.filter((name) => name !== 'default' && layout[name] === undefined);
  if (surplus.length > 0) return `the dropped column families ${surplus.join(', ')} are there`;
  const refusals: unknown[] = [];
  for (const reader of ['blocking', 'async'] as const) {
    const found: Content = {};
    for (const [name, use] of Object.entries(layout)) {
      try {
        found[name] = await observe(db, name, use, reader);
      } catch (error) {
        refusals.push(error);
      }
    }
    if (!contents.some((content) => differences(content, found).length === 0)) {
      const [first] = contents.map((content) => differences(content, found)).sort((a, b) => a.length - b.length);
      return shown(reader, first as string[]);
    }
  }
  return refusals;
}

/** A line for each thing that is missing or other, of the column families that could be read. */
function differences(content: Content, found: Content): string[] {
  return Object.entries(found).flatMap(([name, lines]) => {
    const expected = content[name] as readonly string[];
    const missing = expected.filter((line) => !lines.includes(line)).map((line) => `${name}: not ${line}`);
    const other = lines.filter((line) => !expected.includes(line)).map((line) => `${name}: but ${line}`);
    return [...missing, ...other];
  });
}

function shown(reader: Reader, lines: readonly string[]): string {
  const rest = lines.length - SHOWN_LINES;
  return `${reader}: ${lines.slice(0, SHOWN_LINES).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}

/** Whole so far. What is written now must be there after the next open; gives what is not. */
async function goOn(path: string, { layout }: Acknowledged): Promise<string | undefined> {
  const logs = Object.entries(layout).flatMap(([name, use]: [string, Use]) => (use === 'log' ? [name] : []));
  const lengths = new Map<string, number>();
  {
    await using db = await open(path, Object.keys(layout));
    try {
      for (const name of logs) {
        const log = await AsyncRocksdbStorage.openIn<string>(db, name);
        lengths.set(name, await log.appendEntry('goes on'));
        await log.close();
      }
    } catch (error) {
      throw new Refusal('refused at write', error);
    }
  }
  await using db = await open(path, Object.keys(layout));
  for (const name of logs) {
    using log = RocksdbStorage.openIn<string>(db, name);
    const { next } = log.getBounds();
    if (log.getLogLen() !== lengths.get(name) || log.getEntries(next - 1, next)[0] !== 'goes on') {
      return `what was appended to ${name} after the damage is lost`;
    }
  }
  return undefined;
}

async function open(path: string, columnFamilies: string[]): Promise<Database> {
  try {
    return await Database.open(path, { columnFamilies, maxTotalWalSize: MAX_TOTAL_WAL_SIZE });
  } catch (error) {
    throw new Refusal('refused at open', error);
  }
}
