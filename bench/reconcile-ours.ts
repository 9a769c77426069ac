/**
 * Our side of the reconciliation benchmark, in a process of its own so that its memory is nobody else's:
 * compares two files in the database given and prints one line of JSON with its phases and its peak.
 */
import { alipayTrade } from '../src/channels/alipay/statement-trade.ts';
import type { ComparePhase } from '../src/runtime/reconcile/compare-files.ts';
import { compareFiles } from '../src/runtime/reconcile/compare-files.ts';
import { openBulkPool } from '../src/store/postgres/bulk-pool.ts';
import { print } from '../src/cli/terminal.ts';

export type OursMeasured = {
  readonly wallMs: number;
  readonly phaseMs: Readonly<Record<ComparePhase, number>>;
  readonly rssMb: number;
  readonly cpuMs: number;
  readonly lineCount: number;
  readonly orderCount: number;
  readonly unaccounted: readonly string[];
};

const [url = '', statementPath = '', ordersPath = ''] = process.argv.slice(2);
const pool = openBulkPool(url, { max: 1, onError: () => {} });
await pool.query('SELECT 1');
const startedAtMs = performance.now();
const cpuAtStart = process.cpuUsage();
const phaseMs: Record<ComparePhase, number> = { statement: 0, orders: 0, comparison: 0, commit: 0 };
let phase: ComparePhase = 'statement';
let phaseAtMs = startedAtMs;
const enter = (next: ComparePhase): void => {
  if (next === phase) return;
  const nowMs = performance.now();
  phaseMs[phase] += nowMs - phaseAtMs;
  phase = next;
  phaseAtMs = nowMs;
};
const compared = await compareFiles(pool, {
  statement: { path: statementPath },
  ordersPath,
  clock: { utcOffsetMinutes: 480, dayStartMinutes: 0 },
  options: {
    formats: [alipayTrade],
    expected: {
      day: null,
      account: null,
      currency: 'CNY',
      utcOffsetMinutes: 480,
      metadataKeys: { order: 'order_no', refund: 'refund_no' },
    },
  },
  onProgress: enter,
});
const endedAtMs = performance.now();
phaseMs[phase] += endedAtMs - phaseAtMs;
const cpu = process.cpuUsage(cpuAtStart);
const measured: OursMeasured = {
  wallMs: endedAtMs - startedAtMs,
  phaseMs,
  rssMb: process.resourceUsage().maxRSS / 1024,
  cpuMs: (cpu.user + cpu.system) / 1000,
  lineCount: compared.read.statementLineCount,
  orderCount: compared.orderCount,
  unaccounted: compared.unaccounted,
};
print(JSON.stringify(measured));
await pool.end();
