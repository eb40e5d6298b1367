import { once } from 'node:events';
import { Command } from 'commander';
import { LOG_END, LOG_START, logKey, parseLogKey } from '../lib/format/log-keys.js';
import { msgpackCodec } from '../lib/format/msgpack-codec.js';
import { decodeValue } from '../lib/format/values.js';
import { JSON_FORMS, toJson } from './json.js';
import { openToRead } from './open-database.js';
import { cfOption, dbOption, parseIndex } from './options.js';

interface DumpOptions {
  db: string;
  cf: string;
  from?: number;
  to?: number;
}

export function dumpCommand(): Command {
  return new Command('dump')
    .description(
      'Prints live entries as JSON Lines, in order: those of a log written with the default codec (MessagePack). Opens ' +
        'read-only, beside a live writer if there is one.',
    )
    .addHelpText('after', `\n${JSON_FORMS}`)
    .addOption(dbOption)
    .addOption(cfOption)
    .option('--from <index>', 'first index (default: the first there is)', parseIndex)
    .option('--to <index>', 'index to stop before (default: none)', parseIndex)
    .action(dump);
}

async function dump({ db: path, cf, from, to }: DumpOptions): Promise<void> {
  await using db = await openToRead(path, cf);
  const codec = msgpackCodec<unknown>();
  const range = { gte: from === undefined ? LOG_START : logKey(from), lt: to === undefined ? LOG_END : logKey(to) };
  for await (const { key, value } of db.iterate(db.columnFamily(cf), range)) {
    parseLogKey(key);
    if (!process.stdout.write(`${toJson(decodeValue(codec, value, 0, value.length, () => key))}\n`))
      await once(process.stdout, 'drain');
  }
}
