// What lies in the column family of a snapshot store: which of its snapshots are whole.

import { crc32c } from '../../binding/crc32c.js';
import type { StorageError } from '../contract/storage-error.js';
import { showKey } from '../format/keys.js';
import { ANNOUNCED, CHUNKS, MANIFESTS, parseChunkKey, parseManifestKey } from '../format/snapshot-keys.js';
import { chunkCount, decodeManifest, type Manifest, unseal } from '../format/snapshot-records.js';
import type { FamilyRow, FamilyRows } from './family-rows.js';
import { type Finding, finding } from './findings.js';
import type { ForeignRecords } from './log-survey.js';
import { UnreadableRuns } from './unreadable-records.js';

/** The chunks of one id, in order, as far as they go. */
interface Chunks {
  count: number;
  byteLength: number;
  checksum: number;
  /** Of the first. */
  chunkBytes: number;
  /** Of the last so far. */
  lastBytes: number;
  /** The first thing that is wrong with them. */
  damage: string | undefined;
}

export interface SurveyedSnapshot {
  name: string;
  manifest: Manifest;
}

export class SnapshotSurvey {
  readonly whole: SurveyedSnapshot[] = [];
  /** By the names that messages show. */
  readonly damaged: { name: string; reason: string }[] = [];
  /** Names of those that a peer was sending. */
  readonly comingIn: string[] = [];
  readonly foreign: ForeignRecords = { count: 0, first: '' };
  readonly unreadable = new UnreadableRuns();
  chunksWithoutSnapshot = 0;
  records = 0;
  bytes = 0;
  readonly #chunks = new Map<number, Chunks>();
  readonly #named = new Set<number>();

  static async of(source: FamilyRows): Promise<SnapshotSurvey> {
    const survey = new SnapshotSurvey();
    for await (const row of source.rows()) survey.#add(row);
    for (const [id, { count }] of survey.#chunks) if (!survey.#named.has(id)) survey.chunksWithoutSnapshot += count;
    return survey;
  }

  #add(row: FamilyRow): void {
    const { key, value, reason } = row;
    this.records++;
    this.bytes += key.length + (value?.length ?? 0);
    if (isIn(CHUNKS, key)) this.#addChunk(row);
    else if (isIn(MANIFESTS, key)) this.#addManifest(row);
    else if (isIn(ANNOUNCED, key)) this.#addAnnounced(row);
    else if (reason !== undefined) this.unreadable.add(key, reason);
    else this.#addForeign(key);
  }

  #addForeign(key: Buffer): void {
    if (this.foreign.count++ === 0) this.foreign.first = showKey(key);
  }

  #addChunk({ key, value, reason }: FamilyRow): void {
    let place: { id: number; number: number };
    try {
      place = parseChunkKey(key);
    } catch {
      this.#addForeign(key);
      return;
    }
    const chunks = this.#chunksOf(place.id);
    const damage = (how: string) => {
      chunks.damage ??= `chunk ${place.number} at ${showKey(key)}: ${how}`;
    };
    if (place.number !== chunks.count) chunks.damage ??= `chunk ${chunks.count} is missing`;
    chunks.count = place.number + 1;
    if (value === undefined) {
      damage(reason);
      return;
    }
    try {
      const bytes = unseal(key, value);
      if (chunks.count > 1 && chunks.lastBytes !== chunks.chunkBytes) damage('it comes behind one that is not full');
      if (chunks.count === 1) chunks.chunkBytes = bytes.length;
      chunks.lastBytes = bytes.length;
      chunks.byteLength += bytes.length;
      chunks.checksum = crc32c(bytes, chunks.checksum);
    } catch (error) {
      damage((error as StorageError).message);
    }
  }

  #chunksOf(id: number): Chunks {
    const known = this.#chunks.get(id);
    if (known !== undefined) return known;
    const none = { count: 0, byteLength: 0, checksum: 0, chunkBytes: 0, lastBytes: 0, damage: undefined };
    this.#chunks.set(id, none);
    return none;
  }

  #addManifest({ key, value, reason }: FamilyRow): void {
    let name: string;
    try {
      name = parseManifestKey(key);
    } catch {
      this.#addForeign(key);
      return;
    }
    const shown = JSON.stringify(name);
    if (value === undefined) {
      this.damaged.push({ name: shown, reason });
      return;
    }
    let manifest: Manifest;
    try {
      manifest = decodeManifest(key, value);
    } catch (error) {
      this.damaged.push({ name: shown, reason: (error as StorageError).message });
      return;
    }
    this.#named.add(manifest.id);
    const damage = damageOf(manifest, this.#chunks.get(manifest.id));
    if (damage === undefined) this.whole.push({ name, manifest });
    else this.damaged.push({ name: shown, reason: damage });
  }

  /** A damaged one counts as none: it begins anew. */
  #addAnnounced({ key, value }: FamilyRow): void {
    try {
      const name = parseManifestKey(key);
      if (value !== undefined) this.#named.add(decodeManifest(key, value).id);
      this.comingIn.push(JSON.stringify(name));
    } catch {
      if (value === undefined) return;
    }
  }
}

function damageOf(manifest: Manifest, chunks: Chunks | undefined): string | undefined {
  const count = chunkCount(manifest);
  const there = chunks?.count ?? 0;
  if (chunks?.damage !== undefined) return chunks.damage;
  if (there < count) return `chunk ${there} is missing`;
  if (there > count) return `there are ${there} chunks, not ${count}`;
  if (chunks === undefined) return manifest.checksum === 0 ? undefined : 'the checksum of the whole does not match';
  if (count > 1 && chunks.chunkBytes !== manifest.chunkBytes) {
    return `its chunks have ${chunks.chunkBytes} bytes, not ${manifest.chunkBytes}`;
  }
  if (chunks.byteLength !== manifest.byteLength) {
    return `it has ${chunks.byteLength} bytes, not ${manifest.byteLength}`;
  }
  return chunks.checksum === manifest.checksum ? undefined : 'the checksum of the whole does not match';
}

function isIn({ gte, lt }: { gte: Buffer; lt: Buffer }, key: Buffer): boolean {
  return key.compare(gte) >= 0 && key.compare(lt) < 0;
}

/** What is wrong with a snapshot store, or worth a note. */
export function snapshotFindings(columnFamily: string, survey: SnapshotSurvey, source: FamilyRows): Finding[] {
  const place = { columnFamily };
  const { foreign, damaged, comingIn, chunksWithoutSnapshot } = survey;
  const found = damaged.map((parts) => finding('snapshot-damaged', place, parts));
  if (foreign.count > 0) {
    const parts = { count: foreign.count, use: 'a snapshot store', key: foreign.first };
    found.push(finding('foreign-records', place, parts));
  }
  for (const run of survey.unreadable.runs) found.push(finding('record-unreadable', place, { ...run }));
  for (const { from, to, reason } of source.unreadable) {
    found.push(finding('records-unreadable', place, { from: showKey(from), to: showKey(to), reason }));
  }
  if (chunksWithoutSnapshot > 0) {
    found.push(finding('chunks-without-snapshot', place, { count: chunksWithoutSnapshot }));
  }
  for (const name of comingIn) found.push(finding('snapshot-coming-in', place, { name }));
  return found;
}
