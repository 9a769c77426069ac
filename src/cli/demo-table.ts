/** The tie-out table of the demo: what was played, how it ended, and three sets of books side by side. */
import type { AuditReport } from '../sandbox/auditor.ts';
import { majorText } from '../core/money.ts';
import { SCENARIOS } from '../sandbox/scenarios.ts';
import type { DemoOrder } from './demo-orders.ts';
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
    SCENARIOS[name].expected,
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
    kind,
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
    table(head, scenarios),
    '',
    table(moneyHead, sums),
    '',
    table(caseHead, exceptions),
    '',
  ].join('\n');
}

function row(name: string, sum: { count: number; minor: number }): string[] {
  return [name, String(sum.count), majorText(sum.minor, 'CNY')];
}
