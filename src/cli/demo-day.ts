/**
 * The end of the demo's day: its statement comes late, damaged, wrong in every way and at last rewritten,
 * and reconciliation says in words what it found and did.
 */
import {
  addDays,
  businessDayBounds,
  businessDayOf,
  CHINA_DAY,
} from '../core/reconciliation/business-day.ts';
import type { ItemClass } from '../core/reconciliation/figures.ts';
import { majorText } from '../core/money.ts';
import { nameInChinese } from './chinese.ts';
import type { Shop } from './demo-play.ts';
import { REPORT_WORDS } from './reconcile-words.ts';
import { table } from './terminal.ts';
import type { Lang } from './words.ts';

export type DemoDayWorld = Shop & { readonly operatorKey: string };

const HOUR_MS = 3_600_000;
/** The statement is there at nine; then it is asked for a few times more, because it is late and damaged. */
const AFTER_MIDNIGHT_MS = 13 * HOUR_MS;

/** What is wrong with the file for good, whatever version of it. */
const STAYING_FAULTS = [
  { fault: 'missing_line', count: 1 },
  { fault: 'next_day', count: 1 },
];
const FAULTS = [
  { fault: 'late', count: 1 },
  { fault: 'corrupt', count: 1 },
  ...STAYING_FAULTS,
  { fault: 'extra_line', count: 1 },
  { fault: 'extra_charge_line', count: 1 },
  { fault: 'cent_off', count: 1 },
  { fault: 'fee_off', count: 1 },
  { fault: 'foreign_refund_line', count: 1 },
  { fault: 'repeated_line', count: 1 },
];

const WORDS = {
  en: {
    head: (day: string) =>
      `The day ${day} ends. Its statement is late, then damaged; a line is missing, two are extra, one is a cent off,\n` +
      'one a fee off, one repeated, a refund nobody asked for, one of 23:59:59.8 listed a day later, and it comes rewritten.',
    columns: ['found', 'what', 'amount', 'done'],
    closed: (count: number) => `days closed: ${count}, in count and money`,
    open: (days: string) => `days not closed: ${days}`,
    carried: 'Looked for again on the day after.',
  },
  zh: {
    head: (day: string) =>
      `${day} 日终。对账文件先是迟到，再是损坏；少一行、多两行、一行差一分、一行手续费不符、\n` +
      '一行重复、一笔无人申请的退款、一笔 23:59:59.8 的交易列在次日，最后文件又被重写。',
    columns: ['发现', '对象', '金额', '处理'],
    closed: (count: number) => `已关账 ${count} 日，笔数与金额均轧平`,
    open: (days: string) => `未关账：${days}`,
    carried: '次日继续勾对。',
  },
} as const;

export type DemoDays = { readonly text: string; readonly isClosed: boolean };

/** Ends the day of the demo, and the one after it; answers what to print, and whether both are closed. */
export async function closeDemoDays(world: DemoDayWorld, lang: Lang): Promise<DemoDays> {
  const words = WORDS[lang];
  const day = businessDayOf(await nowMs(world), CHINA_DAY);
  const statement = { channel: 'sandbox', date: day };
  await call(world, 'POST', '/v1/test/statements/generate', { ...statement, faults: FAULTS });
  await advanceTo(world, businessDayBounds(day, CHINA_DAY).untilMs + AFTER_MIDNIGHT_MS);
  // The channel rewrites its file: whoever asks again finds another version, and what it mends is over.
  const mended = { ...statement, faults: STAYING_FAULTS };
  await call(world, 'POST', '/v1/test/statements/generate', mended);
  await call(world, 'POST', '/v1/reconciliations', statement);
  const next = addDays(day, 1);
  await advanceTo(world, businessDayBounds(next, CHINA_DAY).untilMs + AFTER_MIDNIGHT_MS);
  const rows: string[][] = [];
  const open: string[] = [];
  let closed = 0;
  for (const date of [day, next]) {
    for (const run of newestOf(await list(world, `/v1/reconciliations?date=${date}&limit=100`))) {
      if (run['status'] === 'closed') closed += 1;
      else open.push(`${String(run['channel'])} ${date}`);
    }
    for (const run of await list(world, `/v1/reconciliations?date=${date}&limit=100`)) {
      const items = await list(world, `/v1/reconciliations/${String(run['id'])}/items?limit=100`);
      rows.push(...items.map((item) => itemRow(item, lang)));
    }
  }
  for (const one of await list(world, '/v1/statement_cases?status=all&limit=100')) {
    rows.push(caseRow(one, lang));
  }
  const text = [
    '',
    words.head(day),
    '',
    table(words.columns, rows, [2]),
    '',
    open.length === 0 ? words.closed(closed) : words.open(open.join(', ')),
    '',
  ].join('\n');
  return { text, isClosed: open.length === 0 && closed > 0 };
}

type Json = Readonly<Record<string, unknown>>;

/** Of several comparisons of one day and channel, the newest. */
function newestOf(runs: readonly Json[]): Json[] {
  const seen = new Set<string>();
  return runs.filter((run) => {
    const name = `${String(run['channel'])} ${String(run['date'])}`;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

function itemRow(item: Json, lang: Lang): string[] {
  const minor = numberOf(item, 'channel_amount') ?? numberOf(item, 'platform_amount') ?? 0;
  const number = textOf(item, 'channel_refund_no') ?? textOf(item, 'channel_order_no') ?? '';
  return [
    REPORT_WORDS[lang].classes[item['class'] as ItemClass],
    `${textOf(item, 'kind') ?? ''} ${number}`,
    majorText(minor, textOf(item, 'currency') ?? 'CNY'),
    textOf(item, 'outcome_words') ?? WORDS[lang].carried,
  ];
}

function caseRow(one: Json, lang: Lang): string[] {
  const done = one['status'] === 'open' ? 'next_action' : 'resolution';
  const kind = textOf(one, 'kind') ?? '';
  return [
    lang === 'zh' ? nameInChinese(kind) : kind,
    textOf(one, 'date') ?? '',
    majorText(numberOf(one, 'money_at_risk') ?? 0, textOf(one, 'currency') ?? 'CNY'),
    textOf(one, done) ?? '',
  ];
}

function textOf(one: Json, name: string): string | null {
  const value = one[name];
  return typeof value === 'string' ? value : null;
}

function numberOf(one: Json, name: string): number | null {
  const value = one[name];
  return typeof value === 'number' ? value : null;
}

async function nowMs(world: DemoDayWorld): Promise<number> {
  const body = await call(world, 'GET', '/v1/test/clock');
  return Date.parse(String(body['now']));
}

/** Moves the clock of the whole demo, hour by hour, so that what falls due on the way is done at its time. */
async function advanceTo(world: DemoDayWorld, atMs: number): Promise<void> {
  for (;;) {
    const leftMs = atMs - (await nowMs(world));
    if (leftMs <= 0) return;
    const seconds = Math.ceil(Math.min(leftMs, HOUR_MS) / 1000);
    await call(world, 'POST', '/v1/test/clock/advance', { by: `PT${seconds}S` });
  }
}

async function list(world: DemoDayWorld, path: string): Promise<Json[]> {
  const { data } = await call(world, 'GET', path);
  return Array.isArray(data) ? data : [];
}

async function call(
  world: DemoDayWorld,
  method: string,
  path: string,
  body?: unknown,
): Promise<Json> {
  const answer = await fetch(`${world.apiUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${world.operatorKey}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
