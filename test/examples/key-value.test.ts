import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { AsyncRocksdbStorage, SnapshotStore } from '../../lib/index.js';
import { compiled, runNode } from '../support/run-command.js';
import { openAt } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('the key-value example', () => {
  it('restarts from a snapshot and the entries behind it, and brings up another replica', async () => {
    const folder = temporaryFolder();
    const { exitCode, stdout, stderr } = await runNode([compiled('examples/key-value/main.js'), folder]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [applied, restarted, installed, goesOn] = stdout.trimEnd().split('\n');
    expect(applied).toBe('applied 2501 commands, holds 399 keys');
    expect(restarted).toBe('restarted: 399 keys at 2501; key 8 is value 2408');

    // The restart had both to do with: a snapshot, and entries that it does not cover.
    const db = await openAt(join(folder, 'a'));
    const floor = await (await AsyncRocksdbStorage.openIn(db, 'log')).getCompactedIdx();
    expect(floor).toBeGreaterThanOrEqual(1000);
    expect(floor).toBeLessThan(2500);
    expect((await (await SnapshotStore.openIn(db, 'snapshots')).list()).map(({ index }) => index)).toEqual([floor]);
    expect(installed).toBe(`a new replica has 400 keys at ${floor}`);
    expect(goesOn).toBe(`and goes on at ${floor + 1}`);
  });
});
