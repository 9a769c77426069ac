/** `tieout explain`: one payment's story, in order, with what proves each step. */
import type { Aggregate } from '../core/aggregate.ts';
import { CATALOGUE } from '../core/exceptions/catalogue.ts';
import { majorText } from '../core/money.ts';
import { idToUuid } from '../core/id.ts';
import type { InputEntry } from '../store/postgres/history.ts';
import { historyOf } from '../store/postgres/history.ts';
import { load } from '../store/postgres/load.ts';
import type { Pool } from '../store/postgres/pool.ts';
import type { Command, ExitCode } from './command.ts';
import { UsageError } from './command.ts';
import { findPayments } from './find-payment.ts';
import { print } from './terminal.ts';
import { withPool } from './with-pool.ts';

export const explain: Command = {
  name: 'explain',
  takes: '<any order number>',
  summary: "Tell one payment's story, with evidence and times",
  flags: {},
  run: async ({ positionals, json, lang }) => {
    const [number] = positionals;
    if (number === undefined)
      throw new UsageError(
        'Give an order number: the payment id, the merchant order number or the channel order number.',
      );
    return await withPool<ExitCode>(async (pool) => {
      const keys = await findPayments(pool, number);
      const found = (await load(pool, keys)).filter((one) => one !== null);
      if (found.length === 0)
        throw new UsageError(`There is no payment with the number ${number}.`, 3);
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
  return row.input === 'validity_ended' ? 'clock' : 'merchant';
}

function wordsOf(row: InputEntry): string {
  if (row.input !== 'outcome_learned') return row.input.replaceAll('_', ' ');
  const how = row.via === 'notification' ? 'notification' : `answer to ${row.operation}`;
  return `${how}: ${row.outcome}`;
}

function show(
  { payment, orders, cases }: Aggregate,
  lines: readonly StoryLine[],
  lang: 'zh' | 'en',
): void {
  const sum = `${majorText(payment.amountMinor, payment.currency)} ${payment.currency}`;
  const how = payment.winner ? `  confirmed by ${payment.winner.via}` : '';
  print(`${payment.id}  ${payment.merchantOrderNo}  ${sum}  ${payment.status}${how}`);
  for (const order of orders)
    print(
      `  channel order ${order.attempt}  ${order.channel}/${order.product}  ${order.channelOrderNo}  ${order.status}`,
    );
  for (const line of lines) {
    print(
      `  ${new Date(line.atMs).toISOString().slice(11, 23)}  ${line.who.padEnd(9)} ${line.words}`,
    );
    if (line.evidence) print(`${' '.repeat(25)}evidence: ${line.evidence.slice(0, 160)}`);
  }
  for (const one of cases) {
    const name =
      lang === 'zh' ? (CATALOGUE.find((kind) => kind.kind === one.kind)?.zh ?? one.kind) : one.kind;
    const state =
      one.resolvedAtMs === null
        ? `open, ${one.owner}: ${one.nextAction}`
        : `resolved: ${one.resolution}`;
    print(`  case ${name}  ${state}`);
  }
}
