import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Of each file in a folder its bytes, as a hash, and when it was changed last: two states are equal where nothing was changed. */
export function stateOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(folder, name);
      const { mtimeMs, ctimeMs } = statSync(path);
      if (statSync(path).isDirectory()) return [name, `folder ${mtimeMs}`];
      return [name, `${createHash('sha256').update(readFileSync(path)).digest('hex')} ${mtimeMs} ${ctimeMs}`];
    }),
  );
}
