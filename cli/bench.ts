import { Command } from 'commander';
import { benchCompareCommand } from './bench-compare.js';
import { benchFsyncCommand } from './bench-fsync.js';

export function benchCommand(): Command {
  const bench = new Command('bench').description(
    'Measures what durability costs on a disk, and compares two such runs.',
  );
  for (const command of [benchFsyncCommand(), benchCompareCommand()]) bench.addCommand(command);
  return bench;
}
