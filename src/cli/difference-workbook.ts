/**
 * A comparison as a workbook for finance: a cover with counts and sums, and every difference. Numbers that
 * are names are text, so that no digit is lost and nothing is calculated; money is a number that adds up.
 */
import writeExcelFile from 'write-excel-file/node';
import type { Cell, Row } from 'write-excel-file/node';
import { currencyExponent, majorText } from '../core/money.ts';
import { hasDifferences } from '../core/reconciliation/figures.ts';
import type { FilesCompared } from '../runtime/reconcile/compare-files.ts';
import type { Pool } from '../store/postgres/pool.ts';
import type { StoredItem } from '../store/postgres/reconciliations.ts';
import { listItems } from '../store/postgres/reconciliations.ts';
import { UsageError } from './command.ts';
import { REPORT_WORDS, WORKBOOK_WORDS } from './reconcile-words.ts';
import type { Lang } from './words.ts';

/** A workbook is built in memory; a day with more differences than this is not read in a spreadsheet. */
const ROWS_MAX = 50_000;
const PAGE_SIZE = 5_000;
const WIDE = { width: 36 };
const NARROW = { width: 18 };

/** Writes it. Throws a `UsageError` where there are too many differences for a workbook. */
export async function writeWorkbook(
  path: string,
  compared: FilesCompared,
  pool: Pool,
  reconciliation: number,
  lang: Lang,
): Promise<void> {
  const words = WORKBOOK_WORDS[lang];
  const items = await allItems(pool, reconciliation);
  const cover = {
    sheet: words.cover,
    data: coverRows(compared, lang),
    columns: [WIDE, NARROW, NARROW, NARROW, NARROW, NARROW, NARROW],
  };
  const differences = {
    sheet: words.differences,
    data: [words.head.map(titleCell), ...items.map((item) => itemRow(item, lang))],
    columns: [WIDE, NARROW, NARROW, WIDE, WIDE, WIDE, NARROW, NARROW, NARROW, NARROW, NARROW, WIDE],
    stickyRowsCount: 1,
  };
  await writeExcelFile([cover, differences]).toFile(path);
}

async function allItems(pool: Pool, reconciliation: number): Promise<StoredItem[]> {
  const items: StoredItem[] = [];
  for (;;) {
    const after = items.at(-1)?.itemNo ?? 0;
    const page = await listItems(pool, reconciliation, { after, limit: PAGE_SIZE });
    items.push(...page);
    if (items.length > ROWS_MAX) {
      throw new UsageError({
        en: `There are more than ${ROWS_MAX} differences: write them to a .csv file.`,
        zh: `差异超过 ${ROWS_MAX} 条：请导出为 .csv 文件。`,
      });
    }
    if (page.length < PAGE_SIZE) return items;
  }
}

function coverRows({ read, day, orderCount, figures }: FilesCompared, lang: Lang): Row[] {
  const words = REPORT_WORDS[lang];
  const book = WORKBOOK_WORDS[lang];
  const verdict = hasDifferences(figures) ? words.notBalanced : words.balanced;
  return [
    [titleCell(book.title)],
    [textCell(words.day), textCell(day)],
    [textCell(book.format), textCell(read.format.title[lang])],
    [textCell('SHA-256'), textCell(read.sha256)],
    [textCell(words.lines), countCell(read.statementLineCount)],
    [textCell(words.orders), countCell(orderCount)],
    [textCell(book.verdict), textCell(verdict)],
    [],
    words.totalHead.map(titleCell),
    ...figures.map((row) => [
      textCell(words.classes[row.class]),
      textCell(row.kind),
      textCell(row.currency),
      countCell(row.lineCount),
      moneyCell(row.lineMinor, row.currency),
      countCell(row.entryCount),
      moneyCell(row.entryMinor, row.currency),
    ]),
  ];
}

function itemRow(item: StoredItem, lang: Lang): Row {
  const { currency } = item;
  return [
    textCell(REPORT_WORDS[lang].classes[item.class]),
    textCell(item.kind),
    item.lineNo === null ? null : countCell(item.lineNo),
    textCell(item.orderNo),
    textCell(item.refundNo),
    textCell(item.transactionNo),
    moneyCell(item.channelMinor, currency),
    moneyCell(item.platformMinor, currency),
    textCell(currency),
    moneyCell(item.channelFeeMinor, currency),
    moneyCell(item.platformFeeMinor, currency),
    textCell(item.atMs === null ? null : new Date(item.atMs).toISOString()),
  ];
}

/** Always text, whatever it looks like; what a spreadsheet cannot hold becomes a visible mark. */
function textCell(text: string | null): Cell {
  if (text === null || text === '') return null;
  return { value: text.replaceAll(/\p{C}/gu, '�'), type: String };
}

function titleCell(text: string): Cell {
  return { value: text, type: String, fontWeight: 'bold' };
}

function countCell(count: number): Cell {
  return { value: count, type: Number, format: '0' };
}

function moneyCell(minor: number | null, currency: string): Cell {
  if (minor === null) return null;
  const decimals = currencyExponent(currency) ?? 0;
  const format = decimals === 0 ? '#,##0' : `#,##0.${'0'.repeat(decimals)}`;
  return { value: Number(majorText(minor, currency)), type: Number, format };
}
