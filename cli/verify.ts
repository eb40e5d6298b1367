import { Command } from 'commander';
import type { Finding } from '../lib/damage/findings.js';
import { type Verification, type VerifiedFamily, verifyDatabase } from '../lib/damage/verification.js';
import { IN_USE_HELP, unlessInUse } from './in-use.js';
import { toJson } from './json.js';
import { dbOption } from './options.js';
import { codecOption, surveyOptions } from './survey-options.js';
import { newTable } from './table.js';
import { WorkProgress } from './work-progress.js';

interface VerifyOptions {
  db: string;
  codec: 'msgpack' | 'raw';
  json?: true;
}

const DAMAGED = 1;
/** Of one column family, or of the files. --json has all. */
const MOST_FINDINGS = 20;

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'Reads all of a stopped database, every block of every file and every record, and tells what is damaged. It changes ' +
        'nothing.',
    )
    .addHelpText('after', `\nExit codes: 0 whole, 1 damaged, or it could not be read, 2 wrong usage, ${IN_USE_HELP}.`)
    .addOption(dbOption)
    .addOption(codecOption)
    .option('--json', 'one JSON object instead of tables')
    .action(verify);
}

async function verify({ db: path, codec, json }: VerifyOptions): Promise<void> {
  const progress = await WorkProgress.create();
  const options = surveyOptions(codec, progress);
  const verification = await unlessInUse(() => verifyDatabase(path, options).finally(() => progress.stop()));
  if (verification === undefined) return;
  if (!verification.whole) process.exitCode = DAMAGED;
  if (json) console.log(toJson({ path, ...verification }));
  else await print(path, verification);
}

async function print(path: string, { whole, files, wals, columnFamilies, findings }: Verification): Promise<void> {
  await printFamilies(columnFamilies);
  console.log(
    `${files.count} SST files, ${files.bytes} bytes, ${files.damaged} damaged; ${wals.count} WALs, ${wals.records} records, ${wals.bytes} bytes`,
  );
  printFindings(findings);
  console.log(whole ? `${path} is whole` : `${path} is damaged: docs/damage.md says what to do, in order`);
}

async function printFamilies(families: readonly VerifiedFamily[]): Promise<void> {
  if (families.length === 0) return;
  const table = await newTable([
    { name: 'name', title: 'column family', alignment: 'left' },
    { name: 'use', alignment: 'left' },
    { name: 'records', alignment: 'right' },
    { name: 'bytes', alignment: 'right' },
    { name: 'more', title: '', alignment: 'left' },
  ]);
  for (const { name, use, records, bytes, log, snapshots } of families) {
    const ofLog = log && `floor ${log.floor ?? '?'}, decided ${log.decided ?? '?'}, end ${log.end}`;
    const ofSnapshots = snapshots && `${snapshots.whole} whole, ${snapshots.damaged} damaged`;
    table.addRow({ name, use, records, bytes, more: ofLog ?? ofSnapshots ?? '' });
  }
  table.printTable();
}

/** Each with its place, those of one place one behind the other. */
function printFindings(findings: readonly Finding[]): void {
  const printed = new Map<string, number>();
  for (const { columnFamily, file, severity, message, remedy } of findings) {
    const place = file ?? (columnFamily === undefined ? 'database' : `column family ${columnFamily}`);
    const count = (printed.get(file === undefined ? place : '') ?? 0) + 1;
    printed.set(file === undefined ? place : '', count);
    if (count <= MOST_FINDINGS) console.log(`${severity}: ${place}: ${message}\n    remedy: ${remedy}`);
  }
  for (const [place, count] of printed) {
    if (count > MOST_FINDINGS) console.log(`and ${count - MOST_FINDINGS} more of ${place || 'files'}: --json has all`);
  }
}
