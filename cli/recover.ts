import { createInterface } from 'node:readline/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { Peer } from '../lib/consensus/runner-options.js';
import { findSurvivor, recover, type Survivor } from '../lib/replica/recovery.js';
import { openExisting } from './open-database.js';
import { dbOption } from './options.js';

interface RecoverOptions {
  db: string;
  group: string;
  peers: Peer[];
  acceptLoss?: true;
}

const CONSENT = 'accept loss';

export function recoverCommand(): Command {
  return new Command('recover')
    .description(
      'Lets a group go on with what one stopped replica has, after a majority was lost for good. It says what may be lost, ' +
        'and asks. No other replica of the group may ever start again.',
    )
    .addOption(dbOption)
    .option('--group <name>', 'the group', 'default')
    .requiredOption(
      '--peers <pid=host:port,...>',
      'the members from then on: this replica, and new ones, which start on empty disks with join: true',
      parsePeers,
    )
    .option('--accept-loss', 'do not ask')
    .action(recoverGroup);
}

async function recoverGroup({ db: path, group, peers, acceptLoss }: RecoverOptions): Promise<void> {
  await using db = await openExisting(path, undefined);
  const survivor = await findSurvivor(db, group);
  console.log(whatMayBeLost(survivor));
  if (!acceptLoss && !(await isAccepted())) throw new Error('nothing was changed');
  const configurationId = await recover(survivor, peers);
  console.log(
    `replica ${survivor.pid} is in configuration ${configurationId} with ${peers.map(({ pid }) => pid).join(', ')}: start it ` +
      'as always, and the new ones with join: true',
  );
}

function whatMayBeLost({ pid, configuration, decidedIdx, end }: Survivor): string {
  const { configurationId, members } = configuration;
  const others = members.flatMap((member) => (member.pid === pid ? [] : [member.pid]));
  const open =
    end === decidedIdx
      ? 'All that its log has it knows to be decided.'
      : `The ${end - decidedIdx} entries from ${decidedIdx} on may have been decided or not: all of them will be.`;
  return [
    `Replica ${pid} of configuration ${configurationId}, with ${others.join(', ')}, has all entries below ${end}. ${open}`,
    'What the others have decided behind that is lost, also what was acknowledged. Where several replicas are left, take the ' +
      'one that has most.',
    `If one of ${others.join(', ')} starts again, with a majority of them, the group exists twice: destroy their disks first.`,
  ].join('\n');
}

async function isAccepted(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Error(`nobody can be asked here: give --accept-loss if that is accepted`);
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await asking.question(`Type "${CONSENT}" to go on: `)) === CONSENT;
  } finally {
    asking.close();
  }
}

function parsePeers(text: string): Peer[] {
  return text.split(',').map((peer) => {
    const [, pid, endpoint] = /^(\d+)=(.+)$/.exec(peer) ?? [];
    if (pid === undefined || endpoint === undefined)
      throw new InvalidArgumentError('Write pid=host:port,pid=host:port.');
    return { pid: Number(pid), endpoint };
  });
}
