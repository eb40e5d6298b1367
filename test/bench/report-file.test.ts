import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ReportFile } from '../../bench/shared/report-file.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let path: string;
beforeEach(() => {
  path = join(temporaryFolder(), 'report.json');
});

describe('a report file', () => {
  it('holds what was written', () => {
    {
      using file = new ReportFile(path);
      file.write('whole');
    }
    expect(readFileSync(path, 'utf8')).toBe('whole');
  });

  it('is not there where nothing was written', () => {
    {
      using _ = new ReportFile(path);
      expect(existsSync(path)).toBe(true);
    }
    expect(existsSync(path)).toBe(false);
  });

  it('leaves another file alone that has taken its place', () => {
    const file = new ReportFile(path);
    renameSync(path, `${path}.moved`);
    writeFileSync(path, 'mine');
    file[Symbol.dispose]();
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('refuses what is there already, and leaves it as it is', () => {
    writeFileSync(path, 'mine');
    expect(() => new ReportFile(path)).toThrow(`${path} is there already: remove it first, or name another file`);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    symlinkSync(path, `${path}.link`);
    expect(() => new ReportFile(`${path}.link`)).toThrow(/is there already/);
    symlinkSync('nowhere', `${path}.dangling`);
    expect(() => new ReportFile(`${path}.dangling`)).toThrow(/cannot be written: EEXIST/);
  });

  it('refuses a folder, and a folder that there is not', () => {
    mkdirSync(path);
    expect(() => new ReportFile(path)).toThrow(`${path} cannot be written: it is a folder`);
    expect(() => new ReportFile(join(path, 'no', 'such'))).toThrow(/cannot be written: ENOENT/);
  });

  it('may be a device', () => {
    {
      using file = new ReportFile('/dev/null');
      file.write('gone');
    }
    using _ = new ReportFile('/dev/null');
    expect(existsSync('/dev/null')).toBe(true);
  });
});
