// The declarations that the package ships: all that a user sees has a doc comment, and nothing internal is among it.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const ENTRIES = ['lib/index', 'lib/consensus/index', 'lib/testing/index'];
/** What lies behind a façade. */
const INTERNAL = /@internal|\bprotected\b|\b(cursor|probe|commit|LogAccess|DatabaseCore|PackedBatch|Cursor)\b/;

const read = (module: string) => readFileSync(join(DIST, `${module}.d.ts`), 'utf8');

/** The names that `module` exports, by the module that declares them. */
function exportsOf(module: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const add = (from: string, name: string) => found.set(from, (found.get(from) ?? new Set()).add(name));
  /** A room's door leads on to where it is declared. */
  const follow = (from: string, name: string) => {
    const [inner] = [...exportsOf(from)].find(([, named]) => named.has(name)) ?? [from];
    add(inner, name);
  };
  for (const [, names, all, specifier] of read(module).matchAll(
    /export (?:type )?(?:\{([^}]*)\}|(\*)) from '(.*)\.js'/g,
  )) {
    const from = join(dirname(module), specifier as string);
    if (all !== undefined) for (const [inner, named] of exportsOf(from)) for (const name of named) add(inner, name);
    for (const name of (names ?? '').split(','))
      if (name.trim() !== '') follow(from, name.trim().replace(/^type /, ''));
  }
  return found;
}

interface Declaration {
  name: string;
  lines: string[];
  /** The line before the first. */
  before: string;
}

function declarationOf(module: string, name: string): Declaration {
  const lines = read(module).split('\n');
  const start = lines.findIndex((line) =>
    new RegExp(`^export (?:declare |abstract )*(?:class|interface|type|function|const|let) ${name}\\b`).test(line),
  );
  if (start < 0) throw new Error(`${module} does not declare ${name}`);
  const length = lines.slice(start).findIndex((line, i) => /^(\}|export|\/\*\*)/.test(line) && i > 0);
  return { name, before: lines[start - 1] ?? '', lines: lines.slice(start, length < 0 ? undefined : start + length) };
}

/** Methods, fields and options, but for constructors without arguments to speak of. */
const MEMBER =
  /^ {4}(?:static |readonly |abstract |get |set )*(?!private\b|constructor\(\)|#)(\[?[\w.]+\]?)\??\s*[(<:]/;

function undocumented({ name, before, lines: all }: Declaration): string[] {
  // The alternatives of a type are parts of it.
  const lines = all[0]?.startsWith('export type') ? all.slice(0, 1) : all;
  const missing = before.trimEnd().endsWith('*/') ? [] : [name];
  for (const [i, line] of lines.entries()) {
    const member = MEMBER.exec(line)?.[1];
    if (i > 0 && member !== undefined && !(lines[i - 1] as string).trimEnd().endsWith('*/')) {
      missing.push(`${name}.${member}`);
    }
  }
  return missing;
}

/** With the bases of classes, whose methods are the user's too. */
function withBases(module: string, name: string): [string, string][] {
  const [first = ''] = declarationOf(module, name).lines;
  const base = /extends (\w+)/.exec(first)?.[1];
  const from =
    base && new RegExp(`import (?:type )?\\{[^}]*\\b${base}\\b[^}]*\\} from '(.*)\\.js'`).exec(read(module))?.[1];
  const own: [string, string] = [module, name];
  if (from === undefined || !from.startsWith('.')) return [own];
  return [own, ...withBases(join(dirname(module), from), base as string)];
}

const declared = ENTRIES.filter((entry) => existsSync(join(DIST, `${entry}.d.ts`))).flatMap((entry) =>
  [...exportsOf(entry)].flatMap(([module, names]) => [...names].flatMap((name) => withBases(module, name))),
);
const unique = [...new Map(declared.map((pair) => [pair.join(' '), pair])).values()];

describe('the declarations of the package', () => {
  it('are those of all its entries', () => {
    const names = unique.map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(['Database', 'AsyncMemStorage', 'StorageMethods', 'SnapshotStore']));
  });

  it.each(unique)('%s: %s, and all that it has, has a doc comment', (module, name) => {
    expect(undocumented(declarationOf(module, name))).toEqual([]);
  });

  it.each(unique)('%s: %s shows nothing internal', (module, name) => {
    const code = declarationOf(module, name).lines.filter((line) => !/^\s*(\*|\/\*\*)/.test(line));
    expect(code.filter((line) => INTERNAL.test(line))).toEqual([]);
  });
});
