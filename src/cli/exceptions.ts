/** `tieout exceptions`: what went wrong, and what a named person decides about it. */
import { majorText } from '../core/money.ts';
import { OPERATOR_ACTIONS } from '../core/input.ts';
import type { Json } from './api-call.ts';
import { API_FLAGS, call, show } from './api-call.ts';
import { inChinese, nameInChinese } from './chinese.ts';
import type { Command, ExitCode, Invocation } from './command.ts';
import { UsageError, integerFlag, neededFlag, verbOf } from './command.ts';
import { pairs, table } from './terminal.ts';
import type { Lang } from './words.ts';

const ACTIONS = [...OPERATOR_ACTIONS, 'adopt', 'dismiss'];

export const exceptions: Command = {
  name: 'exceptions',
  takes: 'list|show|act [exc_…|ntf_…]',
  takesMax: 2,
  summary: {
    en: 'See what went wrong, and decide about it with an operator key',
    zh: '查看差错，并以操作员密钥处理',
  },
  flags: {
    ...API_FLAGS,
    unmatched: {
      type: 'boolean',
      help: {
        en: 'list: notifications that nobody could place',
        zh: 'list：无主通知',
      },
    },
    limit: {
      type: 'string',
      value: 'N',
      help: { en: 'list: how many (default 20)', zh: 'list：条数（默认 20）' },
    },
    action: {
      type: 'string',
      value: 'ACTION',
      help: {
        en: `act: ${ACTIONS.join(', ')}`,
        zh: `act：${ACTIONS.join('、')}`,
      },
    },
    reason: {
      type: 'string',
      value: 'WORDS',
      help: { en: 'act: why; it stays in the history', zh: 'act：原因，将留在经过中' },
    },
    order: {
      type: 'string',
      value: 'NUMBER',
      help: {
        en: 'act --action adopt: the channel order that the notification is about',
        zh: 'act --action adopt：通知所属的渠道订单号',
      },
    },
    'dry-run': {
      type: 'boolean',
      help: {
        en: 'act: only say what would change',
        zh: 'act：只说明会有什么变化，不执行',
      },
    },
  },
  examples: [
    'exceptions list',
    'exceptions show exc_…',
    'exceptions act exc_… --action retry_refund --reason "The account works again" --dry-run',
    'exceptions list --unmatched',
  ],
  run: async (invocation) => {
    const { positionals, flags } = invocation;
    const verb = verbOf('exceptions', ['list', 'show', 'act'], positionals);
    const limit = integerFlag(invocation, 'limit', 20, { min: 1, max: 100 });
    const [, id] = positionals;
    if (verb === 'list') return await list(invocation, limit, id);
    if (id === undefined || id === '') {
      throw new UsageError({
        en: `Name the exception: tieout exceptions ${verb} exc_….`,
        zh: `请指明差错单：tieout exceptions ${verb} exc_…。`,
      });
    }
    const isNotification = id.startsWith('ntf_');
    const kind = isNotification ? 'notifications' : 'exceptions';
    const path = `/v1/${kind}/${encodeURIComponent(id)}`;
    if (verb === 'act') return await act(invocation, path, flags);
    const answer = await call(invocation, 'GET', path, {}, isNotification ? 'operator' : 'either');
    return show(answer, invocation, (one) => oneText(one, invocation.lang));
  },
};

async function list(
  invocation: Invocation,
  limit: number,
  extra: string | undefined,
): Promise<ExitCode> {
  if (extra !== undefined) {
    throw new UsageError({
      en: `exceptions list takes no ${JSON.stringify(extra)}: tieout exceptions show ${extra}.`,
      zh: `exceptions list 不需要参数 ${JSON.stringify(extra)}：请用 tieout exceptions show ${extra}。`,
    });
  }
  const { lang } = invocation;
  if (invocation.flags.unmatched === true) {
    const kept = await call(invocation, 'GET', `/v1/notifications?limit=${limit}`, {}, 'operator');
    return show(kept, invocation, (page) => tableOf(page, lang, KEPT_HEADS[lang], keptCells));
  }
  const answer = await call(invocation, 'GET', `/v1/exceptions?limit=${limit}`, {}, 'either');
  return show(answer, invocation, (page) => tableOf(page, lang, HEADS[lang], cellsOf));
}

async function act(
  invocation: Invocation,
  path: string,
  { order, 'dry-run': dryRun }: Invocation['flags'],
): Promise<ExitCode> {
  const action = neededFlag(invocation, 'action', 'ACTION');
  if (!ACTIONS.includes(action)) {
    throw new UsageError({
      en: `--action must be one of ${ACTIONS.join(', ')}, not ${JSON.stringify(action)}.`,
      zh: `--action 只能是 ${ACTIONS.join('、')}，不能是 ${JSON.stringify(action)}。`,
    });
  }
  const wanted = {
    action,
    reason: neededFlag(invocation, 'reason', 'WORDS'),
    ...(dryRun === true && { dry_run: true }),
    ...(typeof order === 'string' && { channel_order_no: order }),
  };
  const answer = await call(invocation, 'POST', `${path}/actions`, wanted, 'operator');
  return show(answer, invocation, (done) => doneText(done, invocation.lang));
}

const HEADS = {
  en: ['exception', 'kind', 'merchant order number', 'owner', 'at risk', 'currency', 'opened'],
  zh: ['差错单', '类型', '商户订单号', '负责方', '风险金额', '币种', '产生时间'],
} as const;
const KEPT_HEADS = {
  en: ['notification', 'channel', 'account', 'received', 'why'],
  zh: ['通知', '渠道', '账户', '收到时间', '原因'],
} as const;

const word = (name: unknown, lang: Lang): string =>
  lang === 'zh' ? inChinese(String(name)) : String(name);

function cellsOf(one: Json, lang: Lang): string[] {
  const currency = String(one['currency']);
  const kind = String(one['kind']);
  return [
    String(one['id']),
    lang === 'zh' ? `${nameInChinese(kind)} ${kind}` : kind,
    String(one['merchant_order_no']),
    word(one['owner'], lang),
    majorText(Number(one['amount_at_risk']), currency),
    currency,
    String(one['opened_at']),
  ];
}

function keptCells(one: Json, lang: Lang): string[] {
  const [id, channel, account, receivedAt] = ['id', 'channel', 'account', 'received_at'].map(
    (name) => String(one[name]),
  );
  return [id ?? '', channel ?? '', account ?? '', receivedAt ?? '', word(one['reason'], lang)];
}

function tableOf(
  page: Json,
  lang: Lang,
  head: readonly string[],
  cells: (one: Json, lang: Lang) => string[],
): string {
  const data = Array.isArray(page['data']) ? page['data'].map((one): Json => Object(one)) : [];
  if (data.length === 0) return { en: 'Nothing is open.', zh: '没有未平的差错。' }[lang];
  const rows = table(
    head,
    data.map((one) => cells(one, lang)),
    head === HEADS[lang] ? [4] : [],
  );
  const more = {
    en: 'There are more: --limit takes up to 100.',
    zh: '还有更多：--limit 最大为 100。',
  }[lang];
  return page['has_more'] === true ? `${rows}\n${more}` : rows;
}

function oneText(one: Json, lang: Lang): string {
  if (one['object'] === 'notification') {
    const cells = keptCells(one, lang);
    const rows = KEPT_HEADS[lang].map((head, at): [string, string] => [head, cells[at] ?? '']);
    return `${pairs(rows)}\n${String(one['body'])}`;
  }
  const cells = cellsOf(one, lang);
  const rows = HEADS[lang].map((head, at): [string, string] => [head, cells[at] ?? '']);
  const labels = {
    en: [
      'what happens next',
      'over because',
      'you may',
      'nothing: it is over, or it heals by itself',
    ],
    zh: ['下一步', '平账依据', '可执行操作', '无：已平账，或由平台自行处理'],
  }[lang];
  const [next = '', over = '', may = '', nothing = ''] = labels;
  const resolution = one['resolution'];
  rows.push(
    resolution === null || resolution === undefined
      ? [next, word(one['next_action'], lang)]
      : [over, word(resolution, lang)],
  );
  const actions = Array.isArray(one['actions']) ? one['actions'].map(String) : [];
  rows.push([may, actions.length > 0 ? actions.join(', ') : nothing]);
  const number = String(one['merchant_order_no']);
  const story = {
    en: `The whole story: tieout explain ${number}`,
    zh: `完整经过：tieout explain ${number}`,
  }[lang];
  return `${pairs(rows)}\n${story}`;
}

function doneText(done: Json, lang: Lang): string {
  const changes = Array.isArray(done['changes']) ? done['changes'].map(String) : [];
  const isDry = done['dry_run'] === true;
  const head = {
    en: isDry ? 'This would change:' : `Done, in the name of ${String(done['by'])}:`,
    zh: isDry ? '将会发生的变化：' : `已由 ${String(done['by'])} 执行：`,
  }[lang];
  const none = { en: 'nothing', zh: '无变化' }[lang];
  const lines = changes.length > 0 ? changes.map((line) => word(line, lang)) : [none];
  return [head, ...lines.map((line) => `  ${line}`)].join('\n');
}
