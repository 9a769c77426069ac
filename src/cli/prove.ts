/** `tieout prove`: the long proofs at full size; they live outside of the published program. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from './command.ts';
import { UsageError, integerFlag } from './command.ts';

const PROOFS = fileURLToPath(new URL('../../test/proofs/run.ts', import.meta.url));

export const prove: Command = {
  name: 'prove',
  takes: '[part …]',
  takesMax: 99,
  summary: {
    en: 'Prove at full size what the tests sample; one JSON line per part',
    zh: '以完整规模验证测试所抽样的内容；每部分输出一行 JSON',
  },
  examples: ['prove', 'prove kills --seed 7'],
  flags: {
    fresh: {
      type: 'boolean',
      help: { en: 'Also what was proven at this commit before', zh: '本提交已验证过的也重做' },
    },
    seed: {
      type: 'string',
      value: 'N',
      help: { en: 'Draws what is left to chance (default 1)', zh: '随机种子（默认 1）' },
    },
  },
  run: async (invocation) => {
    if (!existsSync(PROOFS)) {
      throw new UsageError(
        {
          en: 'The proofs are part of the source tree; this installation has none.',
          zh: '验证程序属于源码目录，本安装中没有。',
        },
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
