import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeCluster, startInProcess } from '../../../test/support/starter-process.ts';
import { findBinaries, thisMachine } from './binaries.ts';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const isRoot = process.getuid?.() === 0;

/** A copy of what a starter needs, where every user can read it: the project may lie in root's own home. */
let place: string;

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'installed-'));
  const native = dirname(findBinaries(thisMachine()).folder).slice(project.length);
  const needed = [native, 'src/store/embedded', 'test/support/embedded-starter.ts', 'package.json'];
  for (const path of needed) cpSync(join(project, path), join(place, path), { recursive: true });
  cpSync(process.execPath, join(place, 'node'));
  // As npm leaves it when it was told to run no scripts: without the links between the libraries.
  execFileSync('find', [join(place, native, 'native', 'lib'), '-type', 'l', '-delete']);
  execFileSync('chmod', ['-R', 'a+rX', place]);
});

afterAll(() => {
  rmSync(place, { recursive: true, force: true });
});

/** Starts as another user may, asks the database who runs it, and answers the owner of its files. */
async function ownerOfClusterStarted(
  prefix: readonly string[],
  dataDir: string,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const starterPath = join(place, 'test/support/embedded-starter.ts');
  const command = [...prefix, join(place, 'node'), starterPath, dataDir];
  const { starter, said } = await startInProcess(command, env);
  try {
    const client = new pg.Client({ connectionString: said.url });
    await client.connect();
    expect((await client.query('select current_user as who')).rows).toEqual([{ who: 'tieout' }]);
    await client.end();
    return statSync(join(dataDir, 'postgres')).uid;
  } finally {
    await removeCluster(dataDir, [starter]);
  }
}

test('a plain user runs it on binaries that belong to another user and have no links', async () => {
  const home = join(place, 'home');
  mkdirSync(home);
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  if (isRoot) execFileSync('chown', ['65534:65534', home]);
  const prefix = isRoot ? nobody : [];
  const owner = await ownerOfClusterStarted(prefix, join(home, '.tieout'), process.env);
  expect(owner).toBe(isRoot ? 65534 : process.getuid?.());
});

test('where user namespaces are forbidden, root runs it as nobody', async () => {
  // Without unshare on the PATH it is as if namespaces were forbidden.
  const tools = join(place, 'tools');
  mkdirSync(tools);
  for (const tool of ['sh', 'id', 'setpriv', 'chown', 'chmod']) {
    const found = execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
    symlinkSync(found, join(tools, tool));
  }
  const self = process.getuid?.();
  const env = { ...process.env, PATH: tools };
  const owner = await ownerOfClusterStarted([], join(place, 'open'), env);
  expect(owner).toBe(isRoot ? 65534 : self);
});
