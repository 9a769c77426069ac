/**
 * The proof that a lost notification costs seconds: payments whose notifications never come, on the
 * real clock, from their creation to the first question's answer and to the merchant's notice.
 */
import pg from 'pg';
import { eachLimited } from '../../src/runtime/limit.ts';
import { becomesTrue, openFleet, toldMerchant } from './fleet.ts';

export type LostNotificationsRequest = {
  readonly databaseUrl: string;
  readonly payments: number;
  /** When the channel advises to ask first, counted from the order. */
  readonly firstQueryMs: number;
  /** The target: from creation to succeeded, for 99 of 100. */
  readonly targetMs: number;
  readonly queriesPerSecond: number;
  /** Connections to the channel; fewer calls than that run at once, whatever is due. */
  readonly connectionsMax?: number;
  readonly onProgress?: (line: string) => void;
};

export type LostNotificationsReport = {
  readonly payments: number;
  readonly firstQueryMs: number;
  readonly queriesPerSecond: number;
  readonly createdWithinMs: number;
  readonly succeeded: number;
  readonly confirmedByQuery: number;
  /** From the creation to the decision that it succeeded. */
  readonly healedMs: Percentiles;
  /** From the creation to the notice at the merchant. */
  readonly toldMs: Percentiles;
  readonly told: number;
  readonly targetMs: number;
  readonly verdict: 'proven' | 'broken';
};

export type Percentiles = { readonly p50: number; readonly p99: number; readonly max: number };

/** Time beside the first question for everything to be over, or to be called lost. */
const SETTLE_WITHIN_MS = 60_000;

/** Creates all payments at once, waits until they are healed, and measures. */
export async function proveLostNotifications(
  request: LostNotificationsRequest,
): Promise<LostNotificationsReport> {
  const { databaseUrl, payments, firstQueryMs, queriesPerSecond, targetMs } = request;
  const account = {
    query_delays_ms: [firstQueryMs, 2 * firstQueryMs, 60_000],
    queries_per_second: queriesPerSecond,
    ...(request.connectionsMax !== undefined && { connections_max: request.connectionsMax }),
  };
  const fleet = await openFleet(databaseUrl, { apiCount: 1, numbers: { account } });
  try {
    await fleet.startWorker();
    const startedAtMs = performance.now();
    const numbers = Array.from({ length: payments }, (_, at) => `LOST-${at}`);
    await eachLimited(numbers, payments, async (orderNo) => {
      await fleet.create(orderNo, { metadata: { scenario: 'lost_notification' } });
    });
    const createdWithinMs = Math.round(performance.now() - startedAtMs);
    request.onProgress?.(`${payments} payments created in ${createdWithinMs} ms`);
    await becomesTrue(
      async () => (await toldMerchant(fleet.sandboxUrl)).length >= payments,
      firstQueryMs + SETTLE_WITHIN_MS,
      1_000,
    );
    const healed = await readHealed(databaseUrl);
    const createdAtMs = new Map(healed.map((one) => [one.merchantOrderNo, one.createdAtMs]));
    const told = await toldMerchant(fleet.sandboxUrl);
    const healedMs = percentilesOf(healed.map((one) => one.healedAtMs - one.createdAtMs));
    const confirmedByQuery = healed.filter((one) => one.via === 'query').length;
    const isProven =
      healed.length === payments &&
      confirmedByQuery === payments &&
      told.length === payments &&
      healedMs.p99 <= targetMs;
    return {
      payments,
      firstQueryMs,
      queriesPerSecond,
      createdWithinMs,
      succeeded: healed.length,
      confirmedByQuery,
      healedMs,
      toldMs: percentilesOf(
        told.map(({ merchantOrderNo, atMs }) => atMs - (createdAtMs.get(merchantOrderNo) ?? 0)),
      ),
      told: told.length,
      targetMs,
      verdict: isProven ? 'proven' : 'broken',
    };
  } finally {
    await fleet.stop();
  }
}

type Healed = {
  readonly merchantOrderNo: string;
  readonly createdAtMs: number;
  readonly healedAtMs: number;
  readonly via: string;
};

async function readHealed(databaseUrl: string): Promise<Healed[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, string>>(
      `SELECT p.merchant_order_no AS no, p.created_at_ms AS created, p.winner_via AS via, e.at_ms AS healed
        FROM payment p JOIN event e ON e.merchant_number = p.merchant_number AND e.payment_id = p.id
        WHERE p.status = 'succeeded' AND e.type = 'payment.succeeded'`,
    );
    return rows.map((row) => ({
      merchantOrderNo: row['no'] ?? '',
      createdAtMs: Number(row['created']),
      healedAtMs: Number(row['healed']),
      via: row['via'] ?? '',
    }));
  } finally {
    await client.end();
  }
}

export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: rank(0.5), p99: rank(0.99), max: rank(1) };
}
