/** `tieout simulate`: many payments on a virtual clock, through every fault that a seed draws; judged by the channels' books. */
import { runSimulation } from '../simulator/simulation.ts';
import type { Command } from './command.ts';
import { integerFlag } from './command.ts';
import { newProgress, print, say } from './terminal.ts';
import type { Lang } from './words.ts';

const PAYMENTS_PER_SEED = 50;

export const simulate: Command = {
  name: 'simulate',
  takes: '',
  takesMax: 0,
  summary: {
    en: 'Simulate payments through random faults, deterministically; exit 1 when a rule is broken',
    zh: '在随机故障下确定性地模拟支付；违反任一规则则以 1 退出',
  },
  examples: ['simulate --payments 2000', 'simulate --seed 7 --trace', 'simulate --json'],
  flags: {
    seed: {
      type: 'string',
      value: 'N',
      help: { en: 'The first seed (default 1)', zh: '第一个种子（默认 1）' },
    },
    payments: {
      type: 'string',
      value: 'N',
      help: {
        en: `Payments in all, ${PAYMENTS_PER_SEED} per seed (default 2000); rounded up to whole seeds`,
        zh: `支付总笔数，每个种子 ${PAYMENTS_PER_SEED} 笔（默认 2000），按整种子向上取整`,
      },
    },
    trace: {
      type: 'boolean',
      help: { en: 'Print every event of the first seed', zh: '打印第一个种子的全部事件' },
    },
  },
  run: async (invocation) => {
    const { lang } = invocation;
    const first = integerFlag(invocation, 'seed', 1, { min: 0, max: 2 ** 31 });
    const payments = integerFlag(invocation, 'payments', 2_000, { min: 1, max: 10_000_000 });
    const seeds = Math.ceil(payments / PAYMENTS_PER_SEED);
    const progress = newProgress(lang === 'zh' ? '种子' : 'seeds', seeds, lang);
    const startedAtMs = performance.now();
    const faults: Record<string, number> = {};
    let events = 0;
    let violations = 0;
    for (let at = 0; at < seeds; at++) {
      const trace = at === 0 && invocation.flags.trace === true ? { trace: say } : {};
      const result = await runSimulation({
        seed: first + at,
        payments: PAYMENTS_PER_SEED,
        ...trace,
      });
      for (const [kind, count] of Object.entries(result.faults))
        faults[kind] = (faults[kind] ?? 0) + count;
      const seed = { en: `seed ${result.seed}`, zh: `种子 ${result.seed}` }[lang];
      for (const { id, words } of result.violations) say(`✗ ${seed} ${id}: ${words}`);
      events += result.events;
      violations += result.violations.length;
      progress.update(at + 1);
    }
    progress.end();
    const seconds = (performance.now() - startedAtMs) / 1000;
    const figures = {
      seeds,
      payments: seeds * PAYMENTS_PER_SEED,
      faults,
      violations,
      events_per_s: Math.round(events / seconds),
    };
    print(invocation.json ? JSON.stringify(figures) : summaryOf(figures, lang));
    return violations === 0 ? 0 : 1;
  },
};

type Figures = {
  readonly seeds: number;
  readonly payments: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: number;
  readonly events_per_s: number;
};

function summaryOf(figures: Figures, lang: Lang): string {
  const { payments, seeds, violations } = figures;
  const faults = Object.values(figures.faults).reduce((sum, one) => sum + one, 0);
  return {
    en: `${payments} payments of ${seeds} seeds, ${faults} faults, ${figures.events_per_s} events/s, rules broken: ${violations}`,
    zh: `${seeds} 个种子共 ${payments} 笔支付，${faults} 次故障，${figures.events_per_s} 事件/秒，违反规则：${violations}`,
  }[lang];
}
