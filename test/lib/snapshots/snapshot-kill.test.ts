import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { RocksdbStorage, SnapshotStore } from '../../../lib/index.js';
import { runChild } from '../../support/child.js';
import { chunkKeys, SNAPSHOTS } from '../../support/snapshots.js';
import { LOG } from '../../support/storages.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const KILLS = 50;
/** From the child's first line to its end: a few compactions, or in the middle of the first. */
const MAX_LIFE_MS = 150;
const CHUNK_BYTES = 256 * 1024;
const SCRIPT = fileURLToPath(new URL('fixtures/compact-until-killed.mjs', import.meta.url));

interface Acknowledgement {
  to?: number;
  compacted?: number;
}

async function workAndKill(path: string): Promise<Acknowledgement[]> {
  let doomed = false;
  const ending = await runChild(SCRIPT, [path], {
    onOutput(_, kill) {
      if (!doomed) setTimeout(() => kill('SIGKILL'), Math.random() * MAX_LIFE_MS);
      doomed = true;
    },
  });
  expect(ending).toMatchObject({ code: null, signal: 'SIGKILL', stderr: '' });
  // The last line may be cut off.
  return ending.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

describe('a process that is killed while it compacts its log to snapshots', () => {
  it(`${KILLS} times leaves a snapshot and the floor that belongs to it, and every entry behind`, async () => {
    const path = join(temporaryFolder(), 'db');
    const acknowledged = { to: 0, compacted: 0 };
    let unacknowledged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      for (const told of await workAndKill(path)) Object.assign(acknowledged, told);

      const db = await openAt(path);
      const store = await SnapshotStore.openIn(db, SNAPSHOTS);
      const log = RocksdbStorage.openIn<{ idx: number }>(db, LOG);
      const floor = log.getCompactedIdx();
      const { first, next } = log.getBounds();
      expect(floor).toBeGreaterThanOrEqual(acknowledged.compacted);
      if (floor > acknowledged.compacted) unacknowledged++;

      // Both the new snapshot and the new floor, or neither.
      const latest = await store.latest();
      expect(latest?.index ?? 0).toBe(floor);
      if (latest !== undefined) {
        const state = Buffer.alloc(600_000 + (floor % 1000), `${floor} `);
        expect((await store.get(latest.name))?.equals(state)).toBe(true);
      }
      expect(first).toBe(floor);
      expect(next).toBeGreaterThanOrEqual(acknowledged.to);
      expect(log.getEntries(floor, next)).toEqual(Array.from({ length: next - floor }, (_, i) => ({ idx: floor + i })));

      // Nothing is left of the one that was under way.
      const chunks = (await store.list()).reduce((sum, { byteLength }) => sum + Math.ceil(byteLength / CHUNK_BYTES), 0);
      expect(await chunkKeys({ db, family: db.columnFamily(SNAPSHOTS) })).toHaveLength(chunks);
      Object.assign(acknowledged, { to: next, compacted: floor });
      await db.close();
    }
    expect(acknowledged.compacted).toBeGreaterThan(KILLS);
    expect(unacknowledged).toBeLessThan(KILLS);
  });
});
