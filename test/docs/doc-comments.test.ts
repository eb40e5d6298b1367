// What an editor shows of the package: each name and each of its members says what it is, and nothing shows the inside.

import { describe, expect, it } from '@jest/globals';
import * as sources from '../../lib/index.js';
import { type Declaration, namedIn, publicDeclarations } from '../support/declarations.js';

/** Classes that have methods which the exported ones share, and what these methods return. */
const SHARED = ['StorageMethods', 'BlockingStorage', 'PromisedStorage', 'Mode', 'Result'];
/** The operations of which UnsyncedOp is one. */
const LISTS = ['UNSYNCED_OPS'];

const exported = publicDeclarations();

/** All that a user can come across. */
const visible = new Map(exported);
for (const declaration of visible.values()) {
  for (const named of namedIn(declaration)) visible.set(named.name, named);
}

const declarations = [...visible.values()].map((declaration): [string, Declaration] => [declaration.name, declaration]);

describe('the declarations', () => {
  it('are those of all that is exported', () => {
    expect([...exported.keys()]).toEqual(expect.arrayContaining(Object.keys(sources)));
    expect([...exported.keys()]).toEqual(expect.arrayContaining(['Storage', 'StorageOp', 'DatabaseOptions', 'Row']));
    expect(visible.get('Database')?.members.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['path', 'open', 'columnFamilies', 'closed', '[Symbol.dispose]', '[inspect.custom]']),
    );
  });

  it('name nothing that a user cannot import, but for what the storages share', () => {
    const hidden = [...visible.keys()].filter((name) => !exported.has(name));
    expect(hidden.sort()).toEqual([...SHARED, ...LISTS].sort());
  });

  it.each(declarations)('show nothing of the inside of %s', (_, { code, comment, members }) => {
    expect(code).not.toMatch(/\b(protected|cursor|probe|commit)\b/i);
    expect([comment, ...members.map((member) => member.comment)].join('\n')).not.toContain('@internal');
  });
});

describe('a doc comment', () => {
  it.each(declarations)('says what %s is', (_, { comment }) => {
    expect(comment).not.toBe('');
  });

  const withMembers = declarations.filter(([, { members }]) => members.length > 0);

  it.each(withMembers)('says what each member of %s is', (_, { members }) => {
    expect(members.filter(({ comment }) => comment === '').map(({ name }) => name)).toEqual([]);
  });

  const withMethods = withMembers.filter(([, { members }]) => members.some(isMethod));

  it.each(withMethods)('says what the methods of %s throw', (_, { comment, members }) => {
    if (/\b(throw|reject)s?\b/.test(comment)) return; // for all of them
    const silent = members.filter((member) => isMethod(member) && !/\b(throw|reject)s?\b/i.test(member.comment));
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});

/** Not what disposes or shows something, which says what method it is; nor the constructor of an error. */
function isMethod({ name, code }: { name: string; code: string }): boolean {
  return /^(static )?(async )?\w+(<[^>]*>)?\(/.test(code) && name !== 'constructor';
}
