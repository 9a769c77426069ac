/**
 * Differences as CSV for a spreadsheet: with a byte order mark, so that Chinese is read right; numbers that
 * are names (orders, transactions) as text, so that no digit is lost; and no cell that would be calculated.
 */
import { majorText } from '../../core/money.ts';
import { csvName } from '../../statements/csv-cell.ts';
import type { Pool } from '../../store/postgres/pool.ts';
import type { StoredItem } from '../../store/postgres/reconciliations.ts';
import { listItems } from '../../store/postgres/reconciliations.ts';

const HEAD =
  'class,side,kind,line,order_no,refund_no,transaction_no,channel_amount,platform_amount,currency,channel_fee,platform_fee,channel_status,platform_status,time,outcome,what_was_done';
const PAGE_SIZE = 5_000;

/** All items of a comparison, piece by piece: memory stays bounded whatever the day was like. */
export async function* differenceCsv(
  pool: Pool,
  reconciliation: number,
): AsyncGenerator<string, void, void> {
  yield `\uFEFF${HEAD}\r\n`;
  let after = 0;
  for (;;) {
    const items = await listItems(pool, reconciliation, { after, limit: PAGE_SIZE });
    if (items.length > 0) yield items.map((item) => `${rowOf(item)}\r\n`).join('');
    const last = items.at(-1);
    if (!last || items.length < PAGE_SIZE) return;
    after = last.itemNo;
  }
}

function rowOf(item: StoredItem): string {
  const money = (minor: number | null): string =>
    minor === null ? '' : majorText(minor, item.currency);
  return [
    item.class,
    item.side,
    item.kind,
    item.lineNo === null ? '' : String(item.lineNo),
    csvName(item.orderNo),
    csvName(item.refundNo),
    csvName(item.transactionNo),
    money(item.channelMinor),
    money(item.platformMinor),
    item.currency,
    money(item.channelFeeMinor),
    money(item.platformFeeMinor),
    item.channelStatus ?? '',
    item.platformStatus ?? '',
    item.atMs === null ? '' : new Date(item.atMs).toISOString(),
    item.outcome ?? '',
    csvName(item.outcomeWords),
  ].join(',');
}
