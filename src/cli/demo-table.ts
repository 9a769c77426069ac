/** The tie-out table of the demo: what was played, how it ended, and three sets of books side by side. */
import type { FindingCode } from '../sandbox/auditor-findings.ts';
import type { AuditReport } from '../sandbox/auditor.ts';
import { majorText } from '../core/money.ts';
import { SCENARIOS } from '../sandbox/scenarios.ts';
import type { DemoOrder } from './demo-orders.ts';
import { nameInChinese } from './chinese.ts';
import { table } from './terminal.ts';

/** The table in the reader's language. */
export function demoTable(
  report: AuditReport,
  orders: readonly DemoOrder[],
  lang: 'zh' | 'en',
): string {
  const played = Map.groupBy(orders, (order) => order.scenario);
  const scenarios = [...played].map(([name, list]) => [
    name,
    String(list.length),
    lang === 'zh' ? nameInChinese(SCENARIOS[name].expected) : ENDS[SCENARIOS[name].expected],
    SCENARIOS[name][lang],
  ]);
  const { charges, delivered, returned, held } = report.totals;
  const sums = [
    row(lang === 'zh' ? '渠道账：已扣款' : "channels' books: charged", charges),
    row(lang === 'zh' ? '  已交付商户' : '  delivered to the merchant', delivered),
    row(lang === 'zh' ? '  已退回付款人' : '  returned to payers', returned),
    row(lang === 'zh' ? '  挂账（有名有主）' : '  held in the open', held),
  ];
  const exceptions = Object.entries(report.totals.exceptions).map(([kind, count]) => [
    lang === 'zh' ? `${nameInChinese(kind)} ${kind}` : kind,
    String(count),
  ]);
  const head =
    lang === 'zh'
      ? ['场景', '笔数', '结果', '发生了什么']
      : ['scenario', 'payments', 'ends', 'what happens'];
  const moneyHead = lang === 'zh' ? ['资金', '笔数', '金额 CNY'] : ['money', 'count', 'CNY'];
  const caseHead = lang === 'zh' ? ['差错', '数量'] : ['exceptions met', 'count'];
  return [
    '',
    table(head, scenarios, [1]),
    '',
    table(moneyHead, sums, [1, 2]),
    '',
    table(caseHead, exceptions, [1]),
    '',
  ].join('\n');
}

const ENDS = {
  succeeded: 'succeeded',
  closed: 'closed',
  held: 'held',
  either: 'paid or closed',
  returned: 'money returned',
  refunded: 'paid, then refunded',
  refund_stuck: 'refund needs a person',
  reversed: 'paid, then revoked',
} as const;

/** What the auditor finds, in Chinese; in English its own message says more. */
export const FINDING_WORDS: Readonly<Record<FindingCode, string>> = {
  charge_unknown: '渠道有扣款，而没有支付订单知道它',
  charge_unaccounted: '扣款既未交付、未退回，也未挂账',
  amount_differs: '金额与渠道账本不一致',
  currency_differs: '币种与渠道账本不一致',
  paid_not_in_books: '平台认为已支付，而渠道账本没有该交易',
  succeeded_without_charge: '支付成功，而渠道没有扣款',
  two_winners: '同一支付订单有两笔有效支付',
  refund_exceeds_charge: '退款超过扣款',
  refund_not_in_books: '渠道账本没有该退款',
  refund_unknown: '渠道已退款，而平台不知道',
  surplus_differs: '多收款的金额与渠道账本不一致',
  reversal_unknown: '渠道已冲正，而平台不知道',
  reversal_not_in_books: '平台认为已冲正，而渠道账本没有',
  told_missing: '商户没有收到通知',
  told_twice: '商户收到两次成功通知',
  told_wrongly: '商户收到的通知与事实不符',
  told_other_amount: '商户收到的金额不符',
  unexpected_end: '结果与场景预期不符',
  held_unasked: '有款项挂账，而场景并未要求',
};

function row(name: string, sum: { count: number; minor: number }): string[] {
  return [name, String(sum.count), majorText(sum.minor, 'CNY')];
}
