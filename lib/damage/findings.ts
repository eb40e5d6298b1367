// All that can be found out about a database, in words. docs/damage.md has the same, for whoever reads them at night.

import type { DamageKind } from '../../binding/damage.js';

/** What to do about it. */
const REPLACE =
  'do not start the replica; save what there is with repair, and then replace the replica, or recover the group';
const SNAPSHOT_ANEW =
  'delete the snapshot or put it anew; a replica of which nothing else is damaged takes the state of a peer when it is started';
const WRITTEN_SO = 'find out which program has written it so';

interface Kind {
  /** `damage`: something is lost or wrong. `note`: it is as it may be. */
  severity: 'damage' | 'note';
  /** With a {part} for each thing that it names. */
  says: string;
  remedy: string;
}

/** Of a WAL, the MANIFEST, or what belongs to them: see {@link DamageKind}. */
const IN_FILE = { severity: 'damage', says: 'byte {offset}: {reason}', remedy: REPLACE } as const;

export const KINDS = {
  'current-damaged': IN_FILE,
  'manifest-guessed': {
    severity: 'damage',
    says: 'it is gone by in the place of what CURRENT should name, as it reaches furthest; a later one may have been in use',
    remedy: REPLACE,
  },
  'manifest-known': {
    severity: 'note',
    says: 'it is gone by in the place of what CURRENT should name: the file WATERMARK tells that it was in use',
    remedy: 'none: save what there is with repair, which lacks nothing by this',
  },
  'manifest-cut': IN_FILE,
  'manifest-damaged': IN_FILE,
  'manifest-replaced': IN_FILE,
  'family-missing': IN_FILE,
  'wal-cut': IN_FILE,
  'wal-damaged': IN_FILE,
  'wal-missing': IN_FILE,
  'watermark-damaged': IN_FILE,
  'cannot-open': { severity: 'damage', says: 'the database cannot be opened: {reason}', remedy: REPLACE },
  'file-damaged': { severity: 'damage', says: 'the file is damaged: {reason}', remedy: REPLACE },
  'records-unreadable': {
    severity: 'damage',
    says: 'records with keys from {from} to before {to} cannot be read, if there are any: {reason}',
    remedy: REPLACE,
  },
  'record-unreadable': {
    severity: 'damage',
    says: '{count} records with keys from {from} to {to} cannot be read: {reason}',
    remedy: REPLACE,
  },
  'entries-unreadable': {
    severity: 'damage',
    says: 'entries {from} to {to} cannot be read: {reason}',
    remedy: REPLACE,
  },
  'entries-malformed': { severity: 'damage', says: 'entries {from} to {to} are malformed: {reason}', remedy: REPLACE },
  'entries-missing': { severity: 'damage', says: 'entries {from} to {to} are missing', remedy: REPLACE },
  'meta-damaged': { severity: 'damage', says: 'the {what} cannot be read: {reason}', remedy: REPLACE },
  'decided-past-end': {
    severity: 'damage',
    says: 'the decided index is {decided}, but the log ends at {end}',
    remedy: REPLACE,
  },
  'floor-past-decided': {
    severity: 'damage',
    says: 'the compaction floor is {floor}, but the decided index is {decided}',
    remedy: REPLACE,
  },
  'snapshot-behind-floor': {
    severity: 'damage',
    says: 'the log begins at {floor}, but the snapshot of group {group} reaches to {index} only',
    remedy:
      'where nothing but snapshots is damaged, start the replica: it takes the state of a peer; otherwise replace it',
  },
  'foreign-records': {
    severity: 'damage',
    says: '{count} records are none that {use} writes, the first at {key}',
    remedy: WRITTEN_SO,
  },
  'snapshot-damaged': { severity: 'damage', says: 'snapshot {name} is damaged: {reason}', remedy: SNAPSHOT_ANEW },
  'identity-damaged': {
    severity: 'damage',
    says: 'who the replica of group {group} is cannot be read: {reason}',
    remedy: REPLACE,
  },
  'begins-above-floor': {
    severity: 'note',
    says: 'the log begins at {first}, and its compaction floor is {floor}: it was trimmed by itself',
    remedy: 'none, where the program trims so',
  },
  'chunks-without-snapshot': {
    severity: 'note',
    says: '{count} chunks belong to no snapshot: one was being written when the process ended',
    remedy: 'none: the next start removes them',
  },
  'snapshot-coming-in': {
    severity: 'note',
    says: 'snapshot {name} was being received from a peer, and is not complete',
    remedy: 'none: the rest of it is asked for at the next start',
  },
  'no-watermark': {
    severity: 'note',
    says: 'nothing tells how far writes had been made durable: no version that notes it has written here yet',
    remedy: 'none: it is noted from the next start on',
  },
  'not-ours': {
    severity: 'note',
    says: 'its records are no log and no snapshots: they can be read, and what they mean was not looked at',
    remedy: 'none',
  },
} as const satisfies Record<string, Kind> & Record<DamageKind, Kind>;

export type FindingKind = keyof typeof KINDS;

/** Where it is, as far as it is known. */
export interface Place {
  file?: string;
  columnFamily?: string;
}

export type Part = string | number;

export interface Finding extends Place {
  kind: FindingKind;
  severity: 'damage' | 'note';
  message: string;
  remedy: string;
  /** What the message names: `from`, `to`, `offset`, `reason` and their like. Keys are in quotes, or hexadecimal. */
  parts: Readonly<Record<string, Part>>;
}

export function finding(kind: FindingKind, place: Place, parts: Readonly<Record<string, Part>> = {}): Finding {
  const { severity, says, remedy } = KINDS[kind];
  return { kind, severity, ...place, message: filledIn(says, parts), remedy, parts };
}

/** `text` with each {part} in its place. */
export function filledIn(text: string, parts: Readonly<Record<string, Part>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (!(name in parts)) throw new TypeError(`the message "${text}" lacks its part ${name}`);
    return String(parts[name]);
  });
}
