// Who the replicas in a database are.

import { Identity } from '../replica/identity.js';
import { logName } from '../replica/replica-disk.js';
import type { FamilyRows } from './family-rows.js';
import { type Finding, finding } from './findings.js';

export interface SurveyedIdentity {
  group: string;
  /** Where its current configuration begins, and its log; undefined where it is in none. */
  current: { begin: number; log: string } | undefined;
}

export class IdentitySurvey {
  readonly whole: SurveyedIdentity[] = [];
  readonly damaged: { group: string; reason: string }[] = [];
  records = 0;
  bytes = 0;

  static async of(source: FamilyRows): Promise<IdentitySurvey> {
    const survey = new IdentitySurvey();
    for await (const { key, value, reason } of source.rows()) {
      const group = key.toString();
      survey.records++;
      survey.bytes += key.length + (value?.length ?? 0);
      try {
        if (reason !== undefined) throw new Error(reason);
        const { identity } = (await Identity.find(source.family.database, group)) ?? {};
        const configuration = identity?.configuration;
        const current = configuration && { begin: configuration.begin, log: logName(group, configuration) };
        survey.whole.push({ group, current });
      } catch (error) {
        survey.damaged.push({ group, reason: (error as Error).message });
      }
    }
    return survey;
  }
}

export function identityFindings(columnFamily: string, { damaged }: IdentitySurvey): Finding[] {
  return damaged.map((parts) => finding('identity-damaged', { columnFamily }, parts));
}
