import { readFileSync } from 'node:fs';
import { type PointReport, type Report, SCHEMA, SCHEMA_VERSION } from './report.js';

/** @throws Error, in one line, where the file is no report, or one that this release does not read */
export function readReport(file: string): Report {
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(`${file} is not JSON`);
    throw error;
  }
  const report = typeof read === 'object' && read !== null ? (read as Partial<Report>) : {};
  if (report.schema !== SCHEMA) throw new Error(`${file} is no report of \`bench fsync\``);
  if (report.schemaVersion !== SCHEMA_VERSION) {
    throw new Error(`${file} has schema version ${report.schemaVersion}, this release reads ${SCHEMA_VERSION}`);
  }
  const damaged = [
    ...(Array.isArray(report.points) && report.points.every(isPoint) ? [] : ['points']),
    ...(isObject(report.environment) ? [] : ['environment']),
    ...(isObject(report.plan) && Array.isArray(report.plan.entryBytes) ? [] : ['plan']),
    ...(Array.isArray(report.contestants) ? [] : ['contestants']),
  ];
  if (damaged.length > 0) throw new Error(`${file} is a report with parts missing or damaged: ${damaged.join(', ')}`);
  return report as Report;
}

/** Whether it has all that comparing two reports needs. */
function isPoint(value: unknown): boolean {
  const { id, repeats, latencyUs, entriesPerSecond } = (isObject(value) ? value : {}) as Partial<PointReport>;
  const figures = [latencyUs?.p50, latencyUs?.p99, entriesPerSecond];
  return typeof id === 'string' && typeof repeats === 'number' && figures.every((one) => Number.isFinite(one?.median));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
