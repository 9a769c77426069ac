/**
 * The day's end as work of the worker: each account's statement is asked for once its channel's usual time
 * has come, again and again until it is there, and when patience is over somebody is told.
 */
import type { Connector, Connectors } from '../../channels/connector.ts';
import { addDays, businessDayOf } from '../../core/reconciliation/business-day.ts';
import type { Policy } from '../../core/policy.ts';
import type { Pool } from '../../store/postgres/pool.ts';
import { latestReconciliation } from '../../store/postgres/reconciliations.ts';
import type { Clock } from '../clock.ts';
import { readyAtMs } from './import-statement.ts';
import type { Reconciler } from './reconciler.ts';

export type DailyOptions = {
  readonly reconciler: Reconciler;
  readonly connectors: Connectors;
  readonly clock: Clock;
  /** Of the channel book's database. */
  readonly pool: Pool;
  /** When the first payment was made; null before there is one. */
  readonly firstPaymentAtMs: () => Promise<number | null>;
  readonly policy: Policy;
};

/** Older days are a person's: by then their cases have been open for a week. */
const DAYS_BACK = 7;
const LOOK_EVERY_MS = 10_000;

export type DailyReconciliation = {
  /** A kind of work; answers how many days it brought further. */
  work(): Promise<number>;
  /** When a statement is asked for next; null before there is any payment. For the test clock. */
  nextDueAtMs(): number | null;
};

/** The day's end of every account whose channel makes statements. */
export function newDailyReconciliation(options: DailyOptions): DailyReconciliation {
  const { connectors, clock, policy } = options;
  const accounts = connectors.all.filter((one) => one.statement !== null);
  const plan = new Map<string, number>();
  let isBegun = false;
  let lookAtMs = 0;
  const nextDueAtMs = (): number | null => {
    if (!isBegun) return null;
    const nowMs = clock.nowMs();
    const readies = accounts.map((one) => nextReadyAtMs(one, nowMs));
    return Math.min(...plan.values(), ...readies);
  };
  const lookOnce = async (): Promise<number> => {
    if (accounts.length === 0 || clock.nowMs() < lookAtMs) return 0;
    const firstMs = await options.firstPaymentAtMs();
    isBegun = firstMs !== null;
    let count = 0;
    const due = new Set<string>();
    for (const connector of firstMs === null ? [] : accounts) {
      for (const day of daysDue(connector, firstMs ?? 0, clock.nowMs())) {
        const name = `${connector.channel}/${connector.account} ${day}`;
        due.add(name);
        if (clock.nowMs() < (plan.get(name) ?? 0)) continue;
        plan.set(name, clock.nowMs() + policy.statementRetryMs);
        const state = await onlyOne(options.pool, name, connector, day, options);
        if (state === 'over') plan.set(name, Number.POSITIVE_INFINITY);
        if (state === 'worked') count += 1;
      }
    }
    // A day that has become too old is nobody's plan any more.
    for (const name of plan.keys()) if (!due.has(name)) plan.delete(name);
    lookAtMs = Math.min(clock.nowMs() + LOOK_EVERY_MS, nextDueAtMs() ?? Number.POSITIVE_INFINITY);
    return count;
  };
  // Two rounds of one process are one: whoever comes second waits for what the first one does.
  let underWay: Promise<number> | null = null;
  return {
    nextDueAtMs,
    work: async () => {
      underWay ??= lookOnce().finally(() => (underWay = null));
      return await underWay;
    },
  };
}

/** When the statement of the day that lasts now will be there as a rule. */
function nextReadyAtMs(connector: Connector, nowMs: number): number {
  const clock = connector.statement?.clock;
  if (!clock) return Number.POSITIVE_INFINITY;
  const today = businessDayOf(nowMs, clock);
  // Before the hour of yesterday's statement, it is that one.
  const readies = [addDays(today, -1), today].map((day) => readyAtMs(day, connector) ?? 0);
  return readies.find((atMs) => atMs > nowMs) ?? Number.POSITIVE_INFINITY;
}

/** The days whose statement should be there by now, oldest first. */
function daysDue(connector: Connector, firstMs: number, nowMs: number): string[] {
  const clock = connector.statement?.clock;
  if (!clock) return [];
  const today = businessDayOf(nowMs, clock);
  const first = businessDayOf(firstMs, clock);
  const earliest = addDays(today, -DAYS_BACK);
  const days: string[] = [];
  for (let day = first > earliest ? first : earliest; day < today; day = addDays(day, 1)) {
    const readyMs = readyAtMs(day, connector);
    if (readyMs !== null && nowMs >= readyMs) days.push(day);
  }
  return days;
}

type DayState = 'over' | 'worked' | 'elsewhere';

/** Brings one day further. */
async function work(connector: Connector, day: string, options: DailyOptions): Promise<DayState> {
  const { reconciler, pool, clock, policy } = options;
  const head = { channel: connector.channel, account: connector.account, day };
  const before = await latestReconciliation(pool, head);
  if (before?.status === 'closed') return 'over';
  if (before?.status === 'settling') {
    await reconciler.resume(connector, before);
    return 'worked';
  }
  const result = await reconciler.fetchDay(connector, day);
  if (result.type !== 'waiting') return 'worked';
  const readyMs = readyAtMs(day, connector) ?? 0;
  if (clock.nowMs() >= readyMs + policy.statementPatienceMs) {
    await reconciler.miss(connector, day, `The channel answers: ${result.why}.`);
  }
  return 'worked';
}

/** Runs it unless another process is at the same day. */
async function onlyOne(
  pool: Pool,
  name: string,
  connector: Connector,
  day: string,
  options: DailyOptions,
): Promise<DayState> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    const text = 'SELECT pg_try_advisory_lock(hashtextextended($1, 1)) AS is_mine';
    const { rows } = await client.query<{ is_mine: boolean }>(text, [name]);
    const isMine = rows[0]?.is_mine === true;
    try {
      return isMine ? await work(connector, day, options) : 'elsewhere';
    } finally {
      if (isMine) await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 1))', [name]);
      isBroken = false;
    }
  } finally {
    client.release(isBroken);
  }
}
