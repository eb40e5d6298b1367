// What the package declares to TypeScript: the `.d.ts` files of the build, read by their layout, which is the compiler's own.

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Member {
  name: string;
  /** Without its marks; empty where there is none. */
  comment: string;
  /** The first line of it. */
  code: string;
}

export interface Declaration extends Member {
  file: string;
  kind: string;
  /** All of it, without the comments inside. */
  code: string;
  /** Of a class or an interface: all that a user may see. */
  members: Member[];
}

/** One file: what it declares, and which file each name that it uses is from. */
interface Module {
  declarations: Map<string, Declaration>;
  origins: Map<string, string>;
}

const ROOT = fileURLToPath(new URL('../../dist/lib/index.d.ts', import.meta.url));

const modules = new Map<string, Module>();

function moduleAt(file: string): Module {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, 'utf8');
  const read = { declarations: declarationsIn(file, text), origins: originsIn(file, text) };
  modules.set(file, read);
  return read;
}

/** By name: what `import { … } from 'omnipaxos-rocksdb'` gives. */
export function publicDeclarations(): Map<string, Declaration> {
  return new Map(exportsOf(ROOT).map(([name, file]) => [name, declarationAt(name, file)]));
}

function exportsOf(file: string): [name: string, file: string][] {
  const text = readFileSync(file, 'utf8');
  const named = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)';$/gm)].flatMap(([, names, from]) =>
    namesIn(names as string).map((name): [string, string] => [name, fileOf(from as string, file)]),
  );
  const all = [...text.matchAll(/^export \* from '([^']+)';$/gm)];
  return [...named, ...all.flatMap(([, from]) => exportsOf(fileOf(from as string, file)))];
}

/** What the code of `declaration` names: of its own file, or imported from another file of the package. */
export function namedIn(declaration: Declaration): Declaration[] {
  const { declarations, origins } = moduleAt(declaration.file);
  const words = new Set(declaration.code.match(/[A-Za-z_]\w*/g));
  const named: Declaration[] = [];
  for (const word of words) {
    const origin = origins.get(word);
    const found = origin === undefined ? declarations.get(word) : declarationAt(word, origin);
    if (found !== undefined && found.name !== declaration.name) named.push(found);
  }
  return named;
}

/** Declared in `file`, or passed on by it. */
function declarationAt(name: string, file: string): Declaration {
  const found = moduleAt(file).declarations.get(name);
  if (found !== undefined) return found;
  const passedOn = exportsOf(file).find(([passed]) => passed === name);
  if (passedOn === undefined) throw new Error(`${file} declares no ${name}`);
  return declarationAt(name, passedOn[1]);
}

function originsIn(file: string, text: string): Map<string, string> {
  const imports = text.matchAll(/^import (?:type )?\{([^}]*)\} from '(\.[^']+)';$/gm);
  return new Map(
    [...imports].flatMap(([, names, from]) =>
      namesIn(names as string).map((name): [string, string] => [name, fileOf(from as string, file)]),
    ),
  );
}

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim().replace(/^type /, ''))
    .filter((name) => name !== '');
}

function fileOf(specifier: string, from: string): string {
  return resolve(join(dirname(from), specifier.replace(/\.js$/, '.d.ts')));
}

const DECLARATION = /^(?:export )?(?:declare )?(?:abstract )?(class|interface|type|const|let|function) (\w+)/;

function declarationsIn(file: string, text: string): Map<string, Declaration> {
  const found = new Map<string, Declaration>();
  for (const { comment, lines } of statements(text.split('\n'), '')) {
    const [, kind, name] = DECLARATION.exec(lines[0] as string) ?? [];
    if (kind === undefined || name === undefined) continue;
    const body = kind === 'class' || kind === 'interface' ? lines.slice(1, -1) : [];
    const members = statements(body, '    ').map(({ comment, lines: [code = ''] }) => {
      return { name: memberName(code), comment, code: code.trim() };
    });
    const code = lines.filter((line) => !/^\s*(\/\*\*|\*)/.test(line)).join('\n');
    found.set(name, { file, kind, name, comment, code, members: members.filter(({ name }) => name !== '') });
  }
  return found;
}

/** What begins at this indentation, each with the comment before it. */
function statements(lines: readonly string[], indentation: string): { comment: string; lines: string[] }[] {
  const found: { comment: string; lines: string[] }[] = [];
  let comment: string[] = [];
  let isComment = false;
  for (const line of lines) {
    const text = line.slice(indentation.length);
    const isHere = line.startsWith(indentation) && text !== '' && !/^[\s})]/.test(text);
    if (isComment || (isHere && text.startsWith('/**'))) {
      comment.push(text);
      isComment = !text.endsWith('*/');
    } else if (isHere) {
      found.push({ comment: comment.map(unmarked).join('\n').trim(), lines: [line] });
      comment = [];
    } else {
      found.at(-1)?.lines.push(line);
    }
    // What stands inside a statement has its own comments.
  }
  return found;
}

function unmarked(line: string): string {
  return line.replace(/^\s*\/?\*+\/?/, '').replace(/\*\/$/, '');
}

/** Empty for what a user cannot reach. */
function memberName(code: string): string {
  const [, name = ''] = /^\s*(?:static |readonly |abstract |get |set )*(\[[^\]]+\]|#?\w+)/.exec(code) ?? [];
  return name.startsWith('#') || name === 'private' ? '' : name;
}
