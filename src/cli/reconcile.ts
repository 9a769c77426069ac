/**
 * `tieout reconcile`: a channel's statement against one's own orders. With `--orders` it needs no server and no
 * platform: the two files are compared in a database of their own, which is gone afterwards.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { STATEMENT_FORMATS, statementFormatsOf } from '../channels/statement-catalogue.ts';
import type { BusinessClock } from '../core/reconciliation/business-day.ts';
import { isDay } from '../core/reconciliation/business-day.ts';
import { countOf, hasDifferences } from '../core/reconciliation/figures.ts';
import { majorText } from '../core/money.ts';
import { readConfig } from '../runtime/config.ts';
import type { ComparePhase, FilesCompared } from '../runtime/reconcile/compare-files.ts';
import { COMPARED, compareFiles } from '../runtime/reconcile/compare-files.ts';
import { differenceCsv } from '../runtime/reconcile/difference-csv.ts';
import { StatementError } from '../statements/statement-format.ts';
import { openBulkPool } from '../store/postgres/bulk-pool.ts';
import type { Pool } from '../store/postgres/pool.ts';
import type { StoredItem } from '../store/postgres/reconciliations.ts';
import { listItems } from '../store/postgres/reconciliations.ts';
import { API_FLAGS } from './api-call.ts';
import type { Command, ExitCode, Invocation } from './command.ts';
import { UsageError, integerFlag, neededFlag } from './command.ts';
import { openDatabase } from './database.ts';
import { writeWorkbook } from './difference-workbook.ts';
import { reconcileDay } from './reconcile-day.ts';
import { REPORT_WORDS } from './reconcile-words.ts';
import { statementRefusal } from './statement-refusal.ts';
import { pairs, print, say, table } from './terminal.ts';

const CHANNELS = [...new Set(STATEMENT_FORMATS.map(({ channel }) => channel))];
const CHINA_MINUTES = 480;
/** Stripe's reports are cut in UTC unless somebody asks for another zone. */
const STRIPE_MINUTES = 0;
const ITEMS_SHOWN_MAX = 20;
const SAY_EVERY_MS = 2_000;

export const reconcile: Command = {
  name: 'reconcile',
  takes: '',
  takesMax: 0,
  summary: {
    en: "Compare a channel's statement with your orders, without any server; or a day of a running platform",
    zh: '将渠道对账单与本方订单勾对（无需服务器）；或为运行中的平台对某一日的账',
  },
  flags: {
    ...API_FLAGS,
    channel: {
      type: 'string',
      value: CHANNELS.join('|'),
      help: { en: 'Whose statement it is', zh: '对账单所属渠道' },
    },
    statement: {
      type: 'string',
      value: 'FILE',
      help: { en: "The channel's file, packed or not", zh: '渠道文件（可为压缩包）' },
    },
    orders: {
      type: 'string',
      value: 'FILE',
      help: {
        en: 'Your orders: CSV kind,order_no,refund_no,transaction_no,amount,currency,fee,status,time',
        zh: '本方订单 CSV：kind,order_no,refund_no,transaction_no,amount,currency,fee,status,time',
      },
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
        en: "The channel's zone in minutes east of UTC (default 480, China; stripe 0)",
        zh: '渠道所在时区，UTC 以东的分钟数（默认 480，即中国；stripe 为 0）',
      },
    },
    'cut-off': {
      type: 'string',
      value: 'HH:MM',
      help: {
        en: 'When the channel cuts its day (default 00:00; 23:00 is of the evening before)',
        zh: '渠道日切时间（默认 00:00；23:00 指前一日晚）',
      },
    },
    out: {
      type: 'string',
      value: 'FILE',
      help: {
        en: 'Write every difference to a file: .xlsx with a cover, anything else as CSV',
        zh: '将全部差异写入文件：.xlsx 带封面，其余为 CSV',
      },
    },
  },
  examples: [
    'reconcile --channel alipay --statement bill.zip --orders orders.csv',
    'reconcile --channel sandbox --date 2026-11-18',
    'reconcile --channel wechatpay --statement bill.csv --orders orders.csv --date 2026-11-18 --json',
  ],
  run: async (invocation) => {
    const { flags } = invocation;
    if (flags.orders === undefined && flags.statement === undefined && flags.date !== undefined) {
      return await reconcileDay(invocation);
    }
    const channel = channelOf(invocation);
    const statementPath = neededFlag(invocation, 'statement', 'FILE');
    const ordersPath = neededFlag(invocation, 'orders', 'FILE');
    const clock = clockOf(invocation, channel);
    const options = {
      formats: statementFormatsOf(channel),
      expected: {
        day: dayOf(invocation),
        account: textFlag(invocation, 'account'),
        currency: 'CNY',
        utcOffsetMinutes: clock.utcOffsetMinutes,
        metadataKeys: { order: 'order_no', refund: 'refund_no' },
      },
    };
    const { dataDir, databaseUrl } = readConfig(process.env, process.cwd());
    const database = await openDatabase(databaseUrl, dataDir, `reconcile_${process.pid}`);
    const pool = openBulkPool(database.url, { max: 1, onError: () => {} });
    try {
      const compared = await compareFiles(pool, {
        statement: { path: statementPath },
        options,
        ordersPath,
        clock,
        onProgress: newCounter(invocation.lang),
      });
      return await report(compared, pool, invocation);
    } catch (error) {
      throw error instanceof StatementError
        ? statementRefusal(error.entry === ordersPath ? ordersPath : statementPath, error)
        : error;
    } finally {
      await pool.end();
      await database.stop();
    }
  },
};

/** How many lines were read, now and then; how many there will be nobody knows before the end. */
function newCounter(lang: Invocation['lang']) {
  const words = REPORT_WORDS[lang];
  const labels = {
    statement: words.lines,
    orders: words.orders,
    comparison: words.comparison,
    commit: words.commit,
  };
  let saidAtMs = performance.now();
  return (phase: ComparePhase, count: number): void => {
    const nowMs = performance.now();
    if (nowMs - saidAtMs < SAY_EVERY_MS) return;
    saidAtMs = nowMs;
    say(`${labels[phase]} ${count.toLocaleString('en')} …`);
  };
}

async function report(
  compared: FilesCompared,
  pool: Pool,
  invocation: Invocation,
): Promise<ExitCode> {
  const { json, lang } = invocation;
  const { figures, read, day, orderCount } = compared;
  if (compared.unaccounted.length > 0) throw new Error(compared.unaccounted.join('; '));
  const isBalanced = !hasDifferences(figures);
  const out = textFlag(invocation, 'out');
  if (out?.endsWith('.xlsx')) {
    await writeWorkbook(out, compared, pool, COMPARED.reconciliation, lang);
  } else if (out !== null) {
    const rows = Readable.from(differenceCsv(pool, COMPARED.reconciliation));
    await pipeline(rows, createWriteStream(out));
  }
  if (json) {
    print(JSON.stringify(totalsOf(compared)));
    return isBalanced ? 0 : 1;
  }
  const words = REPORT_WORDS[lang];
  print(
    pairs([
      [words.day, day],
      [words.lines, `${read.statementLineCount}  (${read.format.title[lang]})`],
      [words.orders, String(orderCount)],
    ]),
  );
  print('');
  const totals = figures.map((row) => [
    words.classes[row.class],
    row.kind,
    row.currency,
    String(row.lineCount),
    majorText(row.lineMinor, row.currency),
    String(row.entryCount),
    majorText(row.entryMinor, row.currency),
  ]);
  print(table(words.totalHead, totals, [3, 4, 5, 6]));
  await showItems(pool, invocation);
  if (out !== null) print(words.written(out));
  print('');
  print(isBalanced ? words.balanced : words.notBalanced);
  return isBalanced ? 0 : 1;
}

/** The line for a machine; what moved no order stands in no class of it. */
function totalsOf({ figures, read, orderCount }: FilesCompared): object {
  const order = ['channel_only', 'platform_only', 'amount', 'fee', 'status', 'duplicate'] as const;
  return {
    statement_lines: read.statementLineCount,
    orders: orderCount,
    matched: countOf(figures, 'matched'),
    carried: countOf(figures, 'carried'),
    differences: Object.fromEntries(order.map((one) => [one, countOf(figures, one)])),
    balanced: !hasDifferences(figures),
  };
}

async function showItems(pool: Pool, { lang }: Invocation): Promise<void> {
  const words = REPORT_WORDS[lang];
  const wanted = { after: 0, limit: ITEMS_SHOWN_MAX + 1 };
  const items = await listItems(pool, COMPARED.reconciliation, wanted);
  if (items.length === 0) return;
  print('');
  const shown = items.slice(0, ITEMS_SHOWN_MAX);
  print(
    table(
      words.itemHead,
      shown.map((item) => itemRow(item, lang)),
      [2, 6, 7],
    ),
  );
  if (items.length <= ITEMS_SHOWN_MAX) return;
  const { rows } = await pool.query<{ count: number }>(
    'SELECT count(*) AS count FROM reconciliation_item WHERE reconciliation = $1',
    [COMPARED.reconciliation],
  );
  print(words.more((rows[0]?.count ?? 0) - ITEMS_SHOWN_MAX));
}

function itemRow(item: StoredItem, lang: Invocation['lang']): string[] {
  const money = (minor: number | null): string =>
    minor === null ? '' : majorText(minor, item.currency);
  const fees = [item.channelFeeMinor, item.platformFeeMinor];
  const [channel, platform] = item.class === 'fee' ? fees : [item.channelMinor, item.platformMinor];
  return [
    REPORT_WORDS[lang].classes[item.class],
    item.kind,
    item.lineNo === null ? '' : String(item.lineNo),
    plain(item.orderNo),
    plain(item.refundNo),
    plain(item.transactionNo),
    money(channel ?? null),
    money(platform ?? null),
    item.currency,
  ];
}

/** Text of a file on a terminal: nothing in it may move the cursor. */
function plain(text: string | null): string {
  return (text ?? '').replaceAll(/\p{C}/gu, '�');
}

function channelOf(invocation: Invocation): string {
  const channel = neededFlag(invocation, 'channel', CHANNELS.join('|'));
  if (CHANNELS.includes(channel)) return channel;
  throw new UsageError({
    en: `--channel must be ${CHANNELS.join(', ')}, not ${JSON.stringify(channel)}.`,
    zh: `--channel 只能是 ${CHANNELS.join('、')}，不能是 ${JSON.stringify(channel)}。`,
  });
}

function dayOf(invocation: Invocation): string | null {
  const date = textFlag(invocation, 'date');
  if (date === null || isDay(date)) return date;
  throw new UsageError({
    en: `--date must be a day such as 2026-11-18, not ${JSON.stringify(date)}.`,
    zh: `--date 须为 2026-11-18 这样的日期，不能是 ${JSON.stringify(date)}。`,
  });
}

function clockOf(invocation: Invocation, channel: string): BusinessClock {
  const standard = channel === 'stripe' ? STRIPE_MINUTES : CHINA_MINUTES;
  const range = { min: -720, max: 840 };
  const utcOffsetMinutes = integerFlag(invocation, 'utc-offset', standard, range);
  const cutOff = textFlag(invocation, 'cut-off') ?? '00:00';
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(cutOff) ?? [];
  if (hours === undefined || minutes === undefined) {
    throw new UsageError({
      en: `--cut-off must be a time such as 23:00, not ${JSON.stringify(cutOff)}.`,
      zh: `--cut-off 须为 23:00 这样的时间，不能是 ${JSON.stringify(cutOff)}。`,
    });
  }
  const after = Number(hours) * 60 + Number(minutes);
  // A day that is cut in the afternoon or evening begins on the day before.
  return { utcOffsetMinutes, dayStartMinutes: after > 12 * 60 ? after - 24 * 60 : after };
}

function textFlag({ flags }: Invocation, name: string): string | null {
  const value = flags[name];
  return typeof value === 'string' && value !== '' ? value : null;
}
