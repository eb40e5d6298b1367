import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The first file in a folder whose name matches. */
export function fileOf(folder: string, kind: RegExp): string {
  const name = readdirSync(folder).find((each) => kind.test(each));
  if (name === undefined) throw new Error(`there is no ${kind} in ${folder}`);
  return join(folder, name);
}

/** Changes one bit of the byte at `at`. */
export function flip(file: string, at: number): void {
  const content = readFileSync(file);
  content[at] = (content[at] as number) ^ 0x10;
  writeFileSync(file, content);
}
