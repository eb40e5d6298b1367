// What a database takes of the disk.

import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface FolderUse {
  diskBytes: number;
  walBytes: number;
  sstBytes: number;
  manifestBytes: number;
  files: number;
  walFiles: number;
  sstFiles: number;
}

/** stat counts in blocks of this size, whatever those of the file system are. */
const BLOCK = 512;

/** Of the files in `folder` itself: a database has no others. */
export function folderUse(folder: string): FolderUse {
  const use = { diskBytes: 0, walBytes: 0, sstBytes: 0, manifestBytes: 0, files: 0, walFiles: 0, sstFiles: 0 };
  for (const name of readdirSync(folder)) {
    const file = statSync(join(folder, name), { throwIfNoEntry: false }); // it may just have been removed
    if (!file?.isFile()) continue;
    const bytes = file.blocks * BLOCK;
    use.diskBytes += bytes;
    use.files++;
    if (extname(name) === '.log') {
      use.walBytes += bytes;
      use.walFiles++;
    } else if (extname(name) === '.sst') {
      use.sstBytes += bytes;
      use.sstFiles++;
    } else if (name.startsWith('MANIFEST-')) {
      use.manifestBytes += bytes;
    }
  }
  return use;
}
