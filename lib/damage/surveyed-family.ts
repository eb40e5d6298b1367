// A column family with all that was found in it.

import type { Codec } from '../contract/codec.js';
import { showKey } from '../format/keys.js';
import type { FamilyRows } from './family-rows.js';
import { type Finding, finding } from './findings.js';
import { IdentitySurvey, identityFindings } from './identity-survey.js';
import { logFindings } from './log-findings.js';
import { type LogPlan, planLog } from './log-plan.js';
import { frameCodec, LogSurvey } from './log-survey.js';
import { SnapshotSurvey, snapshotFindings } from './snapshot-survey.js';
import { UnreadableRuns } from './unreadable-records.js';
import { type Use, useByRecords } from './use-by-records.js';

export interface SurveyedFamily {
  name: string;
  use: Use;
  records: number;
  bytes: number;
  source: FamilyRows;
  findings: Finding[];
  log?: { survey: LogSurvey; plan: LogPlan };
  snapshots?: SnapshotSurvey;
  identities?: IdentitySurvey;
}

/**
 * Reads all of it. `entryCodec`: of the logs that are not a replica's.
 * @throws RocksError where it comes upon damage, unless `source` tolerates that
 */
export async function surveyFamily(source: FamilyRows, entryCodec: Codec<unknown>): Promise<SurveyedFamily> {
  const { name } = source.family;
  const use = await useByRecords(source);
  const surveyed = { name, use, source };
  if (use === 'log') {
    const isReplicas = /^log\..+\.\d+$/.test(name);
    const survey = await LogSurvey.of(source, isReplicas ? frameCodec : entryCodec);
    const plan = planLog(survey, isReplicas);
    return { ...surveyed, ...sizeOf(survey), findings: logFindings(name, survey, plan), log: { survey, plan } };
  }
  if (use === 'snapshots') {
    const survey = await SnapshotSurvey.of(source);
    return { ...surveyed, ...sizeOf(survey), findings: snapshotFindings(name, survey, source), snapshots: survey };
  }
  if (use === 'identities') {
    const survey = await IdentitySurvey.of(source);
    const findings = [...identityFindings(name, survey), ...unreadableIn(source)];
    return { ...surveyed, ...sizeOf(survey), findings, identities: survey };
  }
  return { ...surveyed, ...(await readThrough(source)) };
}

function sizeOf({ records, bytes }: { records: number; bytes: number }): { records: number; bytes: number } {
  return { records, bytes };
}

async function readThrough(source: FamilyRows): Promise<Pick<SurveyedFamily, 'records' | 'bytes' | 'findings'>> {
  const columnFamily = source.family.name;
  const findings: Finding[] = [];
  const unreadable = new UnreadableRuns();
  let records = 0;
  let bytes = 0;
  for await (const { key, value, reason } of source.rows()) {
    records++;
    bytes += key.length + (value?.length ?? 0);
    if (reason === undefined) unreadable.end();
    else unreadable.add(key, reason);
  }
  findings.push(...unreadable.runs.map((run) => finding('record-unreadable', { columnFamily }, { ...run })));
  findings.push(...unreadableIn(source));
  if (records > 0) findings.push(finding('not-ours', { columnFamily }));
  return { records, bytes, findings };
}

function unreadableIn({ family, unreadable }: FamilyRows): Finding[] {
  return unreadable.map(({ from, to, reason }) =>
    finding('records-unreadable', { columnFamily: family.name }, { from: showKey(from), to: showKey(to), reason }),
  );
}
