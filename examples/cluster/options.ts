import { parseArgs } from 'node:util';

/** Each fault is to strike under load, and to be over before many more have struck. */
const RECORDS_PER_FAULT = 200;

export interface Options {
  records: number;
  kills: number;
  partitions: number;
  /** Of the faults. */
  seed: number;
}

/** What `args` say: `records` is how many there are if nothing else is said. @throws Error that says what is wrong with them */
export function parseOptions(args: string[], records: number): Options {
  const text = { type: 'string' } as const;
  const options = { records: text, kills: text, partitions: text, seed: text } as const;
  const { values } = parseArgs({ args, options });
  const kills = count('--kills', values.kills, 0, 16);
  const partitions = count('--partitions', values.partitions, 0, 10);
  const least = Math.max(1, RECORDS_PER_FAULT * (kills + partitions));
  return {
    kills,
    partitions,
    records: count('--records', values.records, 1, Math.max(records, least)),
    seed: count('--seed', values.seed, 0, Math.floor(Math.random() * 2 ** 32)),
  };
}

function count(name: string, given: string | undefined, least: number, otherwise: number): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (/^\d{1,10}$/.test(given) && value >= least && value < 2 ** 32) return value;
  throw new Error(`${name} must be a whole number from ${least} to 2^32 - 1, not "${given}"`);
}
