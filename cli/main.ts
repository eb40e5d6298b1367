#!/usr/bin/env node
// The command `omnipaxos-rocksdb`. Exit codes: 0 done, 1 failed, 2 wrong usage, 129, 130 and 143 ended by SIGHUP, SIGINT
// and SIGTERM. Errors are one line on stderr.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { appendCommand } from './append.js';
import { benchCommand } from './bench.js';
import { checkpointCommand } from './checkpoint.js';
import { dumpCommand } from './dump.js';
import { snapshotsCommand } from './snapshots.js';
import { statCommand } from './stat.js';

const FAILED = 1;
const WRONG_USAGE = 2;

// A reader that has seen enough (`dump | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  complain(`write to stdout: ${error.message}`);
  process.exit(FAILED);
});

// A terminal that is gone: what is under way is finished, or ended by SIGHUP, all the same.
process.stderr.on('error', () => {});

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const program = new Command('omnipaxos-rocksdb')
  .description(
    'Looks into, and appends to, the durable log of a consensus replica; measures what its durability costs.',
  )
  .version(version)
  .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong usage, 128 + n ended by signal n (130 after Ctrl-C).')
  .showSuggestionAfterError(false) // it would be a second line
  .exitOverride();
const commands = [appendCommand, dumpCommand, statCommand, checkpointCommand, snapshotsCommand, benchCommand];
for (const command of commands.map((make) => make())) {
  program.addCommand(inherit(command, program));
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE; // commander has printed it
  } else {
    complain(messageOf(error));
    process.exitCode = FAILED;
  }
}

function complain(message: string): void {
  process.stderr.write(`omnipaxos-rocksdb: ${message.replaceAll('\n', ' ')}\n`);
}

/** A command and its subcommands fail as `from` does: by an exception. */
function inherit(command: Command, from: Command): Command {
  command.copyInheritedSettings(from);
  for (const subcommand of command.commands) inherit(subcommand, command);
  return command;
}

/** Of what went wrong first: where closing the database fails as well, that comes wrapped. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'SuppressedError' && 'suppressed' in error ? messageOf(error.suppressed) : error.message;
}
