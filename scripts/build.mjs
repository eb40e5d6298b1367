// Builds what is missing or stale: the addon in build/, the compiled TypeScript in dist/. Each has a stamp, a hash of all that
// it was made from, so a run with nothing to do only reads some small files.

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, constants as os } from 'node:os';
import { delimiter, join } from 'node:path';
import { RUST_MISSING } from './rust.mjs';
import { cacheFolder, filesIn, root, stop } from './workspace.mjs';

const ADDON = 'build/Release/omnipaxos_rocksdb.node';
const BASELINE = 'build/Release/native-baseline';
const ENGINE = 'build/engine.node';
const ADDON_PACKAGES = ['cmake-js', 'node-addon-api', 'node-api-headers'];
const INSTALL_TOOLS =
  process.platform === 'darwin'
    ? '`xcode-select --install` and `brew install cmake ninja`'
    : '`apt-get install g++ cmake ninja-build`, or the like';

/** What runs now. It leads a process group, so that a signal to this process reaches the compilers too. */
let child;
let interruptedBy;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interruptedBy = signal;
    try {
      if (child) process.kill(-child.pid, signal);
    } catch {
      // It has just ended by itself.
    }
  });
}

await buildAddon();
await buildEngine();
await compileTypeScript();

async function buildAddon() {
  const inputs = [
    root, // CMake's files in build/ name it
    `${process.platform} ${process.arch}`,
    ...ADDON_PACKAGES.map(installedVersion),
    ...contents(['CMakeLists.txt', ...['native', 'bench/native-baseline', 'test/disk-shim'].flatMap(filesIn)]),
  ];
  await unlessUpToDate('build/.stamp', inputs, [ADDON, BASELINE], async () => {
    checkTools();
    checkRust(); // cargo fetches RocksDB's source
    const generator = onPath('ninja') ? 'Ninja' : 'Unix Makefiles';
    if (!wasConfiguredFor(generator)) rmSync('build', { recursive: true, force: true });

    console.log('Building the native addon.');
    const nothingKept = !keepsArchive();
    if (nothingKept) announceRocksdb();
    const failed = 'The native addon could not be built; the messages above say why.';
    await run(failed, 'cmake-js', 'configure', '--log-level', 'error', '--generator', generator);
    if (!nothingKept && compilesRocksdb()) announceRocksdb(); // what was kept is damaged, or of another compiler
    await run(failed, 'cmake-js', 'build', '--log-level', 'error', '--parallel', `${availableParallelism()}`);
  });
}

async function buildEngine() {
  const sources = ['engine/Cargo.toml', 'engine/Cargo.lock', 'engine/build.rs', ...filesIn('engine/src')];
  await unlessUpToDate('build/.engine-stamp', [root, ...contents(sources)], [ENGINE], async () => {
    checkRust();
    console.log('Building the consensus engine.');
    const where = ['--manifest-path', 'engine/Cargo.toml', '--target-dir', 'engine/target'];
    const failed = 'The consensus engine could not be built; the messages above say why.';
    await runProgram(failed, 'cargo', ['build', '--release', '--locked', ...where]);
    rmSync(ENGINE, { force: true }); // a new file: a process that runs the old one has its code mapped
    const library = `libomnipaxos_engine.${process.platform === 'darwin' ? 'dylib' : 'so'}`;
    copyFileSync(join('engine/target/release', library), ENGINE);
  });
}

async function compileTypeScript() {
  const config = 'tsconfig.build.json';
  const folders = JSON.parse(readFileSync(config, 'utf8')).include;
  const sources = folders.flatMap(filesIn).filter((file) => file.endsWith('.ts'));
  const inputs = [installedVersion('typescript'), ...contents([config, 'tsconfig.json', 'package.json', ...sources])];
  const outputs = sources.map((file) => join('dist', file.replace(/\.ts$/, '.js')));
  await unlessUpToDate('dist/.stamp', inputs, outputs, async () => {
    await run('The TypeScript does not compile; the messages above say why.', 'tsc', '-p', config);
    for (const file of filesIn('dist')) {
      const source = file.slice('dist/'.length).replace(/(\.d)?\.[jt]s$/, '.ts');
      if (!sources.includes(source)) rmSync(file);
    }
  });
}

// ── Stamps ───────────────────────────────────────────────────────────────────────────────────────────────────────────

async function unlessUpToDate(stamp, inputs, outputs, build) {
  const hash = createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
  if ([stamp, ...outputs].every((file) => existsSync(file)) && readFileSync(stamp, 'utf8') === hash) return;
  rmSync(stamp, { force: true }); // a build that is interrupted leaves none
  await build();
  writeFileSync(stamp, hash);
}

function installedVersion(name) {
  const manifest = `node_modules/${name}/package.json`;
  if (!existsSync(manifest)) stop(`The package ${name} is not installed: run \`npm ci\` in ${root} first.`);
  return `${name} ${JSON.parse(readFileSync(manifest, 'utf8')).version}`;
}

function contents(files) {
  return files.flatMap((file) => [file, readFileSync(file, 'utf8')]);
}

// ── The C++ tools ────────────────────────────────────────────────────────────────────────────────────────────────────

function checkTools() {
  const cmake = onPath('cmake') && execFileSync('cmake', ['--version'], { encoding: 'utf8' }).match(/\d+\.\d+/)?.[0];
  if (!cmake) stop(`CMake is missing: install it with ${INSTALL_TOOLS}.`);
  const [major, minor] = cmake.split('.').map(Number);
  if (major < 3 || (major === 3 && minor < 22)) {
    stop(`CMake ${cmake} is too old, 3.22 is needed: install a newer one, for example with \`pip install cmake\`.`);
  }
  if (!onPath('g++') && !onPath('clang++')) stop(`There is no C++ compiler: install one with ${INSTALL_TOOLS}.`);
  if (!onPath('ninja') && !onPath('make')) stop(`Neither ninja nor make is there: install one with ${INSTALL_TOOLS}.`);
}

function checkRust() {
  const version = onPath('cargo') && execFileSync('cargo', ['--version'], { encoding: 'utf8' }).match(/\d+\.\d+/)?.[0];
  const [, oldest] = readFileSync('engine/Cargo.toml', 'utf8').match(/^rust-version = "([\d.]+)"/m);
  if (!version) stop(`Rust is missing (cargo is not on the path): ${RUST_MISSING}.`);
  const [[major, minor], [oldestMajor, oldestMinor]] = [version, oldest].map((text) => text.split('.').map(Number));
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    stop(`Rust ${version} is too old, ${oldest} is needed: ${RUST_MISSING}.`);
  }
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** CMake refuses a folder that was configured with another generator, or in another place. */
function wasConfiguredFor(generator) {
  if (!existsSync('build/CMakeCache.txt')) return false;
  const cache = readFileSync('build/CMakeCache.txt', 'utf8').split('\n');
  return (
    cache.includes(`CMAKE_GENERATOR:INTERNAL=${generator}`) && cache.includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${root}`)
  );
}

function keepsArchive() {
  return existsSync(cacheFolder()) && readdirSync(cacheFolder()).some((name) => name.startsWith('rocksdb-'));
}

function compilesRocksdb() {
  return readFileSync('build/compile_commands.json', 'utf8').includes('rocksdb.dir/Unity');
}

function announceRocksdb() {
  console.log(
    `RocksDB is compiled first: that takes about 4 minutes on 2 cores, and this machine has ${availableParallelism()}. ` +
      `Later builds take seconds, because the finished archive is kept in ${cacheFolder()}.`,
  );
}

// ── Processes ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Runs a command of a dependency, its output straight to the terminal. */
function run(failure, name, ...args) {
  return runProgram(failure, join('node_modules/.bin', name), args);
}

async function runProgram(failure, program, args) {
  child = spawn(program, args, { stdio: 'inherit', detached: true });
  const [code] = await once(child, 'close');
  child = undefined;
  if (interruptedBy) process.exit(128 + os.signals[interruptedBy]);
  if (code !== 0) stop(failure);
}
