/** `tieout simulate`: many payments on a virtual clock, through every fault that a seed draws; judged by the channels' books. */
import { coverageById } from '../simulator/fault-ids.ts';
import type { Figures } from '../simulator/figures.ts';
import { addSeed, faultCount, NO_FIGURES } from '../simulator/figures.ts';
import { MARK_NAMES } from '../simulator/marks.ts';
import type { Coupling } from '../runtime/config.ts';
import { COUPLINGS } from '../runtime/config.ts';
import { shrink } from '../simulator/shrink.ts';
import { runSimulation } from '../simulator/simulation.ts';
import type { Command } from './command.ts';
import { integerFlag } from './command.ts';
import { couplingFlag } from './coupling-flag.ts';
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
  examples: [
    'simulate --payments 2000',
    'simulate --coupling two_phase',
    'simulate --seed 7 --trace',
    'simulate --seed 7 --shrink',
    'simulate --json',
  ],
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
    coupling: {
      type: 'string',
      value: COUPLINGS.join('|'),
      help: {
        en: 'How the two books are coupled (default: each in turn, by the seed)',
        zh: '两账本的耦合方式（默认按种子轮换）',
      },
    },
    shrink: {
      type: 'boolean',
      help: {
        en: 'Print the smallest scenario that still breaks the rule which this seed breaks',
        zh: '打印该种子仍违反同一规则的最小场景',
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
    const coupling = couplingFlag(invocation);
    const coupled: Coupled = coupling ? { coupling } : {};
    if (invocation.flags.shrink === true) return await shrinkSeed(first, coupled, lang);
    const payments = integerFlag(invocation, 'payments', 2_000, { min: 1, max: 10_000_000 });
    const seeds = Math.ceil(payments / PAYMENTS_PER_SEED);
    const progress = newProgress(lang === 'zh' ? '种子' : 'seeds', seeds, lang);
    const startedAtMs = performance.now();
    let figures = NO_FIGURES;
    for (let at = 0; at < seeds; at++) {
      const trace = at === 0 && invocation.flags.trace === true ? { trace: say } : {};
      const seed = first + at;
      const result = await runSimulation({
        seed,
        payments: PAYMENTS_PER_SEED,
        ...coupled,
        ...trace,
      });
      const how = result.coupling;
      const name = { en: `seed ${seed} (${how})`, zh: `种子 ${seed}（${how}）` }[lang];
      for (const { id, words } of result.violations) say(`✗ ${name} ${id}: ${words}`);
      figures = addSeed(figures, result);
      progress.update(at + 1);
    }
    progress.end();
    const seconds = (performance.now() - startedAtMs) / 1000;
    const eventsPerS = Math.round(figures.events / seconds);
    sayCoverage(figures, lang);
    const { faults, violations } = figures;
    const end = { seeds, payments: figures.payments, faults, violations };
    print(
      invocation.json
        ? JSON.stringify({ ...end, events_per_s: eventsPerS })
        : summaryOf(figures, eventsPerS, lang),
    );
    return violations === 0 ? 0 : 1;
  },
};

type Coupled = { readonly coupling?: Coupling };

/** How often each row of the fault model was met, and each situation that matters. */
function sayCoverage(figures: Figures, lang: Lang): void {
  const ids = Object.entries(coverageById(figures.faults, figures.marks));
  const met = ids.map(([id, count]) => `${id} ${count}`).join(' · ');
  say({ en: `by fault id: ${met}`, zh: `按故障编号：${met}` }[lang]);
  const marks = MARK_NAMES.map((name) => `${name} ${figures.marks[name] ?? 0}`).join(' · ');
  say({ en: `reached: ${marks}`, zh: `已到达的情形：${marks}` }[lang]);
}

/** Prints the smallest scenario that still breaks the rule which this seed breaks. */
async function shrinkSeed(seed: number, coupled: Coupled, lang: Lang): Promise<0 | 1> {
  const found = await shrink({ seed, payments: PAYMENTS_PER_SEED, ...coupled }, say);
  if (!found) {
    print({ en: `seed ${seed} breaks no rule`, zh: `种子 ${seed} 未违反任何规则` }[lang]);
    return 0;
  }
  print(JSON.stringify(found, null, 2));
  return 1;
}

function summaryOf(figures: Figures, eventsPerS: number, lang: Lang): string {
  const { payments, seeds, violations } = figures;
  const faults = faultCount(figures);
  return {
    en: `${payments} payments of ${seeds} seeds, ${faults} faults, ${eventsPerS} events/s, rules broken: ${violations}`,
    zh: `${seeds} 个种子共 ${payments} 笔支付，${faults} 次故障，${eventsPerS} 事件/秒，违反规则：${violations}`,
  }[lang];
}
