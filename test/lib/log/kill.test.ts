import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { RocksdbStorage } from '../../../lib/index.js';
import { runChild } from '../../support/child.js';
import { LOG } from '../../support/storages.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const KILLS = 12;
const SCRIPT = fileURLToPath(new URL('fixtures/append-until-killed.mjs', import.meta.url));

interface Entry {
  idx: number;
  /** Where the append that it came with ended. */
  to: number;
  kept: boolean;
}

interface Acknowledgement {
  promise?: number;
  to?: number;
  decided?: number;
  compacted?: number;
}

/** Lets the child go on with the log for a while, kills it in the middle of its work, and gives what it acknowledged. */
async function workAndKill(path: string): Promise<Acknowledgement[]> {
  const enough = 1 + Math.floor(Math.random() * 200);
  const ending = await runChild(SCRIPT, [path], {
    onOutput(stdout, kill) {
      if (stdout.length > enough * 16) kill('SIGKILL');
    },
  });
  expect(ending).toMatchObject({ code: null, signal: 'SIGKILL', stderr: '' });
  // The last line may be cut off.
  return ending.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

describe('a process that is killed', () => {
  it(`${KILLS} times leaves all that it has acknowledged, in order, and each of its writes whole or not at all`, async () => {
    const path = join(temporaryFolder(), 'db');
    const acknowledged = { promise: 0, to: 0, decided: 0, compacted: 0 };
    for (let kill = 0; kill < KILLS; kill++) {
      // Each counts up, in all the child's lives together.
      for (const told of await workAndKill(path)) Object.assign(acknowledged, told);

      const database = await openAt(path);
      const log = RocksdbStorage.openIn<Entry, { upTo: number }>(database, LOG);
      const { first, next } = log.getBounds();
      const compacted = log.getCompactedIdx();
      expect(log.getPromise()?.n).toBeGreaterThanOrEqual(acknowledged.promise);
      expect(next).toBeGreaterThanOrEqual(acknowledged.to);
      expect(log.getDecidedIdx()).toBeGreaterThanOrEqual(acknowledged.decided);
      expect(compacted).toBeGreaterThanOrEqual(acknowledged.compacted);
      // A compaction happened as a whole.
      expect(first).toBe(compacted);
      expect(log.getSnapshot()?.upTo ?? 0).toBe(compacted);
      const entries = log.getEntries(first, next);
      expect(entries.map(({ idx }) => idx)).toEqual(entries.map((_, i) => first + i));
      // Each append is there as a whole, up to the last.
      expect(entries.at(-1)?.to ?? next).toBe(next);
      // What the child was about to overwrite was never acknowledged: it can only lie behind all that was.
      const kept = entries.filter((entry) => entry.kept);
      expect(entries.slice(0, kept.length)).toEqual(kept);
      expect(first + kept.length).toBeGreaterThanOrEqual(acknowledged.to);
      log.appendOnPrefix(first + kept.length, []);
      await database.close();
    }
    expect(acknowledged.to).toBeGreaterThan(0);
  });
});
