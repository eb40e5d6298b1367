// Makes one image: node build-image.js <workload> <closed|killed> <seed> <folder>. Killed, this process ends itself by SIGKILL with the
// database open. In the folder are then `db`, `copies` with files of earlier, and `acknowledged.json`.

import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database, RocksdbStorage } from '../../lib/index.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import type { Acknowledged } from './images.js';
import { type Content, observeAll } from './observe.js';
import { MAX_TOTAL_WAL_SIZE } from './scratch.js';
import { WORKLOADS, type Workload } from './workloads.js';

const MIN_WRITE_BUFFER = 64 * 1024;

const [name, ending, seed, folder] = process.argv.slice(2) as [string, string, string, string];
const path = join(folder, 'db');
const copies = join(folder, 'copies');
const { layout, run } = WORKLOADS[name] as Workload;

const open = () => {
  const families = Object.keys(layout).filter((family) => name !== 'families made and dropped' || family === 'a');
  const columnFamilies = families.map((family) => ({ name: family, writeBufferSize: MIN_WRITE_BUFFER }));
  return Database.open(path, { columnFamilies, maxTotalWalSize: MAX_TOTAL_WAL_SIZE });
};
let db = await open();
await run({
  random: new SeededRandom(Number(seed)),
  get db() {
    return db;
  },
  async reopen() {
    await db.close();
    db = await open();
  },
  keepCopies() {
    mkdirSync(copies, { recursive: true });
    // The first copy of a file is the most stale one.
    for (const file of readdirSync(path)) {
      if (!existsSync(join(copies, file))) cpSync(join(path, file), join(copies, file));
    }
  },
});

// All so far is synced. What comes now is not: damage may take it away, from its end.
const contents: Content[] = [await observeAll(db, layout)];
for (const [family, use] of Object.entries(layout)) {
  if (use !== 'log') continue;
  using log = RocksdbStorage.openIn<string>(db, family);
  const { next } = log.getBounds();
  log.setDecidedIdx(next);
  log.close();
  contents.push(await observeAll(db, layout));
}
const acknowledged: Acknowledged = { layout, contents };
writeFileSync(join(folder, 'acknowledged.json'), JSON.stringify(acknowledged));
if (ending === 'killed') process.kill(process.pid, 'SIGKILL');
await db.close();
