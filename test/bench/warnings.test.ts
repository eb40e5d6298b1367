import { describe, expect, it } from '@jest/globals';
import { doubtsAbout } from '../../bench/fsync/doubts.js';
import { withoutSecrets } from '../../bench/fsync/run.js';
import { warningsAbout } from '../../bench/shared/environment.js';
import { pointReport, report } from '../support/bench-points.js';

const { environment } = report([]);

function on(type: string, mountOptions = 'rw'): string[] {
  return warningsAbout({ cpuInUse: 0, fileSystem: { type, mountOptions, device: 'x', disks: [] } });
}

describe('warningsAbout', () => {
  it.each([
    ['tmpfs', /no disk/],
    ['overlay', /overlay/],
    ['nfs4', /another machine/],
    ['fuse.sshfs', /another machine/],
  ])('warns of %s', (type, warning) => {
    expect(on(type)).toEqual([expect.stringMatching(warning)]);
  });

  it('warns of a mount whose fsync does not empty the cache of the disk', () => {
    expect(on('ext4', 'rw,relatime,barrier=0')).toEqual([expect.stringContaining('barrier=0')]);
    expect(on('ext4', 'rw,relatime,barrier=1')).toEqual([]);
  });

  it('warns of a busy machine', () => {
    expect(warningsAbout({ cpuInUse: 0.5 })).toEqual([expect.stringContaining('50 %')]);
    expect(warningsAbout({ cpuInUse: 0.05 })).toEqual([]);
  });
});

describe('doubtsAbout', () => {
  const disk = (us: number) => pointReport({ contestant: 'disk', work: 'write-growing', groups: ['side-by-side'], us });
  const disks = [{ name: 'sda', rotational: true }];
  const rotating = { ...environment, fileSystem: { type: 'ext4', mountOptions: 'rw', device: '/dev/sda', disks } };

  it('finds nothing in a plausible run', () => {
    const storage = pointReport({ groups: ['side-by-side'], us: 110, walRecycled: true });
    expect(doubtsAbout([disk(100), storage], environment)).toEqual([]);
  });

  it('doubts an fdatasync that is faster than any disk can be', () => {
    expect(doubtsAbout([disk(2)], environment)).toEqual([expect.stringContaining('faster than any disk can be')]);
  });

  it('doubts platters that answer before they can have turned', () => {
    expect(doubtsAbout([disk(100)], rotating)).toEqual([expect.stringContaining('says that it rotates')]);
    expect(doubtsAbout([disk(8000)], rotating)).toEqual([]);
  });

  it('doubts a store that does not wait for the disk', () => {
    const lmdb = pointReport({ contestant: 'lmdb', who: 'lmdb', groups: ['side-by-side'], us: 40 });
    expect(doubtsAbout([disk(100), lmdb], environment)).toEqual([
      expect.stringMatching(/^lmdb .* does not seem to wait/),
    ]);
  });

  it('says so where the steady state was not reached, and where the noise is not known', () => {
    const doubts = doubtsAbout([pointReport({ walRecycled: false, repeats: 1 })], environment);
    expect(doubts).toEqual([expect.stringContaining('recycled WAL'), expect.stringContaining('only once')]);
  });
});

describe('withoutSecrets', () => {
  const secret = {
    type: 'nfs4',
    mountOptions: 'rw,noatime,data=ordered,addr=10.0.0.1,upperdir=/home/alice,username=alice',
    device: 'files.example.org:/home/alice',
    disks: [],
  };

  it('names no path but the one that was given, no server and no user', () => {
    const { folder, fileSystem } = withoutSecrets(
      { ...environment, folder: '/home/alice', fileSystem: secret },
      'data',
    );
    expect({ folder, fileSystem }).toEqual({
      folder: 'data',
      fileSystem: { type: 'nfs4', mountOptions: 'rw,noatime,data=ordered', device: 'nfs4', disks: [] },
    });
  });
});
