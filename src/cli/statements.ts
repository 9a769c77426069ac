/** `tieout statements check`: reads a channel's statement whole, and shows what it is of, or why it is refused. Nothing is stored. */
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { statementFormatsOf, STATEMENT_FORMATS } from '../channels/statement-catalogue.ts';
import { isDay } from '../core/reconciliation/business-day.ts';
import { majorText } from '../core/money.ts';
import type { StatementLine } from '../core/reconciliation/statement-line.ts';
import { readStatement } from '../statements/read-statement.ts';
import type { ReadStatement } from '../statements/read-statement.ts';
import { StatementError } from '../statements/statement-format.ts';
import type { StatementExpectation } from '../statements/statement-format.ts';
import { STATEMENT_WORDS } from './chinese-statements.ts';
import { API_FLAGS, show as showAnswer, textOf, upload } from './api-call.ts';
import type { Command, ExitCode, Invocation } from './command.ts';
import { integerFlag, neededFlag, UsageError, verbOf } from './command.ts';
import { statementRefusal } from './statement-refusal.ts';
import { pairs, print, table } from './terminal.ts';
import type { Lang } from './words.ts';

const CHINA_MINUTES = 480;
const PREVIEW_LINES = 5;
const CHANNELS = [...new Set(STATEMENT_FORMATS.map(({ channel }) => channel))];

export const statements: Command = {
  name: 'statements',
  takes: 'check|import <file>',
  takesMax: 2,
  summary: {
    en: "Read a channel's statement file whole and show what it is of, or take it in for a running platform",
    zh: '完整读取渠道对账单文件并显示其内容，或导入到运行中的平台',
  },
  flags: {
    ...API_FLAGS,
    reason: {
      type: 'string',
      value: 'WORDS',
      help: { en: 'import: why a person brings it', zh: 'import：人工导入的原因' },
    },
    channel: {
      type: 'string',
      value: CHANNELS.join('|'),
      help: { en: 'Only the formats of this channel', zh: '只按该渠道的格式读取' },
    },
    date: {
      type: 'string',
      value: 'YYYY-MM-DD',
      help: { en: 'Refuse the file of another day', zh: '拒绝其他账务日的文件' },
    },
    account: {
      type: 'string',
      value: 'NUMBER',
      help: { en: 'Refuse the file of another merchant number', zh: '拒绝其他商户号的文件' },
    },
    'utc-offset': {
      type: 'string',
      value: 'MINUTES',
      help: {
        en: "The channel's zone in minutes east of UTC (default 480, China)",
        zh: '渠道所在时区，UTC 以东的分钟数（默认 480，即中国）',
      },
    },
  },
  examples: [
    'statements check 20260611_bill.csv.zip',
    'statements check bill.csv --channel wechatpay --date 2026-11-18 --account 1900000001',
  ],
  run: async (invocation) => {
    const { positionals, json, lang } = invocation;
    const verb = verbOf('statements', ['check', 'import'], positionals);
    const [, path] = positionals;
    if (path === undefined || path === '') {
      throw new UsageError({
        en: 'Give a statement file: tieout statements check <file>.',
        zh: '请给出对账单文件：tieout statements check <文件>。',
      });
    }
    if (verb === 'import') return await importFile(invocation, path);
    const formats = statementFormatsOf(channelOf(invocation));
    const expected = expectationOf(invocation);
    const preview: StatementLine[] = [];
    try {
      const reading = readStatement({ path }, { formats, expected });
      let next = await reading.next();
      for (; next.done !== true; next = await reading.next()) {
        preview.push(...next.value.slice(0, PREVIEW_LINES - preview.length));
      }
      if (json) print(JSON.stringify(asJson(next.value, preview)));
      else show(next.value, preview, lang);
      return 0;
    } catch (error) {
      throw error instanceof StatementError ? statementRefusal(path, error) : error;
    }
  },
};

/** Takes the file in through the API, under a person's name. Nothing of a refused one is kept. */
async function importFile(invocation: Invocation, path: string): Promise<ExitCode> {
  const query = new URLSearchParams({
    channel: neededFlag(invocation, 'channel', 'NAME'),
    date: neededFlag(invocation, 'date', 'YYYY-MM-DD'),
    reason: neededFlag(invocation, 'reason', 'WORDS'),
    file_name: basename(path),
  });
  const file = await openAsBlob(path).catch(() => {
    throw new UsageError({
      en: `${plain(path)} cannot be read.`,
      zh: `无法读取 ${plain(path)}。`,
    });
  });
  const answer = await upload(invocation, `/v1/statements?${query.toString()}`, file, 'operator');
  const code = showAnswer(answer, invocation, (body) =>
    pairs([
      [STATEMENT_WORDS[invocation.lang].format, textOf(body['format'])],
      ['id', textOf(body['id'])],
      ['SHA-256', textOf(body['sha256'])],
    ]),
  );
  // A file that cannot be taken in whole is the caller's to mend, as where it is only read.
  return answer.status === 422 ? 2 : code;
}

function channelOf({ flags }: Invocation): string | null {
  const { channel } = flags;
  if (channel === undefined) return null;
  if (CHANNELS.some((known) => known === channel)) return String(channel);
  throw new UsageError({
    en: `--channel must be ${CHANNELS.join(', ')}, not ${JSON.stringify(channel)}.`,
    zh: `--channel 只能是 ${CHANNELS.join('、')}，不能是 ${JSON.stringify(channel)}。`,
  });
}

function expectationOf(invocation: Invocation): StatementExpectation {
  const { date, account } = invocation.flags;
  if (date !== undefined && !isDay(String(date))) {
    throw new UsageError({
      en: `--date must be a day such as 2026-11-18, not ${JSON.stringify(date)}.`,
      zh: `--date 须为 2026-11-18 这样的日期，不能是 ${JSON.stringify(date)}。`,
    });
  }
  return {
    day: date === undefined ? null : String(date),
    account: account === undefined ? null : String(account),
    currency: 'CNY',
    utcOffsetMinutes: integerFlag(invocation, 'utc-offset', CHINA_MINUTES, {
      min: -720,
      max: 840,
    }),
    metadataKeys: { order: 'order_no', refund: 'refund_no' },
  };
}

function asJson(read: ReadStatement, preview: readonly StatementLine[]): unknown {
  const { format, summary, ...rest } = read;
  return {
    format: format.code,
    channel: format.channel,
    container: rest.container,
    encoding: rest.encoding,
    day: summary.day,
    account: summary.account,
    line_count: rest.lineCount,
    statement_line_count: rest.statementLineCount,
    totals: summary.totals.map((total) => ({
      kind: total.kind,
      currency: total.currency,
      count: total.count,
      amount: total.amountMinor,
      fee: total.feeMinor,
    })),
    totals_compared: summary.hasTrailer,
    sha256: rest.sha256,
    content_sha1: rest.contentSha1,
    entries: rest.entries,
    columns: rest.columns,
    first_lines: preview.map(snakeCased),
  };
}

function snakeCased(line: StatementLine): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(line).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}

function show(read: ReadStatement, preview: readonly StatementLine[], lang: Lang): void {
  const words = STATEMENT_WORDS[lang];
  const { summary } = read;
  const unknown = words.unsaid;
  print(
    pairs([
      [words.format, `${read.format.title[lang]} (${read.format.code})`],
      [words.day, summary.day ?? unknown],
      [words.account, plain(summary.account ?? unknown)],
      [words.lines, `${read.statementLineCount} / ${read.lineCount}`],
      [words.foot, summary.hasTrailer ? words.agrees : words.none],
      ['SHA-256', read.sha256],
    ]),
  );
  print('');
  const totals = summary.totals.map((total) => [
    words.kinds[total.kind],
    total.currency,
    String(total.count),
    majorText(total.amountMinor, total.currency),
    majorText(total.feeMinor, total.currency),
  ]);
  print(table(words.totalHead, totals, [2, 3, 4]));
  if (preview.length === 0) return;
  print('');
  print(
    `${words.columns}${read.columns.map((one) => `${one.field} ← ${plain(one.column)}`).join('; ')}`,
  );
  print('');
  const rows = preview.map((line) => [
    String(line.lineNo),
    words.kinds[line.kind],
    plain(line.orderNo ?? ''),
    plain(line.refundNo ?? ''),
    plain(line.transactionNo ?? ''),
    majorText(line.amountMinor, line.currency),
    line.currency,
    line.feeMinor === null ? '' : majorText(line.feeMinor, line.settlementCurrency),
    words.statuses[line.status],
    line.atMs === null ? '' : new Date(line.atMs).toISOString(),
  ]);
  print(table(words.lineHead, rows, [0, 5, 7]));
}

/** Text of a file on a terminal: nothing in it may move the cursor. */
function plain(text: string): string {
  return text.replaceAll(/\p{C}/gu, '�');
}
