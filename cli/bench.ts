import { Command } from 'commander';
import { benchFsyncCommand } from './bench-fsync.js';

export function benchCommand(): Command {
  return new Command('bench').description('Measures what durability costs on a disk.').addCommand(benchFsyncCommand());
}
