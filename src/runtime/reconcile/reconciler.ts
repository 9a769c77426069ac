/**
 * Reconciliation (对账): brings in a day's statement, compares, settles what can be settled, and closes the
 * day when count and money add up. Whatever a crash or an unreachable channel interrupts is taken up again.
 */
import type { Connector } from '../../channels/connector.ts';
import { hasDifferences } from '../../core/reconciliation/figures.ts';
import { StatementError } from '../../statements/statement-format.ts';
import {
  ownEntryCount,
  rewrittenLines,
  unheardPayments,
  versionsOf,
} from '../../store/postgres/day-closing.ts';
import type { StoredReconciliation } from '../../store/postgres/reconciliations.ts';
import {
  latestReconciliation,
  listItems,
  moveReconciliation,
} from '../../store/postgres/reconciliations.ts';
import { openStatementCase, resolveStatementCase } from '../../store/postgres/statement-cases.ts';
import { majorText } from '../../core/money.ts';
import { closeDay } from './close-day.ts';
import { compareDay } from './compare-day.ts';
import type { Imported, ImportWanted } from './import-statement.ts';
import { importStatement } from './import-statement.ts';
import type { SettleParts } from './settle-differences.ts';
import { settleDifferences } from './settle-differences.ts';

/** How it ended: `waiting` where the channel has no statement yet, or could not be understood. */
export type DayResult =
  | { readonly type: 'reconciled'; readonly run: StoredReconciliation }
  | { readonly type: 'waiting'; readonly why: string }
  | { readonly type: 'refused'; readonly error: StatementError };

export type Reconciler = {
  /** Fetches the statement of the day if it is there, and reconciles. */
  fetchDay(connector: Connector, day: string): Promise<DayResult>;
  /** Takes in a file that a person brought. Throws StatementError for one that is refused. */
  importFile(wanted: ImportWanted): Promise<Imported>;
  /** Reconciles a day with the newest statement that is here; null when there is none. */
  reconcileDay(connector: Connector, day: string): Promise<StoredReconciliation | null>;
  /** Goes on with what was interrupted. */
  resume(connector: Connector, run: StoredReconciliation): Promise<StoredReconciliation>;
  /** Opens the case of a statement that does not come. */
  miss(connector: Connector, day: string, why: string): Promise<void>;
};

/** How long one fetch may take, whatever its size. */
const FETCH_WITHIN_MS = 10 * 60_000;

/** A reconciler over these parts. */
export function newReconciler(parts: SettleParts): Reconciler {
  const importParts = { ...parts, nowMs: parts.clock.nowMs };
  const importFile = async (wanted: ImportWanted): Promise<Imported> => {
    const imported = await importStatement(importParts, wanted);
    if (imported.isNew) await noteRewritten(parts, imported);
    return imported;
  };
  const reconcileDay = async (
    connector: Connector,
    day: string,
  ): Promise<StoredReconciliation | null> => {
    const head = { channel: connector.channel, account: connector.account, day };
    const [newest] = await versionsOf(parts.pool, head);
    if (!newest) return null;
    const before = await latestReconciliation(parts.pool, head);
    if (before?.statement === newest.number) return await resume(parts, connector, before);
    const run = await compareDay(importParts, connector, day, newest.number);
    return await resume(parts, connector, run);
  };
  return {
    importFile,
    reconcileDay,
    resume: async (connector, run) => await resume(parts, connector, run),
    miss: async (connector, day, why) => await openMissing(parts, connector, day, why),
    fetchDay: async (connector, day) => {
      const deadlineAtMs = parts.clock.nowMs() + FETCH_WITHIN_MS;
      const fetched = await connector.fetchStatement(day, deadlineAtMs);
      switch (fetched.type) {
        case 'not_ready':
        case 'unknown':
          return { type: 'waiting', why: fetched.raw };
        case 'no_trades':
          return await reconcileEmpty(parts, connector, day);
        case 'file': {
          const source = { stream: fetched.bytes, name: fetched.name };
          const fileName = fetched.name;
          try {
            await importFile({ connector, day, source, fileName, broughtBy: null });
          } catch (error) {
            if (!(error instanceof StatementError)) throw error;
            await openMissing(parts, connector, day, `Its file is refused: ${error.message}.`);
            return { type: 'refused', error };
          }
          await endMissing(parts, connector, day);
          const run = await reconcileDay(connector, day);
          return run ? { type: 'reconciled', run } : { type: 'waiting', why: 'no statement' };
        }
      }
    },
  };
}

/**
 * "No bill because no trade" counts only when our own count of that day is zero too, or once the statement of
 * a later day has what we count. Until then the day is compared once, and its case stays open.
 */
async function reconcileEmpty(
  parts: SettleParts,
  connector: Connector,
  day: string,
): Promise<DayResult> {
  const { pool, clock } = parts;
  const head = { channel: connector.channel, account: connector.account, day };
  const before = await latestReconciliation(pool, head);
  if (before?.statement === null && before.status === 'closed') {
    return { type: 'reconciled', run: before };
  }
  const isCompared = before?.statement === null;
  const run = isCompared
    ? before
    : await compareDay({ ...parts, nowMs: clock.nowMs }, connector, day, null);
  if ((await ownEntryCount(pool, run.number)) > 0) {
    await keptOpen(parts, run);
    const why = 'The channel says that there was no trade, and our books have some.';
    await openMissing(parts, connector, day, why);
    return { type: 'waiting', why };
  }
  await endMissing(parts, connector, day);
  return { type: 'reconciled', run: await resume(parts, connector, run) };
}

/** Settles what is left of a comparison, and closes it. */
async function resume(
  parts: SettleParts,
  connector: Connector,
  run: StoredReconciliation,
): Promise<StoredReconciliation> {
  const { pool } = parts;
  if (run.status === 'closed') return run;
  const contradicts = run.statement === null && (await ownEntryCount(pool, run.number)) > 0;
  // A process that died over it left it as if it could be settled.
  if (contradicts) return await keptOpen(parts, run);
  const versions = await versionsOf(pool, run);
  const mine = versions.find((one) => one.number === run.statement);
  const isProof = mine === undefined || mine.source === 'connector';
  if (hasDifferences(run.figures)) await settleDifferences(parts, { connector, run, isProof });
  const [left] = await listItems(pool, run.number, { after: 0, limit: 1, isUnsettled: true });
  // What one book has not heard of the day is on its way, or found by the scan: the day waits for it.
  const isHeard = (await unheardPayments(pool, run.number)).length === 0;
  if (!left && isHeard) await closeDay(parts, connector, run);
  return (await latestReconciliation(pool, run)) ?? run;
}

async function keptOpen(
  { pool }: SettleParts,
  run: StoredReconciliation,
): Promise<StoredReconciliation> {
  await moveReconciliation(pool, run.number, 'open', null);
  return { ...run, status: 'open' };
}

/** A rewritten file changes no old version; each line that it says otherwise gets a case. */
async function noteRewritten(parts: SettleParts, { statement }: Imported): Promise<void> {
  if (statement.version === 1) return;
  const { channel, account, day } = statement;
  const [newest, before] = await versionsOf(parts.pool, { channel, account, day });
  if (!newest || !before) return;
  const nowMs = parts.clock.nowMs();
  for (const line of await rewrittenLines(parts.pool, before.number, newest.number)) {
    const money = (minor: number | null, feeMinor: number | null): string => {
      if (minor === null) return 'nothing';
      const fee = feeMinor === null ? '' : `, fee ${majorText(feeMinor, line.currency)},`;
      return `${majorText(minor, line.currency)} ${line.currency}${fee}`;
    };
    const number = line.refundNo ?? line.transactionNo ?? line.orderNo ?? '';
    await openStatementCase(parts.pool, {
      id: parts.freshId('exc'),
      kind: 'statement_difference',
      channel,
      account,
      day,
      subject: `rewritten:${day}:${newest.version}:${line.kind}:${number}`,
      openedAtMs: nowMs,
      owner: 'reconciliation',
      nextAction: `Version ${newest.version} of ${day} says ${money(line.afterMinor, line.afterFeeMinor)} for the ${line.kind} ${number}, version ${before.version} said ${money(line.beforeMinor, line.beforeFeeMinor)}: clear it up with the channel.`,
      deadlineAtMs: nowMs + parts.caseDeadlineMs,
      moneyAtRiskMinor: Math.abs((line.afterMinor ?? 0) - (line.beforeMinor ?? 0)),
      currency: line.currency,
    });
  }
}

async function openMissing(
  parts: SettleParts,
  { channel, account }: Connector,
  day: string,
  why: string,
): Promise<void> {
  const nowMs = parts.clock.nowMs();
  await openStatementCase(parts.pool, {
    id: parts.freshId('exc'),
    kind: 'statement_missing',
    channel,
    account,
    day,
    subject: day,
    openedAtMs: nowMs,
    owner: 'reconciliation',
    nextAction: `The statement of ${day} is not here. ${why} Fetch it from the channel, or upload it.`,
    deadlineAtMs: nowMs + parts.caseDeadlineMs,
    moneyAtRiskMinor: 0,
    currency: null,
  });
}

async function endMissing(
  { pool, clock }: SettleParts,
  { channel, account }: Connector,
  day: string,
): Promise<void> {
  const subject = { channel, account, kind: 'statement_missing', subject: day } as const;
  const words = 'The statement came and was taken in.';
  await resolveStatementCase(pool, subject, { atMs: clock.nowMs(), words });
}
