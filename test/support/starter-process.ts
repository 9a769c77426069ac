import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, readPostmaster } from '../../src/store/embedded/postmaster.ts';

/** What a starter process (embedded-starter.ts) says in its one line. */
export interface Said {
  readonly url: string;
  readonly pid: number;
  readonly adopted: boolean;
}

/** Runs a starter as a process of its own and answers once it has spoken. Throws with its sentence when it was refused. */
export async function startInProcess(
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ starter: ChildProcess; said: Said }> {
  const [program = '', ...args] = command;
  const starter = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env, cwd: '/' });
  let line = '';
  for await (const piece of starter.stdout) {
    line += String(piece);
    if (line.endsWith('\n')) break;
  }
  const said = JSON.parse(line) as Said | { refused: string };
  if ('refused' in said) throw new Error(said.refused);
  return { starter, said };
}

/** Ends a starter at once, and the server of its data directory, and removes the folder. */
export async function removeCluster(
  dataDir: string,
  starters: readonly ChildProcess[],
): Promise<void> {
  for (const starter of starters) {
    if (starter.exitCode !== null || starter.signalCode !== null) continue;
    starter.kill('SIGKILL');
    await once(starter, 'exit');
  }
  const running = readPostmaster(join(dataDir, 'postgres'));
  if (running !== null && isAlive(running.pid)) {
    process.kill(running.pid, 'SIGQUIT');
    while (isAlive(running.pid)) await sleep(10);
  }
  rmSync(dataDir, { recursive: true, force: true });
}
