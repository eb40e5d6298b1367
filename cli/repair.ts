import { Command } from 'commander';
import type { Loss } from '../lib/damage/losses.js';
import { type Repair, repairDatabase } from '../lib/damage/repair.js';
import { IN_USE_HELP, unlessInUse } from './in-use.js';
import { toJson } from './json.js';
import { dbOption } from './options.js';
import { codecOption, surveyOptions } from './survey-options.js';
import { newTable } from './table.js';
import { WorkProgress } from './work-progress.js';

interface RepairOptions {
  db: string;
  to: string;
  codec: 'msgpack' | 'raw';
  json?: true;
}

const INCOMPLETE = 4;
/** Of one column family. --json has all. */
const MOST_LOSSES = 50;

/** What a person must know before anything is started. docs/damage.md has it too. */
export const MAY_NOT_REJOIN =
  'Do not start a replica from the copy: it may have forgotten a promise, or an entry that it has acknowledged. Replace ' +
  'it: a new replica, with a new pid and an empty disk, joins the group. Where a majority is lost for good, recover makes ' +
  'a group of what one replica has.';

export function repairCommand(): Command {
  return new Command('repair')
    .description(
      'Copies what can be saved of a stopped, damaged database into a new one, and tells what cannot. It never changes the ' +
        'damaged one.',
    )
    .addHelpText('after', `\n${MAY_NOT_REJOIN}`)
    .addHelpText(
      'after',
      `\nExit codes: 0 all was saved, 1 failed, 2 wrong usage, ${IN_USE_HELP}, 4 the copy is there, and lacks something.`,
    )
    .addOption(dbOption)
    .requiredOption(
      '--to <dir>',
      'the new folder, which must be empty or not exist. It appears once it is complete. Until then it is ' +
        '<dir>.<random>.partial beside it: a killed repair leaves that behind, and you may remove it',
    )
    .addOption(codecOption)
    .option('--json', 'one JSON object instead of tables')
    .action(repair);
}

async function repair({ db: path, to, codec, json }: RepairOptions): Promise<void> {
  const progress = await WorkProgress.create();
  const options = surveyOptions(codec, progress);
  const repaired = await unlessInUse(() => repairDatabase(path, to, options).finally(() => progress.stop()));
  if (repaired === undefined) return;
  if (!repaired.complete) process.exitCode = INCOMPLETE;
  if (json) console.log(toJson({ path, to, ...repaired }));
  else await print(path, to, repaired);
}

async function print(path: string, to: string, { complete, columnFamilies, losses }: Repair): Promise<void> {
  const table = await newTable([
    { name: 'name', title: 'column family', alignment: 'left' },
    { name: 'use', alignment: 'left' },
    { name: 'records', title: 'records saved', alignment: 'right' },
    { name: 'bytes', alignment: 'right' },
  ]);
  for (const family of columnFamilies) table.addRow(family);
  table.printTable();
  for (const name of [undefined, ...columnFamilies.map(({ name }) => name)]) {
    printLosses(losses.filter(({ columnFamily }) => columnFamily === name));
  }
  if (complete) console.log(`all of ${path} is in ${to}, which is whole: it can take the place of ${path}`);
  else console.log(`what can be saved of ${path} is in ${to}. ${MAY_NOT_REJOIN}`);
}

function printLosses(losses: readonly Loss[]): void {
  for (const { columnFamily, message } of losses.slice(0, MOST_LOSSES)) {
    console.log(`lost: ${placeOf(columnFamily)}: ${message}`);
  }
  const more = losses.length - MOST_LOSSES;
  if (more > 0) console.log(`and ${more} more of ${placeOf(losses[0]?.columnFamily)}: --json has all`);
}

function placeOf(columnFamily: string | undefined): string {
  return columnFamily === undefined ? 'database' : `column family ${columnFamily}`;
}
