/** What is open, counted when somebody reads the metrics: from the small tables only, whose size is what is open. */
import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import type { Pool } from '../store/postgres/pool.ts';

/** Beyond this a table is not small any more, and counting it would cost the database more than it tells. */
const COUNT_MAX = 100_000;
/** Several scrapers share one count. */
const FRESH_MS = 1_000;

const OPEN_WORK = `
  SELECT 'dropped_order' AS what, '' AS kind, count(*)::integer AS count
    FROM (SELECT 1 FROM dropped_order LIMIT ${COUNT_MAX}) AS one
  UNION ALL SELECT 'notice', '', count(*)::integer FROM (SELECT 1 FROM notice LIMIT ${COUNT_MAX}) AS one
  UNION ALL SELECT 'payment_expiry', '', count(*)::integer
    FROM (SELECT 1 FROM payment_expiry LIMIT ${COUNT_MAX}) AS one
  UNION ALL SELECT 'refund_job', '', count(*)::integer
    FROM (SELECT 1 FROM refund_job LIMIT ${COUNT_MAX}) AS one
  UNION ALL SELECT 'notification', '', count(*)::integer
    FROM (SELECT 1 FROM notification_job LIMIT ${COUNT_MAX}) AS one
  UNION ALL SELECT 'case', kind, count(*)::integer
    FROM (SELECT kind FROM open_case LIMIT ${COUNT_MAX}) AS one GROUP BY kind`;

type Row = { what: string; kind: string; count: number };

/** Registers the gauges of open work and of the connections of this process. */
export function measureOpenWork(registry: Registry, pool: Pool, channelPool: Pool): void {
  const rows = rememberFor(FRESH_MS, async () => await countAll(pool, channelPool));
  const work = new Gauge({
    name: 'tieout_open_work',
    help: `Rows in the tables of open work, up to ${COUNT_MAX} each.`,
    labelNames: ['table'],
    registers: [registry],
    collect: async () => {
      for (const { what, count } of await rows())
        if (what !== 'case') work.set({ table: what }, count);
    },
  });
  const cases = new Gauge({
    name: 'tieout_open_cases',
    help: 'Open exceptions by kind.',
    labelNames: ['kind'],
    registers: [registry],
    collect: async () => {
      const open = await rows();
      cases.reset();
      for (const { what, kind, count } of open) if (what === 'case') cases.set({ kind }, count);
    },
  });
  const connections = new Gauge({
    name: 'tieout_database_connections',
    help: 'Connections of this process: in use, idle, and callers that wait for one.',
    labelNames: ['state'],
    registers: [registry],
    collect: () => {
      connections.set({ state: 'used' }, pool.totalCount - pool.idleCount);
      connections.set({ state: 'idle' }, pool.idleCount);
      connections.set({ state: 'waiting' }, pool.waitingCount);
    },
  });
}

/** The answer of the last `ms` milliseconds again; while the database is away there is none, and the rest is still read. */
function rememberFor(ms: number, read: () => Promise<Row[]>): () => Promise<Row[]> {
  let last: Promise<Row[]> = Promise.resolve([]);
  let untilMs = 0;
  return async () => {
    const nowMs = performance.now();
    if (nowMs >= untilMs) {
      untilMs = nowMs + ms;
      last = read().catch(() => []);
    }
    return await last;
  };
}

/** The counts of both databases, where there are two; the same table counts together. */
async function countAll(pool: Pool, channelPool: Pool): Promise<Row[]> {
  const pools = pool === channelPool ? [pool] : [pool, channelPool];
  const answers = await Promise.all(pools.map(async (one) => await one.query<Row>(OPEN_WORK)));
  const sums = new Map<string, Row>();
  for (const row of answers.flatMap(({ rows }) => rows)) {
    const name = `${row.what} ${row.kind}`;
    const count = (sums.get(name)?.count ?? 0) + row.count;
    sums.set(name, { ...row, count });
  }
  return [...sums.values()];
}
