/** `tieout reconcile --channel C --date D`: a day of a running platform, fetched, compared, settled and closed. */
import type { ItemClass } from '../core/reconciliation/figures.ts';
import { ITEM_CLASSES } from '../core/reconciliation/figures.ts';
import { majorText } from '../core/money.ts';
import type { Json } from './api-call.ts';
import { call, show, textOf } from './api-call.ts';
import type { ExitCode, Invocation } from './command.ts';
import { neededFlag } from './command.ts';
import { REPORT_WORDS } from './reconcile-words.ts';
import { pairs, print, table } from './terminal.ts';
import type { Lang } from './words.ts';

const DAY_WORDS = {
  en: { id: 'comparison', status: 'status', digest: 'digest', done: 'done' },
  zh: { id: '对账', status: '状态', digest: '摘要', done: '处理' },
} as const;

/** Exit code 0 where the day is closed, 1 where it is not. */
export async function reconcileDay(invocation: Invocation): Promise<ExitCode> {
  const { json, lang } = invocation;
  const wanted = {
    channel: neededFlag(invocation, 'channel', 'NAME'),
    date: neededFlag(invocation, 'date', 'YYYY-MM-DD'),
  };
  const answer = await call(invocation, 'POST', '/v1/reconciliations', wanted, 'operator');
  const code = show(answer, invocation, (run) => dayText(run, lang));
  if (code !== 0 || answer.body === null) return code;
  const path = `/v1/reconciliations/${textOf(answer.body['id'])}/items?limit=100`;
  const { body } = await call(invocation, 'GET', path, {}, 'operator');
  const items = body && Array.isArray(body['data']) ? (body['data'] as Json[]) : [];
  if (!json && items.length > 0) {
    const { itemHead, totalHead } = REPORT_WORDS[lang];
    const head = [...itemHead.slice(0, 4), totalHead[4] ?? '', DAY_WORDS[lang].done];
    print('');
    print(
      table(
        head,
        items.map((item) => itemRow(item, lang)),
        [2, 4],
      ),
    );
  }
  return answer.body['status'] === 'closed' ? 0 : 1;
}

function dayText(run: Json, lang: Lang): string {
  const words = DAY_WORDS[lang];
  const figures = Array.isArray(run['figures']) ? (run['figures'] as Json[]) : [];
  const rows = figures.map((row) => [
    classWord(row, lang),
    textOf(row['kind']),
    textOf(row['currency']),
    String(Number(row['lines'])),
    majorText(Number(row['lines_amount']), textOf(row['currency'])),
    String(Number(row['entries'])),
    majorText(Number(row['entries_amount']), textOf(row['currency'])),
  ]);
  const head = pairs([
    [words.id, textOf(run['id'])],
    [words.status, textOf(run['status'])],
    [words.digest, textOf(run['digest'])],
  ]);
  return `${head}\n\n${table(REPORT_WORDS[lang].totalHead, rows, [3, 4, 5, 6])}`;
}

function itemRow(item: Json, lang: Lang): string[] {
  const amount = item['channel_amount'] ?? item['platform_amount'];
  return [
    classWord(item, lang),
    textOf(item['kind']),
    typeof item['line'] === 'number' ? String(item['line']) : '',
    textOf(item['channel_refund_no']) || textOf(item['channel_order_no']),
    typeof amount === 'number' ? majorText(amount, textOf(item['currency'])) : '',
    textOf(item['outcome_words']),
  ];
}

function classWord(row: Json, lang: Lang): string {
  const found = ITEM_CLASSES.find((one: ItemClass) => one === row['class']);
  return found ? REPORT_WORDS[lang].classes[found] : textOf(row['class']);
}
