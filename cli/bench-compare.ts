import { Command } from 'commander';
import { printComparison } from '../bench/fsync/compare.js';
import { readReport } from '../bench/fsync/read-report.js';

export function benchCompareCommand(): Command {
  return new Command('compare')
    .description('Prints what changed from one run of `bench fsync` to another, beside the noise of both.')
    .argument('<a.json>', 'the run before')
    .argument('<b.json>', 'the run after')
    .action((a: string, b: string) => printComparison(readReport(a), readReport(b)));
}
