/** `/v1/merchant_statements`: a merchant's own day, so that its arrow ties out as well. 商户对账单 */
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import { channelOrderNo } from '../core/id.ts';
import { majorText } from '../core/money.ts';
import {
  businessDayBounds,
  businessDayOf,
  CHINA_DAY,
  isDay,
} from '../core/reconciliation/business-day.ts';
import { timeText } from '../runtime/payment-object.ts';
import { csvName } from '../statements/csv-cell.ts';
import type { MerchantEntry } from '../store/postgres/merchant-statement.ts';
import { merchantEntries } from '../store/postgres/merchant-statement.ts';
import { oneFieldProblem } from './api-problem.ts';
import { merchantOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { Api } from './request-decorations.ts';
import { dayField } from './reconciliations.ts';
import { answer } from './route-documentation.ts';

/** Merchants' days are China's, from midnight to midnight. */
const DAY_CLOCK = CHINA_DAY;

const query = Type.Object(
  {
    date: dayField,
    format: Type.Optional(
      Type.Enum(['json', 'csv'], {
        description: 'csv: for a spreadsheet; json when absent.',
        examples: ['csv'],
      }),
    ),
  },
  { additionalProperties: false },
);

export const MERCHANT_LINE_KINDS = [
  'payment',
  'refund',
  'refund_returned',
  'refund_failed',
  'channel_refund',
  'reversal',
  'surplus_received',
  'surplus_returned',
  'surplus_given_up',
  'surplus_taken_back',
] as const;
export type MerchantLineKind = (typeof MERCHANT_LINE_KINDS)[number];

const CSV_COLUMNS =
  'kind,merchant_order_no,merchant_refund_no,payment,channel,channel_order_no,channel_transaction_no,amount,balance,currency,at,booked_at';

/** Reading a day. */
export function merchantStatementRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/merchant_statements',
    {
      schema: {
        operationId: 'getMerchantStatement',
        summary: 'Read what was booked for you on a day',
        description:
          'A line stands on the day on which we booked it, so a day that has ended never changes. `balance` is what the line does to what we owe you: payments add to it, refunds take from it when you ask for them. Surplus money was never yours and is shown for your records.',
        tags: ['Payments'],
        querystring: query,
        response: { 200: answer('The day, and its totals.', 'MerchantStatement') },
      },
    },
    async (request, reply) => {
      const { date, format = 'json' } = request.query;
      if (!isDay(date)) {
        throw oneFieldProblem('/query/date', 'field_invalid', 'It is no day of the calendar.');
      }
      const { fromMs, untilMs } = businessDayBounds(date, DAY_CLOCK);
      const isComplete = date < businessDayOf(deps.clock.nowMs(), DAY_CLOCK);
      const pages = merchantEntries(deps.pool, merchantOf(request), fromMs, untilMs);
      const day = { date, isComplete };
      if (format === 'json') {
        reply.type('application/json; charset=utf-8');
        return reply.send(Readable.from(jsonOf(pages, day)));
      }
      reply.type('text/csv; charset=utf-8');
      reply.header('content-disposition', `attachment; filename="statement-${date}.csv"`);
      return reply.send(Readable.from(csvOf(pages, day)));
    },
  );
}

type Day = { readonly date: string; readonly isComplete: boolean };
type Pages = AsyncIterable<readonly MerchantEntry[]>;

async function* jsonOf(pages: Pages, day: Day): AsyncGenerator<string, void, void> {
  const totals = new DayTotals();
  yield `{"object":"merchant_statement","date":"${day.date}","complete":${day.isComplete},"data":[`;
  let separator = '';
  for await (const page of pages) {
    for (const entry of page) {
      totals.add(entry);
      yield separator + JSON.stringify(lineObject(entry));
      separator = ',';
    }
  }
  yield `],"totals":${JSON.stringify(totals.list())}}`;
}

async function* csvOf(pages: Pages, day: Day): AsyncGenerator<string, void, void> {
  const totals = new DayTotals();
  yield `\uFEFF${CSV_COLUMNS}\r\n`;
  for await (const page of pages) {
    let text = '';
    for (const entry of page) {
      totals.add(entry);
      text += `${csvLine(entry)}\r\n`;
    }
    yield text;
  }
  for (const total of totals.list()) {
    const { kind, currency, count, amount, balance } = total;
    const money = [majorText(amount, currency), majorText(balance, currency)];
    yield `total ${kind},${count},,,,,,${money.join(',')},${currency},,\r\n`;
  }
  yield `end,${day.date},,,,,,,,,,${day.isComplete ? 'complete' : 'not complete'}\r\n`;
}

/** Counts and sums of a day, by kind and currency. */
class DayTotals {
  readonly #sums = new Map<
    string,
    { kind: MerchantLineKind; currency: string; count: number; amount: number; balance: number }
  >();

  add(entry: MerchantEntry): void {
    const kind = kindOf(entry);
    const { currency, amountMinor } = entry;
    const name = `${kind} ${currency}`;
    const sum = this.#sums.get(name) ?? { kind, currency, count: 0, amount: 0, balance: 0 };
    sum.count += 1;
    sum.amount += amountMinor;
    sum.balance += balanceOf(entry);
    this.#sums.set(name, sum);
  }

  list() {
    return [...this.#sums.values()];
  }
}

function lineObject(entry: MerchantEntry) {
  return {
    kind: kindOf(entry),
    merchant_order_no: entry.merchantOrderNo,
    merchant_refund_no: entry.merchantRefundNo,
    payment: entry.paymentId,
    channel: entry.channel,
    channel_order_no: orderNoOf(entry),
    channel_transaction_no: entry.transactionNo,
    amount: entry.amountMinor,
    balance: balanceOf(entry),
    currency: entry.currency,
    at: timeText(entry.atMs),
    booked_at: timeText(entry.bookedAtMs),
  };
}

function csvLine(entry: MerchantEntry): string {
  const { currency } = entry;
  return [
    kindOf(entry),
    csvName(entry.merchantOrderNo),
    csvName(entry.merchantRefundNo),
    entry.paymentId,
    csvName(entry.channel),
    csvName(orderNoOf(entry)),
    csvName(entry.transactionNo),
    majorText(entry.amountMinor, currency),
    majorText(balanceOf(entry), currency),
    currency,
    timeText(entry.atMs) ?? '',
    timeText(entry.bookedAtMs) ?? '',
  ].join(',');
}

function orderNoOf({ paymentId, attempt }: MerchantEntry): string | null {
  return attempt === null ? null : channelOrderNo(paymentId, attempt);
}

/** What a posting does to what we owe the merchant. */
function balanceOf({ debit, credit, amountMinor }: MerchantEntry): number {
  if (credit.startsWith('merchant_payable:')) return amountMinor;
  return debit.startsWith('merchant_payable:') ? -amountMinor : 0;
}

function kindOf({ entry, debit }: MerchantEntry): MerchantLineKind {
  const [name, of] = entry.split(':');
  const isSurplus = of === 'surplus';
  const isMerchants = debit.startsWith('merchant_payable:');
  switch (name) {
    case 'winner':
      return 'payment';
    case 'refund':
      return 'refund';
    case 'returned':
      return isSurplus ? 'surplus_returned' : 'refund_returned';
    case 'given_up':
      return isSurplus ? 'surplus_given_up' : 'refund_failed';
    case 'foreign':
      return isMerchants ? 'channel_refund' : 'surplus_taken_back';
    case 'reversed':
      return isMerchants ? 'reversal' : 'surplus_taken_back';
    case 'surplus':
      return 'surplus_received';
    default:
      throw new Error(`the payment book has a posting ${entry} that no statement knows`);
  }
}
