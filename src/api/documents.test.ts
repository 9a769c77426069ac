import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { PROBLEM_CODES } from '../core/problem.ts';
import { ERRORS_FILE, errorsPage } from './errors-page.ts';
import { OPENAPI_FILE, openapiText } from './openapi-file.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('docs/openapi.json', () => {
  let text = '';
  beforeAll(async () => {
    text = await openapiText();
  });

  test('is what `node run.mjs src/api/openapi-file.ts` makes of the routes', () => {
    expect(readFileSync(OPENAPI_FILE, 'utf8')).toBe(text);
  });

  test('passes the strict rules of an OpenAPI linter', () => {
    const cli = `${root}node_modules/@redocly/cli/bin/cli.js`;
    const lint = spawnSync(
      process.execPath,
      [
        cli,
        'lint',
        fileURLToPath(OPENAPI_FILE),
        '--extends',
        'recommended-strict',
        '--format',
        'stylish',
      ],
      {
        cwd: root,
        encoding: 'utf8',
        env: {
          ...process.env,
          REDOCLY_TELEMETRY: 'off',
          REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
          NODE_OPTIONS: '',
        },
      },
    );
    expect(`${lint.stdout}${lint.stderr}`).toContain('valid');
    expect(lint.status).toBe(0);
  });

  test('says of every answer what it is', () => {
    expect(text).not.toContain('Default Response');
  });

  test('knows every problem by its code', () => {
    const document = JSON.parse(text);
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(PROBLEM_CODES);
  });

  test('has the problem schema for every status that is not a success', () => {
    const document = JSON.parse(text) as {
      paths: Record<
        string,
        Record<string, { responses: Record<string, { content: Record<string, unknown> }> }>
      >;
    };
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { responses }] of Object.entries(operations)) {
        for (const [status, { content }] of Object.entries(responses)) {
          if (status < '400' || status === 'default') continue;
          expect([path, method, status, content['application/problem+json']]).toEqual([
            path,
            method,
            status,
            expect.objectContaining({ schema: { $ref: '#/components/schemas/Problem' } }),
          ]);
        }
      }
    }
  });

  test('names nothing that does not exist yet', () => {
    expect(text).not.toMatch(/\/v1\/(checkout)/);
  });
});

describe('docs/errors.md', () => {
  test('is what `node run.mjs src/api/errors-page.ts` makes of the list of problems', () => {
    expect(readFileSync(ERRORS_FILE, 'utf8')).toBe(errorsPage());
  });

  test.each(PROBLEM_CODES)('has a row for %s', (code) => {
    expect(
      errorsPage()
        .split('\n')
        .filter((line) => line.includes(`| \`${code}\` |`)),
    ).toHaveLength(1);
  });
});
