import { describe, expect, test } from 'vitest';
import { importCycles } from './tidy/cycles.ts';
import { deadFiles } from './tidy/dead-files.ts';
import type { FileMap } from './tidy/imports.ts';
import { brokenLayers } from './tidy/layers.ts';
import { projectFiles } from './tidy/project-files.ts';
import { impureCore } from './tidy/purity.ts';
import { bannedFileNames, bannedWordsUsed, longFiles, workplacePaths } from './tidy/words.ts';

type Rule = (files: FileMap) => string[];
type Example = Readonly<Record<string, string>>;

/** A rule, what breaks it, with a part of the message each must give, and what does not. */
interface Case {
  readonly name: string;
  readonly rule: Rule;
  readonly bad: readonly (readonly [Example, string])[];
  readonly good: readonly Example[];
}

const cases: readonly Case[] = [
  {
    name: 'imports point one way',
    rule: brokenLayers,
    bad: [
      [{ 'src/core/a.ts': "import { b } from '../store/b.ts';" }, 'core may import core only'],
      [{ 'src/store/a.ts': "import type { B } from '../channels/b.ts';" }, 'src/channels/b.ts'],
      [{ 'src/channels/a.ts': "export { b } from '../runtime/b.ts';" }, 'channels may import'],
      [{ 'src/runtime/a.ts': "const b = await import('../api/b.ts');" }, 'src/api/b.ts'],
      [{ 'src/api/a.ts': "import '../cashier/b.ts';" }, 'src/cashier/b.ts'],
      [{ 'src/sandbox/a.ts': "import { b } from '../channels/b.ts';" }, 'sandbox may import'],
      [{ 'src/sandbox/a.ts': "import { b } from '../core/b.ts';" }, 'sandbox may import'],
      [{ 'src/sandbox/auditor.ts': "import { b } from './books.ts';" }, 'src/sandbox/books.ts'],
      [{ 'src/sandbox/auditor-end.ts': "import { b } from './books.ts';" }, 'src/sandbox/books.ts'],
      [{ 'src/simulator/a.ts': "import { b } from '../api/server.ts';" }, 'simulator may'],
      [{ 'src/simulator/a.ts': "import { b } from '../store/postgres/b.ts';" }, 'simulator may'],
      [{ 'src/api/a.ts': "import { b } from '../../test/support/b.ts';" }, 'test/support/b.ts'],
      [
        { 'src/statements/a.ts': "import { b } from '../channels/b.ts';" },
        'statements may import statements, core only',
      ],
      [{ 'src/elsewhere/a.ts': '' }, 'no place in the layers'],
    ],
    good: [
      { 'src/store/a.ts': "import type { B } from '../core/b.ts';\nimport pg from 'pg';" },
      { 'src/channels/a.ts': "import { b } from '../statements/b.ts';" },
      { 'src/cli/a.ts': "import { b } from '../api/b.ts';" },
      { 'src/main.ts': "import { b } from './cli/b.ts';" },
      { 'src/simulator/a.ts': "import { b } from '../sandbox/books.ts';" },
      { 'src/simulator/a.ts': "import { b } from '../store/memory-store.ts';" },
      { 'src/simulator/a.ts': "import { b } from '../runtime/apply.ts';" },
      { 'src/core/a.test.ts': "import { b } from '../store/b.ts';" },
      {
        'src/core/a.ts': "// import { b } from '../store/b.ts';\nconst s = \"from '../api/b.ts'\";",
      },
      { 'bench/a.ts': "import { b } from '../src/store/b.ts';" },
    ],
  },
  {
    name: 'imports never go round',
    rule: importCycles,
    bad: [
      [
        {
          'src/a.ts': "import { b } from './b.ts';",
          'src/b.ts': "import type { A } from './a.ts';",
        },
        'src/a.ts → src/b.ts → src/a.ts',
      ],
      [{ 'src/a.ts': "import { a } from './a.ts';" }, 'src/a.ts → src/a.ts'],
    ],
    good: [
      {
        'src/a.ts': "import './b.ts'; import './c.ts';",
        'src/b.ts': "import './c.ts';",
        'src/c.ts': '',
      },
      {
        'src/a.ts': "spawn(node, [new URL('./b.ts', import.meta.url)]);",
        'src/b.ts': "import './a.ts';",
      },
    ],
  },
  {
    name: 'the core is pure',
    rule: impureCore,
    bad: [
      [{ 'src/core/a.ts': "import { createHash } from 'node:crypto';" }, 'imports node:crypto'],
      [{ 'src/core/a.ts': "import { Type } from 'typebox';" }, 'imports typebox'],
      [{ 'src/core/a.ts': 'const a = 1;\nconst b = Date.now();' }, 'src/core/a.ts:2 uses Date'],
      [{ 'src/core/a.ts': 'const b = `${Math.random()}`;' }, 'uses Math.random'],
      [{ 'src/core/a.ts': 'setTimeout(f, 1);' }, 'uses setTimeout'],
      [{ 'src/core/a.ts': 'const b = process.env;' }, 'uses process'],
      [{ 'src/core/a.ts': 'console.log(1);' }, 'uses console'],
    ],
    good: [
      { 'src/core/a.ts': "// Date.now() is passed in.\nconst a = 'process'; const b = x.process;" },
      { 'src/core/a.ts': 'const a = /Date/u; const b = `console ${a}`;' },
      { 'src/store/a.ts': 'const a = Date.now();' },
    ],
  },
  {
    name: 'a file name says what is inside',
    rule: bannedFileNames,
    bad: [
      [{ 'src/core/index.ts': '' }, '“index”'],
      [{ 'src/utils/money.ts': '' }, '“utils”'],
      [{ 'src/core/types.test.ts': '' }, '“types”'],
      [{ 'src/core/channelOrder.ts': '' }, 'kebab-case'],
    ],
    good: [{ 'src/core/channel-order.test.ts': '', 'vitest.config.ts': '' }],
  },
  {
    name: 'no word postpones work or silences a check',
    rule: bannedWordsUsed,
    bad: [
      [{ 'src/a.ts': '// TODO later' }, 'src/a.ts:1 says “TODO”'],
      [{ 'src/a.ts': '\n// FIXME' }, 'src/a.ts:2 says “FIXME”'],
      [{ 'src/a.ts': '// XXX' }, '“XXX”'],
      [{ 'src/a.ts': '// @ts-ignore' }, 'mend the type'],
      [{ 'src/a.ts': '// @ts-expect-error' }, 'mend the type'],
      [{ 'src/a.ts': 'const a = b as any;' }, '“as any”'],
      [{ 'src/a.ts': '// oxlint-disable-next-line no-shadow' }, 'mend what the lint found'],
      [{ 'src/a.test.ts': "it.only('x', f);" }, 'a test runs'],
      [{ 'src/a.test.ts': "test.skip('x', f);" }, 'a test runs'],
      [{ 'src/a.test.ts': "describe.todo('x');" }, 'a test runs'],
      [{ 'migrations/1.sql': '-- TODO' }, 'migrations/1.sql:1'],
    ],
    good: [{ 'src/a.ts': "const none = 'XXX'; // to do or not to do; as anyone knows" }],
  },
  {
    name: 'files are short enough to read',
    rule: longFiles,
    bad: [[{ 'src/a.ts': 'a;\n'.repeat(401) }, '401 lines']],
    good: [{ 'src/a.ts': 'a;\n'.repeat(400), 'docs/a.md': 'a\n'.repeat(900) }],
  },
  {
    name: 'every source file is needed',
    rule: deadFiles,
    bad: [
      [{ 'src/main.ts': '', 'src/core/a.ts': '' }, 'src/core/a.ts: nothing but its own test'],
      [
        { 'src/core/a.ts': '', 'src/core/a.test.ts': "import { a } from './a.ts';" },
        'src/core/a.ts: nothing but its own test',
      ],
    ],
    good: [
      {
        'src/main.ts': "import './a.ts';",
        'src/a.ts': "import type { B } from './b.ts';",
        'src/b.ts': '',
      },
      { 'bench/x.ts': "import '../src/a.ts';", 'src/a.ts': '' },
      { 'src/channels/contract.ts': '', 'src/channels/x.test.ts': "import './contract.ts';" },
    ],
  },
  {
    name: 'no file names a workplace',
    rule: workplacePaths,
    bad: [
      [{ 'docs/a.md': 'see /work/main/a' }, 'docs/a.md:1 names /work/'],
      [{ 'src/a.ts': "const a = '/root/x';" }, 'src/a.ts:1 names /root/'],
      [{ 'src/a.ts': '// /tmp/notes' }, 'src/a.ts:1 names /tmp/notes'],
    ],
    good: [{ 'src/a.ts': '// network/work in hand, rooted' }],
  },
];

const project = projectFiles();

describe.each(cases)('$name', ({ rule, bad, good }) => {
  test('in this project', () => {
    expect(rule(project)).toEqual([]);
  });
  test.each(bad)('and the rule sees %j', (example, message) => {
    expect(rule(new Map(Object.entries(example))).join('\n')).toContain(message);
  });
  test.each(good.map((example) => [example]))('and lets pass %j', (example) => {
    expect(rule(new Map(Object.entries(example)))).toEqual([]);
  });
});

test('the rules read the whole project', () => {
  expect(project.size).toBeGreaterThan(20);
  expect([...project.keys()]).toEqual(
    expect.arrayContaining(['src/main.ts', '.ci/run', 'run.mjs']),
  );
});
