/**
 * The proof that a notification counts once, however often it comes: many signed copies of each, at
 * two API processes of one database at once.
 */
import pg from 'pg';
import { eachLimited } from '../../src/runtime/limit.ts';
import { auditDatabase } from '../../src/store/postgres/audit.ts';
import type { NotificationSource } from '../support/notification-draw.ts';
import {
  drawNotification,
  newNonce,
  sealedMessage,
  seededRandom,
} from '../support/notification-draw.ts';
import type { CreatedPayment, Fleet } from './fleet.ts';
import { becomesTrue, openFleet, toldMerchant } from './fleet.ts';
import { newNotificationPost } from './notification-post.ts';

export type CopiesRequest = {
  readonly databaseUrl: string;
  readonly notifications: number;
  readonly copies: number;
  readonly seed: number;
  readonly onProgress?: (line: string) => void;
};

export type CopiesReport = {
  readonly notifications: number;
  readonly copies: number;
  /** Copies answered exactly `ok`, by API process. */
  readonly acknowledged: readonly number[];
  readonly otherAnswers: readonly string[];
  readonly durationMs: number;
  readonly paid: number;
  /** Events `payment.succeeded`, and payments with more than one. */
  readonly events: number;
  readonly toldTwice: number;
  /** Notices that were taken, and those that the shop counted. */
  readonly noticesTaken: number;
  readonly noticesCounted: number;
  /** Charges in the channel book, and what they sum to beside what was ordered. */
  readonly charges: number;
  readonly chargedMinor: number;
  readonly orderedMinor: number;
  /** Payments whose two books do not cancel out. */
  readonly unbalanced: number;
  readonly auditBroken: readonly string[];
  readonly verdict: 'proven' | 'broken';
};

const CREATES_AT_ONCE = 32;
/** Connections to each API process: several payments' copies are under way at both at any time. */
const CONNECTIONS = 64;
const NOTICES_WITHIN_MS = 60_000;

/** Sends every copy, waits for the notices, and counts. */
export async function proveCopies(request: CopiesRequest): Promise<CopiesReport> {
  const { databaseUrl, notifications } = request;
  const fleet = await openFleet(databaseUrl, { apiCount: 2 });
  try {
    const payments: CreatedPayment[] = [];
    const numbers = Array.from({ length: notifications }, (_, at) => `COPY-${at}`);
    await eachLimited(numbers, CREATES_AT_ONCE, async (orderNo, at) => {
      payments[at] = await fleet.create(orderNo, { amount: 2_000 + at });
    });
    request.onProgress?.(`${payments.length} payments created`);
    await fleet.startWorker();
    const sent = await sendCopies(fleet, request, payments);
    const told = async (): Promise<number> =>
      (await toldMerchant(fleet.sandboxUrl)).filter((one) => one.event === 'payment.succeeded')
        .length;
    await becomesTrue(async () => (await told()) >= notifications, NOTICES_WITHIN_MS);
    const figures = await readFigures(databaseUrl);
    const { findings } = await auditDatabase(databaseUrl, Date.now());
    const report = {
      notifications,
      copies: request.copies,
      ...sent,
      ...figures,
      noticesCounted: await told(),
      orderedMinor: payments.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
      auditBroken: findings.map(({ check }) => `${check.id}: ${check.rule}`),
    };
    return { ...report, verdict: isProven(report) ? 'proven' : 'broken' };
  } finally {
    await fleet.stop();
  }
}

function isProven(report: Omit<CopiesReport, 'verdict'>): boolean {
  const { notifications, copies, acknowledged } = report;
  const ones = [report.paid, report.events, report.charges, report.noticesTaken];
  return (
    acknowledged.reduce((sum, count) => sum + count, 0) === notifications * copies &&
    report.otherAnswers.length === 0 &&
    ones.every((count) => count === notifications) &&
    report.noticesCounted === notifications &&
    report.chargedMinor === report.orderedMinor &&
    report.toldTwice === 0 &&
    report.unbalanced === 0 &&
    report.auditBroken.length === 0
  );
}

type SentCopies = Pick<CopiesReport, 'acknowledged' | 'otherAnswers' | 'durationMs'>;

/** The copies of one notification stand together and go to the processes in turn, so that they meet. */
async function sendCopies(
  { apiUrls, channelSecret }: Fleet,
  { copies, seed }: CopiesRequest,
  payments: readonly CreatedPayment[],
): Promise<SentCopies> {
  const random = seededRandom(seed);
  const source: NotificationSource = {
    account: 'main',
    secret: channelSecret,
    nowMs: () => Date.now(),
    order: (n) => {
      const { channelOrderNo: outNo = '', amountMinor = 0 } = payments[n] ?? {};
      return { outNo, amountMinor, currency: 'CNY' };
    },
  };
  const messages = payments.flatMap((_, n) => {
    const { sealing, words } = drawNotification(source, random, n);
    const body = JSON.stringify(words);
    // A resend has a fresh nonce; a copy made on the way has the old one.
    return Array.from({ length: copies }, (_copy, at) =>
      sealedMessage(at % 2 === 0 ? sealing : { ...sealing, nonce: newNonce(random) }, body),
    );
  });
  const acknowledged = apiUrls.map(() => 0);
  const otherAnswers: string[] = [];
  const post = newNotificationPost(CONNECTIONS);
  const startedAtMs = performance.now();
  try {
    await eachLimited(messages, CONNECTIONS * apiUrls.length, async (message, at) => {
      const process = at % apiUrls.length;
      const { status, body } = await post.post(apiUrls[process] ?? '', message);
      if (status === 200 && body === 'ok') acknowledged[process] = (acknowledged[process] ?? 0) + 1;
      else otherAnswers.push(`${status} ${body.slice(0, 100)}`);
    });
  } finally {
    post.close();
  }
  return { acknowledged, otherAnswers, durationMs: Math.round(performance.now() - startedAtMs) };
}

const FIGURES = `
  SELECT (SELECT count(*) FROM payment WHERE status = 'succeeded') AS paid,
    (SELECT count(*) FROM event WHERE type = 'payment.succeeded') AS events,
    (SELECT count(*) FROM (SELECT 1 FROM event WHERE type = 'payment.succeeded'
      GROUP BY merchant_number, payment_id HAVING count(*) > 1) twice) AS "toldTwice",
    (SELECT count(*) FROM webhook_delivery d JOIN event e ON e.merchant_number = d.merchant_number AND e.id = d.event_id
      WHERE e.type = 'payment.succeeded' AND d.response_status BETWEEN 200 AND 299) AS "noticesTaken",
    (SELECT count(*) FROM journal WHERE book = 'channel' AND transaction_no IS NOT NULL) AS charges,
    (SELECT coalesce(sum(amount_minor), 0) FROM journal
      WHERE book = 'channel' AND transaction_no IS NOT NULL) AS "chargedMinor",
    (SELECT count(*) FROM (
      SELECT 1 FROM journal GROUP BY merchant_number, payment_id, currency HAVING sum(
        CASE 'between_books' WHEN debit THEN amount_minor WHEN credit THEN -amount_minor ELSE 0 END) <> 0
    ) open) AS unbalanced`;

type Figure =
  | 'paid'
  | 'events'
  | 'toldTwice'
  | 'noticesTaken'
  | 'charges'
  | 'chargedMinor'
  | 'unbalanced';

async function readFigures(databaseUrl: string): Promise<Record<Figure, number>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<Figure, string>>(FIGURES);
    const figure = (name: Figure): number => Number(rows[0]?.[name] ?? Number.NaN);
    return {
      paid: figure('paid'),
      events: figure('events'),
      toldTwice: figure('toldTwice'),
      noticesTaken: figure('noticesTaken'),
      charges: figure('charges'),
      chargedMinor: figure('chargedMinor'),
      unbalanced: figure('unbalanced'),
    };
  } finally {
    await client.end();
  }
}
