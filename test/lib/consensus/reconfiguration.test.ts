import { describe, expect, it } from '@jest/globals';
import { DISKS, Replicas } from '../../support/replicas.js';

const NEXT = { configurationId: 2, nodes: [2, 3, 4] };
const pending = expect.objectContaining({ code: 'PENDING_RECONFIGURATION' });

describe.each(DISKS)('reconfigure ($name)', ({ disk }) => {
  it.each(['the leader', 'a follower'])('at %s ends the log everywhere with the stop-sign', async (where) => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    const at = where === 'the leader' ? leader : replicas.other(leader);
    replicas.propose(leader, 'last').settle();
    replicas.at(at, (omni) => omni.reconfigure(NEXT, Buffer.from('why'))).settle();
    const stopsign = { nextConfig: NEXT, metadata: Buffer.from('why') };
    for (const pid of replicas.pids) {
      const omni = replicas.omni(pid);
      expect(omni.isReconfigured()).toEqual(stopsign);
      expect(omni.decidedIdx).toBe(2);
      expect(omni.readDecidedSuffix(1)).toEqual([{ type: 'stopsign', stopsign, decided: true }]);
    }
  });

  it('lets nothing come behind a stop-sign', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    replicas.at(leader, (omni) => omni.reconfigure(NEXT));
    for (const when of ['accepted', 'decided']) {
      if (when === 'decided') replicas.settle();
      expect(() => replicas.omni(leader).append('late')).toThrow(pending);
      expect(() => replicas.omni(leader).reconfigure({ ...NEXT, configurationId: 3 })).toThrow(pending);
      expect(replicas.omni(leader).acceptedIdx).toBe(1);
    }
  });

  it('stays decided when the replica starts again', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    replicas.at(leader, (omni) => omni.reconfigure(NEXT)).settle();
    await replicas.restart(leader);
    replicas.elect();
    expect(replicas.omni(leader).isReconfigured()?.nextConfig).toEqual(NEXT);
  });

  it('refuses a configuration that does not follow, or that no cluster can be', async () => {
    const replicas = await Replicas.of(disk);
    const omni = replicas.omni(replicas.elect());
    for (const next of [
      { ...NEXT, configurationId: 1 },
      { ...NEXT, nodes: [1] },
      { ...NEXT, nodes: [1, 1, 2] },
      { ...NEXT, nodes: [0, 1] },
      { ...NEXT, flexibleQuorum: { readQuorumSize: 2, writeQuorumSize: 3 } },
    ]) {
      expect(() => omni.reconfigure(next)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
    expect(omni.acceptedIdx).toBe(0);
  });
});
