import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AUDIT_WORDS } from '../../cli/audit-words.ts';
import { freshDatabase } from '../../../test/support/database.ts';
import { playSteps, steps } from '../../../test/support/payment-steps.ts';
import { CLOSED, paid, ScriptedPayment } from '../../../test/support/scripted-payment.ts';
import { CLOSED_FOR_GOOD, NO_ANSWER } from '../../../test/support/scripted-refunds.ts';
import { AUDIT_CHECKS, auditDatabase, brokenRules } from './audit.ts';
import { openPool } from './pool.ts';
import { postgresStore } from './postgres-store.ts';

const YEAR_MS = 365 * 24 * 3_600_000;

let url = '';
let client: pg.Client;
let nowMs = 0;

let orderCount = 0;

/** A payment of its own merchant order number, whose charges are of its own numbers. */
function life(play: (payment: ScriptedPayment, txn: (n: number) => string) => void) {
  orderCount += 1;
  const prefix = `A${orderCount}`;
  const payment = new ScriptedPayment({ merchantOrderNo: prefix, latePayment: 'refund' });
  play(payment, (n) => `${prefix}-${n}`);
  return payment;
}

/** One of each state that an audit has to understand. */
function lives(): ScriptedPayment[] {
  return [
    life((payment, txn) => {
      payment.notified(paid({ transactionNo: txn(1) }));
      payment.refund(500, `${txn(1)}-R1`);
      payment.answerRefund(payment.returned());
    }),
    life((payment, txn) => {
      payment.notified(paid({ transactionNo: txn(1) }));
      payment.notified(paid({ transactionNo: txn(2) }));
      payment.answerRefund(payment.returned());
    }),
    life((payment, txn) => {
      payment.notified(paid({ transactionNo: txn(1) }));
      payment.notified(paid({ transactionNo: txn(2) }));
      payment.answerRefund(CLOSED_FOR_GOOD);
      payment.answerRefund(NO_ANSWER);
    }),
    life((payment, txn) => {
      payment.learn(paid({ transactionNo: txn(1), amountMinor: 5 }));
    }),
    life((payment) => {
      payment.decide({ type: 'close_payment' });
      payment.answerJob(CLOSED);
    }),
    life((payment, txn) => {
      payment.notified(paid({ transactionNo: txn(1) }));
      payment.refundedAtConsole({ transactionNo: txn(1), amountMinor: 7, refundId: `${txn(1)}-C` });
      payment.refund(100, `${txn(1)}-R1`);
      for (let round = 0; round < 3; round++) payment.answerRefund(CLOSED_FOR_GOOD);
      payment.learnRefund(payment.returned(1), { number: 1, operation: 'notification' });
    }),
    life((payment, txn) => {
      payment.notified(paid({ transactionNo: txn(1) }));
      payment.notified(paid({ transactionNo: txn(2) }));
      while (payment.nextRefundJob()) payment.answerRefund(CLOSED_FOR_GOOD);
    }),
    life((payment, txn) => {
      payment.learn(paid({ transactionNo: txn(1), amountMinor: 5 }));
      payment.decideCase('amount_mismatch', 'return_money');
    }),
    life((payment, txn) => {
      payment.notified(paid({ transactionNo: txn(1) }));
      const reversed = { type: 'reversed', transactionNo: txn(1), reversedAtMs: 1 } as const;
      payment.learn({ ...reversed, channelCode: 'REVERSED' });
    }),
    life((payment, txn) => {
      payment.notified(paid({ transactionNo: txn(1) }));
      payment.learn(paid({ transactionNo: txn(2), amountMinor: 5 }));
    }),
    life((payment, txn) => {
      payment.notified(paid({ transactionNo: txn(1) }));
      payment.refund(100, `${txn(1)}-R1`);
      payment.answerRefund(NO_ANSWER);
    }),
  ];
}

/** Two days that were compared: on the first something is carried and something differs, on the second all matches. */
const COMPARED_DAYS = `
  INSERT INTO statement (number, id, channel, account, day, version, format, source, file_name, sha256,
    received_at_ms, line_count, totals, has_trailer) OVERRIDING SYSTEM VALUE
  SELECT n, gen_random_uuid(), 'wallet', 'main', date '2026-11-17' + n, 1, 'sandbox', 'connector', 'f', decode('0' || n, 'hex'),
    1, 1, '[]', true FROM generate_series(1, 2) n;
  INSERT INTO statement_line (statement, line_no, kind, word, order_no, transaction_no, amount_minor, currency,
    settlement_currency, status)
  SELECT n, 1, 'payment', 'payment', 'O' || n, 'T' || n, 100, 'CNY', 'CNY', 'succeeded' FROM generate_series(1, 2) n;
  INSERT INTO reconciliation (number, id, channel, account, day, statement, status, snapshot_ms, started_at_ms, figures)
  OVERRIDING SYSTEM VALUE
  SELECT n, gen_random_uuid(), 'wallet', 'main', date '2026-11-17' + n, n, 'closed', 1, 1, '[{"lineCount": 1}]'
  FROM generate_series(1, 2) n;
  INSERT INTO platform_entry (reconciliation, entry_no, kind, order_no, transaction_no, amount_minor, currency,
    status, origin, merchant_number, payment_id)
  SELECT reconciliation, entry_no, 'payment', order_no, order_no, 100, 'CNY', 'succeeded', 'day', 7, gen_random_uuid()
  FROM (VALUES (1, 1, 'O0'), (1, 2, 'O1'), (2, 1, 'O2')) e (reconciliation, entry_no, order_no);
  INSERT INTO reconciliation_item (reconciliation, item_no, side, class, kind, line_no, entry_no, currency, outcome)
  VALUES (1, 1, 'platform', 'carried', 'payment', NULL, 1, 'CNY', NULL),
    (1, 2, 'both', 'amount', 'payment', 1, 2, 'CNY', 'case')`;

async function store(databaseUrl: string, payments: readonly ScriptedPayment[]): Promise<void> {
  const pool = openPool(databaseUrl, { max: 1, onError: () => {} });
  try {
    for (const payment of payments) await postgresStore(pool).write([payment.takeChange()]);
  } finally {
    await pool.end();
  }
}

beforeAll(async () => {
  url = await freshDatabase();
  const payments = lives();
  await store(url, payments);
  nowMs = Math.max(...payments.map((one) => one.nowMs));
  client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(COMPARED_DAYS);
});
afterAll(async () => {
  await client.end();
});

const found = async (atMs = nowMs): Promise<string[]> =>
  (await brokenRules(client, atMs)).map(({ check }) => check.view.replace('audit_', ''));

test('books that the platform has written break no rule, and the mirrors between them cancel out', async () => {
  const { findings, trialBalance } = await auditDatabase(url, nowMs);
  expect(findings).toEqual([]);
  const between = trialBalance
    .filter((row) => row.account === 'between_books')
    .map((row) => Number(row.debitMinor) - Number(row.creditMinor));
  expect(between).toHaveLength(2);
  expect(between.reduce((sum, one) => sum + one, 0)).toBe(0);
});

test('any life of a payment leaves every view empty', async () => {
  const databaseUrl = await freshDatabase();
  const seen: ScriptedPayment[] = [];
  for (const [at, one] of fc.sample(steps(), { numRuns: 150, seed: 5 }).entries()) {
    const create = { ...one.create, merchantOrderNo: `L${at}` };
    const kept = one.steps.filter(
      (step) => step.type !== 'input' || step.input.type !== 'create_payment',
    );
    seen.push(playSteps({ create, steps: kept }, () => {}));
  }
  await store(databaseUrl, seen);
  const { findings } = await auditDatabase(databaseUrl, 0);
  // Scripted channels use the same transaction numbers again.
  const others = findings.filter(({ check }) => check.view !== 'audit_i13_charge_twice');
  expect(others).toEqual([]);
  expect(seen.flatMap((one) => one.payment.refunds).length).toBeGreaterThan(20);
}, 120_000);

/** The id of a life's payment, in SQL. */
function of(merchantOrderNo: string): string {
  return `(SELECT id FROM payment WHERE merchant_order_no = '${merchantOrderNo}')`;
}

/** Each breaks one thing by force; where a constraint forbids it, that goes first. */
const PLANTED: Readonly<Record<string, string>> = {
  i01_surplus_unowned: `DELETE FROM refund_job WHERE payment_id = ${of('A3')};
    UPDATE channel_refund SET status = 'failed', failure = '{}' WHERE payment_id = ${of('A3')}`,
  i01_held_unowned: `UPDATE open_case SET subject = '9' WHERE payment_id = ${of('A10')}`,
  i02_winner_not_charged: `UPDATE payment SET currency = 'HKD' WHERE merchant_order_no = 'A9';
    UPDATE channel_order SET currency = 'HKD' WHERE payment_id = ${of('A9')}`,
  i03_winner_not_booked: `UPDATE payment SET winner_amount_minor = NULL WHERE merchant_order_no = 'A9'`,
  i04_reserve_differs: `UPDATE payment SET refund_reserved_minor = 499 WHERE refund_reserved_minor = 500`,
  i04_surplus_not_whole: `UPDATE payment SET surplus_received_minor = 2000 WHERE merchant_order_no = 'A2';
    UPDATE journal SET amount_minor = 2000 WHERE entry IN ('charge:1:A2-2', 'surplus:1:A2-2')`,
  i05_refund_disagrees: `UPDATE channel_refund SET is_extra = true WHERE amount_minor = 500`,
  i05_two_numbers_alive: `UPDATE channel_refund SET round = 1,
    status = CASE WHEN number > 1 THEN 'requires_action' ELSE status END WHERE payment_id = ${of('A7')}`,
  i05_number_without_proof: `UPDATE channel_refund SET round = 3 WHERE round = 2 AND payment_id = ${of('A3')}`,
  i05_sent_without_debt: `UPDATE channel_refund SET status = 'owed' WHERE number = 3 AND payment_id = ${of('A6')};
    INSERT INTO refund_job SELECT merchant_number, payment_id, attempt, number, 'wallet', 'main', 'send', 1
    FROM channel_refund WHERE number = 3 AND payment_id = ${of('A6')}`,
  i06_closed_too_early: `UPDATE channel_order SET status = 'pending' WHERE payment_id = ${of('A5')};
    INSERT INTO dropped_order SELECT merchant_number, payment_id, attempt, channel, account, 'query', 1
    FROM channel_order WHERE payment_id = ${of('A5')}`,
  i06_end_without_evidence: `ALTER TABLE channel_order DROP CONSTRAINT channel_order_check;
    UPDATE channel_order SET death_evidence = NULL WHERE status = 'closed'`,
  i07_version_gap: `DELETE FROM history WHERE version = 3 AND payment_id = ${of('A2')}`,
  i08_foreign_account: `UPDATE journal SET credit = 'somewhere' WHERE entry = 'winner'`,
  i09_books_apart: `INSERT INTO journal (merchant_number, payment_id, book, entry, version, amount_minor, currency,
    debit, credit, booked_at_ms) SELECT merchant_number, id, 'payment', 'odd', 1, 1, 'CNY', 'between_books',
    'payer_owed:7', 1 FROM payment WHERE merchant_order_no = 'A1'`,
  i09_refund_not_booked: `DELETE FROM journal WHERE entry LIKE 'given_up:%'`,
  i09_return_not_booked: `UPDATE journal SET entry = 'odd' WHERE entry LIKE 'refund:%' AND book = 'channel'`,
  i09_event_in_one_book: `UPDATE journal SET entry = 'foreign:1:other' WHERE book = 'payment' AND entry LIKE 'foreign:%'`,
  i10_sum_differs: `UPDATE payment SET surplus_received_minor = 1 WHERE merchant_order_no = 'A1'`,
  i12_number_used_twice: `DROP INDEX payment_merchant_order_no;
    UPDATE payment SET merchant_order_no = 'A1'`,
  i13_order_other_money: `UPDATE channel_order SET amount_minor = 1`,
  i13_refund_other_money: `UPDATE channel_refund SET transaction_no = 'T' WHERE amount_minor = 500`,
  i13_charge_twice: `UPDATE journal SET transaction_no = 'same' WHERE entry LIKE 'charge:%'`,
  i14_end_untold: `DELETE FROM event WHERE type = 'payment.closed'`,
  i15_told_twice: `INSERT INTO event SELECT merchant_number, gen_random_uuid(), payment_id, type, version, at_ms,
    subject_key, snapshot FROM event WHERE type = 'refund.succeeded'`,
  i15_told_untrue: `UPDATE event SET payment_id = gen_random_uuid(), type = 'payment.succeeded'
    WHERE type = 'exception.opened'`,
  i16_event_undelivered: `INSERT INTO webhook_delivery SELECT merchant_number, id,
    '00000000-0000-0000-0000-000000000000', 1, 1, 500, NULL FROM event LIMIT 1`,
  i18_case_list_differs: `UPDATE exception_case SET resolved_at_ms = 1, resolution = 'so' WHERE kind = 'excess_refund'`,
  i18_end_without_proof: `UPDATE exception_case SET resolution = NULL WHERE resolved_at_ms IS NOT NULL`,
  i19_order_unattended: `UPDATE channel_order SET status = 'pending' WHERE status = 'succeeded'`,
  i19_payment_unattended: `UPDATE payment SET status = 'pending', close_reason = NULL WHERE status = 'closed'`,
  i19_refund_unattended: `UPDATE refund SET status = 'requires_action' WHERE payment_id = ${of('A3')}`,
  i19_channel_refund_unattended: `DELETE FROM refund_job WHERE payment_id = ${of('A11')}`,
  i19_case_nobody_can_end: `UPDATE open_case SET kind = 'failed_refund', subject = (SELECT key FROM refund
    WHERE payment_id = ${of('A6')}) WHERE payment_id = ${of('A6')} AND subject LIKE '1:%'`,
  i20_job_without_work: `UPDATE refund_job SET operation = 'send' WHERE operation = 'query'`,
  i21_line_in_two_classes: `INSERT INTO reconciliation_item (reconciliation, item_no, side, class, kind, line_no,
    currency, outcome) VALUES (1, 3, 'channel', 'fee', 'payment', 1, 'CNY', 'case')`,
  i21_lines_unaccounted: `UPDATE reconciliation SET figures = '[]' WHERE number = 1`,
  i21_statement_changed: `DELETE FROM statement_line WHERE statement = 1`,
  i21_difference_unowned: `UPDATE reconciliation_item SET outcome = NULL`,
  i22_carried_twice: `UPDATE platform_entry SET origin = 'carried' WHERE order_no = 'O0'`,
  i22_matched_on_two_days: `INSERT INTO platform_entry SELECT 1, 3, kind, order_no, refund_no, transaction_no,
    amount_minor, currency, fee_minor, status, at_ms, origin, merchant_number, payment_id, attempt
    FROM platform_entry WHERE order_no = 'O2'`,
  i24_decision_without_name: `UPDATE history SET raw = '' WHERE via = 'operator'`,
};

/** What else is wrong by the same deed, where two rules look at one row from two sides. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  i01_surplus_unowned: ['i19_refund_unattended'],
  i05_refund_disagrees: ['i09_event_in_one_book'],
};

describe('one broken thing', () => {
  test('is planted for every rule', () => {
    expect(Object.keys(PLANTED).toSorted()).toEqual(
      AUDIT_CHECKS.map((one) => one.view.replace('audit_', '')).toSorted(),
    );
  });

  test.each(AUDIT_CHECKS.map((one) => [one.view.replace('audit_', ''), one.rule]))(
    'turns red %s: %s',
    async (name) => {
      await client.query('BEGIN');
      try {
        await client.query(PLANTED[name] ?? '');
        expect(await found(nowMs + YEAR_MS)).toEqual([name, ...(ALSO[name] ?? [])].toSorted());
      } finally {
        await client.query('ROLLBACK');
      }
    },
  );
});

describe('the rules', () => {
  test('are all the views that the database has', async () => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT viewname AS name FROM pg_views WHERE viewname LIKE 'audit\\_%' ORDER BY 1`,
    );
    expect(rows.map((row) => row.name)).toEqual(AUDIT_CHECKS.map((one) => one.view).toSorted());
  });

  test('are told in Chinese too', () => {
    expect(AUDIT_CHECKS.filter(({ rule }) => AUDIT_WORDS[rule] === undefined)).toEqual([]);
  });

  test('do not call an order late that is merely young', async () => {
    await client.query('BEGIN');
    try {
      await client.query(PLANTED['i19_order_unattended'] ?? '');
      expect(await found()).not.toContain('i19_order_unattended');
    } finally {
      await client.query('ROLLBACK');
    }
  });
});
