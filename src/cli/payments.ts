/** `tieout payments`: the merchant API from the terminal. */
import { join, resolve } from 'node:path';
import { majorText } from '../core/money.ts';
import { PROBLEMS } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem.ts';
import { nameInChinese } from './chinese.ts';
import type { Command, ExitCode, Invocation } from './command.ts';
import { UsageError, integerFlag, verbOf } from './command.ts';
import { readDevFile } from './dev-file.ts';
import { messageOf } from './failure.ts';
import { pairs, print, say, table } from './terminal.ts';
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
    api: {
      type: 'string',
      value: 'URL',
      help: {
        en: 'Address of the API (default: the one of tieout dev)',
        zh: 'API 地址（默认：tieout dev 的地址）',
      },
    },
    key: {
      type: 'string',
      value: 'KEY',
      help: {
        en: 'Secret key (default: TIEOUT_KEY, or the one of tieout dev)',
        zh: '密钥（默认：TIEOUT_KEY，或 tieout dev 的密钥）',
      },
    },
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

type Json = Readonly<Record<string, unknown>>;
type ApiAnswer = { readonly status: number; readonly text: string; readonly body: Json | null };

function show(
  answer: ApiAnswer,
  { json, lang }: Invocation,
  render: (body: Json) => string,
): ExitCode {
  const { status, text, body } = answer;
  if (status < 300 && body !== null) {
    print(json ? text : render(body));
    return 0;
  }
  say(json ? text : problemText(answer, lang));
  return status === 404 ? 3 : 1;
}

async function call(
  invocation: Invocation,
  method: 'GET' | 'POST',
  path: string,
): Promise<ApiAnswer> {
  const { api, key } = reachable(invocation);
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(method === 'POST' && { 'content-type': 'application/json' }),
    },
    ...(method === 'POST' && { body: '{}' }),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new UsageError(
      {
        en: `No platform answers at ${api}: start one with tieout dev, or give its address with --api. (${messageOf(cause)})`,
        zh: `${api} 没有平台应答：请用 tieout dev 启动，或用 --api 给出地址。（${messageOf(cause)}）`,
      },
      1,
    );
  });
  const text = await answer.text();
  return { status: answer.status, text, body: readObject(text) };
}

function reachable({ flags }: Invocation): { api: string; key: string } {
  const dev = readDevFile(join(resolve(process.env.TIEOUT_DATA_DIR ?? '.tieout'), 'dev.json'));
  const api = flags.api ?? dev?.api;
  const key = flags.key ?? process.env.TIEOUT_KEY ?? dev?.secret_key;
  if (typeof api !== 'string' || typeof key !== 'string') {
    throw new UsageError({
      en: 'No platform is known here: start one with tieout dev in this folder, or give --api and --key.',
      zh: '此处没有已知的平台：请在本目录用 tieout dev 启动，或给出 --api 和 --key。',
    });
  }
  if (!/^https?:\/\/[^\s/?#]+\/?$/.test(api) || !URL.canParse(api)) {
    throw new UsageError({
      en: `--api must be an address such as http://127.0.0.1:4040, not ${JSON.stringify(api)}.`,
      zh: `--api 应为 http://127.0.0.1:4040 这样的地址，不能是 ${JSON.stringify(api)}。`,
    });
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new UsageError({
      en: 'The key must be one word of ASCII characters, such as sk_test_…: look at --key or TIEOUT_KEY.',
      zh: '密钥应为一串 ASCII 字符，如 sk_test_…：请检查 --key 或 TIEOUT_KEY。',
    });
  }
  return { api: api.replace(/\/$/, ''), key };
}

function readObject(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);

/** What the API refused, in a sentence: its code leads to docs/errors.md. */
function problemText({ status, body }: ApiAnswer, lang: Lang): string {
  const code = textOf(body?.['code']);
  if (!isProblemCode(code)) {
    return {
      en: `The answer (HTTP ${status}) is not one of Tieout's: look at --api.`,
      zh: `应答（HTTP ${status}）不是来自 Tieout：请检查 --api。`,
    }[lang];
  }
  const detail = textOf(body?.['detail']);
  return lang === 'zh'
    ? `${PROBLEMS[code].zh}（${code}，HTTP ${status}）`
    : `${detail || PROBLEMS[code].title} (${code}, HTTP ${status})`;
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
