/** Cases and journal entries of an account's day that belong to no payment. */
import type { ClientBase } from 'pg';
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { CaseOwner, ExceptionKind } from '../../core/exceptions/kind.ts';
import type { AccountDay } from './reconciliations.ts';
import type { Pool } from './pool.ts';

export type StatementCase = AccountDay & {
  readonly id: string;
  readonly kind: ExceptionKind;
  /** What it is about, the same whenever it is found. */
  readonly subject: string;
  readonly openedAtMs: number;
  readonly owner: CaseOwner;
  readonly nextAction: string;
  readonly deadlineAtMs: number;
  readonly moneyAtRiskMinor: number;
  readonly currency: string | null;
  readonly resolvedAtMs: number | null;
  readonly resolution: string | null;
};

const CASE_COLUMNS = `id, kind, channel, account, day::text AS day, subject, opened_at_ms, owner, next_action,
  deadline_at_ms, money_at_risk_minor, currency, resolved_at_ms, resolution`;

/** Opens a case; one that is open for the same subject stays as it is. Answers whether it is new. */
export async function openStatementCase(
  pool: Pool | ClientBase,
  fresh: Omit<StatementCase, 'resolvedAtMs' | 'resolution'>,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `INSERT INTO statement_case (id, kind, channel, account, day, subject, opened_at_ms, owner, next_action,
       deadline_at_ms, money_at_risk_minor, currency)
     VALUES ($1, $2, $3, $4, $5::date, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (channel, account, kind, subject) WHERE resolved_at_ms IS NULL DO NOTHING`,
    [
      idToUuid(fresh.id),
      fresh.kind,
      fresh.channel,
      fresh.account,
      fresh.day,
      fresh.subject,
      fresh.openedAtMs,
      fresh.owner,
      fresh.nextAction,
      fresh.deadlineAtMs,
      fresh.moneyAtRiskMinor,
      fresh.currency,
    ],
  );
  return (rowCount ?? 0) > 0;
}

/** Resolves the open case of a subject; answers whether there was one. */
export async function resolveStatementCase(
  pool: Pool | ClientBase,
  {
    channel,
    account,
    kind,
    subject,
  }: Pick<StatementCase, 'channel' | 'account' | 'kind' | 'subject'>,
  { atMs, words }: { readonly atMs: number; readonly words: string },
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE statement_case SET resolved_at_ms = $5, resolution = $6
     WHERE channel = $1 AND account = $2 AND kind = $3 AND subject = $4 AND resolved_at_ms IS NULL`,
    [channel, account, kind, subject, atMs, words],
  );
  return (rowCount ?? 0) > 0;
}

/** Cases, the newest first; only open ones, or of one day, where that is asked for. */
export async function listStatementCases(
  pool: Pool,
  wanted: {
    readonly isOpen: boolean;
    readonly channel?: string | null;
    readonly day?: string | null;
    readonly limit: number;
  },
): Promise<StatementCase[]> {
  const { rows } = await pool.query<CaseRow>(
    `SELECT ${CASE_COLUMNS} FROM statement_case
     WHERE (NOT $1 OR resolved_at_ms IS NULL) AND ($2::text IS NULL OR channel = $2)
       AND ($3::date IS NULL OR day = $3::date)
     ORDER BY id DESC LIMIT $4`,
    [wanted.isOpen, wanted.channel ?? null, wanted.day ?? null, wanted.limit],
  );
  return rows.map(toCase);
}

/** A case by its id, or null. */
export async function getStatementCase(pool: Pool, id: string): Promise<StatementCase | null> {
  const { rows } = await pool.query<CaseRow>(
    `SELECT ${CASE_COLUMNS} FROM statement_case WHERE id = $1`,
    [idToUuid(id)],
  );
  return rows.map(toCase)[0] ?? null;
}

/** An entry of an account's day; see `account_journal`. */
export type AccountPosting = AccountDay & {
  /** Unique in its account: the same thing is booked once. */
  readonly entry: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly debit: string;
  readonly credit: string;
  readonly bookedAtMs: number;
};

/** Books entries that are not booked yet; answers how many were new. */
export async function bookForAccount(
  pool: Pool | ClientBase,
  postings: readonly AccountPosting[],
): Promise<number> {
  if (postings.length === 0) return 0;
  const { rowCount } = await pool.query(
    `INSERT INTO account_journal (channel, account, entry, amount_minor, currency, debit, credit, booked_at_ms, day)
     SELECT * FROM jsonb_to_recordset($1::jsonb) AS p (channel text, account text, entry text, amount_minor bigint,
       currency text, debit text, credit text, booked_at_ms bigint, day date)
     ON CONFLICT DO NOTHING`,
    [
      JSON.stringify(
        postings.map((one) => ({
          channel: one.channel,
          account: one.account,
          entry: one.entry,
          amount_minor: one.amountMinor,
          currency: one.currency,
          debit: one.debit,
          credit: one.credit,
          booked_at_ms: one.bookedAtMs,
          day: one.day,
        })),
      ),
    ],
  );
  return rowCount ?? 0;
}

type CaseRow = {
  id: string;
  kind: ExceptionKind;
  channel: string;
  account: string;
  day: string;
  subject: string;
  opened_at_ms: number;
  owner: CaseOwner;
  next_action: string;
  deadline_at_ms: number;
  money_at_risk_minor: number;
  currency: string | null;
  resolved_at_ms: number | null;
  resolution: string | null;
};

function toCase(row: CaseRow): StatementCase {
  return {
    id: uuidToId('exc', row.id),
    kind: row.kind,
    channel: row.channel,
    account: row.account,
    day: row.day,
    subject: row.subject,
    openedAtMs: row.opened_at_ms,
    owner: row.owner,
    nextAction: row.next_action,
    deadlineAtMs: row.deadline_at_ms,
    moneyAtRiskMinor: row.money_at_risk_minor,
    currency: row.currency,
    resolvedAtMs: row.resolved_at_ms,
    resolution: row.resolution,
  };
}
