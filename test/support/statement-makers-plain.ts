/** Files of UnionPay, Stripe and the sandbox. */
import type { MadeRow, Maker } from './statement-drawing.ts';
import { ACCOUNT, DAY, serial, yuan } from './statement-drawing.ts';

const ZM_WIDTHS = [
  3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15,
  1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32,
];

/** UnionPay's detail file with records of 607 or 608 bytes. */
export function unionpayMaker(recordLength: 607 | 608): Maker {
  const zm = (sign: 'C' | 'D', fen: number): string => sign + serial(fen, 12);
  return {
    encoding: 'gb18030',
    hasMark: false,
    lineEnd: '\r\n',
    hasFoot: false,
    fileName: `INN26111988ZM_${ACCOUNT}`,
    head: () => [],
    row: (at, draw): MadeRow => {
      const isRefund = draw.below(5) === 0;
      const amount = draw.amount();
      const fee = Math.round(amount * 0.006);
      const { clock, atMs } = draw.time();
      const net = isRefund ? fee - amount : amount - fee;
      const queryNo = `2026111809${serial(at, 11)}`;
      const original = isRefund ? `2026111709${serial(at, 11)}` : '';
      const number = `${isRefund ? 'REF' : 'ORD'}20261118${serial(at)}`;
      const orderNo = isRefund ? `ORD20261117${serial(at)}` : '';
      const cells: Record<number, string> = {
        1: isRefund ? 'S30' : 'S22',
        2: '00010000',
        3: '00010000',
        4: serial(at % 1_000_000, 6),
        5: `1118${clock.replaceAll(':', '')}`,
        6: '6216***********0018',
        7: serial(amount, 12),
        8: '5812',
        9: '07',
        10: queryNo,
        12: number,
        16: zm(isRefund ? 'C' : 'D', fee),
        17: zm(net < 0 ? 'D' : 'C', Math.abs(net)),
        20: isRefund ? '04' : '01',
        21: '01',
        22: '000201',
        27: original,
        28: ACCOUNT,
        41: orderNo,
      };
      const text = ZM_WIDTHS.map((width, index) => (cells[index + 1] ?? '').padEnd(width)).join(
        ' ',
      );
      const feeMinor = fee === 0 ? 0 : isRefund ? -fee : fee;
      return {
        text: text.padEnd(recordLength),
        line: {
          kind: isRefund ? 'refund' : 'payment',
          word: isRefund ? '04' : '01',
          orderNo: isRefund ? orderNo : number,
          refundNo: isRefund ? number : null,
          transactionNo: isRefund ? original : queryNo,
          movementNo: isRefund ? queryNo : null,
          amountMinor: amount,
          currency: 'CNY',
          feeMinor,
          netMinor: net,
          settlementCurrency: 'CNY',
          status: 'succeeded',
          atMs,
        },
      };
    },
    foot: () => [],
  };
}

const DESCRIPTIONS = ['', 'REFUND FOR CHARGE', '"Order, blue"', '"two\nlines"', '"a ""word"""'];

/** Stripe's itemized report, with quotes that span lines. */
export function stripeMaker(): Maker {
  return {
    encoding: 'utf-8',
    hasMark: false,
    lineEnd: '\n',
    hasFoot: false,
    fileName: 'balance_change_from_activity.csv',
    head: () => [
      'balance_transaction_id,created_utc,created,currency,gross,fee,net,reporting_category,source_id,description,customer_facing_amount,customer_facing_currency,charge_id,payment_intent_id,payment_metadata[order_no],refund_metadata[refund_no]',
    ],
    row: (at, draw): MadeRow => {
      const isRefund = draw.below(5) === 0;
      const amount = draw.amount();
      const fee = isRefund ? 0 : Math.round(amount * 0.032);
      const gross = isRefund ? -amount : amount;
      const { atMs } = draw.time();
      const movement = `txn_1Demo${serial(at, 16)}`;
      const charge = `ch_3Demo${serial(at)}`;
      const source = isRefund ? `re_3Demo${serial(at)}` : charge;
      const orderNo = `ORD-20261118-${serial(at)}`;
      const refundNo = isRefund ? `REF-20261118-${serial(at)}` : null;
      const word = isRefund ? 'refund' : 'charge';
      const utc = new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
      const description = DESCRIPTIONS[draw.below(DESCRIPTIONS.length)] ?? '';
      const cells = [
        movement,
        utc,
        utc,
        'usd',
        yuan(gross),
        yuan(fee),
        yuan(gross - fee),
        word,
        source,
        description,
        yuan(gross),
        'usd',
        charge,
        `pi_${at}`,
        orderNo,
        refundNo ?? '',
      ];
      return {
        text: cells.join(','),
        line: {
          kind: isRefund ? 'refund' : 'payment',
          word,
          orderNo,
          refundNo,
          transactionNo: charge,
          movementNo: isRefund ? source : movement,
          amountMinor: amount,
          currency: 'USD',
          feeMinor: fee,
          netMinor: gross - fee,
          settlementCurrency: 'USD',
          status: 'succeeded',
          atMs,
        },
      };
    },
    foot: () => [],
  };
}

const KINDS = ['payment', 'payment', 'payment', 'refund', 'reversal'] as const;
const STATUSES = ['succeeded', 'succeeded', 'succeeded', 'pending', 'failed'] as const;

/** The sandbox's own statement. */
export function sandboxMaker(): Maker {
  const totals = new Map<string, { count: number; amount: number; fee: number }>();
  let rows = 0;
  return {
    encoding: 'utf-8',
    hasMark: false,
    lineEnd: '\n',
    hasFoot: true,
    fileName: 'sandbox.csv',
    head: () => [
      'tieout-sandbox-statement,1',
      'channel,sandbox',
      `account,${ACCOUNT}`,
      `day,${DAY}`,
      'kind,order_no,refund_no,transaction_no,movement_no,amount,currency,fee,status,at',
    ],
    row: (at, draw): MadeRow => {
      const kind = KINDS[draw.below(KINDS.length)] ?? 'payment';
      const status = kind === 'payment' ? 'succeeded' : (STATUSES[draw.below(5)] ?? 'succeeded');
      const amount = draw.amount();
      const fee = Math.round(amount * 0.006) * (kind === 'refund' ? -1 : 1) + 0;
      const { clock, atMs } = draw.time();
      const orderNo = `01ORDER${serial(at, 20)}`;
      const refundNo = kind === 'refund' ? `${orderNo}R01` : null;
      const movementNo = kind === 'refund' ? `RF${serial(at, 14)}` : null;
      const transactionNo = `SBX${serial(at, 14)}`;
      rows += 1;
      const total = totals.get(kind) ?? { count: 0, amount: 0, fee: 0 };
      totals.set(kind, {
        count: total.count + 1,
        amount: total.amount + amount,
        fee: total.fee + fee,
      });
      const text = `${kind},${orderNo},${refundNo ?? ''},${transactionNo},${movementNo ?? ''},${yuan(amount)},CNY,${yuan(fee)},${status},${DAY}T${clock}.000+08:00`;
      return {
        text,
        line: {
          kind,
          word: kind,
          orderNo,
          refundNo,
          transactionNo,
          movementNo,
          amountMinor: amount,
          currency: 'CNY',
          feeMinor: fee,
          netMinor: (kind === 'payment' ? amount : -amount) - fee,
          settlementCurrency: 'CNY',
          status,
          atMs,
        },
      };
    },
    foot: () => [
      ...[...totals].map(
        ([kind, { count, amount, fee }]) =>
          `total,${kind},CNY,${count},${yuan(amount)},${yuan(fee)}`,
      ),
      `end,${rows}`,
    ],
  };
}
