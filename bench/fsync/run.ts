import { createRequire } from 'node:module';
import { loadAddon } from '../../binding/load-addon.js';
import { describeEnvironment, type Environment, warningsAbout } from '../shared/environment.js';
import { writtenBytes } from '../shared/file-system.js';
import { doubtsAbout } from './doubts.js';
import { rocksdbBaseline } from './entrants.js';
import { measureOverhead } from './overhead.js';
import type { Plan } from './plan.js';
import { checkPlan, pointsOf } from './points.js';
import { recommend } from './recommendation.js';
import { type Contestant, type Report, SCHEMA, SCHEMA_VERSION, UNITS } from './report.js';
import { runRounds } from './rounds.js';
import { summarizePoints } from './summarize-points.js';
import { Workplace } from './workplace.js';

export interface RunOptions {
  /** Everything is written below it, in a folder of its own that is removed at the end. */
  dir: string;
  plan: Plan;
  /** Ends the run. The report then has what was measured until then, and the reason as its `endedBy`. */
  signal: AbortSignal;
  /** Told what is being done, and when the run will end, on the clock of performance.now(). */
  onProgress: (what: string, endsAt: number) => void;
}

/** @throws Error, in one line, where the plan or the folder will not do */
export async function runFsyncBench({ dir, plan, signal, onProgress }: RunOptions): Promise<Report> {
  checkPlan(plan);
  using workplace = new Workplace(dir);
  const startedAt = new Date();
  const start = performance.now();
  const endsAt = start + plan.durationS * 1000;
  onProgress('looking at the machine', endsAt);
  const environment = withoutSecrets(await describeEnvironment(dir), dir);
  const overhead = await measureOverhead();

  const disks = environment.fileSystem?.disks ?? [];
  const points = pointsOf(plan, rocksdbBaseline());
  const { samples, contestants, absent } = await runRounds({
    folder: workplace.folder,
    points,
    endsAt,
    signal,
    onProgress: (what) => onProgress(what, endsAt),
    diskWrites: () => writtenBytes(disks),
  });
  const measured = summarizePoints(points, samples);
  return {
    schema: SCHEMA,
    schemaVersion: SCHEMA_VERSION,
    units: UNITS,
    startedAt: startedAt.toISOString(),
    tookS: Math.round((performance.now() - start) / 100) / 10,
    complete: !signal.aborted,
    ...(signal.aborted && { endedBy: String(signal.reason) }),
    plan,
    package: ownVersion(),
    rocksdb: loadAddon().rocksdbVersion,
    environment,
    overhead,
    writtenBytesFrom: writtenBytes(disks) === undefined ? 'the process' : 'the disk',
    contestants: Object.entries(contestants).map(([name, hello]): Contestant => ({ name, ...hello })),
    skipped: Object.entries(absent).map(([name, reason]) => ({ name, reason })),
    warnings: [...warningsAbout(environment), ...doubtsAbout(measured, environment)],
    recommendation: recommend(measured, plan.budgetMs),
    points: measured,
  };
}

function ownVersion(): string {
  const { version } = createRequire(import.meta.url)('omnipaxos-rocksdb/package.json') as { version: string };
  return version;
}

/** Mount options that say what an fsync does; others may name paths, servers and users. */
const TELLING =
  /^(data|commit|barrier|journal_checksum|compress|logbsize|logbufs|discard|errors|vers|cache|xattr)(=\w+)?$/;

/** A report gets passed on. So it names no server, no user, and no path but the one that was given. */
export function withoutSecrets(environment: Environment, dir: string): Environment {
  const { fileSystem } = environment;
  if (fileSystem === undefined) return { ...environment, folder: dir };
  const options = fileSystem.mountOptions.split(',').filter((option) => !option.includes('=') || TELLING.test(option));
  return {
    ...environment,
    folder: dir,
    fileSystem: {
      ...fileSystem,
      mountOptions: options.join(','),
      device: fileSystem.device.startsWith('/dev/') ? fileSystem.device : fileSystem.type,
    },
  };
}
