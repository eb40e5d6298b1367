// What holds of every subcommand alike.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Command, Option } from 'commander';
import { Database, RocksdbStorage } from '../../lib/index.js';
import { compiled, runCommand, runNode } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** By the compiled code, which finds its own package.json. */
const { makeProgram } = (await import(compiled('cli/program.js'))) as typeof import('../../cli/program.js');

interface Leaf {
  name: string;
  words: string[];
  command: Command;
}

function leavesOf(command: Command, words: string[]): Leaf[] {
  if (command.commands.length === 0) return [{ name: words.join(' '), words, command }];
  return command.commands.flatMap((child) => leavesOf(child, [...words, child.name()]));
}

const leaves = leavesOf(makeProgram(), []);

const VALUES: Record<string, string> = { '--peers': '1=a:1,2=b:1' };

/** What makes a command complete: a value for whatever it insists on. */
function completing({ command }: Leaf, except?: Option): string[] {
  const options = command.options.filter((option) => option.mandatory && option !== except);
  const values = options.flatMap((option) => [
    option.long as string,
    VALUES[`${option.long}`] ?? (option.parseArg ? '1' : 'nowhere'),
  ]);
  return [...values, ...command.registeredArguments.map(() => 'nowhere.json')];
}

const NOT_NUMBERS = ['', 'x', '-1', ' 1', '1e3', '0x1', 'NaN', 'Infinity', '1,,2', '9'.repeat(400)];

async function expectWrongUsage(args: readonly string[], message: RegExp): Promise<void> {
  const cwd = temporaryFolder();
  const outcome = await runCommand(args, '', { cwd });
  expect({ args, ...outcome }).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(message) });
  expect(outcome.stderr).toMatch(/^error: [^\n]+\n$/);
  expect(readdirSync(cwd)).toEqual([]);
}

it('has the subcommands that the README names', () => {
  expect(leaves.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'append',
      'dump',
      'stat',
      'checkpoint',
      'snapshots list',
      'verify',
      'repair',
      'recover',
      'bench fsync',
      'bench compare',
    ]),
  );
});

describe.each(leaves)('$name', (leaf) => {
  const { words, command } = leaf;

  it('has a --help that states the default of each value that may be left out', async () => {
    const { exitCode, stdout, stderr } = await runCommand([...words, '--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: omnipaxos-rocksdb ${words.join(' ')} `));
    for (const { long, mandatory, required, defaultValue, description } of command.options) {
      if (!required || mandatory) continue;
      expect({ long, states: defaultValue !== undefined || description.includes('(default: ') }).toEqual({
        long,
        states: true,
      });
    }
  });

  it('refuses an unknown option, and an argument too many', async () => {
    await expectWrongUsage([...words, ...completing(leaf), '--nope'], /unknown option '--nope'/);
    await expectWrongUsage([...words, ...completing(leaf), 'superfluous'], /too many arguments/);
  });

  it('needs each option that it insists on, and its arguments', async () => {
    for (const option of command.options.filter(({ mandatory }) => mandatory)) {
      await expectWrongUsage([...words, ...completing(leaf, option)], new RegExp(`required option '${option.flags}'`));
    }
    if (command.registeredArguments.length > 0) await expectWrongUsage(words, /missing required argument/);
  });

  it('refuses numbers that are none, and names the option', async () => {
    for (const option of command.options.filter(({ parseArg }) => parseArg)) {
      for (const text of NOT_NUMBERS) expect(() => option.parseArg?.(text, undefined)).toThrow(/\.$/);
      const wrong = [...words, ...completing(leaf, option), option.long as string, 'x'];
      await expectWrongUsage(wrong, new RegExp(`'${option.flags.replace(/[<>|]/g, '\\$&')}'`));
    }
  });
});

describe('the command', () => {
  it.each([[['nope']], [['stats']], [['bench', 'nope']], [['snapshots', 'nope']], [['--nope']]])(
    'exits with 2 for %j',
    async (args) => {
      await expectWrongUsage(args, /unknown (command|option)/);
    },
  );

  it('has a --help, a help of each group, and a --version', async () => {
    for (const args of [['--help'], ['bench', '--help'], ['snapshots', '--help'], ['--version']]) {
      expect(await runCommand(args)).toMatchObject({ exitCode: 0, stderr: '' });
    }
  });

  it('runs by the path of its file as well', async () => {
    expect(await runNode([compiled('cli/main.js'), '--help'])).toMatchObject({ exitCode: 0 });
  });
});

describe.each([
  ['append', ['append'], 'log', '; --create makes it'],
  ['dump', ['dump'], 'log', ''],
  ['stat', ['stat'], 'log', ''],
  ['snapshots list', ['snapshots', 'list'], 'snapshots', ''],
  ['snapshots export', ['snapshots', 'export', '--name', 'x'], 'snapshots', ''],
] as const)('%s, misspelt', (_, words, usual, remedy) => {
  it('says that there is no database, and makes none', async () => {
    const cwd = temporaryFolder();
    const outcome = await runCommand([...words, '--db', 'dta'], '1\n', { cwd });
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toMatch(
      /^omnipaxos-rocksdb: open \S+dta: there is no database here(; --create makes it)?\n$/,
    );
    expect(outcome.stderr.endsWith(`here${remedy}\n`)).toBe(true);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('names the column families that there are, and makes none', async () => {
    const cwd = temporaryFolder();
    const path = join(cwd, 'data');
    const db = Database.openSync(path, { columnFamilies: [usual] });
    if (usual === 'log') RocksdbStorage.openIn(db, usual).appendEntry(1);
    db.closeSync();
    const before = readdirSync(path);
    const outcome = await runCommand([...words, '--db', 'data', '--cf', 'lgo'], '1\n', { cwd });
    expect(outcome).toEqual({
      exitCode: 1,
      signal: null,
      stdout: '',
      stderr: `omnipaxos-rocksdb: data has no column family "lgo"; there are "default", "${usual}"${remedy}\n`,
    });
    expect(readdirSync(path)).toEqual(before);
  });
});
