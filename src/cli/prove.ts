/** `tieout prove`: the long proofs at full size; they live outside of the published program. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from './command.ts';
import { UsageError, integerFlag } from './command.ts';

const PROOFS = fileURLToPath(new URL('../../test/proofs/run.ts', import.meta.url));

export const prove: Command = {
  name: 'prove',
  takes: '[part]',
  summary: 'Prove at full size what the tests sample; one JSON line per part',
  flags: {
    fresh: { type: 'boolean', help: 'Also what was proven at this commit before' },
    seed: { type: 'string', value: 'N', help: 'Draws what is left to chance (default 1)' },
  },
  run: async (invocation) => {
    if (!existsSync(PROOFS)) {
      throw new UsageError(
        'The proofs are part of the source tree; this installation has none.',
        1,
      );
    }
    const seed = integerFlag(invocation, 'seed', 1, { min: 0, max: 2 ** 31 });
    const args = [...invocation.positionals, '--seed', String(seed)];
    if (invocation.flags.fresh === true) args.push('--fresh');
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', PROOFS, ...args],
      { stdio: 'inherit' },
    );
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => child.kill(signal));
    }
    const code = await new Promise<number>((resolve) =>
      child.once('exit', (exitCode) => resolve(exitCode ?? 1)),
    );
    return code === 0 || code === 2 ? code : 1;
  },
};
