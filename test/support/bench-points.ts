import { DEFAULT_PLAN } from '../../bench/fsync/plan.js';
import { operationOf, pointsOf } from '../../bench/fsync/points.js';
import { recommend } from '../../bench/fsync/recommendation.js';
import type { PointReport, Report } from '../../bench/fsync/report.js';
import { SCHEMA, SCHEMA_VERSION, UNITS } from '../../bench/fsync/report.js';
import { PEER_NAMES } from '../../bench/shared/peers/index.js';
import { PERCENTILES, type PercentileName } from '../../bench/shared/protocol.js';
import { type Summary, summarize } from '../../bench/shared/summary.js';

export function always(value: number): Summary {
  return summarize([value]);
}

/** A point of a report: a synced append of the blocking storage, of which every latency is `us` unless `given` says else. */
export function pointReport(given: Partial<PointReport> & { us?: number } = {}): PointReport {
  const { us = 100, ...rest } = given;
  const numbers = { batch: 1, inFlight: 1, entryBytes: 128 };
  const { batch, inFlight } = { ...numbers, ...rest };
  return {
    id: `${rest.contestant ?? 'storage'} ${rest.work ?? 'append'} ${batch} ${inFlight}`,
    contestant: 'storage',
    who: 'RocksdbStorage',
    what: 'one entry after another',
    work: 'append',
    ...numbers,
    groups: ['batch'],
    repeats: 5,
    calls: 1000,
    entriesPerSecond: always((1e6 / us) * batch * inFlight),
    latencyUs: percentiles(() => always(us)),
    ...rest,
  };
}

export function percentiles(of: (name: PercentileName) => Summary): Record<PercentileName, Summary> {
  const named = (Object.keys(PERCENTILES) as PercentileName[]).map((name) => [name, of(name)] as const);
  return Object.fromEntries(named) as Record<PercentileName, Summary>;
}

export function report(points: PointReport[], given: Partial<Report> = {}): Report {
  return {
    schema: SCHEMA,
    schemaVersion: SCHEMA_VERSION,
    units: UNITS,
    startedAt: '2026-01-02T03:04:05.678Z',
    tookS: 110,
    complete: true,
    plan: { durationS: 110, entryBytes: [128], batch: [1], inFlight: [1], peers: [], budgetMs: 10 },
    package: '0.1.0',
    rocksdb: '11.8.1',
    environment: {
      node: 'v20.20.2',
      system: 'Linux 6.1.0 x64',
      cpu: 'a processor',
      cpus: 2,
      memoryBytes: 2 ** 34,
      cpuInUse: 0,
      folder: '.',
      fileSystem: {
        type: 'ext4',
        mountOptions: 'rw',
        device: '/dev/vda',
        disks: [{ name: 'vda', writeCache: 'write back' }],
      },
    },
    overhead: { perCallNs: 70, perAsyncCallNs: 120, perSystemCallNs: 400, perRecordNs: 30 },
    writtenBytesFrom: 'the disk',
    contestants: [{ name: 'storage', version: 'omnipaxos-rocksdb 0.1.0', durability: 'every append' }],
    skipped: [],
    warnings: [],
    recommendation: { budgetMs: 10, text: ['Take the larger batch.'] },
    points,
    ...given,
  };
}

/** Every point of a run with every peer, with figures such as a disk gives. */
export function reportOfEverything(): Report {
  const plan = { ...DEFAULT_PLAN, peers: PEER_NAMES };
  const tail: Record<PercentileName, number> = {
    p10: 0.9,
    p25: 0.95,
    p50: 1,
    p75: 1.1,
    p90: 1.2,
    p99: 2,
    'p99.9': 4,
    max: 9,
  };
  const points = pointsOf(plan, 'baseline').map((point, i) => {
    const { work, batch, inFlight, entryBytes } = point;
    const written = batch * inFlight * entryBytes;
    const us = (operationOf(point).synced ? 100 : 4) + written / 200 + (i % 7);
    return pointReport({
      ...point,
      latencyUs: percentiles((name) => always(us * tail[name])),
      entriesPerSecond: always((1e6 / us) * batch * inFlight),
      ...(work === 'append-watching-loop' && { loopDelayUs: percentiles(() => always(1000 + 100 * inFlight)) }),
    });
  });
  return report(points, { plan, recommendation: recommend(points, plan.budgetMs), warnings: ['It is no real disk.'] });
}
