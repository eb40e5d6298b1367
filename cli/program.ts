// The subcommands together, and what they have in common.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { appendCommand } from './append.js';
import { benchCommand } from './bench.js';
import { checkpointCommand } from './checkpoint.js';
import { dumpCommand } from './dump.js';
import { recoverCommand } from './recover.js';
import { repairCommand } from './repair.js';
import { snapshotsCommand } from './snapshots.js';
import { statCommand } from './stat.js';
import { verifyCommand } from './verify.js';

const WRONG_USAGE = 2;

/** Does what the arguments of this process ask for. Wrong usage is told by commander, and sets the exit code. */
export async function runProgram(): Promise<void> {
  try {
    await makeProgram().parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  }
}

export function makeProgram(): Command {
  const manifest = readFileSync(new URL(import.meta.resolve('omnipaxos-rocksdb/package.json')), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const program = new Command('omnipaxos-rocksdb')
    .description(
      'Looks into, and appends to, the durable log of a consensus replica; measures what its durability costs.',
    )
    .version(version)
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage, 128 + n ended by signal n (130 after Ctrl-C).',
    )
    .showSuggestionAfterError(false) // it would be a second line
    .exitOverride();
  const commands = [
    appendCommand,
    dumpCommand,
    statCommand,
    checkpointCommand,
    snapshotsCommand,
    verifyCommand,
    repairCommand,
    recoverCommand,
    benchCommand,
  ];
  for (const make of commands) program.addCommand(inherit(make(), program));
  return program;
}

/** Makes a command and its subcommands fail as `from` does: by an exception. */
function inherit(command: Command, from: Command): Command {
  command.copyInheritedSettings(from);
  for (const subcommand of command.commands) inherit(subcommand, command);
  return command;
}
