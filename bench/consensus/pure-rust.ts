import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENGINE = fileURLToPath(new URL('engine/', import.meta.resolve('omnipaxos-rocksdb/package.json')));

/** The engine's example that runs it in Rust alone; built where it is not yet. */
export function pureRust(): string {
  const args = ['build', '--release', '--locked', '--quiet', '--no-default-features', '--example', 'pure_rust'];
  const { error, status } = spawnSync('cargo', args, { cwd: ENGINE, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) throw new Error(`cargo cannot be run: ${error.message}`);
  if (status !== 0) throw new Error('the Rust program could not be built; the messages above say why');
  return join(ENGINE, 'target/release/examples/pure_rust');
}
