// One state: the disk of a power cut, and perhaps of a second one while the product recovers from the first, opened and compared.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import type { DiskCheck, Shown } from './disk-check.js';
import { writeDisk } from './disk-tree.js';
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

/** @param seed - what all choices follow from */
export async function tryState(source: StateSource, profile: Profile, seed: number): Promise<State> {
  const { recording, check, root } = source;
  const random = new SeededRandom(seed);
  const isSecondCut = random.chance(SECOND_CUT_PERCENT);
  const cut = cutPower(recording, profile, random);
  const state = { profile, isSecondCut, at: cut.at, violation: undefined };
  try {
    if (isSecondCut) {
      await cutRecovery(source, cut, profile, random);
    } else {
      make(root, cut);
      await check.check(root, cut.marks, { goOn: random.chance(GO_ON_PERCENT) });
    }
    return state;
  } catch (error) {
    return { ...state, violation: (error as Error).message };
  }
}

async function cutRecovery(
  source: StateSource,
  first: PowerCut,
  profile: Profile,
  random: SeededRandom,
): Promise<void> {
  const { check, root, scratch, recorder } = source;
  const path = join(scratch, 'recovery');
  const inodes = make(root, first);
  recorder.begin(path);
  let shown: Shown | undefined;
  try {
    shown = await check.check(root, first.marks, { goOn: false, onShown: () => recorder.mark(SHOWN) });
  } finally {
    recorder.end();
  }
  const second = cutPower(readRecording(path, inodes), profile, random);
  make(root, second);
  const wasShown = second.marks.includes(SHOWN);
  try {
    await check.check(root, first.marks, { goOn: random.chance(GO_ON_PERCENT), shown: wasShown ? shown : undefined });
  } catch (error) {
    throw new Error(`behind a second cut, after ${second.at} operations of the recovery: ${(error as Error).message}`);
  }
}

function make(root: string, { disk }: PowerCut) {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  return writeDisk(disk, root);
}
