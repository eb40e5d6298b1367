// Ballots and stop-signs as they lie on disk. What is read is checked as what a caller gives is.

import type { Codec } from '../contract/codec.js';
import type { Ballot, NodeId, StopSign } from '../contract/storage.js';
import { checkBallot, checkStopsign } from '../contract/validate.js';
import { fieldsCodec } from './fields-codec.js';

/** A ballot as [configId, n, priority, pid]. */
export const ballotCodec: Codec<Ballot> = fieldsCodec(
  ({ configId, n, priority, pid }) => [configId, n, priority, pid],
  (fields) => {
    const [configId, n, priority, pid] = fields as [number, number, number, NodeId];
    return checkBallot('ballot', { configId, n, priority, pid: toNodeId(pid) });
  },
  4,
);

/** A stop-sign as [configurationId, nodes, [readQuorumSize, writeQuorumSize] or null, metadata or null]. */
export const stopsignCodec: Codec<StopSign> = fieldsCodec(
  ({ nextConfig: { configurationId, nodes, flexibleQuorum }, metadata }) => [
    configurationId,
    nodes,
    flexibleQuorum ? [flexibleQuorum.readQuorumSize, flexibleQuorum.writeQuorumSize] : null,
    metadata === undefined ? null : Buffer.from(metadata),
  ],
  (fields) => {
    const [configurationId, nodes, quorum, metadata] = fields as [
      number,
      NodeId[],
      [number, number] | null,
      Buffer | null,
    ];
    const stopsign: StopSign = { nextConfig: { configurationId, nodes: nodes.map(toNodeId) } };
    if (quorum !== null) stopsign.nextConfig.flexibleQuorum = { readQuorumSize: quorum[0], writeQuorumSize: quorum[1] };
    if (metadata !== null) stopsign.metadata = metadata;
    return checkStopsign('stopsign', stopsign);
  },
  4,
);

function toNodeId(stored: NodeId): NodeId {
  return typeof stored === 'bigint' && stored <= Number.MAX_SAFE_INTEGER ? Number(stored) : stored;
}
