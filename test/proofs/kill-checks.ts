/** What must be true after a kill: at once in the database, and in the end for everybody. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { idToUuid, readChannelOrderNo } from '../../src/core/id.ts';
import { audit } from '../../src/sandbox/auditor.ts';
import type { AuditReport, Expectation } from '../../src/sandbox/auditor.ts';
import { auditApart } from '../../src/store/postgres/audit-apart.ts';
import { auditDatabase } from '../../src/store/postgres/audit.ts';
import type { Load } from './kill-load.ts';
import { asRecord } from './kill-load.ts';
import type { KillDatabases, KillWorld } from './kill-world.ts';
import { FOUND_DROPS } from './killable-postgres.ts';

export type KillFindings = {
  /** Something that was acknowledged and is not there. */
  readonly lost: string[];
  /** Rules of the database audit that are broken. */
  readonly auditBroken: string[];
  /** Anything else that does not tie out. */
  readonly findings: string[];
  /** Acknowledgements that were looked for: answers, notifications and notices. */
  acknowledged: number;
};

export function newKillFindings(): KillFindings {
  return { lost: [], auditBroken: [], findings: [], acknowledged: 0 };
}

/** What has been acknowledged so far, to be found in the database by whoever looks now. */
type Promised = {
  readonly creates: readonly {
    readonly id: string;
    readonly merchantOrderNo: string;
    readonly amountMinor: number;
  }[];
  readonly refunds: readonly {
    readonly id: string;
    readonly merchantRefundNo: string;
    readonly amountMinor: number;
  }[];
  readonly paidOrderNumbers: readonly string[];
  readonly toldOrderNumbers: readonly string[];
};

/**
 * Acknowledged is durable: looks straight into the database, right after the death and before anybody
 * could make up for it. First it notes what was acknowledged, then it reads: so the answer holds
 * while other parts go on working.
 */
export async function checkDurable(world: KillWorld, load: Load): Promise<string[]> {
  const promised: Promised = {
    creates: [...load.acknowledged.values()].map((one) => ({ ...one })),
    refunds: [...load.refunds.values()].map((one) => ({ ...one })),
    paidOrderNumbers: acknowledgedNotifications(world.journalPath),
    toldOrderNumbers: (await told(world))
      .filter((one) => one.event === 'payment.succeeded')
      .map((one) => one.merchantOrderNo),
  };
  const { payment, channel } = world.databases;
  const missing = await onDatabase(payment, async (client) => [
    ...(await missingPayments(client, promised)),
    ...(await missingRefunds(client, promised)),
    ...(await untrueNotices(client, promised)),
  ]);
  return [...missing, ...(await missingCharges(channel ?? payment, promised))];
}

/** Uses a connection of its own. */
export async function onDatabase<T>(
  url: string,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function missingPayments(client: pg.Client, { creates }: Promised): Promise<string[]> {
  const { rows } = await client.query<{ id: string; number: string; amount: string }>(
    'SELECT id, merchant_order_no AS number, amount_minor::text AS amount FROM payment',
  );
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  return creates.flatMap(({ id, merchantOrderNo, amountMinor }) => {
    const row = byNumber.get(merchantOrderNo);
    if (row?.id === idToUuid(id) && Number(row.amount) === amountMinor) return [];
    return [`the acknowledged payment ${id} (${merchantOrderNo}) is not in the database`];
  });
}

async function missingRefunds(client: pg.Client, { refunds }: Promised): Promise<string[]> {
  const { rows } = await client.query<{ id: string; number: string; amount: string }>(
    'SELECT id, merchant_refund_no AS number, amount_minor::text AS amount FROM refund',
  );
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  return refunds.flatMap(({ id, merchantRefundNo, amountMinor }) => {
    const row = byNumber.get(merchantRefundNo);
    if (row?.id === idToUuid(id) && Number(row.amount) === amountMinor) return [];
    return [`the acknowledged refund ${id} (${merchantRefundNo}) is not in the database`];
  });
}

/** A PAID notification that was acknowledged is booked, or stored with a job. */
async function missingCharges(channelUrl: string, promised: Promised): Promise<string[]> {
  // The jobs first: one that is done in between is booked by then.
  const stored = await onDatabase(channelUrl, async (client) => {
    const text = `SELECT payment_key ->> 'paymentId' AS payment FROM notification_job`;
    const { rows } = await client.query<{ payment: string }>(text);
    return new Set(rows.map((row) => row.payment));
  });
  const booked = await onDatabase(channelUrl, async (client) => {
    const text = `SELECT payment_id || '/' || attempt AS key FROM journal WHERE book = 'channel'`;
    const { rows } = await client.query<{ key: string }>(text);
    return new Set(rows.map((row) => row.key));
  });
  return promised.paidOrderNumbers.flatMap((number) => {
    const place = readChannelOrderNo(number);
    if (!place) return [`the sandbox knows a number that is none of ours: ${number}`];
    const key = `${idToUuid(place.paymentId)}/${place.attempt}`;
    if (booked.has(key) || stored.has(place.paymentId)) return [];
    return [`the acknowledged notification of ${number} is neither booked nor stored`];
  });
}

async function untrueNotices(client: pg.Client, promised: Promised): Promise<string[]> {
  const { rows } = await client.query<{ number: string }>(
    `SELECT merchant_order_no AS number FROM payment WHERE status = 'succeeded'`,
  );
  const succeeded = new Set(rows.map((row) => row.number));
  return promised.toldOrderNumbers.flatMap((number) =>
    succeeded.has(number)
      ? []
      : [`${number} was told as succeeded and the database knows of no success`],
  );
}

/** Channel order numbers of genuine PAID notifications that were acknowledged, from the sandbox's journal. */
function acknowledgedNotifications(journalPath: string): string[] {
  const sent = new Map<unknown, Readonly<Record<string, unknown>>>();
  const numbers: string[] = [];
  for (const line of readFileSync(journalPath, 'utf8').split('\n').slice(0, -1)) {
    const entry = asRecord(JSON.parse(line));
    const notification = asRecord(entry.notification);
    if (entry.kind === 'notification') sent.set(notification.id, notification);
    if (entry.kind !== 'notification_done') continue;
    const done = sent.get(entry.id) ?? {};
    // One that is never repeated is done whether or not it was acknowledged, so it proves nothing.
    const isProof = done.manner === 'true' && done.resends === true;
    if (!isProof || typeof done.outNo !== 'string' || typeof done.body !== 'string') continue;
    if (done.body.includes('"PAID"')) numbers.push(done.outNo);
  }
  return numbers;
}

type Told = { readonly merchantOrderNo: string; readonly event: string };

async function told(world: KillWorld): Promise<Told[]> {
  const books = asRecord(await (await fetch(`${world.sandboxUrl}/books`)).json());
  const list: readonly unknown[] = Array.isArray(books.told) ? books.told : [];
  return list.map((one) => {
    const { merchant_order_no: merchantOrderNo, event } = asRecord(one);
    return { merchantOrderNo: String(merchantOrderNo), event: String(event) };
  });
}

const SETTLE_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 400;

/** Waits until the books tie out, or time is up; the last report is the verdict. */
export async function settle(
  world: KillWorld,
  expectations: ReadonlyMap<string, Expectation>,
): Promise<AuditReport> {
  const untilMs = performance.now() + SETTLE_WITHIN_MS;
  const { apiUrl, secretKey } = world;
  for (;;) {
    const booksUrl = `${world.sandboxUrl}/books`;
    const report = await audit({ booksUrl, apiUrl, secretKey, expectations });
    if (report.verdict === 'tied_out' || performance.now() > untilMs) return report;
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * After everything has settled: each promise kept, nothing told that is untrue, all books tied out. `loses`:
 * outbox rows were lost on purpose.
 */
export async function checkEnd(
  world: KillWorld,
  load: Load,
  report: AuditReport,
  loses: boolean,
  into: KillFindings,
): Promise<void> {
  into.findings.push(...load.findings);
  for (const finding of report.findings) {
    into.findings.push(`${finding.code} ${finding.merchantOrderNo ?? ''}: ${finding.message}`);
  }
  if (report.verdict !== 'tied_out') into.findings.push(`${report.totals.unresolved} unresolved`);
  const statuses = new Map<string, unknown>();
  for (const promise of load.acknowledged.values()) {
    const body = await read(world, `/v1/payments/${promise.id}`);
    const same = await read(world, `/v1/merchant_orders/${promise.merchantOrderNo}`);
    statuses.set(promise.merchantOrderNo, body.status);
    const isThere =
      body.id === promise.id &&
      same.id === promise.id &&
      body.merchant_order_no === promise.merchantOrderNo &&
      body.amount === promise.amountMinor;
    if (!isThere) into.lost.push(`${promise.merchantOrderNo} was acknowledged as ${promise.id}`);
    else if (promise.said !== null && body.status !== promise.said) {
      into.lost.push(
        `${promise.merchantOrderNo} was ${promise.said} and is ${String(body.status)}`,
      );
    }
  }
  into.lost.push(...(await lostRefunds(world, load)));
  const { notices, untrue } = await settleNotices(world, statuses);
  into.findings.push(...untrue);
  into.acknowledged += load.answers;
  into.acknowledged += acknowledgedNotifications(world.journalPath).length;
  into.acknowledged += notices.length;
  into.auditBroken.push(...(await brokenRules(world.databases)));
  if (!loses) into.findings.push(...(await needlessDrops(world.databases)));
}

/**
 * A death leaves every message in its outbox, for it was committed with the state: the relay brings it, and
 * nothing is ever an internal drop. Only a lost outbox row makes one.
 */
async function needlessDrops({ payment }: KillDatabases): Promise<string[]> {
  return await onDatabase(payment, async (client) => {
    const { rows } = await client.query<{ key: string }>(`SELECT key FROM ${FOUND_DROPS}`);
    return rows.map(({ key }) => `${key} was found as an internal drop, and was not lost`);
  });
}

const REFUNDS_WITHIN_MS = 30_000;

/** Every acknowledged refund is there, is the same, stands by the end it was told, and has one in time. */
async function lostRefunds(world: KillWorld, load: Load): Promise<string[]> {
  const untilMs = performance.now() + REFUNDS_WITHIN_MS;
  const lost: string[] = [];
  for (const promise of load.refunds.values()) {
    const { merchantRefundNo } = promise;
    for (;;) {
      const body = await read(world, `/v1/merchant_refunds/${merchantRefundNo}`);
      const isThere =
        body.id === promise.id &&
        body.payment === promise.paymentId &&
        body.amount === promise.amountMinor;
      if (!isThere) lost.push(`${merchantRefundNo} was acknowledged as ${promise.id}`);
      else if (promise.said !== null && body.status !== promise.said) {
        lost.push(`${merchantRefundNo} was ${promise.said} and is ${String(body.status)}`);
      } else if (body.status !== 'succeeded' && performance.now() < untilMs) {
        await sleep(LOOK_EVERY_MS);
        continue;
      } else if (body.status !== 'succeeded') {
        lost.push(`${merchantRefundNo} is still ${String(body.status)}`);
      }
      break;
    }
  }
  return lost;
}

const NOTICES_WITHIN_MS = 15_000;

/** The auditor waits for successes only: the other notices may still be on their way. */
async function settleNotices(
  world: KillWorld,
  statuses: ReadonlyMap<string, unknown>,
): Promise<{ notices: Told[]; untrue: string[] }> {
  const untilMs = performance.now() + NOTICES_WITHIN_MS;
  for (;;) {
    const notices = await told(world);
    const byNumber = Map.groupBy(notices, (one) => one.merchantOrderNo);
    const untrue = [...statuses].flatMap(([number, status]) =>
      untrueEnds(number, status, byNumber.get(number) ?? []),
    );
    if (untrue.length === 0 || performance.now() > untilMs) return { notices, untrue };
    await sleep(LOOK_EVERY_MS);
  }
}

/** A success is for ever, and a close until it is told that the payment was reopened. Notices may overtake each other. */
function untrueEnds(merchantOrderNo: string, status: unknown, events: readonly Told[]): string[] {
  const count = (event: string): number => events.filter((one) => one.event === event).length;
  const closedNow = count('payment.closed') - count('payment.reopened');
  const isTrue =
    count('payment.succeeded') === (status === 'succeeded' ? 1 : 0) &&
    closedNow === (status === 'closed' ? 1 : 0);
  if (isTrue) return [];
  const words = events.map((one) => one.event).join(', ');
  return [`${merchantOrderNo} is ${String(status)} and was told as ${words || 'nothing'}`];
}

/** An hour ahead, so that no order counts as merely young. */
const AUDIT_AHEAD_MS = 3_600_000;

async function brokenRules({ payment, channel }: KillDatabases): Promise<string[]> {
  if (channel !== null) return await brokenBetween({ payment, channel });
  const { findings } = await auditDatabase(payment, Date.now() + AUDIT_AHEAD_MS);
  return findings.map(({ check, rows }) => `${check.id} ${check.rule} ${JSON.stringify(rows)}`);
}

/** A prepared half is resolved 20 s after its coordinator's death, and a lost message found by a scan each 30 s. */
const BETWEEN_WITHIN_MS = 60_000;
const LEFT = {
  payment: `SELECT 'outbox' AS place, key FROM outbox UNION ALL SELECT 'internal_drop', key FROM internal_drop
    UNION ALL SELECT 'one drop told twice', subject FROM exception_case WHERE kind = 'internal_drop'
    GROUP BY merchant_number, payment_id, subject HAVING count(*) > 1`,
  channel: `SELECT 'outbox' AS place, key FROM outbox
    UNION ALL SELECT 'pg_prepared_xacts', gid FROM pg_prepared_xacts WHERE database = current_database()`,
} as const;

/** Every rule over both books, and nothing left between the databases: no message, no half of a commit. */
async function brokenBetween(urls: {
  readonly payment: string;
  readonly channel: string;
}): Promise<string[]> {
  const untilMs = performance.now() + BETWEEN_WITHIN_MS;
  for (;;) {
    const { findings } = await auditApart(urls, Date.now() + AUDIT_AHEAD_MS);
    const broken = findings.map(({ check, rows }) => `${check.view} ${JSON.stringify(rows)}`);
    for (const book of ['payment', 'channel'] as const) {
      const { rows } = await onDatabase(
        urls[book],
        async (client) => await client.query(LEFT[book]),
      );
      broken.push(...rows.map((row) => `left in the ${book} database: ${JSON.stringify(row)}`));
    }
    if (broken.length === 0 || performance.now() > untilMs) return broken;
    await sleep(LOOK_EVERY_MS);
  }
}

async function read(world: KillWorld, path: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(`${world.apiUrl}${path}`, {
    headers: { authorization: `Bearer ${world.secretKey}` },
  });
  return asRecord(await answer.json());
}
