import { Command, Option } from 'commander';
import { DEFAULT_PLAN, type Plan } from '../bench/fsync/plan.js';
import { PEER_NAMES } from '../bench/shared/peers/index.js';
import { parseCounts, parseNames, parsePositive } from './options.js';

interface Options {
  dir: string;
  duration: number;
  entrySize: number[];
  batch: number[];
  inFlight: number[];
  peers: Plan['peers'];
  budgetMs: number;
  json?: string;
  html?: string;
}

export function benchFsyncCommand(): Command {
  const { durationS, entryBytes, batch, inFlight, budgetMs } = DEFAULT_PLAN;
  return new Command('fsync')
    .description(
      'Measures what an fsync, and durability by this storage, cost on the disk of a folder. Stop what else runs first.',
    )
    .option('--dir <dir>', 'where to measure, in a folder of its own that is removed afterwards', '.')
    .option('--duration <seconds>', 'of the whole run', parsePositive, durationS)
    .addOption(
      countsOption(
        '--entry-size <bytes,…>',
        'sizes of entries; the first is that of all other measurements',
        entryBytes,
      ),
    )
    .addOption(countsOption('--batch <n,…>', 'entries per append', batch))
    .addOption(countsOption('--in-flight <n,…>', 'asynchronous appends at a time', inFlight))
    .addOption(
      new Option('--peers <name,…>', `other stores, where installed: ${PEER_NAMES.join(', ')}`)
        .argParser(parseNames(PEER_NAMES))
        .default([], 'none'),
    )
    .option('--budget-ms <ms>', 'p99 latency that the recommendation keeps to', parsePositive, budgetMs)
    .option('--json <file>', 'a new file for every figure; `bench compare` reads it (default: none)')
    .option('--html <file>', 'a new file for a report with charts; needs the package echarts (default: none)')
    .action(benchFsync);
}

function countsOption(flags: string, description: string, counts: readonly number[]): Option {
  return new Option(flags, description).argParser(parseCounts).default([...counts], counts.join(','));
}

async function benchFsync({ dir, duration, entrySize, json, html, ...options }: Options): Promise<void> {
  const { measureFsync } = await import('./measure-fsync.js');
  const plan: Plan = { ...options, durationS: duration, entryBytes: entrySize };
  await measureFsync({ dir, plan, ...(json !== undefined && { json }), ...(html !== undefined && { html }) });
}
