import { readFileSync } from 'node:fs';
import { type Report, SCHEMA, SCHEMA_VERSION } from './report.js';

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
  if (!Array.isArray(report.points) || report.environment === undefined || report.plan === undefined) {
    throw new Error(`${file} is a report with parts missing`);
  }
  return report as Report;
}
