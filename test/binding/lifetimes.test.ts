import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Database } from '../../binding/index.js';
import { type Ending, runChild } from '../support/child.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const run = (scenario: string, path = join(temporaryFolder(), 'db')): Promise<Ending> =>
  runChild('lifetimes.mjs', [scenario, path], { nodeArguments: ['--expose-gc'] });

const wentWell = { code: 0, signal: null, stdout: 'done\n', stderr: '' };

describe('a database', () => {
  it.each([
    ['may be used after it was closed', 'useAfterClose'],
    ['may be closed twice, in every form', 'doubleClose'],
    ['may be closed with work in flight', 'closeWithWorkInFlight'],
    ['may be open when the process exits with work in flight', 'exitWithWorkInFlight'],
    ['may be open when the process exits between two results', 'exitWhileResultsArrive'],
    ['may be closing when the process exits', 'exitWhileClosing'],
    ['may end before its iterators', 'iteratorOutlivesItsDatabase'],
    ['lives as long as an iterator is read', 'iteratorKeepsItsDatabase'],
    ['is closed, and its path free, once it was dropped and collected', 'droppedWithoutClose'],
    ['is collected with iterators and column families that were alive', 'droppedWithEverythingAlive'],
    ['is collected only after its work in flight', 'droppedWithWorkInFlight'],
    ['may be dropped while it opens', 'droppedWhileOpening'],
    ['need not be closed before the process ends', 'fallsOffTheEnd'],
    ['may be opened and closed 200 times in one process', 'manyDatabasesClosed'],
    ['may be opened and dropped 200 times in one process', 'manyDatabasesDropped'],
    ['may be one of a hundred', 'manyDatabasesAtOnce'],
  ])('%s', async (_, scenario) => {
    expect(await run(scenario)).toEqual(wentWell);
  });

  it('keeps the process until its work in flight is settled, and no longer', async () => {
    const ending = await run('fallsOffTheEndWithWorkInFlight');
    expect(ending).toEqual({ ...wentWell, stdout: 'done\nsettled\n' });
  });

  it.each(['uncaughtException', 'exceptionInAContinuation'])(
    'does not stand in the way of an error that ends the process: %s',
    async (scenario) => {
      const path = join(temporaryFolder(), 'db');
      const ending = await run(scenario, path);
      expect(ending).toMatchObject({ code: 1, signal: null, stdout: 'done\n' });
      expect(ending.stderr).toContain('a bug of the caller');
      await (await Database.open(path)).close();
    },
  );

  it('may be one of many that are at work when the process exits', async () => {
    // Without the definition in native/napi/exit_handlers.cc one in twenty crashes.
    for (let round = 0; round < 15; round++) expect(await run('exitAmidManyDatabases')).toEqual(wentWell);
  });

  it('may be at any step of its life when the process exits', async () => {
    const steps = (await runChild('exit-at-step.mjs', [])).stdout.trim().split('\n');
    expect(steps.length).toBeGreaterThan(15);
    for (const step of steps) {
      const path = join(temporaryFolder(), 'db');
      expect({ step, ...(await runChild('exit-at-step.mjs', [step, path])) }).toEqual({ step, ...wentWell });
      const again = await Database.open(path);
      again.scanSync(again.columnFamily('default'));
      await again.close();
    }
  });
});
