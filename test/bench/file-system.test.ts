import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findDisks, findFileSystem, findMount, showWriteCache, writtenBytes } from '../../bench/shared/file-system.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const MOUNTINFO = [
  '22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro',
  '30 22 0:26 / /tmp rw,nosuid shared:4 - tmpfs tmpfs rw,size=1024k',
  '31 22 253:0 / /srv rw,noatime shared:5 - xfs /dev/mapper/vg-data rw,attr2,logbufs=8',
  '32 31 0:40 / /srv/with\\040space rw - btrfs /dev/sdb1 rw,subvol=/a',
  '33 22 0:41 / /srv/data rw - nfs4 server:/export rw,addr=10.0.0.1',
  '34 22 8:17 / /srv/data rw master:1 - ext4 /dev/sdb1 rw,barrier=0',
].join('\n');

describe('findMount', () => {
  it.each([
    ['/home/me', '/'],
    ['/', '/'],
    ['/tmp', '/tmp'],
    ['/tmp/x/y', '/tmp'],
    ['/tmpx', '/'],
    ['/srv/with space/z', '/srv/with space'],
  ])('finds for %s the longest mount point that leads to it: %s', (path, mountPoint) => {
    expect(findMount(MOUNTINFO, path)?.mountPoint).toBe(mountPoint);
  });

  it('takes the last of several mounts on one point, which hides the others', () => {
    expect(findMount(MOUNTINFO, '/srv/data/db')).toMatchObject({
      type: 'ext4',
      device: '/dev/sdb1',
      deviceNumber: '8:17',
    });
  });

  it('names the options of the mount and of the file system, each once', () => {
    expect(findMount(MOUNTINFO, '/')?.mountOptions).toBe('rw,relatime,errors=remount-ro');
    expect(findMount(MOUNTINFO, '/srv')).toMatchObject({ type: 'xfs', mountOptions: 'rw,noatime,attr2,logbufs=8' });
  });
});

/** A /sys with a disk, its partition, and a device mapper's device on two such. */
function fakeSys(): string {
  const sys = temporaryFolder();
  const disk = (name: string, number: string, writeCache: string, rotational: string) => {
    const folder = join(sys, 'devices/block', name);
    write(join(folder, 'queue/write_cache'), `${writeCache}\n`);
    write(join(folder, 'queue/rotational'), `${rotational}\n`);
    link(folder, join(sys, 'dev/block', number));
    return folder;
  };
  const sda = disk('sda', '8:0', 'write back', '1');
  const nvme = disk('nvme0n1', '259:0', 'write through', '0');
  write(join(sda, 'sda2/partition'), '2\n');
  link(join(sda, 'sda2'), join(sys, 'dev/block/8:2'));
  const dm = disk('dm-0', '253:0', 'write back', '0');
  link(join(sda, 'sda2'), join(dm, 'slaves/sda2'));
  link(nvme, join(dm, 'slaves/nvme0n1'));
  return sys;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

describe('findDisks', () => {
  const SDA = { name: 'sda', writeCache: 'write back', rotational: true };
  const NVME = { name: 'nvme0n1', writeCache: 'write through', rotational: false };

  it.each([
    ['a disk', '259:0', [NVME]],
    ['a partition, by its disk', '8:2', [SDA]],
    ["a device mapper's device, by the disks below it", '253:0', [NVME, SDA]],
    ['a device that there is not', '0:26', []],
  ])('describes %s', (_, number, disks) => {
    expect(findDisks(fakeSys(), number, 'tmpfs')).toEqual(disks);
  });

  it('says nothing of what the system does not tell', () => {
    const sys = temporaryFolder();
    mkdirSync(join(sys, 'dev/block/7:0'), { recursive: true });
    expect(findDisks(sys, '7:0', 'loop')).toEqual([{ name: '7:0' }]);
  });
});

describe('writtenBytes', () => {
  const sys = temporaryFolder();
  write(join(sys, 'class/block/sda/stat'), '   1 2 3 4 5 6   10 8 9\n');
  write(join(sys, 'class/block/sdb/stat'), '1 2 3 4 5 6 7 8 9\n');

  it('adds up what all disks have written, in sectors of 512 bytes', () => {
    expect(writtenBytes([{ name: 'sda' }, { name: 'sdb' }], sys)).toBe(17 * 512);
  });

  it('knows nothing where one of them does not tell, and where there is none', () => {
    expect(writtenBytes([{ name: 'sda' }, { name: 'sdc' }], sys)).toBeUndefined();
    expect(writtenBytes([], sys)).toBeUndefined();
  });
});

describe('showWriteCache', () => {
  it('shows each kind once, and what is unknown', () => {
    expect(showWriteCache([{ name: 'a', writeCache: 'write back' }, { name: 'b' }])).toBe('write back, unknown');
    expect(showWriteCache([])).toBe('unknown');
  });
});

(process.platform === 'linux' ? it : it.skip)('findFileSystem finds what a folder of this machine lies on', () => {
  expect(findFileSystem(temporaryFolder())).toMatchObject({
    type: expect.any(String),
    mountOptions: expect.stringMatching(/^rw/),
  });
  expect(findFileSystem('/proc')).toMatchObject({ type: 'proc', disks: [] });
});
