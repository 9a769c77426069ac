/** Alipay's two statements as files. */
import type { MadeRow, Maker } from './statement-drawing.ts';
import { ACCOUNT, DAY, serial, yuan } from './statement-drawing.ts';

const TRADE_COLUMNS =
  '支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注';
const FUND_COLUMNS =
  '账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注';
const SHARED = {
  encoding: 'gb18030',
  hasMark: false,
  lineEnd: '\r\n',
  hasFoot: true,
} as const;

const head = (kind: string, columns: string): readonly string[] => [
  `#支付宝${kind}查询`,
  `#账号：[${ACCOUNT}0156]`,
  '#起始日期：[2026年11月18日 00:00:00]   终止日期：[2026年11月19日 00:00:00]',
  `#-----------------------------------------${kind}列表----------------------------------------`,
  columns,
];
const listEnd = (kind: string): string =>
  `#-----------------------------------------${kind}列表结束------------------------------------`;
const EXPORTED = '#导出时间：[2026年11月19日 05:46:49]';

/** 业务明细: nine payments to one refund. */
export function alipayTradeMaker(): Maker {
  const paid = { count: 0, received: 0, discount: 0 };
  const refunded = { count: 0, received: 0, discount: 0 };
  return {
    ...SHARED,
    fileName: `${ACCOUNT}0156_20261118_业务明细.csv`,
    head: () => head('业务明细', TRADE_COLUMNS),
    row: (at, draw): MadeRow => {
      const isRefund = draw.below(10) === 0;
      const amount = draw.amount();
      const discount = draw.below(8) === 0 ? draw.below(amount) : 0;
      const received = amount - discount;
      const fee = Math.round(received * 0.006);
      const { clock, atMs } = draw.time();
      const sign = isRefund ? -1 : 1;
      const side = isRefund ? refunded : paid;
      side.count += 1;
      side.received += received;
      side.discount += discount;
      const transactionNo = `20261118220014${serial(at, 14)}`;
      const orderNo = `ORD20261118_${serial(at)}`;
      const refundNo = isRefund ? `REF20261118_${serial(at)}_1` : null;
      const time = `${DAY} ${clock}`;
      const text = `${transactionNo}\t,${orderNo}\t,${isRefund ? '退款' : '交易'}\t,${draw.name()},${DAY} 00:00:00,${time},\t,\t,\t,\t,*三(138******${serial(at % 100, 2)})\t,${yuan(sign * amount)},${yuan(sign * received)},0.00,0.00,0.00,${yuan(sign * discount)},0.00,,0.00\t,0.00,${refundNo ?? '\t'},${yuan(-sign * fee)},0.00,`;
      const feeMinor = fee === 0 ? 0 : sign * fee;
      return {
        text,
        line: {
          kind: isRefund ? 'refund' : 'payment',
          word: isRefund ? '退款' : '交易',
          orderNo,
          refundNo,
          transactionNo,
          movementNo: null,
          amountMinor: amount,
          currency: 'CNY',
          feeMinor,
          netMinor: sign * received - feeMinor,
          settlementCurrency: 'CNY',
          status: 'succeeded',
          atMs,
        },
      };
    },
    foot: () => [
      listEnd('业务明细'),
      `#交易合计：${paid.count}笔，商家实收共${yuan(paid.received)}元，商家优惠共${yuan(paid.discount)}元`,
      `#退款合计：${refunded.count}笔，商家实收退款共${yuan(-refunded.received)}元，商家优惠退款共${yuan(-refunded.discount)}元`,
      EXPORTED,
    ],
  };
}

const FUND_KINDS = [
  ['在线支付', 'payment', 1],
  ['交易退款', 'refund', -1],
  ['收费', 'fee', -1],
  ['提现', 'payout', -1],
  ['转账', 'other', 1],
] as const;

/** 账务明细: payments, refunds, fees, withdrawals and transfers. */
export function alipayFundMaker(): Maker {
  const income = { count: 0, amount: 0 };
  const expense = { count: 0, amount: 0 };
  return {
    ...SHARED,
    fileName: `${ACCOUNT}0156_20261118_账务明细.csv`,
    head: () => head('账务明细', FUND_COLUMNS),
    row: (at, draw): MadeRow => {
      const [word, kind, sign] = FUND_KINDS[draw.below(FUND_KINDS.length)] ?? FUND_KINDS[0];
      const amount = draw.amount();
      const signed = sign * amount;
      const { clock, atMs } = draw.time();
      const side = signed > 0 ? income : expense;
      side.count += 1;
      side.amount += amount;
      const movementNo = `3011${serial(at, 14)}`;
      const transactionNo = `20261118220014${serial(at, 14)}`;
      const orderNo = kind === 'payout' ? null : `ORD20261118_${serial(at)}`;
      const text = `${movementNo}\t,${transactionNo}\t,${orderNo ?? ''}\t,${draw.name()},${DAY} ${clock},*三\t,${signed > 0 ? yuan(signed) : '0.00'},${signed < 0 ? yuan(signed) : '0.00'},100000.00,支付宝,${word},`;
      return {
        text,
        line: {
          kind,
          word,
          orderNo,
          refundNo: null,
          transactionNo,
          movementNo,
          amountMinor: kind === 'payment' || kind === 'refund' ? amount : signed,
          currency: 'CNY',
          feeMinor: null,
          netMinor: signed,
          settlementCurrency: 'CNY',
          status: 'succeeded',
          atMs,
        },
      };
    },
    foot: () => [
      listEnd('账务明细'),
      `#支出合计：${expense.count}笔，共${yuan(-expense.amount)}元`,
      `#收入合计：${income.count}笔，共${yuan(income.amount)}元`,
      EXPORTED,
    ],
  };
}
