#!/usr/bin/env node
// The command `omnipaxos-rocksdb`. Exit codes: 0 done, 1 failed, 2 wrong usage, 129, 130 and 143 ended by SIGHUP, SIGINT
// and SIGTERM. Errors are one line on stderr. Nothing is imported here that the library does without.

import { tellOfMissingPackages } from './missing-packages.js';

const FAILED = 1;

// A reader that has seen enough (`dump | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  complain(`write to stdout: ${error.message}`);
  process.exit(FAILED);
});

// A terminal that is gone is no reason to stop: SIGHUP is.
process.stderr.on('error', () => {});

try {
  const { runProgram } = await import('./program.js');
  await runProgram();
} catch (error) {
  complain(tellOfMissingPackages(error) ?? messageOf(error));
  process.exitCode = FAILED;
}

function complain(message: string): void {
  process.stderr.write(`omnipaxos-rocksdb: ${message.replaceAll('\n', ' ')}\n`);
}

/** The message of what went wrong first. If closing the database failed too, both come in one SuppressedError. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'SuppressedError' && 'suppressed' in error ? messageOf(error.suppressed) : error.message;
}
