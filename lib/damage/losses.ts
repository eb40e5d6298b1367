// All that a repaired copy can lack, in words. docs/damage.md has the same.

import { filledIn, type Part } from './findings.js';

export const LOSSES = {
  'writes-lost': 'writes are lost: {file}, byte {offset}: {reason}',
  'writes-unknown': 'writes are lost, if {file} was not in use any more: those that came later',
  'log-lost': 'the whole log is lost: where it begins cannot be read, nor any of its entries',
  'entries-lost': 'entries {from} to {to} are lost: {reason}',
  'entries-left-out': 'entries {from} to {to} can be read, and were left out: a log ends before its first gap',
  'meta-lost': 'the {what} is lost: {reason}',
  'meta-replaced': 'the {what} is {now} in the copy: {reason}',
  'snapshot-lost': 'snapshot {name} is lost: {reason}',
  'identity-lost': 'the replica of group {group} is left out: {reason}',
  'records-lost': '{count} records with keys from {from} to {to} are lost: {reason}',
  'records-unknown': 'records with keys from {from} to before {to} are lost, if there were any: {reason}',
  'foreign-records-left-out': '{count} records that {use} does not write were left out, the first at {key}',
} as const;

export type LossKind = keyof typeof LOSSES;

export interface Loss {
  kind: LossKind;
  /** Nothing where it is not known which are concerned. */
  columnFamily?: string;
  message: string;
  /** What the message names. */
  parts: Readonly<Record<string, Part>>;
}

export function loss(
  kind: LossKind,
  columnFamily: string | undefined,
  parts: Readonly<Record<string, Part>> = {},
): Loss {
  return { kind, ...(columnFamily !== undefined && { columnFamily }), message: filledIn(LOSSES[kind], parts), parts };
}
