/** `tieout refunds`: giving payers money back, and the brake on what the platform gives back by itself. */
import { isId } from '../core/id.ts';
import { AMOUNT_MINOR_MAX, majorText } from '../core/money.ts';
import type { Json } from './api-call.ts';
import { API_FLAGS, call, show, textOf } from './api-call.ts';
import { nameOfRefund } from './chinese.ts';
import type { Command, ExitCode, Invocation } from './command.ts';
import { UsageError, integerFlag, neededFlag, verbOf } from './command.ts';
import { pairs, table } from './terminal.ts';
import type { Lang } from './words.ts';

const VERBS = ['create', 'get', 'list', 'hold', 'release'] as const;
type Verb = (typeof VERBS)[number];

export const refunds: Command = {
  name: 'refunds',
  takes: 'create|get|list|hold|release [pay_…|ref_…]',
  takesMax: 2,
  summary: {
    en: 'Refund payments, and hold or release what the platform returns by itself',
    zh: '退款，以及暂停或放行平台自动退款',
  },
  flags: {
    ...API_FLAGS,
    amount: {
      type: 'string',
      value: 'N',
      help: {
        en: 'create: minor units, 1999 for 19.99 CNY',
        zh: 'create：最小货币单位，19.99 元写 1999',
      },
    },
    'refund-no': {
      type: 'string',
      value: 'NUMBER',
      help: { en: 'create: your own refund number', zh: 'create：商户退款单号' },
    },
    reason: {
      type: 'string',
      value: 'WORDS',
      help: { en: 'create, hold, release: why', zh: 'create、hold、release：原因' },
    },
    payment: {
      type: 'string',
      value: 'PAYMENT',
      help: { en: 'list: only refunds of this payment', zh: 'list：仅此支付订单的退款' },
    },
    surplus: {
      type: 'boolean',
      help: {
        en: 'list: also what was returned without being asked for',
        zh: 'list：包括平台自动退回的款项',
      },
    },
    limit: {
      type: 'string',
      value: 'N',
      help: { en: 'list: how many (default 20)', zh: 'list：条数（默认 20）' },
    },
    channel: {
      type: 'string',
      value: 'CHANNEL',
      help: { en: 'hold, release: which channel', zh: 'hold、release：渠道' },
    },
    account: {
      type: 'string',
      value: 'ACCOUNT',
      help: { en: 'hold, release: our account there', zh: 'hold、release：渠道账户' },
    },
  },
  examples: [
    'refunds create pay_… --amount 500 --refund-no RF-1 --reason "Damaged on the way"',
    'refunds list --payment pay_… --surplus',
    'refunds hold --channel sandbox --reason "A wave of duplicates"',
    'refunds release --channel sandbox --reason "They are real"',
  ],
  run: async (invocation) => {
    const verb = verbOf('refunds', VERBS, invocation.positionals);
    const limit = integerFlag(invocation, 'limit', 20, { min: 1, max: 100 });
    const amount = integerFlag(invocation, 'amount', 0, { min: 1, max: AMOUNT_MINOR_MAX });
    switch (verb) {
      case 'create':
        return await create(invocation, amount);
      case 'get':
        return await get(invocation);
      case 'list':
        return await list(invocation, limit);
      case 'hold':
      case 'release':
        return await brake(invocation, verb);
    }
  },
};

async function create(invocation: Invocation, amount: number): Promise<ExitCode> {
  const payment = objectOf(invocation, 'create', 'pay_…');
  if (amount === 0) neededFlag(invocation, 'amount', 'N');
  const wanted = {
    payment,
    amount,
    merchant_refund_no: neededFlag(invocation, 'refund-no', 'NUMBER'),
    ...(typeof invocation.flags.reason === 'string' && { reason: invocation.flags.reason }),
  };
  const answer = await call(invocation, 'POST', '/v1/refunds', wanted);
  return show(answer, invocation, (refund) => refundText(refund, invocation.lang));
}

async function get(invocation: Invocation): Promise<ExitCode> {
  const number = objectOf(invocation, 'get', 'ref_…');
  const path = isId('ref', number) ? '/v1/refunds' : '/v1/merchant_refunds';
  const answer = await call(invocation, 'GET', `${path}/${encodeURIComponent(number)}`);
  return show(answer, invocation, (refund) => refundText(refund, invocation.lang));
}

async function list(invocation: Invocation, limit: number): Promise<ExitCode> {
  refuseObject(invocation, 'list');
  const { payment, surplus } = invocation.flags;
  const query = new URLSearchParams({ limit: String(limit) });
  if (typeof payment === 'string') query.set('payment', payment);
  if (surplus === true) query.set('include', 'surplus');
  const answer = await call(invocation, 'GET', `/v1/refunds?${query.toString()}`);
  return show(answer, invocation, (page) => listText(page, invocation.lang));
}

async function brake(invocation: Invocation, action: 'hold' | 'release'): Promise<ExitCode> {
  refuseObject(invocation, action);
  const { account } = invocation.flags;
  const wanted = {
    action,
    channel: neededFlag(invocation, 'channel', 'CHANNEL'),
    reason: neededFlag(invocation, 'reason', 'WORDS'),
    ...(typeof account === 'string' && { account }),
  };
  const answer = await call(invocation, 'POST', '/v1/refund_brake', wanted, 'operator');
  return show(answer, invocation, (done) => brakeText(done, invocation.lang));
}

function objectOf({ positionals }: Invocation, verb: Verb, pattern: string): string {
  const [, object] = positionals;
  if (object !== undefined && object !== '') return object;
  throw new UsageError({
    en: `Name what it is about: tieout refunds ${verb} ${pattern}.`,
    zh: `请指明对象：tieout refunds ${verb} ${pattern}。`,
  });
}

function refuseObject({ positionals }: Invocation, verb: Verb): void {
  const [, extra] = positionals;
  if (extra === undefined) return;
  throw new UsageError({
    en: `refunds ${verb} takes no ${JSON.stringify(extra)}: leave it out.`,
    zh: `refunds ${verb} 不需要参数 ${JSON.stringify(extra)}，请去掉。`,
  });
}

function brakeText(done: Json, lang: Lang): string {
  const place = `${String(done['channel'])}/${String(done['account'])}`;
  const who = String(done['by']);
  if (done['action'] === 'hold') {
    return {
      en: `${place}: automatic refunds are held back, in the name of ${who}. A merchant's own refunds still leave.`,
      zh: `${place}：已由 ${who} 暂停自动退款；商户自己的退款照常发出。`,
    }[lang];
  }
  const count = String(done['released']);
  return {
    en: `${place}: automatic refunds leave again, in the name of ${who}; ${count} that were held back go with them.`,
    zh: `${place}：已由 ${who} 放行自动退款，其中此前暂停的 ${count} 笔。`,
  }[lang];
}

const HEADS = {
  en: ['refund', 'refund number', 'payment', 'status', 'amount', 'currency', 'reason', 'created'],
  zh: ['退款单', '商户退款单号', '支付订单', '状态', '金额', '币种', '原因', '创建时间'],
} as const;

function cellsOf(refund: Json, lang: Lang): string[] {
  const currency = String(refund['currency']);
  const word = (name: unknown): string =>
    lang === 'zh' ? nameOfRefund(String(name)) : String(name);
  return [
    String(refund['id']),
    textOf(refund['merchant_refund_no']) || '-',
    String(refund['payment']),
    word(refund['status']),
    majorText(Number(refund['amount']), currency),
    currency,
    word(refund['reason']),
    String(refund['created_at']),
  ];
}

function listText(page: Json, lang: Lang): string {
  const data = Array.isArray(page['data']) ? page['data'].map((one): Json => Object(one)) : [];
  if (data.length === 0) return { en: 'No refunds.', zh: '没有退款。' }[lang];
  const rows = data.map((one) => cellsOf(one, lang));
  const more = {
    en: 'There are more: --limit takes up to 100.',
    zh: '还有更多：--limit 最大为 100。',
  }[lang];
  const text = table(HEADS[lang], rows, [4]);
  return page['has_more'] === true ? `${text}\n${more}` : text;
}

function refundText(refund: Json, lang: Lang): string {
  const cells = cellsOf(refund, lang);
  const failure: Json = Object(refund['failure']);
  const rows = HEADS[lang].map((head, at): [string, string] => [head, cells[at] ?? '']);
  const why = { en: 'why', zh: '失败原因' }[lang];
  if (typeof failure['code'] === 'string') {
    rows.push([why, `${failure['code']}: ${String(failure['message'])}`]);
  }
  const payment = String(refund['payment']);
  const next = {
    en: `The whole object: --json. The whole story: tieout explain ${payment}`,
    zh: `完整对象：--json。完整经过：tieout explain ${payment}`,
  }[lang];
  return `${pairs(rows)}\n${next}`;
}
