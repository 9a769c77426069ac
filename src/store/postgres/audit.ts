/**
 * The invariants on a live database: each view must be empty (migrations/0005_audit_views.sql). They read
 * everything, so they are for an audit and not for the payment path.
 */
import pg from 'pg';

export type AuditCheck = {
  /** The invariant, I1–I25 as in the core. */
  readonly id: string;
  /** What must be true. */
  readonly rule: string;
  /** The view of the rows where it is not. */
  readonly view: string;
  /** Rows that are merely young count only when their `since_ms` is longer ago than the grace. */
  readonly mayBeYoung?: true;
};

/** A job is late, and not merely young, after this long: first query, sweep and lease with room to spare. */
export const JOB_GRACE_MS = 120_000;

const RULES: readonly (readonly [view: string, rule: string])[] = [
  ['i01_surplus_unowned', 'Money beside the winner is returned, on its way back, or an open case.'],
  ['i01_held_unowned', 'Held money has an open case.'],
  [
    'i02_winner_not_charged',
    'A succeeded payment has a winner that its channel charged, of exactly its amount.',
  ],
  ['i03_winner_not_booked', 'The winner that was booked is the winner of the payment.'],
  [
    'i04_reserve_differs',
    'What is set aside is what the refunds sum to, and no more than was charged.',
  ],
  ['i04_surplus_not_whole', 'A charge beside the winner is owed whole, under its one key.'],
  ['i05_refund_disagrees', 'A refund is done exactly when one of its channel refunds is.'],
  ['i05_two_numbers_alive', 'At most one number of a refund is alive.'],
  ['i05_number_without_proof', 'Another number is tried only after the former is dead.'],
  ['i05_sent_without_debt', 'Nothing is to be sent that nobody owes.'],
  ['i06_closed_too_early', 'A closed payment has no channel order that may still be paid.'],
  ['i06_end_without_evidence', 'No channel order ends unpaid without evidence.'],
  [
    'i07_version_gap',
    'Versions rise by one: every change is in the history, but for a creation that the first channel order tells.',
  ],
  ['i08_foreign_account', 'Each entry moves money between two accounts of its own book.'],
  ['i09_books_apart', 'The two mirrors between the books cancel out.'],
  [
    'i09_refund_not_booked',
    'Each refund that was set aside, returned or given up is booked once, with its amount.',
  ],
  [
    'i09_return_not_booked',
    'What the channels returned for us is what the channel book has booked.',
  ],
  [
    'i09_event_in_one_book',
    'Each charge, reversal and return without us is in both books, with the same amount.',
  ],
  ['i10_sum_differs', 'The sums of a payment are those of its journal.'],
  ['i12_number_used_twice', "A merchant's order or refund number stands for one thing."],
  ['i13_order_other_money', 'A channel order asks for the money of its payment.'],
  ['i13_refund_other_money', 'A channel refund returns the money of its refund.'],
  ['i13_charge_twice', 'A transaction of a channel is booked once.'],
  ['i14_end_untold', 'Each end of a payment or refund has its event.'],
  ['i15_told_twice', 'A success, a reversal and the end of a refund are told once.'],
  ['i15_told_untrue', 'What was told as succeeded or returned is so.'],
  [
    'i16_event_undelivered',
    'An event was delivered to some endpoint, is on its way, has an open case, or nobody asked for it.',
  ],
  ['i18_case_list_differs', 'An open case is listed among the open ones, and nothing else is.'],
  ['i18_end_without_proof', 'A case that is over says what proved it.'],
  ['i19_order_unattended', 'An order that is not final has a job or an open case.'],
  [
    'i19_payment_unattended',
    'A payment that is not final has an expiry, an open case or an order being asked about.',
  ],
  [
    'i19_refund_unattended',
    'A refund that is not final has a number alive, or a person who must act.',
  ],
  [
    'i19_channel_refund_unattended',
    'A channel refund that is not final has its job, or a person who must act.',
  ],
  ['i19_case_nobody_can_end', 'A case about a refund ends with it.'],
  ['i20_job_without_work', 'A refund job fits to what its channel refund waits for.'],
  ['i21_line_in_two_classes', 'Each line and each entry of a day stands in one class.'],
  ['i21_lines_unaccounted', 'The classes of a comparison sum to the lines of its statement.'],
  ['i21_statement_changed', 'A statement has the lines with which it was taken in.'],
  ['i21_difference_unowned', 'A closed day has every difference settled, or in a case.'],
  ['i22_carried_twice', 'Nothing is carried over more than one day without a case.'],
  ['i22_matched_on_two_days', 'Each entry is matched on one business day.'],
  ['i24_decision_without_name', 'A decision by a person names the person and the reason.'],
];

const MAY_BE_YOUNG = new Set(['i19_order_unattended', 'i19_payment_unattended']);

export const AUDIT_CHECKS: readonly AuditCheck[] = RULES.map(([name, rule]) => ({
  id: `I${Number(name.slice(1, 3))}`,
  rule,
  view: `audit_${name}`,
  ...(MAY_BE_YOUNG.has(name) && { mayBeYoung: true }),
}));

export type AuditFinding = {
  readonly check: AuditCheck;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
};
export type TrialBalanceRow = {
  readonly book: string;
  readonly account: string;
  readonly currency: string;
  readonly debitMinor: string;
  readonly creditMinor: string;
};

/** Most offending rows shown per broken rule. */
export const ROWS_SHOWN_MAX = 20;

export const TRIAL_BALANCE = `
  SELECT book, account, currency, sum(debit)::text AS "debitMinor", sum(credit)::text AS "creditMinor" FROM (
    SELECT book, debit AS account, currency, amount_minor AS debit, 0::bigint AS credit FROM journal
    UNION ALL SELECT book, credit, currency, 0, amount_minor FROM journal
    UNION ALL SELECT 'channel', debit, currency, amount_minor, 0 FROM account_journal
    UNION ALL SELECT 'channel', credit, currency, 0, amount_minor FROM account_journal
  ) legs GROUP BY book, account, currency ORDER BY book, account, currency`;

/** Runs every check in one consistent snapshot; answers the broken ones and the trial balance. */
export async function auditDatabase(
  url: string,
  nowMs: number,
): Promise<{ findings: AuditFinding[]; trialBalance: TrialBalanceRow[] }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const findings = await brokenRules(client, nowMs);
    const { rows: trialBalance } = await client.query<TrialBalanceRow>(TRIAL_BALANCE);
    await client.query('COMMIT');
    return { findings, trialBalance };
  } finally {
    await client.end();
  }
}

/** The rules that are broken as this connection sees the database. */
export async function brokenRules(client: pg.ClientBase, nowMs: number): Promise<AuditFinding[]> {
  const findings: AuditFinding[] = [];
  for (const check of AUDIT_CHECKS) {
    const isLate = check.mayBeYoung ? `WHERE since_ms < ${nowMs - JOB_GRACE_MS}` : '';
    const text = `SELECT * FROM ${check.view} ${isLate} LIMIT ${ROWS_SHOWN_MAX}`;
    const { rows } = await client.query<Record<string, unknown>>(text);
    if (rows.length > 0) findings.push({ check, rows });
  }
  return findings;
}
