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

function parseInteger(text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < least) {
    throw new InvalidArgumentError(`A whole number of at least ${least} is needed.`);
  }
  return value;
}
