/** `tieout bench`: the benchmarks, each beside its yardstick; they live outside of the published program. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './command.ts';
import { UsageError, integerFlag } from './command.ts';

const FOLDER = fileURLToPath(new URL('../../bench', import.meta.url));
/** Files in the folder that are parts of a benchmark and not one themselves. */
const PARTS = new Set([
  'benched-platform',
  'lifecycle-driver',
  'lifecycle-load',
  'median',
  'processes',
  'raw-http',
  'reconcile-duckdb',
  'reconcile-files',
  'reconcile-ours',
  'reconcile-postgres',
  'statement-cost',
]);

export const bench: Command = {
  name: 'bench',
  takes: '[name …]',
  takesMax: 99,
  summary: {
    en: 'Measure, beside a yardstick in the same run: couplings, drop-scan, lifecycle, reconcile, scans, statement-files',
    zh: '性能测试，与同一次运行中的基准对照：couplings、drop-scan、lifecycle、reconcile、scans、statement-files',
  },
  flags: {
    lines: {
      type: 'string',
      value: 'N',
      help: {
        en: 'reconcile: lines of the statement (default 1000000)',
        zh: 'reconcile：对账单行数（默认 1000000）',
      },
    },
    growth: {
      type: 'boolean',
      help: {
        en: 'reconcile: measure five times as many lines too',
        zh: 'reconcile：另测五倍行数',
      },
    },
  },
  examples: ['bench', 'bench scans', 'bench reconcile --lines 100000 --growth'],
  run: async (invocation) => {
    const { positionals, flags } = invocation;
    const lines = integerFlag(invocation, 'lines', 1_000_000, { min: 10_000, max: 10_000_000 });
    if (!existsSync(FOLDER)) {
      throw new UsageError(
        {
          en: 'The benchmarks are part of the source tree; this installation has none.',
          zh: '性能测试属于源码目录，本安装中没有。',
        },
        1,
      );
    }
    const known = readdirSync(FOLDER)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => name.slice(0, -3))
      .filter((name) => !PARTS.has(name));
    const wanted = positionals.length === 0 ? known : positionals;
    const unknown = wanted.find((name) => !known.includes(name));
    if (unknown !== undefined) {
      throw new UsageError({
        en: `There is no benchmark ${JSON.stringify(unknown)}; there are ${known.join(', ')}.`,
        zh: `没有性能测试 ${JSON.stringify(unknown)}；可用：${known.join('、')}。`,
      });
    }
    for (const name of wanted) {
      const sizes =
        name === 'reconcile'
          ? [String(lines), ...(flags['growth'] === true ? ['growth'] : [])]
          : [];
      if ((await runFile(join(FOLDER, `${name}.ts`), sizes)) !== 0) return 1;
    }
    return 0;
  },
};

async function runFile(path: string, sizes: readonly string[]): Promise<number> {
  const args = ['--disable-warning=ExperimentalWarning', path, ...sizes];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  return await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
