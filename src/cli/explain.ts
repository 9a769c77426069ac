/** `tieout explain`: one payment's story, in order, with what proves each step. */
import type { Aggregate } from '../core/aggregate.ts';
import { majorText } from '../core/money.ts';
import { idToUuid } from '../core/id.ts';
import type { InputEntry } from '../store/postgres/history.ts';
import { historyOf } from '../store/postgres/history.ts';
import { load } from '../store/postgres/load.ts';
import type { Pool } from '../store/postgres/pool.ts';
import { inChinese, nameInChinese, nameOfRefund } from './chinese.ts';
import type { Command, ExitCode } from './command.ts';
import { UsageError } from './command.ts';
import { findPayments } from './find-payment.ts';
import { padded, print } from './terminal.ts';
import type { Lang } from './words.ts';
import { withPool } from './with-pool.ts';

export const explain: Command = {
  name: 'explain',
  takes: '<any order number>',
  takesMax: 1,
  summary: {
    en: "Tell one payment's story, with evidence and times (UTC)",
    zh: '讲述一笔支付的完整经过，附凭据和时间（UTC）',
  },
  flags: {},
  examples: ['explain SO-1', 'explain RF-1', 'explain pay_… --lang zh', 'explain SO-1 --json'],
  run: async ({ positionals, json, lang }) => {
    const [number] = positionals;
    if (number === undefined || number === '') {
      throw new UsageError({
        en: 'Give an order number: the payment id, the merchant order number, the channel order number, or a number of a refund.',
        zh: '请给出订单号：支付订单号、商户订单号、渠道订单号或退款单号均可。',
      });
    }
    return await withPool<ExitCode>(async (pool) => {
      const keys = await findPayments(pool, number);
      const found = (await load(pool, keys)).filter((one) => one !== null);
      if (found.length === 0)
        throw new UsageError(
          {
            en: `There is no payment with the number ${JSON.stringify(number)}: tieout payments list shows the latest.`,
            zh: `没有单号为 ${JSON.stringify(number)} 的支付订单：tieout payments list 可列出最近的订单。`,
          },
          3,
        );
      for (const aggregate of found) {
        const lines = await storyOf(pool, aggregate);
        if (json)
          print(
            JSON.stringify({
              payment: aggregate.payment.id,
              status: aggregate.payment.status,
              story: lines,
            }),
          );
        else show(aggregate, lines, lang);
      }
      return 0;
    });
  },
};

type StoryLine = {
  readonly atMs: number;
  readonly who: string;
  readonly words: string;
  readonly evidence: string | null;
};

const DELIVERIES = `
  SELECT d.at_ms, d.duration_ms, d.response_status, d.error, e.type FROM event e
  JOIN webhook_delivery d ON d.merchant_number = e.merchant_number AND d.event_id = e.id
  WHERE e.merchant_number = $1 AND e.payment_id = $2 ORDER BY d.at_ms`;

type DeliveryRow = {
  at_ms: number;
  duration_ms: number;
  response_status: number;
  error: string | null;
  type: string;
};

async function storyOf(pool: Pool, { payment }: Aggregate): Promise<StoryLine[]> {
  const values = [payment.merchantNumber, idToUuid(payment.id)];
  const history = await historyOf(pool, {
    merchantNumber: payment.merchantNumber,
    paymentId: payment.id,
  });
  const deliveries = await pool.query<DeliveryRow>(DELIVERIES, values);
  const lines: StoryLine[] = [
    ...history.map((row) => ({
      atMs: row.atMs,
      who: whoSaid(row),
      words: [wordsOf(row), ...row.changes].join('; '),
      evidence: row.raw,
    })),
    ...deliveries.rows.map((row) => ({
      atMs: row.at_ms,
      who: 'notice',
      words: `${row.type} → ${row.response_status === 0 ? row.error : `HTTP ${row.response_status}`} (${row.duration_ms} ms)`,
      evidence: null,
    })),
  ];
  return lines.toSorted((a, b) => a.atMs - b.atMs);
}

function whoSaid(row: InputEntry): string {
  if (row.via === 'notification' || row.via === 'query' || row.via === 'response') return 'channel';
  if (row.via === 'operator') return row.raw?.startsWith('brake: ') ? 'platform' : 'operator';
  if (row.input === 'refund_sending') return 'platform';
  return row.input === 'validity_ended' ? 'clock' : 'merchant';
}

function wordsOf(row: InputEntry): string {
  const isAboutRefund = row.input === 'refund_outcome_learned';
  if (row.input === 'foreign_refund_learned') return 'refund made at the channel';
  if (row.input.startsWith('operator_decision: ')) return row.input.replace('_', ' ');
  if (row.input !== 'outcome_learned' && !isAboutRefund) return row.input.replaceAll('_', ' ');
  if (row.via === 'operator') return 'notification adopted';
  if (row.via === 'notification') {
    return `notification${isAboutRefund ? ' of a refund' : ''}: ${row.outcome}`;
  }
  return `answer to ${row.operation?.replaceAll('_', ' ')}: ${row.outcome}`;
}

const LABELS = {
  en: {
    confirmedBy: 'confirmed by ',
    order: 'channel order',
    refund: 'refund',
    charge: 'of charge',
    evidence: 'evidence: ',
    case: 'case',
    open: 'open, ',
    colon: ': ',
    resolved: 'resolved: ',
  },
  zh: {
    confirmedBy: '确认来源：',
    order: '渠道订单',
    refund: '退款',
    charge: '扣款',
    evidence: '凭据：',
    case: '差错',
    open: '未平，负责方：',
    colon: '；',
    resolved: '已平账：',
  },
} as const;

const EVIDENCE_SHOWN_MAX = 160;

/** Evidence may be long; `--json` has all of it. */
function cut(evidence: string): string {
  return evidence.length > EVIDENCE_SHOWN_MAX
    ? `${evidence.slice(0, EVIDENCE_SHOWN_MAX)} …`
    : evidence;
}

/** A line of the story: how it came, and each change, in Chinese. */
function storyInChinese(words: string): string {
  return words.split('; ').map(inChinese).join('；');
}

/** One refund: by its number, or as the return of a charge that nobody ordered. */
function refundLine(refund: Aggregate['payment']['refunds'][number], lang: Lang): string {
  const word = (name: string): string => (lang === 'zh' ? nameOfRefund(name) : name);
  const sum = `${majorText(refund.amountMinor, refund.currency)} ${refund.currency}`;
  const name = refund.merchantRefundNo ?? `${LABELS[lang].charge} ${refund.transactionNo}`;
  const why = refund.failure === null ? '' : `  ${refund.failure.code}`;
  return `${LABELS[lang].refund} ${name}  ${refund.id}  ${sum}  ${word(refund.reason)}  ${word(refund.status)}${why}`;
}

function show(
  { payment, orders, cases }: Aggregate,
  lines: readonly StoryLine[],
  lang: Lang,
): void {
  const sum = `${majorText(payment.amountMinor, payment.currency)} ${payment.currency}`;
  const word = (name: string): string => (lang === 'zh' ? nameInChinese(name) : name);
  const labels = LABELS[lang];
  const how = payment.winner ? `  ${labels.confirmedBy}${word(payment.winner.via)}` : '';
  const day = new Date(lines[0]?.atMs ?? 0).toISOString().slice(0, 10);
  print(`${payment.id}  ${payment.merchantOrderNo}  ${sum}  ${word(payment.status)}${how}  ${day}`);
  for (const order of orders)
    print(
      `  ${labels.order} ${order.attempt}  ${order.channel}/${order.product}  ${order.channelOrderNo}  ${word(order.status)}`,
    );
  for (const refund of payment.refunds) print(`  ${refundLine(refund, lang)}`);
  for (const line of lines) {
    const words = lang === 'zh' ? storyInChinese(line.words) : line.words;
    const at = new Date(line.atMs).toISOString();
    // The clock of a sandbox can be moved over days: a new day is written out.
    const time = at.startsWith(day) ? at.slice(11, 23) : `${at.slice(5, 10)} ${at.slice(11, 19)}`;
    print(`  ${time.padEnd(14)}  ${padded(word(line.who), 8)}  ${words}`);
    if (line.evidence) print(`${' '.repeat(28)}${labels.evidence}${cut(line.evidence)}`);
  }
  for (const one of cases) {
    const said = (words: string): string => (lang === 'zh' ? inChinese(words) : words);
    const state =
      one.resolvedAtMs === null
        ? `${labels.open}${word(one.owner)}${labels.colon}${said(one.nextAction)}`
        : `${labels.resolved}${said(one.resolution ?? '')}`;
    print(`  ${labels.case} ${word(one.kind)}  ${state}`);
  }
}
