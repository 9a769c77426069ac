/** The README says only what works: its story is executed, in both languages. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort } from '../src/cli/free-port.ts';
import { freshDatabase } from './support/database.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

describe.each(['README.md', 'README.zh-CN.md'])('the story in %s', (file) => {
  const folder = mkdtempSync(join(tmpdir(), 'tieout-readme-'));
  let dev: ReturnType<typeof spawn>;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    expect(inject('testServerUrl')).toBeTruthy();
    env = {
      ...process.env,
      DATABASE_URL: await freshDatabase('empty'),
      TIEOUT_PORT: String(await freePort()),
      TIEOUT_SANDBOX_PORT: String(await freePort()),
      PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH ?? ''}`,
    };
    // `npx tieout` is what `npm ci` links; a fresh clone's is this file.
    mkdirSync(join(folder, 'bin'));
    writeFileSync(
      join(folder, 'bin', 'npx'),
      `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(ROOT, 'src/main.ts')}" "$@"\n`,
    );
    chmodSync(join(folder, 'bin', 'npx'), 0o755);
    dev = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'dev'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: dev.stdout ?? process.stdin });
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => (line.startsWith('{"listening"') ? resolve() : undefined));
      dev.once('exit', () => reject(new Error('tieout dev ended while starting')));
    });
  }, 60_000);

  afterAll(async () => {
    const gone = new Promise((resolve) => dev.once('exit', resolve));
    dev.kill('SIGTERM');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  it('heals a lost notification, line by line as it stands there', async () => {
    const story = /```bash story\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, file), 'utf8'))?.[1];
    expect(story).toBeDefined();
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', story ?? ''], {
      cwd: folder,
      env,
    });
    expect(stdout).toContain('succeeded\nquery\n');
    expect(stdout).toContain('case external_drop');
    expect(stdout).toContain('payment.succeeded → HTTP 204');
  }, 60_000);
});
