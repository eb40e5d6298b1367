import { META_KEYS, type MetaName } from '../format/log-keys.js';
import { type Finding, type FindingKind, finding, type Part } from './findings.js';
import type { LogPlan, LostRun } from './log-plan.js';
import { type LogSurvey, META_WORDS } from './log-survey.js';

const LOST_AS: Readonly<Record<LostRun['is'], FindingKind>> = {
  malformed: 'entries-malformed',
  unreadable: 'entries-unreadable',
  missing: 'entries-missing',
};

/** What is wrong with a log, or worth a note. */
export function logFindings(columnFamily: string, survey: LogSurvey, plan: LogPlan): Finding[] {
  const found: Finding[] = [];
  const add = (kind: FindingKind, parts: Readonly<Record<string, Part>>) =>
    found.push(finding(kind, { columnFamily }, parts));
  const { foreign } = survey;
  if (foreign.count > 0) add('foreign-records', { count: foreign.count, use: 'a log', key: foreign.first });
  for (const run of survey.unreadable.runs) add('record-unreadable', { ...run });
  for (const run of [...plan.lostBefore, ...plan.lost]) {
    add(LOST_AS[run.is], { ...rangeOf(run), ...('reason' in run && { reason: run.reason }) });
  }
  for (const name of Object.keys(META_KEYS) as MetaName[]) {
    const reason = survey.metas[name]?.reason;
    if (reason !== undefined) add('meta-damaged', { what: META_WORDS[name], reason });
  }
  const floor = survey.index('compactedIdx');
  const decided = survey.index('decidedIdx');
  const end = Math.max(plan.start ?? 0, survey.knownEnd);
  if (decided !== undefined && decided > end) add('decided-past-end', { decided, end });
  if (floor !== undefined && decided !== undefined && survey.metas.decidedIdx !== undefined && floor > decided) {
    add('floor-past-decided', { floor, decided });
  }
  if (plan.trimmedTo !== undefined) add('begins-above-floor', { first: plan.trimmedTo, floor: floor ?? 0 });
  return found;
}

/** As people count: the last one is among them. */
export function rangeOf({ from, to }: { from: number; to: number }): { from: number; to: Part } {
  return { from, to: to === Number.MAX_SAFE_INTEGER ? 'the end' : to - 1 };
}
