/**
 * Statement files benchmark: what it costs to read a day of each channel whole, from disk, with every
 * check. Yardstick, on the same bytes: decode and cut into lines and fields, and nothing else.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STATEMENT_FORMATS } from '../src/channels/statement-catalogue.ts';
import { print, say, table } from '../src/cli/terminal.ts';
import { readStatement } from '../src/statements/read-statement.ts';
import { EXPECTED, writeStatement } from '../test/support/statement-files.ts';
import { round2 } from './median.ts';

const LINES = Number(process.env.BENCH_LINES ?? 1_000_000);
const ENCODINGS = {
  alipay_trade: 'gb18030',
  wechat_trade: 'utf-8',
  unionpay_zm: 'gb18030',
  stripe_balance: 'utf-8',
  sandbox: 'utf-8',
} as const;

const folder = mkdtempSync(join(tmpdir(), 'tieout-bench-'));
try {
  const rows: string[][] = [];
  for (const [name, encoding] of Object.entries(ENCODINGS)) {
    say(`${name}: ${LINES.toLocaleString('en')} lines …`);
    const path = join(folder, name);
    await writeStatement(path, name, LINES);
    const yardstick = await cpuSeconds(async () => await cutOnly(path, encoding));
    const whole = await cpuSeconds(async () => await readWhole(path));
    const megabytes = Math.round(statSync(path).size / 1e6);
    const perSecond = Math.round(LINES / whole).toLocaleString('en');
    rows.push([
      name,
      String(megabytes),
      String(round2(yardstick)),
      String(round2(whole)),
      perSecond,
    ]);
    rmSync(path);
  }
  print(
    table(['format', 'MB', 'yardstick CPU s', 'read CPU s', 'lines per CPU s'], rows, [1, 2, 3, 4]),
  );
  print(`peak memory of this process: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function cpuSeconds(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function readWhole(path: string): Promise<void> {
  const reading = readStatement({ path }, { formats: STATEMENT_FORMATS, expected: EXPECTED });
  let lines = 0;
  let next = await reading.next();
  for (; next.done !== true; next = await reading.next()) lines += next.value.length;
  if (lines !== LINES) throw new Error(`${path}: ${lines} lines and not ${LINES}`);
}

async function cutOnly(path: string, encoding: string): Promise<void> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const file = await open(path);
  let rest = '';
  let fields = 0;
  for await (const piece of file.createReadStream({ highWaterMark: 64 * 1024 })) {
    const lines = (rest + decoder.decode(piece as Buffer, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) fields += line.split(',').length;
  }
  if (fields === 0) throw new Error(`${path} has no fields`);
}
