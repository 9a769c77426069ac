#!/usr/bin/env node
// Runs a file or a tool of this package on a Node that understands TypeScript: the packaged one, else the one installed here.
//   node run.mjs <file or tool> [arguments]        tieout [arguments]   (as the package's bin: src/main.ts)
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const packaged = () =>
  createRequire(import.meta.url).resolve(`node-linux-${process.arch}/bin/node`);
const attempt = (find) => {
  try {
    return find();
  } catch {
    return undefined;
  }
};
const runs = (node) => {
  const [major, minor] = String(node && spawnSync(node, ['--version']).stdout)
    .replace(/^v/, '')
    .split('.')
    .map(Number);
  return major > 22 || (major === 22 && minor >= 18);
};

const isBin = basename(process.argv[1]) === 'tieout';
const [target, ...rest] = isBin ? ['src/main.ts', ...process.argv.slice(2)] : process.argv.slice(2);
const node = [attempt(packaged), process.execPath, 'node'].find(runs);
const tool = join(root, 'node_modules', '.bin', String(target));
const file = existsSync(tool) ? realpathSync(tool) : resolve(root, String(target));
if (!node || !target) {
  console.error(
    node
      ? 'usage: node run.mjs <file or tool> [arguments]'
      : `Tieout needs Node 22.18 or later; this is ${process.version}, and no packaged Node is installed (npm ci installs one on Linux).`,
  );
  process.exit(node ? 2 : 1);
}
const child = spawn(node, ['--disable-warning=ExperimentalWarning', file, ...rest], {
  stdio: 'inherit',
});
for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
// A terminal sends Ctrl-C to the whole group, so the child has it already.
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
