import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN_PATH = fileURLToPath(new URL('main.ts', import.meta.url));

function start(environment: Record<string, string>) {
  return spawn(process.execPath, [MAIN_PATH], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('the program says in one JSON line where it listens, and ends when it is asked to', async () => {
  const child = start({ TIEOUT_SANDBOX_PORT: '0', TIEOUT_SANDBOX_SECRET: 'secret' });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { listening } = JSON.parse(line.toString()) as { listening: string };
  const books = await fetch(`${listening}/books`);
  expect(await books.json()).toEqual({ charges: [], refunds: [], told: [] });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test.each([
  ['TIEOUT_SANDBOX_SECRET', {}],
  ['TIEOUT_SANDBOX_PORT', { TIEOUT_SANDBOX_SECRET: 'secret', TIEOUT_SANDBOX_PORT: 'http' }],
])('the program does not start without a usable %s and names it', async (name, environment) => {
  const child = start(environment);
  let message = '';
  child.stderr.on('data', (chunk: Buffer) => (message += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).not.toBe(0);
  expect(message).toContain(name);
});
