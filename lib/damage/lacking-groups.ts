import { SNAPSHOTS } from '../replica/replica-disk.js';
import type { SurveyedFamily } from './surveyed-family.js';

/** A group whose log begins behind what its snapshot holds: nobody can tell what is in between. */
export interface LackingGroup {
  group: string;
  log: string;
  floor: number;
  index: number;
}

export function lackingGroups(families: readonly SurveyedFamily[]): LackingGroup[] {
  const identities = families.flatMap(({ identities }) => identities?.whole ?? []);
  return identities.flatMap(({ group, current }) => {
    const log = families.find(({ name }) => name === current?.log);
    const floor = log?.log?.plan.start;
    if (current === undefined || floor === undefined) return [];
    const snapshots = families.find(({ name }) => name === SNAPSHOTS)?.snapshots?.whole ?? [];
    const index = snapshots.find(({ name }) => name === group)?.manifest.index ?? 0;
    return floor > Math.max(current.begin, index) ? [{ group, log: current.log, floor, index }] : [];
  });
}
