// Why a loss was silent: whether anything that was left could have told of it.

import { type Damage, filesOf, type State } from './damage.js';
import type { ImageFile } from './images.js';
import type { Verdict } from './opener-pool.js';

/**
 * Losses that cannot be told: the watermark is damaged as well, and what is lost was the last that was written. A cause that is
 * not here fails the suite.
 */
const CANNOT_BE_TOLD: readonly RegExp[] = [/^silent: .*WAL.*, no later record survives, the watermark damaged$/];

/** Undefined where the verdict is no loss and no hang. */
export function causeOf(verdict: Verdict, state: State): string | undefined {
  if (verdict === 'wrong error' || verdict === 'crash') return verdict;
  if (verdict !== 'silent' && verdict !== 'hang') return undefined;
  const kinds = new Set(state.damages.flatMap(filesOf).map((name) => fileOf(state, name).kind));
  const witness = state.damages.some((damage) => isFollowed(damage, state))
    ? 'a later record survives'
    : 'no later record survives';
  return `${verdict}: ${[...kinds].sort().join(' and ')}, ${witness}, ${watermarkOf(state)}`;
}

export function cannotBeTold(cause: string): boolean {
  return CANNOT_BE_TOLD.some((pattern) => pattern.test(cause));
}

function fileOf({ image }: State, name: string): ImageFile {
  return image.files.find((file) => file.name === name) as ImageFile;
}

function watermarkOf({ image, damages }: State): string {
  const watermark = image.files.find(({ kind }) => kind === 'WATERMARK');
  if (watermark === undefined) return 'no watermark';
  return damages.flatMap(filesOf).includes(watermark.name) ? 'the watermark damaged' : 'the watermark whole';
}

/** A record behind the damage is untouched: in the same file, or in a WAL that is newer. */
function isFollowed(damage: Damage, state: State): boolean {
  const touched = new Set(state.damages.flatMap(filesOf));
  const { kind, name, recordEnds } = fileOf(state, damage.file);
  const isNewer = (wal: ImageFile) => kind === 'MANIFEST' || Number.parseInt(wal.name, 10) > Number.parseInt(name, 10);
  const inNewerWal = state.image.files.some(
    (file) => file.kind === 'WAL' && file.recordEnds.length > 0 && isNewer(file) && !touched.has(file.name),
  );
  if (inNewerWal) return true;
  if (damage.kind !== 'bit' && damage.kind !== 'zeros' && damage.kind !== 'noise') return false;
  const end = damage.offset + ('length' in damage ? damage.length : 1);
  return recordEnds.some((at, i) => i > 0 && (recordEnds[i - 1] as number) >= end && at > end);
}
