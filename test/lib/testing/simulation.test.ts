import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { RunnerSimulation } from '../../../lib/testing/runner-simulation.js';
import type { StateFault } from '../../../lib/testing/simulated-states.js';
import { type Sabotage, Simulation } from '../../../lib/testing/simulation.js';
import { SimulationFailure, type SimulationOptions } from '../../../lib/testing/simulation-options.js';
import { temporaryDatabase } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** Which of them fails, of the seeds from `first` on. */
function failures(first: number, count: number, options: Omit<SimulationOptions, 'seed'> & Sabotage): string[] {
  const found: string[] = [];
  for (let seed = first; seed < first + count; seed++) {
    try {
      Simulation.runSabotaged({ replicas: seed % 3 === 0 ? 5 : 3, ...options, seed });
    } catch (error) {
      found.push((error as SimulationFailure).message);
    }
  }
  return found;
}

const LOST = { lostStates: true };

describe('a simulation', () => {
  it.each<[string, object]>([
    ['crashes, broken connections and compaction', {}],
    ['lost messages besides', { loss: true }],
    ['an end of the configuration', { reconfiguration: true }],
    ['all of these', { loss: true, reconfiguration: true }],
  ])('finds that replicas agree and go on, with %s', (_, troubles) => {
    expect(failures(0, 10, troubles)).toEqual([]);
  });

  it('is the same each time for the same seed, and another for another', () => {
    const lines = (seed: number) => {
      const trace: string[] = [];
      const report = Simulation.run({ seed, trace: (line) => trace.push(line) });
      return [report, ...trace];
    };
    expect(lines(7)).toEqual(lines(7));
    expect(lines(8)).not.toEqual(lines(7));
  });

  it('has what it is for in it: crashes, and frames of connections that were replaced', () => {
    const reports = Array.from({ length: 5 }, (_, seed) => Simulation.run({ seed }));
    expect(reports.some(({ crashes }) => crashes > 0)).toBe(true);
    expect(reports.some(({ lateFrames }) => lateFrames > 0)).toBe(true);
    expect(reports.every(({ decided }) => decided > 0)).toBe(true);
  });

  it('names the seed of a failure, which replays it', () => {
    const fail = () => Simulation.runSabotaged({ seed: 0, replicas: 5, forgetting: 'promise' });
    expect(fail).toThrow(SimulationFailure);
    expect(fail).toThrow(/^seed 0: after [\d.]+ ticks, replica \d has promised/);
    expect(failures(0, 1, { forgetting: 'promise' })).toEqual(failures(0, 1, { forgetting: 'promise' }));
  });

  it.each([
    ['promise', /has promised/],
    ['acceptedRound', /has accepted/],
    ['tail', /has accepted/],
  ] as const)('notices a disk that forgets the %s', (forgetting, message) => {
    const found = failures(0, 3, { forgetting });
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatch(message);
  });

  it.each<[string, number, object]>([
    ['G1b', 254, { compaction: false }],
    ['G2', 0, { reconfiguration: true }],
    ['G4', 1, {}],
    ['G6', 1243, { reconfiguration: true, loss: true, compaction: false }],
  ])('notices that guard %s is missing, with seed %i', (withoutGuard, seed, troubles) => {
    expect(failures(seed, 1, troubles)).toEqual([]);
    expect(failures(seed, 1, { ...troubles, withoutGuard })).toHaveLength(1);
  });

  it.each<[string, object]>([
    ['crashes and slow and failing disks', {}],
    ['lost messages and an end of the configuration besides', { loss: true, reconfiguration: true }],
  ])('of runners finds that they agree and go on, with %s', async (_, troubles) => {
    for (let seed = 0; seed < 25; seed++) {
      const kind = { replicas: seed % 3 === 0 ? 5 : 3, earlyRelease: seed % 2 === 1 };
      const report = await Simulation.runRunners({ seed, ...kind, ...troubles });
      expect(report.steps).toBeGreaterThan(0);
    }
  });

  it('of runners is the same each time for the same seed', async () => {
    const lines = async (seed: number) => {
      const trace: string[] = [];
      const report = await Simulation.runRunners({ seed, trace: (line) => trace.push(line) });
      return [report, ...trace];
    };
    expect(await lines(7)).toEqual(await lines(7));
    expect(await lines(8)).not.toEqual(await lines(7));
  });

  it('of runners notices what is shown before it is durable', async () => {
    const shown = RunnerSimulation.run({ seed: 0, replicas: 5 }, { waitsForNoWrite: true });
    await expect(shown).rejects.toThrow(/^seed 0: after [\d.]+ ticks, replica \d has promised/);
  });

  it.each<[string, RegExp, SimulationOptions]>([
    [
      'G3',
      /has decided "entry 102" at 68, where "entry 101" is decided/,
      { seed: 90, replicas: 5, busy: true, loss: true, compaction: false },
    ],
    ['G7', /nothing goes on/, { seed: 20_086, loss: true }],
    ['G8', /nothing goes on/, { seed: 301_701, replicas: 5, loss: true, earlyRelease: true }],
  ])('of runners notices that guard %s is missing', async (withoutGuard, message, options) => {
    await expect(RunnerSimulation.run(options)).resolves.toMatchObject({ seed: options.seed });
    await expect(RunnerSimulation.run(options, { withoutGuard })).rejects.toThrow(message);
  });

  it('of runners that compact what their peers lack finds that they agree and go on, by their states', async () => {
    let installations = 0;
    for (let seed = 0; seed < 30; seed++) {
      const troubles = seed % 3 === 1 ? {} : seed % 3 === 2 ? { loss: true } : { loss: true, reconfiguration: true };
      const kind = { replicas: seed % 5 === 0 ? 5 : 3, earlyRelease: seed % 2 === 1, stateTransfer: true };
      installations += (await Simulation.runRunners({ seed, ...kind, ...troubles })).installations;
    }
    expect(installations).toBeGreaterThan(10);
  });

  it('of runners that lose their states finds that they agree and go on, with those of others', async () => {
    let installations = 0;
    for (let seed = 0; seed < 30; seed++) {
      const troubles = seed % 3 === 1 ? {} : seed % 3 === 2 ? { loss: true } : { loss: true, reconfiguration: true };
      const kind = { replicas: seed % 5 === 0 ? 5 : 3, earlyRelease: seed % 2 === 1 };
      const lost = { stateTransfer: true, lostStates: true };
      installations += (await Simulation.runRunners({ seed, ...kind, ...lost, ...troubles })).installations;
    }
    expect(installations).toBeGreaterThan(30);
  });

  it.each<[StateFault, RegExp, SimulationOptions]>([
    ['sync before state', /has compacted to \d, and has the state at 0 only/, { seed: 1 }],
    ['installed beside', /has accepted 22 in round \d of \d, and knows of 20/, { seed: 51, replicas: 5 }],
    ['replaced with less', /has accepted 24 in round \d of \d, and knows of 22/, { seed: 25, ...LOST, replicas: 5 }],
    ['replaced above others', /1 decided, where the log ends at 0/, { seed: 49, ...LOST }],
  ])('of runners notices states that go wrong: %s', async (states, message, kind) => {
    const options = { earlyRelease: true, stateTransfer: true, ...kind };
    await expect(RunnerSimulation.run(options)).resolves.toMatchObject({ seed: kind.seed });
    await expect(RunnerSimulation.run(options, { states })).rejects.toThrow(message);
  });

  it('of runners on databases finds that they agree and go on, closed and opened again at each crash', async () => {
    const folder = temporaryFolder();
    let installations = 0;
    for (let seed = 0; seed < 5; seed++) {
      const kind = { loss: true, earlyRelease: seed % 2 === 1, stateTransfer: true };
      installations += (await RunnerSimulation.run({ seed, ...kind }, { folder })).installations;
    }
    expect(installations).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of runners on databases is the same each time for the same seed, whatever the disk does', async () => {
    const lines = async () => {
      const trace: string[] = [];
      const options = { seed: 1, stateTransfer: true, trace: (line: string) => trace.push(line) };
      const report = await RunnerSimulation.run(options, { folder: temporaryFolder() });
      return [report, ...trace];
    };
    const [one, other] = await Promise.all([lines(), lines()]);
    expect(one).toEqual(other);
  });

  it('finds the same of replicas in a database, closed and opened again at each crash', async () => {
    const names = [1, 2, 3, 4, 5].map((pid) => `replica-${pid}`);
    const database = await temporaryDatabase({ columnFamilies: names });
    const families = names.map((name) => database.columnFamily(name));
    for (let seed = 0; seed < 6; seed++) {
      const options = { seed, replicas: seed % 3 === 0 ? 5 : 3, loss: true, reconfiguration: true };
      expect(Simulation.runSabotaged({ ...options, families })).toEqual(Simulation.run(options));
    }
  });

  it('refuses what is no seed and no cluster', () => {
    expect(() => Simulation.run({ seed: 0.5 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => Simulation.run({ seed: 1, replicas: 1 })).toThrow('from 2 to 9, not 1');
  });
});
