// What is saved of a snapshot store: the snapshots that are whole. One that a peer was sending comes again.

import { CHUNKS, manifestKey, parseChunkKey } from '../format/snapshot-keys.js';
import { type Loss, loss } from './losses.js';
import type { SavedRecords } from './saved-records.js';
import type { SnapshotSurvey } from './snapshot-survey.js';

/** `unknown`: what damaged files may have had. */
export function savedSnapshots(columnFamily: string, survey: SnapshotSurvey, unknown: readonly Loss[]): SavedRecords {
  const { whole, damaged, foreign, unreadable } = survey;
  const ids = new Set(whole.map(({ manifest }) => manifest.id));
  const manifests = new Set(whole.map(({ name }) => manifestKey(name).toString('hex')));
  const losses = [
    ...damaged.map((parts) => loss('snapshot-lost', columnFamily, parts)),
    ...unreadable.runs.map((run) => loss('records-lost', columnFamily, { ...run })),
    ...unknown,
  ];
  if (foreign.count > 0) {
    const parts = { count: foreign.count, use: 'a snapshot store', key: foreign.first };
    losses.push(loss('foreign-records-left-out', columnFamily, parts));
  }
  return {
    valueFor(key, value) {
      const id = chunkIdOf(key);
      const isSaved = id === undefined ? manifests.has(key.toString('hex')) : ids.has(id);
      return isSaved ? value : undefined;
    },
    added: [],
    losses,
  };
}

function chunkIdOf(key: Buffer): number | undefined {
  try {
    return key.compare(CHUNKS.lt) < 0 ? parseChunkKey(key).id : undefined;
  } catch {
    return undefined;
  }
}
