// What befalls the files of an image: chosen from a seed, then done to a copy.

import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import type { FileKind } from './file-kinds.js';
import type { Image, ImageFile } from './images.js';

/** How a file is damaged. */
export type DamageKind = 'bit' | 'zeros' | 'noise' | 'cut' | 'cut at a record' | 'missing' | 'swapped' | 'stale';

export type Damage = { file: string } & (
  | { kind: 'bit'; offset: number; bit: number }
  | { kind: 'zeros'; offset: number; length: number }
  | { kind: 'noise'; offset: number; length: number; seed: number }
  | { kind: 'cut' | 'cut at a record'; offset: number }
  | { kind: 'missing' }
  | { kind: 'swapped'; other: string }
  | { kind: 'stale' }
);

/** A copy of an image, and what is done to it: two files at times, for nothing says that a disk damages one alone. */
export interface State {
  /** The number of the state within its seed. */
  number: number;
  image: Image;
  damages: readonly Damage[];
}

const TWO_FILES_PERCENT = 15;
const HEADER_BYTES = 7;
/** Few bytes of a file are in the headers of its records, and each of them has a meaning of its own. */
const IN_A_HEADER_PERCENT = 25;
const LONGEST_SPAN_BITS = 13; // 8 KiB
const SECTOR_BYTES = 512;

const FILE_WEIGHTS: Readonly<Record<FileKind, number>> = {
  WAL: 8,
  MANIFEST: 5,
  SST: 4,
  WATERMARK: 3,
  CURRENT: 1,
  OPTIONS: 1,
  IDENTITY: 1,
};
const KIND_WEIGHTS: Readonly<Record<DamageKind, number>> = {
  bit: 6,
  zeros: 3,
  noise: 3,
  cut: 3,
  'cut at a record': 3,
  missing: 2,
  swapped: 2,
  stale: 2,
};

/** The state of this number: the same for the same seed and images. */
export function planState(images: readonly Image[], seed: number, number: number): State {
  const random = new SeededRandom(Math.imul(seed, 0x9e3779b1) + number);
  const image = random.oneOf(images);
  const damages = [planDamage(random, image, image.files)];
  if (random.chance(TWO_FILES_PERCENT)) {
    const [first] = damages;
    const others = image.files.filter(({ name }) => !filesOf(first as Damage).includes(name));
    // Only what leaves each other's files alone.
    const second = planDamage(random, image, others, others);
    damages.push(second);
  }
  return { number, image, damages };
}

/** The files that a damage touches. */
export function filesOf(damage: Damage): string[] {
  return damage.kind === 'swapped' ? [damage.file, damage.other] : [damage.file];
}

function planDamage(
  random: SeededRandom,
  image: Image,
  candidates: readonly ImageFile[],
  partners: readonly ImageFile[] = image.files,
): Damage {
  for (;;) {
    const kinds = new Set(candidates.map(({ kind }) => kind));
    const fileKind = weighted(random, FILE_WEIGHTS, (kind) => kinds.has(kind));
    const file = random.oneOf(candidates.filter(({ kind }) => kind === fileKind));
    const damage = tryDamage(
      random,
      file,
      weighted(random, KIND_WEIGHTS, () => true),
      partners,
    );
    if (damage !== undefined) return damage;
  }
}

/** Undefined where the file cannot be damaged so. */
function tryDamage(
  random: SeededRandom,
  { name: file, byteLength, recordEnds, hasCopy, kind: fileKind }: ImageFile,
  kind: DamageKind,
  partners: readonly ImageFile[],
): Damage | undefined {
  if (byteLength === 0 && kind !== 'missing' && kind !== 'stale') return undefined;
  const offset = random.within(0, Math.max(0, byteLength - 1));
  switch (kind) {
    case 'bit': {
      const inHeader = recordEnds.length > 1 && random.chance(IN_A_HEADER_PERCENT);
      const at = inHeader ? random.oneOf(recordEnds.slice(0, -1)) + random.within(0, HEADER_BYTES - 1) : offset;
      return { file, kind, offset: at, bit: random.within(0, 7) };
    }
    case 'zeros':
    case 'noise': {
      const length = Math.min(random.within(1, 2 ** random.within(0, LONGEST_SPAN_BITS)), byteLength - offset);
      return kind === 'zeros'
        ? { file, kind, offset, length }
        : { file, kind, offset, length, seed: random.within(0, 2 ** 30) };
    }
    case 'cut':
      return { file, kind, offset };
    case 'cut at a record': {
      const ends = recordEnds.length > 0 ? [0, ...recordEnds] : sectorsOf(byteLength);
      return { file, kind, offset: random.oneOf(ends.filter((end) => end < byteLength)) };
    }
    case 'missing':
      return { file, kind };
    case 'swapped': {
      const others = partners.filter((other) => other.name !== file);
      const alike = others.filter((other) => other.kind === fileKind);
      if (others.length === 0) return undefined;
      return { file, kind, other: random.oneOf(alike.length > 0 ? alike : others).name };
    }
    case 'stale':
      return hasCopy ? { file, kind } : undefined;
  }
}

function sectorsOf(byteLength: number): number[] {
  return Array.from({ length: Math.ceil(byteLength / SECTOR_BYTES) }, (_, i) => i * SECTOR_BYTES);
}

function weighted<K extends string>(
  random: SeededRandom,
  weights: Readonly<Record<K, number>>,
  isPossible: (key: K) => boolean,
): K {
  const possible = (Object.keys(weights) as K[]).filter(isPossible);
  let at = random.within(
    1,
    possible.reduce((sum, key) => sum + weights[key], 0),
  );
  return possible.find((key) => {
    at -= weights[key];
    return at <= 0;
  }) as K;
}

/** Does it to the database at `path`; `copies` has the stale files. */
export function inflict(damage: Damage, path: string, copies: string): void {
  const file = join(path, damage.file);
  switch (damage.kind) {
    case 'bit':
      change(file, (bytes) => {
        bytes[damage.offset] = (bytes[damage.offset] as number) ^ (1 << damage.bit);
      });
      break;
    case 'zeros':
      change(file, (bytes) => bytes.fill(0, damage.offset, damage.offset + damage.length));
      break;
    case 'noise':
      change(file, (bytes) => {
        const random = new SeededRandom(damage.seed);
        for (let i = 0; i < damage.length; i++) bytes[damage.offset + i] = random.within(0, 255);
      });
      break;
    case 'cut':
    case 'cut at a record':
      truncateSync(file, damage.offset);
      break;
    case 'missing':
      rmSync(file);
      break;
    case 'swapped': {
      const other = join(path, damage.other);
      renameSync(file, `${file}.swap`);
      renameSync(other, file);
      renameSync(`${file}.swap`, other);
      break;
    }
    case 'stale':
      copyFileSync(join(copies, damage.file), file);
  }
}

function change(file: string, edit: (bytes: Buffer) => unknown): void {
  const bytes = readFileSync(file);
  edit(bytes);
  writeFileSync(file, bytes);
}

/** For a person who looks for what was done. */
export function described(damage: Damage): string {
  const { file, kind, ...rest } = damage;
  return `${file} ${kind} ${Object.entries(rest)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}`.trimEnd();
}
