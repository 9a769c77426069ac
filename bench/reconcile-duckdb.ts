/**
 * The second yardstick of the reconciliation benchmark, in a process of its own: DuckDB, which reads no GBK, so
 * Node transcodes the statement first. Nothing is checked and nothing is kept: it is the fastest join there is.
 * Started with the folder into which `@duckdb/node-api` was installed, and the two files.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { print } from '../src/cli/terminal.ts';

export type DuckMeasured = {
  readonly wallMs: number;
  readonly transcodeMs: number;
  readonly rssMb: number;
};

type DuckDb = {
  readonly DuckDBInstance: {
    create(path: string): Promise<{ connect(): Promise<{ run(sql: string): Promise<unknown> }> }>;
  };
};

const [folder = '', stripped = '', orders = ''] = process.argv.slice(2);
const entry = createRequire(`${folder}/package.json`).resolve('@duckdb/node-api');
const { DuckDBInstance } = (await import(pathToFileURL(entry).href)) as DuckDb;
const connection = await (await DuckDBInstance.create(':memory:')).connect();

const startedAtMs = performance.now();
const utf8 = `${stripped}.utf8`;
await pipeline(
  createReadStream(stripped, { highWaterMark: 1 << 20 }),
  async function* decoded(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
    const decoder = new TextDecoder('gb18030');
    for await (const piece of pieces) yield decoder.decode(piece, { stream: true });
  },
  createWriteStream(utf8),
);
const transcodedAtMs = performance.now();
await connection.run(`
  CREATE TABLE line AS SELECT trim("支付宝交易号", chr(9)) AS transaction_no, trim("商户订单号", chr(9)) AS order_no,
    "订单金额（元）"::DECIMAL(18, 2) AS amount, trim("退款批次号/请求号", chr(9)) AS refund_no, "服务费（元）"::DECIMAL(18, 2) AS fee
  FROM read_csv('${utf8}', header = true, all_varchar = true, delim = ',', quote = '')`);
await connection.run(`
  CREATE TABLE listed AS SELECT order_no, transaction_no, coalesce(refund_no, '') AS refund_no,
    amount::DECIMAL(18, 2) AS amount, fee::DECIMAL(18, 2) AS fee
  FROM read_csv('${orders}', header = true, all_varchar = true)`);
await connection.run(
  'SELECT count(*) FROM (SELECT 1 FROM line GROUP BY transaction_no, refund_no HAVING count(*) > 1)',
);
await connection.run(`
  SELECT CASE WHEN o.order_no IS NULL THEN 'channel_only' WHEN l.order_no IS NULL THEN 'platform_only'
    WHEN abs(l.amount) <> o.amount THEN 'amount' WHEN abs(l.fee) <> abs(o.fee) THEN 'fee' ELSE 'matched' END, count(*)
  FROM line l FULL JOIN listed o ON o.transaction_no = l.transaction_no AND o.refund_no = coalesce(l.refund_no, '')
  GROUP BY 1`);
const measured: DuckMeasured = {
  wallMs: performance.now() - startedAtMs,
  transcodeMs: transcodedAtMs - startedAtMs,
  rssMb: process.resourceUsage().maxRSS / 1024,
};
print(JSON.stringify(measured));
