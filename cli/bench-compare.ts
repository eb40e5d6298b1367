import { Command } from 'commander';

export function benchCompareCommand(): Command {
  return new Command('compare')
    .description('Prints what changed from one run of `bench fsync` to another, beside the noise of both.')
    .argument('<a.json>', 'the run before')
    .argument('<b.json>', 'the run after')
    .action(compare);
}

async function compare(a: string, b: string): Promise<void> {
  const { readReport } = await import('../bench/fsync/read-report.js');
  const [before, after] = [readReport(a), readReport(b)];
  const { printComparison } = await import('../bench/fsync/compare.js');
  printComparison(before, after);
}
