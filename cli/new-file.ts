// A file that is there once it is complete, and never in the place of another. Nothing is written to, renamed over or removed
// but what was made here, under a name that nobody else had.

import { randomBytes } from 'node:crypto';
import { link, lstat, open, rename, unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A file system that has no hard links says so in one of these ways. */
const NO_LINKS: readonly unknown[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'];

/**
 * Writes all of `bytes` to a new file `path`, on disk when this settles. Destroys `bytes` where it fails.
 * @throws Error where there is something at `path`, before or after the writing; what `bytes` or the file system fails with
 */
export async function writeNewFile(path: string, bytes: Readable): Promise<void> {
  try {
    await refuseToReplace(path); // before the work, not only after it
    const partial = `${path}.${randomBytes(6).toString('hex')}.partial`;
    const file = await open(partial, 'wx');
    try {
      await pipeline(bytes, file.createWriteStream({ flush: true }));
      await publish(partial, path);
    } catch (error) {
      await unlink(partial).catch(() => {});
      throw error;
    }
  } finally {
    bytes.destroy();
  }
}

async function refuseToReplace(path: string): Promise<void> {
  const isThere = await lstat(path).then(
    () => true,
    () => false, // why it cannot be written, if so, the attempt tells
  );
  if (isThere) throw taken(path);
}

/** Gives the file its name, unless somebody else has that by now: a rename would take the place of theirs. */
async function publish(partial: string, path: string): Promise<void> {
  try {
    await link(partial, path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') throw taken(path);
    if (!NO_LINKS.includes(code)) throw error;
    await publishWithoutLinks(partial, path);
    return;
  }
  await unlink(partial);
}

/** The name is taken first, by an empty file of our own, which is then replaced: a kill in between leaves that. */
async function publishWithoutLinks(partial: string, path: string): Promise<void> {
  try {
    await (await open(path, 'wx')).close();
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? taken(path) : error;
  }
  try {
    await rename(partial, path);
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error;
  }
}

function taken(path: string): Error {
  return new Error(`export to ${path}: there is a file already`);
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
