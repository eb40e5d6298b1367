// Images: whole databases of several shapes, each with what it has acknowledged. States are damaged copies of them.

import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiled } from '../support/run-command.js';
import { type FileKind, kindOf } from './file-kinds.js';
import type { Content, Layout } from './observe.js';
import { recordsOf } from './physical-records.js';
import { WORKLOADS } from './workloads.js';

export interface Acknowledged {
  layout: Layout;
  /** What may be found: first all that was synced, then with one more unsynced write each. */
  contents: Content[];
}

export interface ImageFile {
  name: string;
  kind: FileKind;
  /** Of a WAL that is written ahead with zeros: to a little behind what counts. */
  byteLength: number;
  /** Where each of its records ends; none where it has no records. */
  recordEnds: readonly number[];
  /** There is an earlier copy of it, which is not the same. */
  hasCopy: boolean;
}

export interface Image {
  name: string;
  /** With `db`, `copies` and `acknowledged.json`. */
  folder: string;
  files: readonly ImageFile[];
}

const ENDINGS = ['closed', 'killed'];
/** Of those behind a WAL, so many may be damaged. */
const MOST_ZEROS = 1024;
// Of the info log nothing is lost with it.
const INFO_LOG = /^LOG/;

/** An image of each workload and each ending, below `folder`. The seed chooses what is written. */
export async function buildImages(folder: string, seed: number): Promise<Image[]> {
  const images: Image[] = [];
  for (const workload of Object.keys(WORKLOADS)) {
    for (const ending of ENDINGS) images.push(await buildImage(folder, workload, ending, seed));
  }
  return images;
}

async function buildImage(folder: string, workload: string, ending: string, seed: number): Promise<Image> {
  const name = `${workload}, ${ending}`;
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const program = compiled('test/damage/build-image.js');
  const child = spawn(process.execPath, [program, workload, ending, `${seed}`, home], { stdio: 'inherit' });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (...ended) => resolve(ended));
  });
  if (ending === 'killed' ? signal !== 'SIGKILL' : code !== 0) {
    throw new Error(`the image "${name}" could not be built: ${signal ?? code}`);
  }
  return { name, folder: home, files: filesOf(home) };
}

function filesOf(home: string): ImageFile[] {
  const copies = new Set(readdirSync(join(home, 'copies')));
  const names = readdirSync(join(home, 'db')).filter((name) => kindOf(name) !== undefined && !INFO_LOG.test(name));
  return names.sort().map((name) => {
    const kind = kindOf(name) as FileKind;
    const bytes = readFileSync(join(home, 'db', name));
    return {
      name,
      kind,
      byteLength: kind === 'WAL' ? writtenLength(bytes) : bytes.length,
      recordEnds: kind === 'WAL' || kind === 'MANIFEST' ? recordsOf(bytes, name).map(({ end }) => end) : [],
      hasCopy: copies.has(name) && !readFileSync(join(home, 'copies', name)).equals(bytes),
    };
  });
}

function writtenLength(bytes: Buffer): number {
  const last = bytes.findLastIndex((byte) => byte !== 0);
  return Math.min(bytes.length, last + 1 + MOST_ZEROS);
}
