/** How the report of a comparison is worded, in both languages. */
import type { ItemClass } from '../core/reconciliation/figures.ts';
import type { Lang } from './words.ts';

type ReportWords = {
  readonly classes: Readonly<Record<ItemClass, string>>;
  readonly totalHead: readonly string[];
  readonly itemHead: readonly string[];
  readonly lines: string;
  readonly orders: string;
  readonly comparison: string;
  readonly commit: string;
  readonly day: string;
  readonly balanced: string;
  readonly notBalanced: string;
  readonly more: (count: number) => string;
  readonly written: (path: string) => string;
};

export const REPORT_WORDS: Readonly<Record<Lang, ReportWords>> = {
  en: {
    classes: {
      matched: 'matched',
      carried: 'carried to another day',
      channel_only: 'channel only',
      platform_only: 'platform only',
      amount: 'amount differs',
      status: 'status differs',
      fee: 'fee differs',
      duplicate: 'repeated line',
      named: 'other movements',
    },
    totalHead: ['class', 'kind', 'currency', 'lines', 'amount', 'orders', 'amount'],
    itemHead: [
      'class',
      'kind',
      'line',
      'order',
      'refund',
      'transaction',
      'channel',
      'platform',
      '',
    ],
    lines: 'statement lines',
    orders: 'orders',
    comparison: 'comparing',
    commit: 'writing',
    day: 'day',
    balanced: 'balanced: every line and every order has its counterpart',
    notBalanced: 'not balanced: the differences above need somebody',
    more: (count) => `… and ${count} more; --out FILE writes all of them`,
    written: (path) => `all differences: ${path}`,
  },
  zh: {
    classes: {
      matched: '相符',
      carried: '结转其他账务日',
      channel_only: '渠道有平台无（长款）',
      platform_only: '平台有渠道无（短款）',
      amount: '金额不符',
      status: '状态不符',
      fee: '手续费不符',
      duplicate: '重复行',
      named: '其他资金变动',
    },
    totalHead: ['类别', '类型', '币种', '渠道笔数', '渠道金额', '平台笔数', '平台金额'],
    itemHead: ['类别', '类型', '行', '订单号', '退款单号', '渠道流水号', '渠道', '平台', ''],
    lines: '对账单明细',
    orders: '平台订单',
    comparison: '勾对中',
    commit: '写入中',
    day: '账务日',
    balanced: '已轧平：每一行、每一笔订单都有对应',
    notBalanced: '未轧平：以上差异需要处理',
    more: (count) => `……另有 ${count} 条；用 --out 文件 可全部导出`,
    written: (path) => `全部差异：${path}`,
  },
};

type WorkbookWords = {
  readonly cover: string;
  readonly differences: string;
  readonly title: string;
  readonly format: string;
  readonly verdict: string;
  readonly head: readonly string[];
};

/** What stands in the workbook beside them. */
export const WORKBOOK_WORDS: Readonly<Record<Lang, WorkbookWords>> = {
  en: {
    cover: 'Cover',
    differences: 'Differences',
    title: 'Reconciliation',
    format: 'format',
    verdict: 'verdict',
    head: [
      'class',
      'kind',
      'line',
      'order',
      'refund',
      'transaction',
      'channel',
      'platform',
      'currency',
      'channel fee',
      'platform fee',
      'time',
    ],
  },
  zh: {
    cover: '封面',
    differences: '差异明细',
    title: '对账报告',
    format: '格式',
    verdict: '结论',
    head: [
      '类别',
      '类型',
      '行',
      '订单号',
      '退款单号',
      '渠道流水号',
      '渠道金额',
      '平台金额',
      '币种',
      '渠道手续费',
      '平台手续费',
      '时间',
    ],
  },
};
