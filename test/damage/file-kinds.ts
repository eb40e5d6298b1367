/** The kinds of files in a database's folder that can be damaged. */
export type FileKind = 'WAL' | 'MANIFEST' | 'SST' | 'CURRENT' | 'OPTIONS' | 'IDENTITY' | 'WATERMARK';

const PATTERNS: readonly [FileKind, RegExp][] = [
  ['WAL', /^\d+\.log$/],
  ['MANIFEST', /^MANIFEST-\d+$/],
  ['SST', /^\d+\.sst$/],
  ['CURRENT', /^CURRENT$/],
  ['OPTIONS', /^OPTIONS-\d+$/],
  ['IDENTITY', /^IDENTITY$/],
  ['WATERMARK', /^WATERMARK$/],
];

/** Undefined where it is none of them: the lock, the info log. */
export function kindOf(name: string): FileKind | undefined {
  return PATTERNS.find(([, pattern]) => pattern.test(name))?.[0];
}
