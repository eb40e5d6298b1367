// Many groups in one process: they share its database, its transport and its timer, and nothing else.

import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Replica, TcpTransport } from '../../../lib/consensus/index.js';
import { Database } from '../../../lib/index.js';
import { failureOf } from '../../support/failures.js';
import { type Add, Counters, PIDS } from '../../support/replicas-of-counters.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { PATIENT } from '../../support/transports.js';
import { until } from '../../support/until.js';

const ELECTION_TICKS = 25;

/** One of three processes, as it were. */
interface Place {
  pid: number;
  database: Database;
  transport: TcpTransport;
  replicas: Map<string, Replica<Add, number>>;
  machines: Map<string, Counters>;
}

let places: Place[] = [];
afterEach(async () => {
  const replicas = places.flatMap((place) => [...place.replicas.values()]);
  await Promise.all(replicas.map((replica) => replica.stop()));
  await Promise.all(places.map(({ transport }) => transport.close()));
  await Promise.all(places.map(({ database }) => database.close()));
  places = [];
});

async function threePlaces(): Promise<void> {
  const folder = temporaryFolder();
  for (const pid of PIDS) {
    const database = await Database.open(join(folder, `${pid}`));
    const transport = new TcpTransport({ listen: '127.0.0.1:0', electionTimeoutMs: PATIENT, log() {} });
    places.push({ pid, database, transport, replicas: new Map(), machines: new Map() });
    await transport.listen();
  }
}

/** A replica of each group, at each place. */
function openAll(groups: readonly string[]): Promise<unknown> {
  return Promise.all(groups.flatMap((group) => places.map((place) => open(place, group))));
}

async function open({ pid, database, transport, replicas, machines }: Place, group: string): Promise<void> {
  const machine = new Counters();
  machines.set(group, machine);
  const replica = await Replica.open<Add, number>({
    path: database,
    pid,
    peers: places.map((place) => ({ pid: place.pid, endpoint: place.transport.endpoint })),
    bootstrap: true,
    group,
    stateMachine: machine,
    transport,
    electionTicks: ELECTION_TICKS,
  });
  replicas.set(group, replica);
}

const at = (group: string, place = 0) => places[place]?.replicas.get(group) as Replica<Add, number>;
const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `g${from + i}`);
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

async function addTo(groups: readonly string[], add: number): Promise<void> {
  const adding = groups.map((group, i) => at(group, i % PIDS.length).propose({ key: group, add }));
  await Promise.all(adding);
}

/** One leads, and all are with it: none of them lacks what the others decide. */
async function agreed(group: string, value: number): Promise<void> {
  await until(() => {
    const epochs = places.map((_, place) => {
      const state = at(group, place).leadership;
      return 'epoch' in state ? state.epoch : undefined;
    });
    const values = places.map(({ machines }) => machines.get(group)?.values.get(group));
    return epochs[0] !== undefined && new Set(epochs).size === 1 && values.every((each) => each === value);
  });
}

describe('groups of one process', () => {
  it('decide each for itself, with no timers of their own, and go on where others fail or stop', async () => {
    await threePlaces();
    await openAll(names(0, 1));
    const before = timers();
    const groups = names(0, 12);
    await openAll(groups.slice(1));
    // Each has a runner and a replica at three places. Something else may have a timer just now, for a moment.
    expect(timers() - before).toBeLessThan(groups.length / 2);

    await addTo(groups, 1);
    const [failing, stopping, ...others] = groups as [string, string, ...string[]];
    await agreed(failing, 1);
    const failed = failureOf(() => at(failing).propose({ key: 'broken', add: 1 }));
    await at(stopping).stop();
    const going = addTo(others, 10);
    for (const place of PIDS.keys()) {
      expect(await at(failing, place).stopped).toMatchObject({ code: 'STATE_MACHINE_FAILED' });
    }
    expect(await failed).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect((await at(stopping, 1).propose({ key: stopping, add: 10 })).result).toBe(11); // the two that are left
    await going;
    await addTo(others, 100);

    for (const group of others) {
      await until(() => places.every(({ machines }) => machines.get(group)?.values.get(group) === 111));
      for (const { machines } of places) expect([...(machines.get(group) as Counters).values.keys()]).toEqual([group]);
    }
  });

  it('end everywhere where they fail, also the only one on its connections', async () => {
    await threePlaces();
    await openAll(['g']);
    await addTo(['g'], 1);
    await agreed('g', 1);
    const follower = PIDS.findIndex((_, place) => at('g', place).leadership.role === 'follower');
    const failed = failureOf(() => at('g', follower).propose({ key: 'broken', add: 1 }));
    for (const place of PIDS.keys()) {
      expect(await at('g', place).stopped).toMatchObject({ code: 'STATE_MACHINE_FAILED' });
    }
    expect(await failed).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });
});
