/**
 * The brake on automatic money out: a limit per channel account, currency and hour, in count and in
 * money, and a switch. What it refuses stays owed. 自动退款闸门。
 */
import type { ChannelAccountKey } from '../store.ts';
import type { Pool } from './pool.ts';

export type BrakeLimits = { readonly countPerHourMax: number; readonly minorPerHourMax: number };

/** What is taken from the hour's limits; counted even if the call then fails, which errs on the safe side. */
export type Spending = ChannelAccountKey & {
  readonly currency: string;
  readonly amountMinor: number;
  readonly nowMs: number;
  /** A person released this very refund: it leaves although it alone is above the limit in money. */
  readonly isReleased: boolean;
};

export type BrakeAnswer = 'allowed' | 'switched_off' | 'limit_reached';

export type RefundHold = {
  readonly channel: string;
  readonly account: string;
  readonly by: string;
  readonly reason: string;
  readonly sinceMs: number;
};

export type BrakeHour = {
  readonly channel: string;
  readonly account: string;
  readonly currency: string;
  readonly hourMs: number;
  readonly sentCount: number;
  readonly sentMinor: number;
};

const HOUR_MS = 3_600_000;

const HOLD_OF = `SELECT 1 FROM refund_hold WHERE channel = $1 AND account = $2`;

// One row per account and currency, so that two processes take their turns. What a person released and no
// hour could hold leaves beside the limit in money; it is counted, so nothing else leaves with it.
const SPEND = `
  INSERT INTO refund_brake AS b (channel, account, currency, hour_ms, sent_count, sent_minor)
  SELECT $1, $2, $3, $4::bigint, 1, $5::bigint WHERE $6::integer >= 1 AND ($5::bigint <= $7::bigint OR $8::boolean)
  ON CONFLICT (channel, account, currency) DO UPDATE SET
    hour_ms = excluded.hour_ms,
    sent_count = CASE WHEN b.hour_ms = excluded.hour_ms THEN b.sent_count ELSE 0 END + 1,
    sent_minor = CASE WHEN b.hour_ms = excluded.hour_ms THEN b.sent_minor ELSE 0 END + excluded.sent_minor
  WHERE b.hour_ms <> excluded.hour_ms
    OR (b.sent_count < $6 AND (b.sent_minor + excluded.sent_minor <= $7 OR $8))
  RETURNING 1`;

/** Takes one automatic refund from the hour's limits, if the switch and the limits let it. */
export async function spend(
  pool: Pool,
  { channel, account, currency, amountMinor, nowMs, isReleased }: Spending,
  { countPerHourMax, minorPerHourMax }: BrakeLimits,
): Promise<BrakeAnswer> {
  const hold = await pool.query({ name: 'hold_of', text: HOLD_OF, values: [channel, account] });
  if (hold.rows.length > 0) return 'switched_off';
  const hourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  const isBeyondAnyHour = isReleased && amountMinor > minorPerHourMax;
  const { rows } = await pool.query({
    name: 'spend',
    text: SPEND,
    values: [
      channel,
      account,
      currency,
      hourMs,
      amountMinor,
      countPerHourMax,
      minorPerHourMax,
      isBeyondAnyHour,
    ],
  });
  return rows.length > 0 ? 'allowed' : 'limit_reached';
}

const HOLD = `
  INSERT INTO refund_hold (channel, account, by_name, reason, since_ms) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (channel, account) DO UPDATE SET
    by_name = excluded.by_name, reason = excluded.reason, since_ms = excluded.since_ms`;
const LET_GO = `
  WITH quota AS (
    UPDATE refund_brake SET sent_count = 0, sent_minor = 0 WHERE channel = $1 AND account = $2
  )
  DELETE FROM refund_hold WHERE channel = $1 AND account = $2`;
const HOLDS = `
  SELECT channel, account, by_name AS by, reason, since_ms AS "sinceMs" FROM refund_hold
  ORDER BY channel, account`;
const HOURS = `
  SELECT channel, account, currency, hour_ms AS "hourMs", sent_count AS "sentCount",
    sent_minor AS "sentMinor" FROM refund_brake ORDER BY channel, account, currency`;

/** Puts the brake on: no automatic refund of the account leaves until it is taken off. */
export async function putBrakeOn(pool: Pool, hold: RefundHold): Promise<void> {
  const { channel, account, by, reason, sinceMs } = hold;
  await pool.query({ text: HOLD, values: [channel, account, by, reason, sinceMs] });
}

/**
 * Takes the brake off, and gives the account a new quota for this hour: what a person lets go would
 * else be held back again by the limit that had held it. What was held back is released by a decision
 * of its own for each.
 */
export async function takeBrakeOff(pool: Pool, account: ChannelAccountKey): Promise<void> {
  await pool.query({ text: LET_GO, values: [account.channel, account.account] });
}

/** Where the switch is on, by whom and why, and what the last hour with refunds has sent. */
export async function readBrake(pool: Pool): Promise<{ holds: RefundHold[]; hours: BrakeHour[] }> {
  const [holds, hours] = await Promise.all([
    pool.query<RefundHold>({ text: HOLDS }),
    pool.query<BrakeHour>({ text: HOURS }),
  ]);
  return { holds: holds.rows, hours: hours.rows };
}
