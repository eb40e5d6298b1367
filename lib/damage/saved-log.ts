// What is saved of a log: entries up to the first that is lost, and meta records that go with them.

import type { LogIndex } from '../contract/storage.js';
import { LOG_END, LOG_START, META_KEYS, type MetaName, parseLogKey } from '../format/log-keys.js';
import { encodeIndex } from '../format/values.js';
import type { IndexRun } from './index-runs.js';
import { rangeOf } from './log-findings.js';
import type { LogPlan } from './log-plan.js';
import { type LogSurvey, META_WORDS } from './log-survey.js';
import { type Loss, loss } from './losses.js';
import type { SavedRecords } from './saved-records.js';

export function savedLog(columnFamily: string, survey: LogSurvey, plan: LogPlan): SavedRecords {
  const losses = [...entryLosses(columnFamily, survey, plan)];
  const metas = savedMetas(columnFamily, survey, plan, losses);
  const isKept = member(survey.good);
  return {
    valueFor(key, value) {
      if (key.compare(LOG_START) < 0 || key.compare(LOG_END) >= 0) return undefined; // meta records are added
      const idx = indexOf(key);
      return idx !== undefined && idx < plan.end && isKept(idx) ? value : undefined;
    },
    added: Object.entries(metas).map(([name, value]) => ({ key: META_KEYS[name as MetaName], value })),
    losses,
  };
}

function* entryLosses(columnFamily: string, { foreign, unreadable }: LogSurvey, plan: LogPlan): Generator<Loss> {
  if (plan.start === undefined && plan.lost.length > 0) yield loss('log-lost', columnFamily);
  for (const run of [...plan.lostBefore, ...plan.lost]) {
    const reason = run.is === 'missing' ? 'they are not there' : run.reason;
    yield loss('entries-lost', columnFamily, { ...rangeOf(run), reason });
  }
  for (const run of plan.leftOut) yield loss('entries-left-out', columnFamily, rangeOf(run));
  for (const run of unreadable.runs) yield loss('records-lost', columnFamily, { ...run });
  if (foreign.count > 0) {
    const parts = { count: foreign.count, use: 'a log', key: foreign.first };
    yield loss('foreign-records-left-out', columnFamily, parts);
  }
}

function savedMetas(
  columnFamily: string,
  survey: LogSurvey,
  plan: LogPlan,
  losses: Loss[],
): Partial<Record<MetaName, Buffer>> {
  const saved: Partial<Record<MetaName, Buffer>> = {};
  const replace = (name: 'compactedIdx' | 'decidedIdx', now: LogIndex, reason: string) => {
    saved[name] = encodeIndex(now);
    losses.push(loss('meta-replaced', columnFamily, { what: META_WORDS[name], now, reason }));
  };
  for (const name of Object.keys(META_KEYS) as MetaName[]) {
    const state = survey.metas[name];
    if (state === undefined) continue;
    if (state.bytes !== undefined) saved[name] = state.bytes;
    else if (name !== 'compactedIdx' && name !== 'decidedIdx') {
      losses.push(loss('meta-lost', columnFamily, { what: META_WORDS[name], reason: state.reason }));
    }
  }
  const { start = 0, end } = plan;
  const floor = survey.metas.compactedIdx;
  if (floor?.reason !== undefined) replace('compactedIdx', start, floor.reason);
  const decided = survey.metas.decidedIdx;
  const decidedIdx = survey.index('decidedIdx');
  if (decidedIdx === undefined) replace('decidedIdx', start, decided?.reason ?? '');
  else if (decidedIdx > end) replace('decidedIdx', end, `it was ${decidedIdx}, behind the end of what is left`);
  else if (decided !== undefined && decidedIdx < start) {
    replace('decidedIdx', start, `it was ${decidedIdx}, before the compaction floor`);
  }
  const isCut = plan.lost.length > 0 || floor?.reason !== undefined;
  if (isCut && saved.stopsign !== undefined) {
    delete saved.stopsign;
    losses.push(loss('meta-lost', columnFamily, { what: META_WORDS.stopsign, reason: 'entries before it are lost' }));
  }
  return saved;
}

function indexOf(key: Buffer): LogIndex | undefined {
  try {
    return parseLogKey(key);
  } catch {
    return undefined;
  }
}

/** Whether an index is in one of `runs`; asked in order. */
function member(runs: readonly IndexRun[]): (idx: LogIndex) => boolean {
  let at = 0;
  return (idx) => {
    while (at < runs.length && (runs[at] as IndexRun).to <= idx) at++;
    return at < runs.length && (runs[at] as IndexRun).from <= idx;
  };
}
