/** `tieout payments`: the merchant API from the terminal. */
import { majorText } from '../core/money.ts';
import type { Json } from './api-call.ts';
import { API_FLAGS, call, show } from './api-call.ts';
import { nameInChinese } from './chinese.ts';
import type { Command, ExitCode, Invocation } from './command.ts';
import { UsageError, integerFlag, verbOf } from './command.ts';
import { pairs, table } from './terminal.ts';
import type { Lang } from './words.ts';

export const payments: Command = {
  name: 'payments',
  takes: 'get|list|close|sync [pay_…]',
  takesMax: 2,
  summary: {
    en: 'Read, close or ask about payments over the API of a running platform',
    zh: '通过运行中平台的 API 读取、关闭或查询支付订单',
  },
  flags: {
    ...API_FLAGS,
    q: {
      type: 'string',
      value: 'NUMBER',
      help: { en: 'list: any of the three order numbers', zh: 'list：三种订单号中的任一种' },
    },
    limit: {
      type: 'string',
      value: 'N',
      help: { en: 'list: how many (default 20)', zh: 'list：条数（默认 20）' },
    },
  },
  examples: ['payments list --limit 5', 'payments list --q SO-1', 'payments get pay_… --json'],
  run: async (invocation) => {
    const { positionals } = invocation;
    const verb = verbOf('payments', ['get', 'list', 'close', 'sync'], positionals);
    const [, id] = positionals;
    if (verb === 'list') return await list(invocation, id);
    if (id === undefined) {
      throw new UsageError({
        en: `Name the payment: tieout payments ${verb} pay_….`,
        zh: `请指明支付订单：tieout payments ${verb} pay_…。`,
      });
    }
    const path = `/v1/payments/${encodeURIComponent(id)}`;
    const answer =
      verb === 'get'
        ? await call(invocation, 'GET', path)
        : await call(invocation, 'POST', `${path}/${verb}`);
    return show(answer, invocation, (payment) => paymentText(payment, invocation.lang));
  },
};

async function list(invocation: Invocation, extra: string | undefined): Promise<ExitCode> {
  if (extra !== undefined) {
    throw new UsageError({
      en: `payments list takes no ${JSON.stringify(extra)}: to find one by a number, write --q ${extra}.`,
      zh: `payments list 不需要参数 ${JSON.stringify(extra)}：按单号查找请写 --q ${extra}。`,
    });
  }
  const limit = integerFlag(invocation, 'limit', 20, { min: 1, max: 100 });
  const query = new URLSearchParams({ limit: String(limit) });
  if (typeof invocation.flags.q === 'string') query.set('q', invocation.flags.q);
  const answer = await call(invocation, 'GET', `/v1/payments?${query.toString()}`);
  return show(answer, invocation, (page) => listText(page, invocation.lang));
}

const HEADS = {
  en: ['payment', 'merchant order number', 'status', 'amount', 'currency', 'created'],
  zh: ['支付订单', '商户订单号', '状态', '金额', '币种', '创建时间'],
} as const;

function cellsOf(payment: Json, lang: Lang): string[] {
  const currency = String(payment['currency']);
  const status = String(payment['status']);
  return [
    String(payment['id']),
    String(payment['merchant_order_no']),
    lang === 'zh' ? nameInChinese(status) : status,
    majorText(Number(payment['amount']), currency),
    currency,
    String(payment['created_at']),
  ];
}

function listText(page: Json, lang: Lang): string {
  const data = Array.isArray(page['data']) ? page['data'].map((one): Json => Object(one)) : [];
  if (data.length === 0) return { en: 'No payments.', zh: '没有支付订单。' }[lang];
  const more = {
    en: 'There are more: --limit takes up to 100.',
    zh: '还有更多：--limit 最大为 100。',
  }[lang];
  const rows = table(
    HEADS[lang],
    data.map((one) => cellsOf(one, lang)),
    [3],
  );
  return page['has_more'] === true ? `${rows}\n${more}` : rows;
}

function paymentText(payment: Json, lang: Lang): string {
  const heads = HEADS[lang];
  const cells = cellsOf(payment, lang);
  const number = String(payment['merchant_order_no']);
  const next = {
    en: `The whole object: --json. The whole story: tieout explain ${number}`,
    zh: `完整对象：--json。完整经过：tieout explain ${number}`,
  }[lang];
  return `${pairs(heads.map((head, at): [string, string] => [head, cells[at] ?? '']))}\n${next}`;
}
