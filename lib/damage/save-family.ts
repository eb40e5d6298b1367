import { showKey } from '../format/keys.js';
import type { LackingGroup } from './lacking-groups.js';
import { loss } from './losses.js';
import { savedLog } from './saved-log.js';
import type { SavedRecords } from './saved-records.js';
import { savedSnapshots } from './saved-snapshots.js';
import type { SurveyedFamily } from './surveyed-family.js';

/** What the copy of a damaged database is given of one of its column families. */
export function savedRecords(family: SurveyedFamily, lacking: readonly LackingGroup[]): SavedRecords {
  const { name, log, snapshots, identities, findings, source } = family;
  if (log !== undefined) return savedLog(name, log.survey, log.plan);
  const unknown = source.unreadable.map(({ from, to, reason }) =>
    loss('records-unknown', name, { from: showKey(from), to: showKey(to), reason }),
  );
  if (snapshots !== undefined) return savedSnapshots(name, snapshots, unknown);
  if (identities !== undefined) {
    const gone = new Set([...identities.damaged, ...lacking].map(({ group }) => group));
    const losses = [
      ...identities.damaged.map((parts) => loss('identity-lost', name, parts)),
      ...lacking.map(({ group, floor }) =>
        loss('identity-lost', name, { group, reason: `its log begins at ${floor}, and what was before that is lost` }),
      ),
      ...unknown,
    ];
    return { valueFor: (key, value) => (gone.has(key.toString()) ? undefined : value), added: [], losses };
  }
  const lost = findings.flatMap(({ kind, parts }) =>
    kind === 'record-unreadable' ? [loss('records-lost', name, parts)] : [],
  );
  return { valueFor: (_, value) => value, added: [], losses: [...lost, ...unknown] };
}
