import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const folder = new URL('../migrations/', import.meta.url);

/** What of the folder and its list of checksums does not agree, with what to do about it. */
function disagreements(files: ReadonlyMap<string, string>, list: string): string[] {
  const listed = new Map<string, string>();
  for (const line of list.split('\n').filter(Boolean)) {
    const [sum = '', name = ''] = line.split(/\s+/u);
    listed.set(name, sum);
  }
  const broken: string[] = [];
  for (const [name, text] of files) {
    const sum = createHash('sha256').update(text).digest('hex');
    const before = listed.get(name);
    if (before === undefined) {
      broken.push(
        `${name} is not listed: (cd migrations && sha256sum ${name} >> checksums.txt) when it is final`,
      );
    } else if (before !== sum) {
      broken.push(
        `${name} has changed since it was listed, and databases have run it: restore it, and put the change into a new file`,
      );
    }
  }
  for (const name of listed.keys()) {
    if (!files.has(name)) broken.push(`${name} is listed and gone: restore it`);
  }
  return broken;
}

describe('a migration that databases have run', () => {
  test('never changes', () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
    const files = new Map(
      names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')] as const),
    );
    const list = readFileSync(new URL('checksums.txt', folder), 'utf8');
    expect(files.size).toBeGreaterThan(0);
    expect(disagreements(files, list)).toEqual([]);
  });

  const sum = createHash('sha256').update('a').digest('hex');
  test.each([
    ['an unlisted file', new Map([['1.sql', 'a']]), '', '1.sql is not listed'],
    ['a changed file', new Map([['1.sql', 'b']]), `${sum}  1.sql\n`, '1.sql has changed'],
    ['a missing file', new Map<string, string>(), `${sum}  1.sql\n`, '1.sql is listed and gone'],
  ])('is missed when it is %s', (_name, files, list, message) => {
    expect(disagreements(files, list).join()).toContain(message);
  });
});
