/**
 * The proof that an outage costs time and nothing else: for a simulated day there is no worker at all,
 * while payments go on; then one starts, and everything that was due on that day is still done.
 */
import pg from 'pg';
import { eachLimited } from '../../src/runtime/limit.ts';
import { audit } from '../../src/sandbox/auditor.ts';
import type { AuditReport, Expectation } from '../../src/sandbox/auditor.ts';
import { auditDatabase } from '../../src/store/postgres/audit.ts';
import type { Fleet } from './fleet.ts';
import { asRecord, becomesTrue, openFleet, toldMerchant } from './fleet.ts';

export type OutageDayRequest = {
  readonly databaseUrl: string;
  /** Payments of each kind in each quarter of the day. */
  readonly ofEachKind: number;
  readonly onProgress?: (line: string) => void;
};

export type OutageDayReport = {
  readonly payments: number;
  /** What lay there when the worker started: payments not final, notices not sent. */
  readonly openBefore: number;
  readonly noticesBefore: number;
  readonly toldBefore: number;
  readonly settledWithinMs: number;
  readonly succeeded: number;
  readonly closed: number;
  readonly unresolved: number;
  readonly exceptions: Readonly<Record<string, number>>;
  readonly told: number;
  /** Rows left in the tables of what is due. */
  readonly jobsLeft: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
  readonly auditBroken: readonly string[];
  readonly verdict: 'proven' | 'broken';
};

type Kind = {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly end: Expectation;
};

const scenario = (name: string): Kind['fields'] => ({ metadata: { scenario: name } });

/** Each needs the worker for something: a question, a close at its expiry, or at least its notice. */
const KINDS: readonly Kind[] = [
  { name: 'PAID', fields: scenario('success'), end: 'succeeded' },
  { name: 'LOST', fields: scenario('lost_notification'), end: 'succeeded' },
  {
    name: 'ASKED',
    fields: { ...scenario('success'), channel: 'query_only' },
    end: 'succeeded',
  },
  { name: 'SILENT', fields: scenario('timeout_accepted'), end: 'succeeded' },
  { name: 'GHOST', fields: scenario('timeout_rejected'), end: 'closed' },
  { name: 'UNPAID', fields: {}, end: 'closed' },
  { name: 'UNOPENED', fields: { product: 'page' }, end: 'closed' },
  {
    name: 'DECLINED',
    fields: { ...scenario('declined'), product: 'quickpay' },
    end: 'closed',
  },
];

const QUARTERS = 4;
const QUARTER_MS = 6 * 3_600_000;
const CREATES_AT_ONCE = 16;
const SETTLE_WITHIN_MS = 120_000;
const ACCOUNT = {
  connect_timeout_ms: 300,
  read_timeout_ms: 700,
  call_deadline_ms: 1_000,
  queries_per_second: 200,
};

/** Lives through the day without a worker, starts one, and waits until nothing is open. */
export async function proveOutageDay(request: OutageDayRequest): Promise<OutageDayReport> {
  const { databaseUrl } = request;
  const say = request.onProgress ?? (() => {});
  const fleet = await openFleet(databaseUrl, { apiCount: 1, numbers: { account: ACCOUNT } });
  try {
    const expectations = new Map<string, Expectation>();
    for (let quarter = 1; quarter <= QUARTERS; quarter++) {
      await playQuarter(fleet, quarter, request.ofEachKind, expectations);
      await moveClock(fleet, quarter * QUARTER_MS);
      say(`${quarter * 6} h without a worker, ${expectations.size} payments`);
    }
    const before = await readDue(databaseUrl);
    const toldBefore = (await toldMerchant(fleet.sandboxUrl)).length;
    const startedAtMs = performance.now();
    await fleet.startWorker();
    const report = await settle(fleet, expectations);
    const settledWithinMs = Math.round(performance.now() - startedAtMs);
    return await judge(databaseUrl, report, {
      payments: expectations.size,
      openBefore: before['payments'] ?? 0,
      noticesBefore: before['notice'] ?? 0,
      toldBefore,
      settledWithinMs,
      told: (await toldMerchant(fleet.sandboxUrl)).length,
    });
  } finally {
    await fleet.stop();
  }
}

async function playQuarter(
  fleet: Fleet,
  quarter: number,
  ofEachKind: number,
  expectations: Map<string, Expectation>,
): Promise<void> {
  const orders = KINDS.flatMap(({ name, fields, end }) =>
    Array.from({ length: ofEachKind }, (_, at) => ({
      orderNo: `${name}-${quarter}-${at}`,
      fields,
      end,
    })),
  );
  await eachLimited(orders, CREATES_AT_ONCE, async ({ orderNo, fields, end }) => {
    expectations.set(orderNo, end);
    await fleet.create(orderNo, fields);
  });
  // Notifications that are sent arrive while the API is up; nothing else is done about them.
  const paid = [...expectations.keys()].filter((orderNo) => orderNo.startsWith('PAID-')).length;
  const isNotified = async (): Promise<boolean> =>
    ((await readDue(fleet.databaseUrl))['notice'] ?? 0) >= paid;
  if (!(await becomesTrue(isNotified, 20_000))) throw new Error('the notifications did not arrive');
}

/** Moves platform and sandbox; without a worker nothing that falls due on the way is done here. */
async function moveClock({ databaseUrl, apiUrls, secretKey, sandboxUrl }: Fleet, offsetMs: number) {
  await onDatabase(databaseUrl, async (client) => {
    await client.query('UPDATE test_clock SET offset_ms = $1', [offsetMs]);
  });
  const hasMoved = async (): Promise<boolean> => {
    const headers = { authorization: `Bearer ${secretKey}` };
    const answer = await fetch(`${apiUrls[0]}/v1/test/clock`, { headers });
    return asRecord(await answer.json())['offset_ms'] === offsetMs;
  };
  if (!(await becomesTrue(hasMoved, 10_000, 50))) throw new Error('the clock did not move');
  await control(sandboxUrl, 'clock', { offset_ms: offsetMs });
  await control(sandboxUrl, 'run_due', {});
}

async function control(sandboxUrl: string, path: string, body: object): Promise<void> {
  const answer = await fetch(`${sandboxUrl}/control/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`the sandbox answered ${answer.status} to ${path}`);
}

/** Waits until three sets of books tie out, or time is up; the last report is the verdict. */
async function settle(
  { sandboxUrl, apiUrls, secretKey }: Fleet,
  expectations: ReadonlyMap<string, Expectation>,
): Promise<AuditReport> {
  const look = async (): Promise<AuditReport> =>
    await audit({
      booksUrl: `${sandboxUrl}/books`,
      apiUrl: apiUrls[0] ?? '',
      secretKey,
      expectations,
    });
  let latest = await look();
  await becomesTrue(
    async () => {
      latest = await look();
      return latest.verdict === 'tied_out' && latest.totals.unresolved === 0;
    },
    SETTLE_WITHIN_MS,
    500,
  );
  return latest;
}

type Before = Pick<
  OutageDayReport,
  'payments' | 'openBefore' | 'noticesBefore' | 'toldBefore' | 'settledWithinMs' | 'told'
>;

async function judge(
  databaseUrl: string,
  { verdict, totals, findings }: AuditReport,
  before: Before,
): Promise<OutageDayReport> {
  const jobsLeft = await readDue(databaseUrl);
  const audited = await auditDatabase(databaseUrl, Date.now() + QUARTERS * QUARTER_MS);
  const auditBroken = audited.findings.map(({ check }) => `${check.id}: ${check.rule}`);
  const isWhole = totals.payments === before.payments && before.told >= before.payments;
  // Without anything to make up for, the outage would not have been one.
  const wasOutage = before.toldBefore === 0 && before.noticesBefore > 0 && before.openBefore > 0;
  const isDone = Object.values(jobsLeft).every((count) => count === 0);
  const isProven =
    verdict === 'tied_out' && isWhole && wasOutage && isDone && auditBroken.length === 0;
  return {
    ...before,
    succeeded: totals.succeeded,
    closed: totals.closed,
    unresolved: totals.unresolved,
    exceptions: totals.exceptions,
    jobsLeft,
    findings: findings.map(({ code, message }) => `${code}: ${message}`),
    auditBroken,
    verdict: isProven ? 'proven' : 'broken',
  };
}

/** What is to be done, by table; `payments` are those that are not final. */
async function readDue(databaseUrl: string): Promise<Record<string, number>> {
  return await onDatabase(databaseUrl, async (client) => {
    const { rows } = await client.query<{ name: string; count: string }>(`
      SELECT 'payments' AS name, count(*) FROM payment WHERE status IN ('pending', 'processing')
      UNION ALL SELECT 'dropped_order', count(*) FROM dropped_order
      UNION ALL SELECT 'payment_expiry', count(*) FROM payment_expiry
      UNION ALL SELECT 'notice', count(*) FROM notice
      UNION ALL SELECT 'notification_job', count(*) FROM notification_job`);
    return Object.fromEntries(rows.map(({ name, count }) => [name, Number(count)]));
  });
}

async function onDatabase<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
