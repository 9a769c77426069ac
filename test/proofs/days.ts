/**
 * Many days with their statements (多日对账): the simulated world sells, pays, loses and returns; each channel
 * tells each day in a file that may be late, unreadable, wrong or rewritten; and the real reconciliation runs on
 * PostgreSQL, in the processes that die. In the end I21 and I22 hold, and each planted lie has its name.
 */
import type { Coupling } from '../../src/runtime/config.ts';
import { COUPLINGS } from '../../src/runtime/config.ts';
import { newDailyReconciliation } from '../../src/runtime/reconcile/daily-reconciliation.ts';
import { newReconciler } from '../../src/runtime/reconcile/reconciler.ts';
import type { DayEnd, DayEndParts } from '../../src/simulator/day-end.ts';
import type { SimulationOptions } from '../../src/simulator/simulation.ts';
import { runSimulation } from '../../src/simulator/simulation.ts';
import { auditApart } from '../../src/store/postgres/audit-apart.ts';
import { auditDatabase } from '../../src/store/postgres/audit.ts';
import { openBulkPool } from '../../src/store/postgres/bulk-pool.ts';
import { firstPaymentAtMs } from '../../src/store/postgres/day-closing.ts';
import type { Pool } from '../../src/store/postgres/pool.ts';
import { checkDays } from './day-checks.ts';
import { onOwnDatabases } from './own-database.ts';
import { simulatedPool } from './simulated-pool.ts';
import { onTwinStores } from './twin.ts';

export type DaysRun = Pick<
  SimulationOptions,
  'seed' | 'payments' | 'rates' | 'trace' | 'control'
> & {
  readonly coupling: Coupling;
  readonly days: number;
  readonly databaseUrl: string;
  /** For books that lie apart. */
  readonly channelDatabaseUrl: string;
};

export type DaysResult = {
  readonly violations: readonly string[];
  /** What went wrong in all, and of it in statements, by kind. */
  readonly faults: number;
  readonly planted: Readonly<Record<string, number>>;
  readonly daysClosed: number;
  readonly traceHash: string;
};

/** Plays one seed on fresh, migrated databases, and looks at what is left. */
export async function runDays(run: DaysRun): Promise<DaysResult> {
  const { databaseUrl, channelDatabaseUrl, coupling, days, ...rest } = run;
  return await onTwinStores(run, async (twin, pools) => {
    const url = coupling === 'together' ? databaseUrl : channelDatabaseUrl;
    const pool = openBulkPool(url, { max: 12, onError: () => {} });
    try {
      const open = (parts: DayEndParts): DayEnd => openDayEnd(parts, pool, pools.payment);
      const result = await runSimulation({
        ...rest,
        coupling,
        twin,
        days: { count: days, open },
      });
      const { violations, plantedInStatements, movements, faults, traceHash } = result;
      const { broken, daysClosed } = await checkDays(pool, plantedInStatements, movements);
      const findings = await auditOf(run);
      const byKind = Map.groupBy(plantedInStatements, ({ kind }) => kind);
      return {
        violations: [
          ...violations.map(({ id, words }) => `${id} ${words}`),
          ...broken,
          ...findings,
        ],
        faults: Object.values(faults).reduce((sum, one) => sum + one, 0),
        planted: Object.fromEntries([...byKind].map(([kind, all]) => [kind, all.length])),
        daysClosed,
        traceHash,
      };
    } finally {
      await pool.end();
    }
  });
}

/** The rules of `tieout audit`, those of days (I21, I22) among them. */
async function auditOf({ coupling, databaseUrl, channelDatabaseUrl }: DaysRun): Promise<string[]> {
  const urls = { payment: databaseUrl, channel: channelDatabaseUrl };
  const nowMs = Date.now() + 365 * 24 * 3_600_000;
  const { findings } =
    coupling === 'together'
      ? await auditDatabase(databaseUrl, nowMs)
      : await auditApart(urls, nowMs);
  return findings.map(({ check, rows }) => `${check.view}: ${JSON.stringify(rows.slice(0, 3))}`);
}

function openDayEnd(parts: DayEndParts, channelPool: Pool, paymentPool: Pool): DayEnd {
  const { life, twin, store, door, performer, connectors, policy, freshId } = parts;
  const { clock, killPoint } = life;
  const pool = simulatedPool(channelPool, life, twin);
  const payment = simulatedPool(paymentPool, life, twin);
  const { caseDeadlineMs } = policy;
  const ground = { pool, store, door, performer, clock, killPoint };
  const reconciler = newReconciler({ ...ground, freshId, caseDeadlineMs });
  const daily = newDailyReconciliation({
    reconciler,
    connectors,
    clock,
    pool,
    firstPaymentAtMs: async () => await firstPaymentAtMs(payment),
    policy,
  });
  return { daily, reconciler };
}

export type DaysReport = Omit<DaysResult, 'violations' | 'traceHash'> & {
  readonly runs: number;
  readonly payments: number;
  /** What was broken, by seed and coupling. */
  readonly violations: readonly string[];
  readonly verdict: 'proven' | 'broken';
};

/** Plays that many seeds under each coupling, each on databases of its own. */
export async function proveDays(plan: {
  readonly seed: number;
  readonly seeds: number;
  readonly payments: number;
  readonly days: number;
  readonly onProgress: (line: string) => void;
}): Promise<DaysReport> {
  const { seeds, payments, days, onProgress } = plan;
  const sums = { runs: 0, payments: 0, faults: 0, daysClosed: 0 };
  const planted: Record<string, number> = {};
  const violations: string[] = [];
  for (let seed = plan.seed; seed < plan.seed + seeds; seed++) {
    for (const coupling of COUPLINGS) {
      const result = await onOwnDatabases(
        2,
        async ([databaseUrl = '', channelDatabaseUrl = '']) =>
          await runDays({ seed, payments, days, coupling, databaseUrl, channelDatabaseUrl }),
      );
      sums.runs += 1;
      sums.payments += payments;
      sums.faults += result.faults;
      sums.daysClosed += result.daysClosed;
      for (const [kind, count] of Object.entries(result.planted)) {
        planted[kind] = (planted[kind] ?? 0) + count;
      }
      violations.push(...result.violations.map((words) => `seed ${seed} ${coupling}: ${words}`));
      onProgress(`seed ${seed} ${coupling}: ${result.violations.length} violations`);
    }
  }
  return { ...sums, planted, violations, verdict: violations.length === 0 ? 'proven' : 'broken' };
}
