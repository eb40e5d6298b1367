// A stopped database, opened to be looked at as a whole: its files, and then every record of every column family.

import { inspectFiles } from '../../binding/damage.js';
import { coreOf, openStopped } from '../../binding/database.js';
import type { SstFile } from '../../binding/database-core.js';
import type { Database, RocksError } from '../../binding/index.js';
import type { Codec } from '../contract/codec.js';
import { type FamilyRow, type FamilyRows, isDamage, SalvagedRows, WholeRows } from './family-rows.js';
import { type Finding, type FindingKind, finding } from './findings.js';
import { lackingGroups } from './lacking-groups.js';
import { frameCodec } from './log-survey.js';
import { type SurveyedFamily, surveyFamily } from './surveyed-family.js';

/** How far it is: bytes of about `total`. */
export type Progress = (done: number, total: number, what: string) => void;

export interface SurveyOptions {
  /** Of the entries of logs that are not a replica's, each of which is decoded then. Default: they are bytes. */
  entryCodec?: Codec<unknown>;
  progress?: Progress;
}

export interface Survey {
  files: { count: number; bytes: number; damaged: number };
  /** Those that are still needed. */
  wals: { count: number; bytes: number; records: number };
  /** Of the database and its files, and then of each column family. */
  findings: Finding[];
  /** Where the database can be opened at all, to read more from. Until the survey is over. */
  opened: { database: Database; families: SurveyedFamily[] } | undefined;
}

/**
 * Surveys the database at `path`, to which nobody may write meanwhile, and gives what `use` makes of that. Nothing in its
 * folder changes.
 * @throws RocksError `LOCKED` where somebody has it open for writing, `NOT_FOUND` where there is none
 */
export async function withSurvey<R>(
  path: string,
  { entryCodec = frameCodec, progress = () => {} }: SurveyOptions,
  use: (survey: Survey) => Promise<R> | R,
): Promise<R> {
  const survey: Survey = {
    files: { count: 0, bytes: 0, damaged: 0 },
    wals: { count: 0, bytes: 0, records: 0 },
    findings: [],
    opened: undefined,
  };
  const whole = await openWhole(path, survey);
  try {
    const files = whole === undefined ? undefined : await verifyFiles(whole, survey, progress);
    if (whole !== undefined && files === 'whole') {
      const families = await surveyFamilies(whole, WholeRows, entryCodec, survey, progress).catch(damageAsUndefined);
      if (families !== undefined) return await use(told(survey, whole, families));
    }
  } finally {
    await whole?.close();
  }
  const damaged = await openDamaged(path, survey);
  if (damaged === undefined) return use(survey);
  try {
    if (survey.files.count === 0) await verifyFiles(damaged, survey, progress);
    const families = await surveyFamilies(damaged, SalvagedRows, entryCodec, survey, progress);
    return await use(told(survey, damaged, families));
  } finally {
    await damaged.close();
  }
}

function damageAsUndefined(error: unknown): undefined {
  if (!isDamage(error)) throw error;
}

/** As the package would open it. What is wrong with the WALs or the MANIFEST is looked at by itself. */
async function openWhole(path: string, survey: Survey): Promise<Database | undefined> {
  let opened: Database | undefined;
  let refusal: RocksError | undefined;
  try {
    opened = await openStopped(path, { tolerateDamage: false });
  } catch (error) {
    if (!isDamage(error)) throw error;
    refusal = error;
  }
  const isTold = await inspectInto(path, survey);
  if (refusal !== undefined && !isTold) survey.findings.push(finding('cannot-open', {}, { reason: oneLine(refusal) }));
  return opened;
}

/** Without what is lost. Nothing where that cannot be, either: then there is a finding that says why. */
async function openDamaged(path: string, { findings }: Survey): Promise<Database | undefined> {
  try {
    return await openStopped(path, { tolerateDamage: true });
  } catch (error) {
    if (!isDamage(error) || findings.length === 0) throw error;
    const isFound = (kinds: FindingKind[]) => findings.some(({ kind }) => kinds.includes(kind));
    const isWithoutList = isFound(['current-damaged']) && !isFound(['manifest-known', 'manifest-guessed']);
    if (!isWithoutList && !isFound(['cannot-open'])) {
      findings.push(finding('cannot-open', {}, { reason: oneLine(error) }));
    }
    return undefined;
  }
}

/** Whether something was found. */
async function inspectInto(path: string, survey: Survey): Promise<boolean> {
  try {
    const { damage, takenManifest, hasWatermark, ...wals } = await inspectFiles(path);
    const { walFiles: count, walBytes: bytes, walRecords: records } = wals;
    survey.wals = { count, bytes, records };
    for (const { kind, file, offset, message } of damage) {
      survey.findings.push(finding(kind, { file }, { offset, reason: message }));
    }
    if (takenManifest !== undefined) {
      const { name: file, isKnown } = takenManifest;
      survey.findings.push(finding(isKnown ? 'manifest-known' : 'manifest-guessed', { file }));
    }
    if (!hasWatermark && damage.length === 0) survey.findings.push(finding('no-watermark', {}));
    return damage.length > 0;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false; // what cannot be read, opening tells
  }
}

async function verifyFiles(database: Database, survey: Survey, progress: Progress): Promise<'whole' | 'damaged'> {
  const core = coreOf(database);
  const files = core.sstFiles();
  const total = bytesOf(files);
  survey.files = { count: files.length, bytes: total, damaged: 0 };
  let done = 0;
  for (const file of files) {
    progress(done, total * 2, `file ${file.name.slice(1)}`);
    try {
      await core.verifySstFile(file);
    } catch (error) {
      if (!isDamage(error)) throw error;
      survey.files.damaged++;
      const place = { file: file.name.slice(1), columnFamily: file.columnFamily };
      survey.findings.push(finding('file-damaged', place, { reason: oneLine(error) }));
    }
    done += file.byteLength;
  }
  return survey.files.damaged === 0 ? 'whole' : 'damaged';
}

function bytesOf(files: readonly SstFile[]): number {
  return files.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** RocksDB's own text has several lines. */
function oneLine({ message }: RocksError): string {
  return message.trim().replace(/\s*\n\s*/g, '; ');
}

async function surveyFamilies(
  database: Database,
  Rows: typeof WholeRows | typeof SalvagedRows,
  entryCodec: Codec<unknown>,
  { files }: Survey,
  progress: Progress,
): Promise<SurveyedFamily[]> {
  const families: SurveyedFamily[] = [];
  let done = files.bytes;
  for (const name of database.columnFamilies) {
    const source = new CountedRows(new Rows(database.columnFamily(name)), (bytes) => {
      progress(Math.min(done + bytes, files.bytes * 2), files.bytes * 2, `column family ${name}`);
    });
    const family = await surveyFamily(source, entryCodec);
    families.push(family);
    done += family.bytes;
  }
  progress(files.bytes * 2, files.bytes * 2, 'done');
  return families;
}

function told(survey: Survey, database: Database, families: SurveyedFamily[]): Survey {
  const lacking = lackingGroups(families).map(({ log, floor, group, index }) =>
    finding('snapshot-behind-floor', { columnFamily: log }, { floor, group, index }),
  );
  const findings = [...survey.findings, ...families.flatMap((family) => family.findings), ...lacking];
  return { ...survey, findings, opened: { database, families } };
}

/** Rows whose bytes are counted as they go by. */
class CountedRows implements FamilyRows {
  readonly #rows: FamilyRows;
  readonly #count: (bytes: number) => void;

  constructor(rows: FamilyRows, count: (bytes: number) => void) {
    this.#rows = rows;
    this.#count = count;
  }

  get family(): FamilyRows['family'] {
    return this.#rows.family;
  }

  get unreadable(): FamilyRows['unreadable'] {
    return this.#rows.unreadable;
  }

  async *rows(): AsyncGenerator<FamilyRow, void, undefined> {
    const PART = 1024 * 1024;
    let bytes = 0;
    let told = 0;
    for await (const row of this.#rows.rows()) {
      yield row;
      bytes += row.key.length + (row.value?.length ?? 0);
      if (bytes - told < PART) continue;
      told = bytes;
      this.#count(bytes);
    }
  }
}
