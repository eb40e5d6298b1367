import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { tellOfOtherRuns, WorkFolder } from '../../bench/shared/work-folder.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('WorkFolder', () => {
  it('is new, and removed with all that is in it and nothing else', () => {
    const dir = temporaryFolder();
    mkdirSync(join(dir, 'bench-fsync-'));
    mkdirSync(join(dir, 'bench-mine'));
    const other = new WorkFolder(dir, 'fsync');
    {
      using folder = new WorkFolder(dir, 'fsync');
      expect(folder.path).not.toBe(other.path);
      mkdirSync(join(folder.path, 'a/b'), { recursive: true });
      writeFileSync(join(folder.path, 'a/b/c'), '');
    }
    expect(readdirSync(dir).map((name) => join(dir, name))).toContain(other.path);
    other[Symbol.dispose]();
    expect(readdirSync(dir).sort()).toEqual(['bench-fsync-', 'bench-mine']);
  });
});

describe('tellOfOtherRuns', () => {
  it('names the folders of runs, and nothing that only looks like one', () => {
    const dir = temporaryFolder();
    for (const name of ['bench-mine', 'bench-fsync-mine', 'bench-fsync-1234567', 'my-bench-fsync-123456']) {
      mkdirSync(join(dir, name));
    }
    expect(tellOfOtherRuns(dir)).toEqual([]);
    using killed = new WorkFolder(dir, 'bars');
    expect(tellOfOtherRuns(dir)).toEqual([expect.stringContaining(killed.path)]);
  });

  it('says nothing of a folder that there is not', () => {
    expect(tellOfOtherRuns('/nope')).toEqual([]);
  });
});
