// The package as its users load it: the compiled files, through the exports of package.json.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as sources from '../../lib/index.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What Node prints for `program`, run where the package's own name leads to the package. */
async function run(type: 'module' | 'commonjs', program: string): Promise<unknown> {
  // Node 22.12 still warns that require() of an ES module is new.
  const options = ['--disable-warning=ExperimentalWarning', `--input-type=${type}`, '-e', program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, options, { cwd: ROOT });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** Uses what is bound to `omnipaxos`, and prints its names. */
const USE = `
  const log = new omnipaxos.MemStorage();
  log.appendEntries(['a', 'b']);
  console.log(JSON.stringify({ names: Object.keys(omnipaxos).sort(), entries: log.getEntries(0, 2) }));`;

describe("import 'omnipaxos-rocksdb'", () => {
  it('gives the names of the contract', async () => {
    const seen = await run('module', `import * as omnipaxos from 'omnipaxos-rocksdb';${USE}`);
    expect(seen).toEqual({ names: Object.keys(sources).sort(), entries: ['a', 'b'] });
    expect(Object.keys(sources)).toEqual(
      expect.arrayContaining(['Database', 'MemStorage', 'RocksError', 'RocksdbStorage', 'StorageError', 'WriteBatch']),
    );
    expect(Object.keys(sources)).toEqual(expect.arrayContaining(['msgpackCodec', 'rawCodec']));
  });
});

describe('a process that may open few files', () => {
  it('can import the package, whose modules are read side by side', async () => {
    const script =
      "import { MemStorage } from 'omnipaxos-rocksdb'; console.log(JSON.stringify(new MemStorage().append([1])))";
    const command = 'ulimit -n 48 && exec "$0" --input-type=module -e "$1"';
    const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, script], { cwd: ROOT });
    expect(JSON.parse(stdout)).toEqual({ from: 0, to: 1 });
  });
});

describe("require('omnipaxos-rocksdb')", () => {
  it('gives the same names', async () => {
    const seen = await run('commonjs', `const omnipaxos = require('omnipaxos-rocksdb');${USE}`);
    expect(seen).toMatchObject({ entries: ['a', 'b'] });
    expect((seen as { names: string[] }).names).toEqual(expect.arrayContaining(Object.keys(sources)));
  });

  it('gives the same classes as import, in one process', async () => {
    const seen = await run(
      'module',
      `import * as imported from 'omnipaxos-rocksdb';
       import { createRequire } from 'node:module';
       const required = createRequire(process.cwd() + '/x.js')('omnipaxos-rocksdb');
       console.log(JSON.stringify(Object.keys(imported).filter((name) => imported[name] !== required[name])));`,
    );
    expect(seen).toEqual([]);
  });

  it('leads to package.json as well', async () => {
    const seen = await run('commonjs', `console.log(JSON.stringify(require('omnipaxos-rocksdb/package.json').name))`);
    expect(seen).toBe('omnipaxos-rocksdb');
  });
});

describe("import 'omnipaxos-rocksdb/consensus'", () => {
  it('gives a replica on a storage of the package', async () => {
    const seen = await run(
      'module',
      `import { MemStorage } from 'omnipaxos-rocksdb';
       import { OmniPaxos } from 'omnipaxos-rocksdb/consensus';
       const omni = OmniPaxos.build({ configurationId: 1, nodes: [1, 2] }, { pid: 1 }, new MemStorage());
       console.log(JSON.stringify(omni.outgoingMessages().map(({ to }) => to)));`,
    );
    expect(seen).toEqual([2]);
  });

  it('loads the engine only once a replica is built, and the storage alone never does', async () => {
    const seen = await run(
      'module',
      `import * as omnipaxos from 'omnipaxos-rocksdb';
       import * as consensus from 'omnipaxos-rocksdb/consensus';
       const engines = () => process.report.getReport().sharedObjects.filter((path) => path.endsWith('engine.node')).length;
       new omnipaxos.MemStorage().appendEntry('a');
       const before = engines();
       consensus.OmniPaxos.build({ configurationId: 1, nodes: [1, 2] }, { pid: 1 }, new omnipaxos.MemStorage());
       console.log(JSON.stringify([before, engines()]));`,
    );
    expect(seen).toEqual([0, 1]);
  });
});

describe("import 'omnipaxos-rocksdb/testing'", () => {
  it('gives the fakes', async () => {
    const seen = await run(
      'module',
      `import * as testing from 'omnipaxos-rocksdb/testing';
       console.log(JSON.stringify(Object.keys(testing).sort()));`,
    );
    const fakes = ['MemNetwork', 'MemTransport', 'PartitionController'];
    expect(seen).toEqual([...fakes, 'Simulation', 'SimulationFailure', 'storageSuite']);
  });
});
