import type { Finding } from './findings.js';
import { type SurveyOptions, withSurvey } from './survey.js';
import type { SurveyedFamily } from './surveyed-family.js';
import type { Use } from './use-by-records.js';

/** Of a column family. What is not known, as its records are damaged, is null. */
export interface VerifiedFamily {
  name: string;
  use: Use;
  records: number;
  /** Of keys and values. */
  bytes: number;
  log?: { floor: number | null; end: number; decided: number | null };
  snapshots?: { whole: number; damaged: number };
}

/** What was found in a database. docs/damage.md has it as a table. */
export interface Verification {
  /** Whether nothing is damaged. */
  whole: boolean;
  files: { count: number; bytes: number; damaged: number };
  wals: { count: number; bytes: number; records: number };
  columnFamilies: VerifiedFamily[];
  findings: Finding[];
}

/**
 * Reads all of the stopped database at `path`, and changes nothing.
 * @throws RocksError `LOCKED` where somebody has it open for writing, `NOT_FOUND` where there is none
 */
export function verifyDatabase(path: string, options: SurveyOptions = {}): Promise<Verification> {
  return withSurvey(path, options, ({ files, wals, findings, opened }) => ({
    whole: !findings.some(({ severity }) => severity === 'damage'),
    files,
    wals,
    columnFamilies: (opened?.families ?? []).map(toVerified),
    findings,
  }));
}

function toVerified({ name, use, records, bytes, log, snapshots }: SurveyedFamily): VerifiedFamily {
  return {
    name,
    use,
    records,
    bytes,
    ...(log && {
      log: {
        floor: log.survey.index('compactedIdx') ?? null,
        end: log.plan.end,
        decided: log.survey.index('decidedIdx') ?? null,
      },
    }),
    ...(snapshots && { snapshots: { whole: snapshots.whole.length, damaged: snapshots.damaged.length } }),
  };
}
