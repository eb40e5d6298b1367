// One state: the disk of a power cut, and perhaps of a second one while the product recovers from the first, opened and compared.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import type { CheckOptions, DiskCheck, Shown } from './disk-check.js';
import { type DiskFolder, writeDisk } from './disk-tree.js';
import type { Recorder } from './marks.js';
import { cutPower, type PowerCut, type Profile } from './power-cut.js';
import { type Recording, readRecording } from './recording.js';

/** Marks of a recovery, beside those of the workload. */
const SHOWN = 'shown';

const SECOND_CUT_PERCENT = 15;
const GO_ON_PERCENT = 20;

/** What a state is made from. */
export interface StateSource {
  recording: Recording;
  check: DiskCheck;
  /** The folder that is watched by the recorder. */
  root: string;
  /** For the recording of a recovery. */
  scratch: string;
  recorder: Recorder;
}

export interface State {
  profile: Profile;
  isSecondCut: boolean;
  /** Behind which operation of the workload the power was cut. */
  at: number;
  /** What is wrong with what was found; undefined where nothing is. */
  violation: string | undefined;
}

/** Keeps a disk as it was before it was opened. */
export type KeepDisk = (disk: DiskFolder, name: string) => void;

/**
 * @param seed - what all choices follow from
 * @param keep - called with the disks that lead to a violation; of a state without one, where `keepAll`
 */
export async function tryState(
  source: StateSource,
  profile: Profile,
  seed: number,
  keep: KeepDisk,
  keepAll = false,
): Promise<State> {
  const random = new SeededRandom(seed);
  const isSecondCut = random.chance(SECOND_CUT_PERCENT);
  const cut = cutPower(source.recording, profile, random);
  const disks: [DiskFolder, string][] = [[cut.disk, 'disk']];
  let violation: string | undefined;
  try {
    if (isSecondCut) await cutRecovery(source, cut, profile, random, (...disk) => disks.push(disk));
    else await lookAt(source, cut.disk, { marks: cut.marks, goOn: random.chance(GO_ON_PERCENT) });
  } catch (error) {
    violation = (error as Error).message;
  }
  if (violation !== undefined || keepAll) for (const disk of disks) keep(...disk);
  return { profile, isSecondCut, at: cut.at, violation };
}

async function cutRecovery(
  source: StateSource,
  first: PowerCut,
  profile: Profile,
  random: SeededRandom,
  note: KeepDisk,
): Promise<void> {
  const { scratch, recorder } = source;
  const path = join(scratch, 'recovery');
  const inodes = make(source.root, first.disk);
  recorder.begin(path);
  let shown: Shown | undefined;
  try {
    const onShown = () => recorder.mark(SHOWN);
    shown = await source.check.check(source.root, first.marks, { goOn: false, onShown });
  } finally {
    recorder.end();
  }
  const second = cutPower(readRecording(path, inodes), profile, random);
  note(second.disk, 'disk-of-second-cut');
  const wasShown = second.marks.includes(SHOWN);
  try {
    const goOn = random.chance(GO_ON_PERCENT);
    await lookAt(source, second.disk, { marks: first.marks, goOn, shown: wasShown ? shown : undefined });
  } catch (error) {
    throw new Error(`behind a second cut, after ${second.at} operations of the recovery: ${(error as Error).message}`);
  }
}

async function lookAt(
  { check, root }: StateSource,
  disk: DiskFolder,
  { marks, ...options }: CheckOptions & { marks: readonly string[] },
): Promise<void> {
  make(root, disk);
  await check.check(root, marks, options);
}

function make(root: string, disk: DiskFolder): ReturnType<typeof writeDisk> {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  return writeDisk(disk, root);
}
