// docs/damage.md is read when something is lost: what it says must be what the programs say.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { KINDS } from '../../lib/damage/findings.js';
import { LOSSES } from '../../lib/damage/losses.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(join(ROOT, 'docs/damage.md'), 'utf8');

function sectionOf(heading: string): string {
  return text.split(`${heading}\n`)[1]?.split(/\n##+ /)[0] ?? '';
}

/** The first two cells of each row whose first is a kind. */
function messagesIn(heading: string): [kind: string, message: string][] {
  const rows = sectionOf(heading).matchAll(/^\| `([a-z-]+)` \| (.+?) \| .+ \|$/gm);
  return [...rows].map(([, kind, message]) => [kind as string, message as string]);
}

describe('docs/damage.md', () => {
  it('has every finding of verify, word for word', () => {
    expect(messagesIn('### What it finds')).toEqual(Object.entries(KINDS).map(([kind, { says }]) => [kind, says]));
  });

  it('tells notes from damage', () => {
    for (const [kind, { severity }] of Object.entries(KINDS)) {
      const [, meaning] = new RegExp(`^\\| \`${kind}\` \\| .+ \\| (.+) \\|$`, 'm').exec(text) ?? [];
      expect({ kind, isNote: meaning?.startsWith('a note') }).toEqual({ kind, isNote: severity === 'note' });
    }
  });

  it('has every loss of repair, word for word', () => {
    expect(messagesIn('### What is lost')).toEqual(Object.entries(LOSSES));
  });

  it('has the kinds of damage that the binding tells', () => {
    const union = readFileSync(join(ROOT, 'binding/damage.ts'), 'utf8')
      .split('export type DamageKind =')[1]
      ?.split(';')[0];
    const kinds = [...(union ?? '').matchAll(/'([a-z-]+)'/g)].map(([, kind]) => kind as string);
    expect(kinds.length).toBeGreaterThan(5);
    expect(messagesIn('### What it finds').map(([kind]) => kind)).toEqual(expect.arrayContaining(kinds));
  });

  it('has what opening says, and opening says that', () => {
    const source = readFileSync(join(ROOT, 'native/core/opening.cc'), 'utf8');
    const rows = [...sectionOf('## What `open` says').matchAll(/^\| (.+?) \| /gm)].map(
      ([, message]) => message as string,
    );
    const messages = rows.filter((row) => row !== 'message' && !row.startsWith('---') && !row.startsWith('Corruption'));
    expect(messages).toHaveLength(2);
    for (const message of messages) {
      for (const part of message.split('…')) {
        if (part.trim() !== '') expect(source).toContain(part.trim());
      }
    }
    const refusals = source.match(/failure\(ErrorCode::kCorruption/g) ?? [];
    expect(refusals).toHaveLength(3); // no CURRENT: beside files, and beside a watermark
  });

  it('links to what is there', () => {
    for (const [, file, , anchor] of text.matchAll(/\]\(([a-z-]+\.md)?(#([a-z-]+))?\)/g)) {
      const target = file === undefined ? text : readFileSync(join(ROOT, 'docs', file), 'utf8');
      const anchors = [...target.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
        (heading as string)
          .toLowerCase()
          .replace(/[^a-z0-9 -]/g, '')
          .replaceAll(' ', '-'),
      );
      if (anchor !== undefined) expect(anchors).toContain(anchor);
    }
  });
});
