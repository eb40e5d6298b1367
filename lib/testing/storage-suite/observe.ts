import type { AnyStorage } from './any-storage.js';

/** All that a storage tells of itself, in one object to compare. */
export async function observe<T, S>(log: AnyStorage<T, S>) {
  return {
    bounds: await log.getBounds(),
    entries: await log.getSuffix(0),
    logLen: await log.getLogLen(),
    promise: await log.getPromise(),
    acceptedRound: await log.getAcceptedRound(),
    decidedIdx: await log.getDecidedIdx(),
    compactedIdx: await log.getCompactedIdx(),
    stopsign: await log.getStopsign(),
    snapshot: await log.getSnapshot(),
  };
}
