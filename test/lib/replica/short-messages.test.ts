// A peer that lacks more than one message takes: the log up to a snapshot does not go over, the snapshot does.

import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Replica, TcpTransport } from '../../../lib/consensus/index.js';
import { freePorts } from '../../support/free-ports.js';
import { type Add, Counters } from '../../support/replicas-of-counters.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { PATIENT } from '../../support/transports.js';
import { until } from '../../support/until.js';

const MAX_FRAME_BYTES = 32 * 1024;
const VALUE = 'x'.repeat(1000);
const PIDS = [1, 2, 3];

const opened: { replica: Replica<Add, number>; transport: TcpTransport }[] = [];

afterEach(async () => {
  await Promise.all(
    opened.splice(0).map(async ({ replica, transport }) => {
      await replica.stop();
      await transport.close();
    }),
  );
});

class Three {
  readonly folder = temporaryFolder();
  readonly machines = new Map<number, Counters>();
  readonly replicas = new Map<number, Replica<Add, number>>();
  readonly transports = new Map<number, TcpTransport>();
  ports: number[] = [];

  async open(pid: number, bootstrap: boolean): Promise<void> {
    const endpointOf = (i: number) => `127.0.0.1:${this.ports[i - 1]}`;
    const transport = new TcpTransport({
      listen: endpointOf(pid),
      maxFrameBytes: MAX_FRAME_BYTES,
      electionTimeoutMs: PATIENT,
      log: () => {},
    });
    const machine = new Counters();
    const replica = await Replica.open<Add, number>({
      path: join(this.folder, `${pid}`),
      pid,
      peers: PIDS.map((each) => ({ pid: each, endpoint: endpointOf(each) })),
      bootstrap,
      stateMachine: machine,
      transport,
      electionTicks: 10,
    });
    opened.push({ replica, transport });
    this.machines.set(pid, machine);
    this.replicas.set(pid, replica);
    this.transports.set(pid, transport);
  }

  at(pid: number): Replica<Add, number> {
    return this.replicas.get(pid) as Replica<Add, number>;
  }

  async close(pid: number): Promise<void> {
    await this.at(pid).stop();
    await this.transports.get(pid)?.close();
  }

  /** Until all of `pids` have applied the same. */
  async settled(pids: readonly number[]): Promise<void> {
    await until(() => {
      const standings = pids.map((pid) => this.at(pid).status());
      const [first] = standings;
      return standings.every(
        ({ appliedIdx, decidedIdx }) => appliedIdx === first?.appliedIdx && decidedIdx === appliedIdx,
      );
    });
  }
}

async function three(): Promise<Three> {
  const all = new Three();
  all.ports = await freePorts(PIDS.length);
  await Promise.all(PIDS.map((pid) => all.open(pid, true)));
  return all;
}

/** More than fits into one message, a few at a time. */
async function proposeMuch(replica: Replica<Add, number>): Promise<void> {
  for (let i = 0; i < 15; i++) {
    await Promise.all(Array.from({ length: 10 }, (_, j) => replica.propose({ key: `${i} ${j} ${VALUE}`, add: 1 })));
  }
}

describe('where a sync is longer than a message may be', () => {
  it('a peer that lacks it gets a state, although no snapshot was due', async () => {
    const all = await three();
    const away = 3;
    await all.at(1).propose({ key: 'first', add: 1 });
    await all.settled(PIDS);
    await all.close(away);
    await proposeMuch(all.at(1));
    await all.open(away, false);
    await all.settled(PIDS);
    expect(all.machines.get(away)?.restored).toBe(1);
    expect(all.machines.get(away)?.applied).toEqual(all.machines.get(1)?.applied);
  });

  it('a would-be leader that lacks it gets a state as well', async () => {
    const all = await three();
    const away = 3;
    await all.at(1).propose({ key: 'first', add: 1 });
    await all.settled(PIDS);
    await all.close(away);
    await proposeMuch(all.at(1));
    await all.open(away, false);
    await until(() =>
      all
        .at(away)
        .status()
        .peers.every(({ connected }) => connected),
    );
    await all.at(away).transferLeadership(away);
    await all.at(away).propose({ key: 'led', add: 1 });
    await all.settled(PIDS);
    expect(all.machines.get(away)?.applied).toEqual(all.machines.get(1)?.applied);
  });
});
