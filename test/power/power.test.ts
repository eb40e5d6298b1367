// Power cuts of every workload. POWER_SEED chooses where; `npm run power` tries more of them.

import { execFile } from 'node:child_process';
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { recordWorkload } from '../support/record-workload.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { type DiskFolder, filesOf, isFolder, readDisk, writeDisk } from './disk-tree.js';
import { Names } from './names.js';
import { cutPower, type Profile } from './power-cut.js';
import { type NodeNumber, type Operation, type Recording, readRecording } from './recording.js';
import { UnsyncedFile } from './unsynced-file.js';
import { WORKLOADS } from './workloads.js';

const MAIN = fileURLToPath(new URL('../../dist/test/power/main.js', import.meta.url));
const { POWER_SEED = String(Math.floor(Math.random() * 1_000_000)) } = process.env;
const seed = Number(POWER_SEED);
const STATES = 500;
/** In which what is wrong must be found. */
const ENOUGH_STATES = 100;

const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

/** Where every operation has reached the disk. */
function wholeDisk({ root, before, operations }: Recording): DiskFolder {
  const names = Names.before({ root, before });
  const files = new Map<NodeNumber, UnsyncedFile>();
  for (const operation of operations) {
    switch (operation.type) {
      case 'mark':
      case 'sync':
        break;
      case 'write':
      case 'resize':
        files.get(operation.node)?.changes.push(operation);
        files.get(operation.node)?.sync();
        break;
      default:
        if (operation.type === 'create') files.set(operation.node, new UnsyncedFile());
        names.do(operation);
    }
  }
  return names.disk((node) => ({ bytes: (files.get(node) as UnsyncedFile).synced }));
}

/** How many states it takes to find something wrong, where the disk does nothing on a call that `lies` names. */
async function statesUntilFound(profile: Profile, lies: (operation: Operation, recording: Recording) => boolean) {
  const { recording } = await recordWorkload(realpathSync(temporaryFolder()), 'async', seed);
  const honest = readRecording(recording);
  const lying = { ...honest, operations: honest.operations.filter((operation) => !lies(operation, honest)) };
  const check = WORKLOADS.get('async')?.check(seed);
  for (let state = 1; state <= ENOUGH_STATES; state++) {
    const { disk, marks } = cutPower(lying, profile, new SeededRandom(seed * ENOUGH_STATES + state));
    const root = join(temporaryFolder(), 'root');
    mkdirSync(root);
    writeDisk(disk, root);
    try {
      await check?.check(root, marks, { goOn: false });
    } catch {
      return state;
    }
  }
  return undefined;
}

describeOnLinux('the recorder', () => {
  it.each([...WORKLOADS.keys()])('records all that %s does to its folder', async (workload) => {
    const { root, recording } = await recordWorkload(realpathSync(temporaryFolder()), workload, seed);
    const recorded = filesOf(wholeDisk(readRecording(recording)));
    const real = filesOf(readDisk(root));
    expect([...recorded.keys()]).toEqual([...real.keys()]);
    const different = [...real].filter(([path, bytes]) => bytes && recorded.get(path)?.equals(bytes) !== true);
    expect(different.map(([path]) => path)).toEqual([]);
  });
});

describeOnLinux('power cuts', () => {
  it(`lose, make up and refuse nothing in ${STATES} states of seed ${seed}`, async () => {
    const dir = join(temporaryFolder(), 'findings');
    const args = [MAIN, '--states', `${STATES}`, '--seed', `${seed}`, '--dir', dir];
    const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: Error & { stderr?: string }) => {
      throw new Error(`${error.message}\n${error.stderr}`);
    });
    expect(stdout).toMatch(new RegExp(`all +│ +${STATES / 2} │ +${STATES / 2} `));
  }, 300_000);

  it('are found out where a WAL is not synced', async () => {
    const isOfLog = (node: NodeNumber, { operations }: Recording) =>
      operations.some((made) => made.type === 'create' && made.node === node && made.name.endsWith('.log'));
    const lies = (operation: Operation, recording: Recording) =>
      operation.type === 'sync' && isOfLog(operation.node, recording);
    expect(await statesUntilFound('ordered', lies)).toBeLessThanOrEqual(ENOUGH_STATES);
  });

  it('are found out where a folder is not synced', async () => {
    const isFolderOf = (node: NodeNumber, { before, operations }: Recording) => {
      const was = before.get(node);
      return (
        (was !== undefined && isFolder(was)) || operations.some((made) => made.type === 'mkdir' && made.node === node)
      );
    };
    const lies = (operation: Operation, recording: Recording) =>
      operation.type === 'sync' && isFolderOf(operation.node, recording);
    expect(await statesUntilFound('strict', lies)).toBeLessThanOrEqual(ENOUGH_STATES);
  });
});
