/** What can be wrong with a statement, as somebody orders it. The books stay true in every case. */
import { FaultRuleError } from './faults.ts';

/** What `count` of a fault counts. */
export type FaultCount = 'lines' | 'asks' | 'fetches';

export type StatementFaultWords = {
  readonly counts: FaultCount;
  readonly zh: string;
  readonly en: string;
};

export type StatementFaultName =
  | 'late'
  | 'missing_line'
  | 'extra_line'
  | 'extra_charge_line'
  | 'cent_off'
  | 'fee_off'
  | 'foreign_refund_line'
  | 'repeated_line'
  | 'next_day'
  | 'rewritten'
  | 'rewritten_amount'
  | 'corrupt'
  | 'corrupt_totals';

/** Every fault of a statement. Those on lines befall payments, the first of the day first, no line twice. */
export const STATEMENT_FAULTS: Readonly<Record<StatementFaultName, StatementFaultWords>> = {
  late: {
    counts: 'asks',
    zh: '前 N 次询问（或到某个时刻为止）对账文件都未就绪',
    en: 'The statement is not ready for the first N asks, or until a time',
  },
  missing_line: {
    counts: 'lines',
    zh: '少了 N 笔支付，汇总与明细仍然一致',
    en: 'N payments are left out, and the totals agree with what is left',
  },
  extra_line: {
    counts: 'lines',
    zh: '多了 N 笔支付，订单号不是我们的',
    en: 'N payments under order numbers that nobody here ever used',
  },
  extra_charge_line: {
    counts: 'lines',
    zh: '我们的订单号多了 N 笔扣款，渠道流水号不同',
    en: 'N further charges under real order numbers, each with another transaction number',
  },
  cent_off: {
    counts: 'lines',
    zh: 'N 笔支付的金额差 1 分',
    en: 'N payments with one minor unit less',
  },
  fee_off: {
    counts: 'lines',
    zh: 'N 笔支付的手续费多 1 分',
    en: 'N payments with one minor unit more of fee',
  },
  foreign_refund_line: {
    counts: 'lines',
    zh: '多了 N 笔没有人申请过的退款，对应真实的支付',
    en: 'N refunds that nobody asked for, each of a real charge',
  },
  repeated_line: {
    counts: 'lines',
    zh: 'N 笔支付各出现两次',
    en: 'N payments stand in it twice',
  },
  next_day: {
    counts: 'lines',
    zh: '当天最后 N 笔支付列在次日的对账文件里（日切差异）',
    en: 'The last N payments of the day are listed on the next day: another cut-off',
  },
  rewritten: {
    counts: 'lines',
    zh: '第一版少了 N 笔支付，之后渠道重新出具正确的文件',
    en: 'The first version lacks N payments; later ones are true',
  },
  rewritten_amount: {
    counts: 'lines',
    zh: '第一版有 N 笔支付金额差 1 分，之后渠道重新出具正确的文件',
    en: 'The first version has N payments with one minor unit less; later ones are true',
  },
  corrupt: {
    counts: 'fetches',
    zh: '前 N 次下载的文件被截断，摘要与之不符，之后完整',
    en: 'The first N downloads are cut off and do not match their digest; later ones are whole',
  },
  corrupt_totals: {
    counts: 'fetches',
    zh: '前 N 次下载的文件汇总与明细不符，之后正确',
    en: 'The totals of the first N downloads are not those of their lines; later ones agree',
  },
};

/** A fault of one statement. */
export type StatementFault = {
  readonly fault: StatementFaultName;
  /** How many lines, asks or fetches, as the fault counts. */
  readonly count: number;
  /** Of `late`: not ready before this time, whatever the count. */
  readonly untilMs: number | null;
};

const COUNT_MAX = 10_000;
const FAULTS_MAX = 20;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads the faults of a control request: `[{fault, count?, until?}]`, one count when it is absent.
 *
 * @throws FaultRuleError naming the first field that is wrong.
 */
export function parseStatementFaults(value: unknown): StatementFault[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > FAULTS_MAX) {
    throw new FaultRuleError('faults', `faults must be a list of at most ${FAULTS_MAX}`);
  }
  const faults = value.map(parseFault);
  const names = new Set(faults.map(({ fault }) => fault));
  if (names.size < faults.length) {
    throw new FaultRuleError('faults', 'each fault may be named once; its count says how often');
  }
  return faults;
}

function parseFault(value: unknown, at: number): StatementFault {
  const wrong = (field: string, message: string) =>
    new FaultRuleError(`faults/${at}${field}`, message);
  if (typeof value !== 'object' || value === null) throw wrong('', 'a fault must be an object');
  const { fault, count = 1, until = null } = value as Readonly<Record<string, unknown>>;
  if (!isFaultName(fault)) {
    const names = Object.keys(STATEMENT_FAULTS).join(', ');
    throw wrong('/fault', `fault must be one of ${names}`);
  }
  const isCount = typeof count === 'number' && Number.isSafeInteger(count);
  if (!isCount || count < 1 || count > COUNT_MAX) {
    throw wrong('/count', `count must be a whole number from 1 to ${COUNT_MAX}`);
  }
  if (until === null) return { fault, count, untilMs: null };
  const untilMs = typeof until === 'string' && RFC_3339.test(until) ? Date.parse(until) : NaN;
  if (fault !== 'late' || Number.isNaN(untilMs)) {
    throw wrong('/until', 'until must be an RFC 3339 time, and belongs to late');
  }
  return { fault, count, untilMs };
}

function isFaultName(value: unknown): value is StatementFaultName {
  return typeof value === 'string' && Object.hasOwn(STATEMENT_FAULTS, value);
}
