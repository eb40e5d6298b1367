// The options that several subcommands share.

import { InvalidArgumentError, Option } from 'commander';

export const dbOption = new Option('--db <dir>', 'folder of the database').makeOptionMandatory();
export const cfOption = new Option('--cf <name>', 'column family of the log').default('log');

export function parseIndex(text: string): number {
  return parseInteger(text, 0);
}

export function parseCount(text: string): number {
  return parseInteger(text, 1);
}

/** Of "1,8,64": at least one number, none twice. */
export function parseCounts(text: string): number[] {
  const counts = text.split(',').map(parseCount);
  if (new Set(counts).size < counts.length) throw new InvalidArgumentError('Each number may stand there once.');
  return counts;
}

/** Of "a,b": each one of `known`, none twice. */
export function parseNames<Name extends string>(known: readonly Name[]): (text: string) => Name[] {
  return (text) => {
    const names = text.split(',').map((word) => {
      const name = known.find((candidate) => candidate === word);
      if (name === undefined) throw new InvalidArgumentError(`There are ${known.join(', ')}.`);
      return name;
    });
    if (new Set(names).size < names.length) throw new InvalidArgumentError('Each may stand there once.');
    return names;
  };
}

export function parsePositive(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('A number above 0 is needed.');
  return value;
}

function parseInteger(text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < least) {
    throw new InvalidArgumentError(`A whole number of at least ${least} is needed.`);
  }
  return value;
}
