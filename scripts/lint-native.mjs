// Checks native/ and bench/native-baseline/ with clang-format, then with clang-tidy. With --fix it only formats, in place.
// clang-tidy needs build/, where the build says how each file is compiled. It takes a second or two for each file. So files
// that pass are remembered there, by a hash of all that decides whether they do.

import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { cacheFolder, filesIn, root, stop } from './workspace.mjs';

const REQUIREMENTS = 'scripts/clang-tools.txt';
const COMMANDS = 'build/compile_commands.json';
const PASSED = 'build/clang-tidy-passed.json';

const fix = process.argv.includes('--fix');
const files = ['native', 'bench/native-baseline'].flatMap(filesIn);
const headers = files.filter((file) => extname(file) === '.h');
const sources = files.filter((file) => extname(file) === '.cc');
const tools = installTools();
format();
if (!fix) await tidy();

/**
 * The pinned tools, in a Python environment that clones share. Each clone that finds none makes one in a new folder. The
 * first to finish links the shared name to its folder, so clones may do this at the same time.
 */
function installTools() {
  const shared = join(cacheFolder(), `clang-tools-${hash(readFileSync(REQUIREMENTS, 'utf8')).slice(0, 16)}`);
  if (existsSync(join(shared, 'complete'))) return join(shared, 'bin');

  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(`${shared}-`);
  console.log(`Installing clang-format and clang-tidy into ${folder}`);
  try {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes'];
    execFileSync(join(folder, 'bin/python'), [...pip, '--requirement', REQUIREMENTS], { stdio: 'inherit' });
  } catch {
    rmSync(folder, { recursive: true, force: true });
    stop(
      'clang-format and clang-tidy could not be installed; it takes Python 3 with venv: `apt-get install python3-venv`.',
    );
  }
  writeFileSync(join(folder, 'complete'), '');
  try {
    symlinkSync(folder, shared);
  } catch (error) {
    if (!existsSync(join(shared, 'complete'))) stop(`${shared} is in the way (${error.code}): remove it.`);
    rmSync(folder, { recursive: true }); // another clone was quicker
  }
  return join(shared, 'bin');
}

function format() {
  const mode = fix ? ['-i'] : ['--dry-run', '-Werror'];
  try {
    execFileSync(join(tools, 'clang-format'), [...mode, ...headers, ...sources], { stdio: 'inherit' });
  } catch {
    stop('The C++ is not formatted: run `npm run format`.');
  }
}

async function tidy() {
  if (!existsSync(COMMANDS)) stop('clang-tidy needs to know how each file is compiled: run `npm run build` first.');
  const commands = new Map(JSON.parse(readFileSync(COMMANDS, 'utf8')).map(({ file, command }) => [file, command]));
  for (const file of sources) {
    if (!commands.has(join(root, file))) stop(`${file} is not part of the build: is it named in CMakeLists.txt?`);
  }
  const shared = ['.clang-tidy', REQUIREMENTS, ...headers].map((file) => readFileSync(file, 'utf8'));
  const passed = existsSync(PASSED) ? JSON.parse(readFileSync(PASSED, 'utf8')) : {};

  let failures = 0;
  const waiting = [...sources];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const key = hash(JSON.stringify([...shared, commands.get(join(root, file)), readFileSync(file, 'utf8')]));
      if (passed[file] === key) continue;
      console.log(`clang-tidy ${file}`);
      const complaint = await complaintAbout(file);
      if (complaint === undefined) {
        passed[file] = key;
      } else {
        failures++;
        console.error(complaint);
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  writeFileSync(PASSED, JSON.stringify(passed));
  if (failures > 0) stop(`clang-tidy found something in ${failures} of ${sources.length} files.`);
}

/** What clang-tidy has against `file`, or undefined. */
function complaintAbout(file) {
  return new Promise((resolve) => {
    execFile(join(tools, 'clang-tidy'), ['--quiet', '-p', 'build', file], (error, stdout, stderr) => {
      resolve(error ? `${stdout}${stderr}` : undefined);
    });
  });
}

function hash(text) {
  return createHash('sha256').update(text).digest('hex');
}
