/** The day's end as the API tells it. */
import { timeText } from '../runtime/payment-object.ts';
import type { StoredItem, StoredReconciliation } from '../store/postgres/reconciliations.ts';
import type { StatementCase } from '../store/postgres/statement-cases.ts';
import type { StoredStatement } from '../store/postgres/statements.ts';

/** A statement. */
export function statementObject(one: StoredStatement) {
  return {
    id: one.id,
    object: 'statement' as const,
    channel: one.channel,
    account: one.account,
    date: one.day,
    version: one.version,
    format: one.format,
    source: one.source,
    by: one.by,
    reason: one.reason,
    file_name: one.fileName,
    sha256: one.sha256,
    line_count: one.lineCount,
    totals: one.totals.map((total) => ({
      kind: total.kind,
      currency: total.currency,
      count: total.count,
      amount: total.amountMinor,
      fee: total.feeMinor,
    })),
    totals_compared: one.hasTrailer,
    received_at: timeText(one.receivedAtMs),
  };
}

/** A comparison. */
export function reconciliationObject(one: StoredReconciliation) {
  return {
    id: one.id,
    object: 'reconciliation' as const,
    channel: one.channel,
    account: one.account,
    date: one.day,
    status: one.status,
    has_statement: one.statement !== null,
    figures: one.figures.map((row) => ({
      class: row.class,
      kind: row.kind,
      currency: row.currency,
      lines: row.lineCount,
      lines_amount: row.lineMinor,
      lines_fee: row.lineFeeMinor,
      entries: row.entryCount,
      entries_amount: row.entryMinor,
    })),
    digest: one.digest,
    started_at: timeText(one.startedAtMs),
    closed_at: timeText(one.closedAtMs),
  };
}

/** What did not simply match. */
export function itemObject(item: StoredItem) {
  return {
    object: 'reconciliation_item' as const,
    number: item.itemNo,
    class: item.class,
    kind: item.kind,
    word: item.word,
    line: item.lineNo,
    channel_order_no: item.orderNo,
    channel_refund_no: item.refundNo,
    channel_transaction_no: item.transactionNo,
    currency: item.currency,
    channel_amount: item.channelMinor,
    platform_amount: item.platformMinor,
    channel_fee: item.channelFeeMinor,
    platform_fee: item.platformFeeMinor,
    at: timeText(item.atMs),
    outcome: item.outcome,
    outcome_words: item.outcomeWords,
  };
}

/** A case of a day. */
export function statementCaseObject(one: StatementCase) {
  return {
    id: one.id,
    object: 'statement_case' as const,
    kind: one.kind,
    channel: one.channel,
    account: one.account,
    date: one.day,
    subject: one.subject,
    status: one.resolvedAtMs === null ? ('open' as const) : ('resolved' as const),
    owner: one.owner,
    next_action: one.nextAction,
    deadline_at: timeText(one.deadlineAtMs),
    money_at_risk: one.moneyAtRiskMinor,
    currency: one.currency,
    opened_at: timeText(one.openedAtMs),
    resolved_at: timeText(one.resolvedAtMs),
    resolution: one.resolution,
  };
}
