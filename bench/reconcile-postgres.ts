/**
 * The first yardstick of the reconciliation benchmark: what PostgreSQL alone needs for the same two files.
 * Nothing is checked: no totals, no amounts, no times; every column is text, and rows are matched once.
 */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

const STATEMENT_COLUMNS = 25;
/** Where Alipay has them, counted from 1: 支付宝交易号, 商户订单号, 业务类型, 订单金额, 退款批次号, 服务费. */
const TRIMMED = `SELECT rtrim(c1, E'\\t') AS transaction_no, rtrim(c2, E'\\t') AS order_no, rtrim(c3, E'\\t') AS word,
  c12::numeric AS amount, rtrim(c22, E'\\t') AS refund_no, c23::numeric AS fee FROM bare_line`;

/** Loads both files with COPY into logged tables, looks for repeats, joins, commits; answers milliseconds. */
export async function barePostgres(
  url: string,
  files: { readonly stripped: string; readonly orders: string },
): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const columns = Array.from({ length: STATEMENT_COLUMNS }, (_, at) => `c${at + 1} text`);
    const startedAtMs = performance.now();
    await client.query('BEGIN');
    await client.query(`CREATE TABLE bare_line (${columns.join(', ')})`);
    await client.query(
      'CREATE TABLE bare_order (kind text, order_no text, refund_no text, transaction_no text, amount numeric, currency text, fee numeric, status text, time text)',
    );
    await load(
      client,
      `COPY bare_line FROM STDIN (FORMAT csv, HEADER, ENCODING 'GBK')`,
      files.stripped,
    );
    await load(client, `COPY bare_order FROM STDIN (FORMAT csv, HEADER)`, files.orders);
    await client.query('ANALYZE bare_line, bare_order');
    await client.query(`SELECT count(*) FROM (
      SELECT 1 FROM (${TRIMMED}) l GROUP BY transaction_no, refund_no HAVING count(*) > 1) repeated`);
    await client.query(`
      SELECT CASE WHEN o.order_no IS NULL THEN 'channel_only' WHEN l.order_no IS NULL THEN 'platform_only'
        WHEN abs(l.amount) <> o.amount THEN 'amount' WHEN abs(l.fee) <> abs(o.fee) THEN 'fee' ELSE 'matched' END, count(*)
      FROM (${TRIMMED}) l FULL JOIN bare_order o
        ON o.transaction_no = l.transaction_no AND coalesce(o.refund_no, '') = l.refund_no
      GROUP BY 1`);
    await client.query('COMMIT');
    const wallMs = performance.now() - startedAtMs;
    await client.query('DROP TABLE bare_line, bare_order');
    return wallMs;
  } finally {
    await client.end();
  }
}

async function load(client: pg.Client, statement: string, path: string): Promise<void> {
  await pipeline(
    createReadStream(path, { highWaterMark: 1 << 20 }),
    client.query(copyFrom(statement)),
  );
}
