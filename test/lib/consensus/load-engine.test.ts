import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { builtEnginePath, loadEngine, loadEngineFrom, prebuiltEnginePath } from '../../../lib/consensus/load-engine.js';
import { failureOf } from '../../support/failures.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('loadEngine', () => {
  it('gives the engine of this clone, the same each time', () => {
    expect(loadEngine()).toBe(loadEngine());
    expect(typeof loadEngine().NativeEngine).toBe('function');
  });

  it('says what it looked for, and what mends it', async () => {
    const root = temporaryFolder();
    const error = await failureOf(() => loadEngineFrom(root));
    expect(error).toMatchObject({ code: 'ERR_ENGINE_NOT_LOADED' });
    const { message } = error as Error;
    for (const path of [builtEnginePath(root), prebuiltEnginePath(root)])
      expect(message).toContain(`${path}: not there`);
    expect(message).toContain('the consensus engine could not be loaded');
    expect(message).toContain('npm ci && npm run build');
  });

  it('says why what is there would not do', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'build'));
    writeFileSync(builtEnginePath(root), 'this is no shared object');
    expect((await failureOf(() => loadEngineFrom(root))) as Error).toMatchObject({
      message: expect.stringMatching(/engine\.node: .*(too short|invalid|not a mach-o)/i),
    });
  });
});
