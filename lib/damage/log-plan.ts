// Which part of a log is one that a replica may have: without holes from its compaction floor on.

import type { LogIndex } from '../contract/storage.js';
import { type IndexRun, outside } from './index-runs.js';
import type { BadRun, LogSurvey } from './log-survey.js';

export type LostRun = BadRun | (IndexRun & { is: 'missing' });

export interface LogPlan {
  /** Where the log begins: its compaction floor. Where that cannot be read, the first entry there is, if there is one. */
  start: LogIndex | undefined;
  /** Behind the last entry before the first gap; the start where there is none. */
  end: LogIndex;
  /** From the start on, in order: what is malformed, cannot be read, or is missing before the last entry. */
  lost: LostRun[];
  /** Before the start, where that is only the first entry there is: what may have been entries as well. */
  lostBefore: LostRun[];
  /** Entries that are whole, behind the first that is lost. */
  leftOut: IndexRun[];
  /** The first entry, where the program has trimmed the log past its floor. */
  trimmedTo: LogIndex | undefined;
}

/** `isReplicas`: the log is a replica's, which trims it to its floor and no further. */
export function planLog(survey: LogSurvey, isReplicas: boolean): LogPlan {
  const { good, bad } = survey;
  const floor = survey.index('compactedIdx');
  const start = floor ?? good[0]?.from;
  if (start === undefined) {
    return { start, end: 0, lost: bad, lostBefore: [], leftOut: [], trimmedTo: undefined };
  }
  const goodFrom = (from: LogIndex) =>
    good.filter((run) => run.to > from).map((run) => ({ ...run, from: Math.max(run.from, from) }));
  const badRuns: LostRun[] = bad
    .filter((run) => run.to > start)
    .map((run) => ({ ...run, from: Math.max(run.from, start) }));
  const lastGood = good.at(-1)?.to ?? start;
  const known = [...good, ...bad].sort((a, b) => a.from - b.from);
  let missing = outside(known, start, lastGood);
  const [firstGap] = missing;
  const first = goodFrom(start)[0]?.from;
  const isTrimmed =
    !isReplicas && firstGap !== undefined && firstGap.from === start && firstGap.to === first && start < first;
  if (isTrimmed) missing = missing.slice(1);
  const lost = [...badRuns, ...missing.map((run) => ({ ...run, is: 'missing' as const }))].sort(
    (a, b) => a.from - b.from,
  );
  const from = isTrimmed ? (first as LogIndex) : start;
  const end = Math.min(lost[0]?.from ?? Number.POSITIVE_INFINITY, Math.max(lastGood, from));
  return {
    start,
    end: Math.max(end, from),
    lost,
    lostBefore: floor === undefined ? bad.filter((run) => run.from < start) : [],
    leftOut: lost.length === 0 ? [] : goodFrom(end),
    trimmedTo: isTrimmed ? first : undefined,
  };
}
