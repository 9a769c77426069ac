/** WeChat Pay's bills as files: every cell of a row behind a backtick, fees with five decimals. */
import type { StatementLine } from '../../src/core/reconciliation/statement-line.ts';
import type { MadeRow, Maker } from './statement-drawing.ts';
import { ACCOUNT, DAY, serial, yuan } from './statement-drawing.ts';

export type BillKind = 'ALL' | 'SUCCESS' | 'REFUND' | 'OLD';

const HEAD =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类';
const REFUND = '微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态';
const END = '商品名称,商户数据包,手续费,费率,订单金额';
const COLUMNS: Readonly<Record<BillKind, string>> = {
  ALL: `${HEAD},应结订单金额,代金券金额,${REFUND},${END},申请退款金额,费率备注`,
  SUCCESS: `${HEAD},应结订单金额,代金券金额,${END},费率备注`,
  REFUND: `${HEAD},应结订单金额,代金券金额,退款申请时间,退款成功时间,${REFUND},${END},申请退款金额,费率备注`,
  OLD: `${HEAD},总金额,企业红包金额,微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率`,
};
const TAIL =
  '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';
const OLD_TAIL = '总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额';
const STATES = [
  ['SUCCESS', 'succeeded'],
  ['PROCESSING', 'pending'],
  ['CHANGE', 'pending'],
  ['FAIL', 'failed'],
] as const;

const five = (units: number): string => {
  const size = Math.abs(units);
  return `${units < 0 ? '-' : ''}${Math.floor(size / 100_000)}.${String(size % 100_000).padStart(5, '0')}`;
};
/** Half away from zero, as the reader does it, but by text. */
const fen = (units: number): number => {
  const size = Math.floor((Math.abs(units) + 500) / 1000);
  return units < 0 && size > 0 ? -size : size;
};

/** The trade bill of one kind. */
export function wechatTradeMaker(kind: BillKind): Maker {
  const sums = { count: 0, settled: 0, refunded: 0, fee: 0, amount: 0, asked: 0 };
  return {
    encoding: 'utf-8',
    hasMark: true,
    lineEnd: '\r\n',
    hasFoot: true,
    fileName: `${DAY}-${kind}.csv`,
    head: () => [COLUMNS[kind]],
    row: (at, draw): MadeRow => {
      const isRefund = kind === 'REFUND' || (kind !== 'SUCCESS' && draw.below(4) === 0);
      const amount = draw.amount();
      const coupon = kind !== 'OLD' && draw.below(6) === 0 ? draw.below(amount) : 0;
      const settled = amount - coupon;
      const fee = settled * 6 * (isRefund ? -1 : 1);
      const { clock, atMs } = draw.time();
      const [state, status] = STATES[draw.below(STATES.length)] ?? STATES[0];
      const transactionNo = `42000026002026111800${serial(at)}`;
      const orderNo = `ORD20261118-${serial(at)}`;
      const refundNo = isRefund ? `RF20261118-${serial(at)}` : null;
      const movementNo = isRefund ? `50300026002026111800${serial(at)}` : null;
      sums.count += 1;
      sums.fee += fee;
      sums.settled += isRefund ? 0 : settled;
      sums.amount += isRefund ? 0 : amount;
      sums.refunded += isRefund ? settled : 0;
      sums.asked += isRefund ? amount : 0;
      const time = `${DAY} ${clock}`;
      const name = draw.name();
      const cells = [
        time,
        'wxdemo000000000000',
        ACCOUNT,
        '0',
        '',
        transactionNo,
        orderNo,
        'oDEMO',
        'NATIVE',
        isRefund ? 'REFUND' : 'SUCCESS',
        'OTHERS',
        'CNY',
        isRefund ? '0.00' : yuan(settled),
        yuan(isRefund ? 0 : coupon),
        ...(kind === 'REFUND' ? [time, ''] : []),
        ...(kind === 'SUCCESS'
          ? []
          : [movementNo ?? '0', refundNo ?? '0', yuan(isRefund ? settled : 0), '0.00']),
        ...(kind === 'SUCCESS' ? [] : [isRefund ? 'ORIGINAL' : '', isRefund ? state : '']),
        name,
        'attach',
        five(fee),
        '0.60%',
        ...(kind === 'OLD' ? [] : [isRefund ? '0.00' : yuan(amount)]),
        ...(kind === 'OLD' || kind === 'SUCCESS' ? [] : [yuan(isRefund ? amount : 0)]),
        ...(kind === 'OLD' ? [] : ['']),
      ];
      const feeMinor = fen(fee);
      const line: Omit<StatementLine, 'lineNo'> = {
        kind: isRefund ? 'refund' : 'payment',
        word: isRefund ? 'REFUND' : 'SUCCESS',
        orderNo,
        refundNo,
        transactionNo,
        movementNo,
        amountMinor: amount,
        currency: 'CNY',
        feeMinor,
        netMinor: (isRefund ? -settled : settled) - feeMinor,
        settlementCurrency: 'CNY',
        status: isRefund ? status : 'succeeded',
        atMs,
      };
      return { text: `\`${cells.join(',`')}`, line };
    },
    foot: () => {
      const old = [
        `${sums.count}.0`,
        yuan(sums.settled),
        yuan(sums.refunded),
        '0.00',
        five(sums.fee),
      ];
      const cells = kind === 'OLD' ? old : [...old, yuan(sums.amount), yuan(sums.asked)];
      return [kind === 'OLD' ? OLD_TAIL : TAIL, `\`${cells.join(',`')}`];
    },
  };
}

const FUND_KINDS = [
  ['交易', 'payment', 1],
  ['退款', 'refund', -1],
  ['扣除交易手续费', 'fee', -1],
  ['提现', 'payout', -1],
  ['其他', 'other', 1],
] as const;

/** The fund bill. */
export function wechatFundMaker(): Maker {
  const sums = { count: 0, incomeCount: 0, income: 0, expenseCount: 0, expense: 0 };
  return {
    encoding: 'utf-8',
    hasMark: true,
    lineEnd: '\r\n',
    hasFoot: true,
    fileName: `${DAY}-fund.csv`,
    head: () => [
      '记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号',
    ],
    row: (at, draw): MadeRow => {
      const [word, kind, sign] = FUND_KINDS[draw.below(FUND_KINDS.length)] ?? FUND_KINDS[0];
      const amount = draw.amount();
      const { clock, atMs } = draw.time();
      const business = `42000026002026111800${serial(at)}`;
      const flow = `180000000${serial(at)}`;
      const voucher = `NO20261118-${serial(at)}`;
      sums.count += 1;
      if (sign === 1) sums.incomeCount += 1;
      else sums.expenseCount += 1;
      if (sign === 1) sums.income += amount;
      else sums.expense += amount;
      const cells = [
        `${DAY} ${clock}`,
        business,
        flow,
        word,
        word,
        sign === 1 ? '收入' : '支出',
        yuan(amount),
        '1000000.00',
        'system',
        '',
        voucher,
      ];
      return {
        text: `\`${cells.join(',`')}`,
        line: {
          kind,
          word,
          orderNo: kind === 'payment' ? voucher : null,
          refundNo: kind === 'refund' ? voucher : null,
          transactionNo: kind === 'refund' ? null : business,
          movementNo: kind === 'refund' ? business : flow,
          amountMinor: kind === 'payment' || kind === 'refund' ? amount : sign * amount,
          currency: 'CNY',
          feeMinor: null,
          netMinor: sign * amount,
          settlementCurrency: 'CNY',
          status: 'succeeded',
          atMs,
        },
      };
    },
    foot: () => [
      '资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额',
      `\`${sums.count},\`${sums.incomeCount},\`${yuan(sums.income)},\`${sums.expenseCount},\`${yuan(sums.expense)}`,
    ],
  };
}
