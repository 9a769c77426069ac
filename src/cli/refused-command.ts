/** In tests: one run of the CLI as a process of its own, and what every refusal must look like. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Lang, Words } from './words.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

const REFUSED_WITHIN_MS = 25_000;

export type Ran = {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs `tieout` in a folder with nothing of this machine's environment but the path. */
export async function runTieout(
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ran> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A command that works after all must not keep the test, or outlive it.
  const late = setTimeout(() => child.kill('SIGKILL'), REFUSED_WITHIN_MS);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const exitCode = await ended;
  clearTimeout(late);
  return { exitCode, stdout, stderr };
}

/** A plain sentence in its language: no trace, no slip of a program, nothing empty. */
export function expectPlain(words: string, lang: Lang): void {
  expect(words.trim()).not.toBe('');
  expect(words).not.toMatch(/\n\s+at |node:internal|\[object |undefined|NaN|Error:|ERR_/);
  if (lang === 'en') return;
  expect(words).toMatch(/\p{Script=Han}/u);
  // A command to type is no English.
  expect(words.replaceAll(/tieout(?: [a-z]+)+/g, '')).not.toMatch(/(?:\b[a-z]{2,} ){3}/i);
}

/** Both languages of a sentence. */
export function expectPlainWords(words: Words): void {
  expectPlain(words.en, 'en');
  expectPlain(words.zh, 'zh');
}
