import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../src/core/exceptions/catalogue.ts';
import { isScenarioName } from '../src/sandbox/scenarios.ts';
import { STATEMENT_FAULTS } from '../src/sandbox/statement-faults.ts';
import { EXCEPTIONS_FOLDER, exceptionPages } from '../src/cli/exception-pages.ts';

describe('docs/exceptions', () => {
  test('is what `node run.mjs src/cli/exception-pages.ts` makes of the kinds', () => {
    const names = readdirSync(EXCEPTIONS_FOLDER);
    const stored = names.map((name): [string, string] => [
      name,
      readFileSync(new URL(name, EXCEPTIONS_FOLDER), 'utf8'),
    ]);
    expect(new Map(stored)).toEqual(exceptionPages());
  });

  test.each(CATALOGUE.map((kind) => [kind.kind, kind] as const))(
    'has a page for %s in the one shape, and at least one scenario that brings it about',
    (kind, description) => {
      const page = exceptionPages().get(`${kind}.md`) ?? '';
      expect(page.match(/^#+ .*$/gm)).toEqual([
        `# ${kind} ${description.zh}`,
        '## What you see',
        '## Why',
        '## What the platform already did',
        '## What you may do',
        '## How to practise it',
      ]);
      const faults = description.practiseStatement ?? [];
      expect([...description.practise, ...faults]).not.toEqual([]);
      expect(faults.filter((name) => !Object.hasOwn(STATEMENT_FAULTS, name))).toEqual([]);
      expect(description.practise.filter((name) => !isScenarioName(name))).toEqual([]);
      for (const action of description.actions) expect(page).toContain(`| \`${action}\``);
    },
  );
});
