/** Rows ↔ state. The only place that knows both the column names and the fields of the core. */
import type { Aggregate } from '../../core/aggregate.ts';
import type { ChannelOrder } from '../../core/channel-order.ts';
import type { Charge } from '../../core/charge.ts';
import type { Case } from '../../core/exceptions/kind.ts';
import type { ForeignReturn } from '../../core/channel-refund.ts';
import { channelOrderNo, idToUuid, uuidToId } from '../../core/id.ts';
import type { Via } from '../../core/outcome.ts';
import type { Payment, Try } from '../../core/payment.ts';
import { reservedMinor } from '../../core/refund-sums.ts';
import type { ChannelRefundRow, RefundRow } from './refund-rows.ts';
import { toChannelRefund, toRefund } from './refund-rows.ts';
import { withLongNames, withShortNames } from './short-names.ts';

/** What is usual is left out. */
type StoredTry = Omit<Try, 'neverOpened'> & Partial<Pick<Try, 'neverOpened'>>;

export type PaymentRow = {
  merchant_number: number;
  id: string;
  merchant_order_no: string;
  amount_minor: number;
  currency: string;
  subject: string;
  return_url: string | null;
  notice_url: string | null;
  metadata: Record<string, string> | null;
  created_at_ms: number;
  status: Payment['status'];
  expires_at_ms: number;
  version: number;
  /** Under short names, as all nested objects of the happy path. */
  tries: readonly StoredTry[];
  winner_attempt: number | null;
  winner_transaction_no: string | null;
  winner_amount_minor: number | null;
  winner_paid_at_ms: number | null;
  winner_via: Via | null;
  closing: Payment['closing'];
  close_reason: Payment['closeReason'];
  surplus_received_minor: number;
  surplus_held_minor: number;
  late_payment: Payment['latePayment'] | null;
  refund_count: number | null;
  refund_reserved_minor: number | null;
  foreign_returned_minor: number | null;
  surplus_taken_back_minor: number | null;
  reversed_at_ms: number | null;
};

export type OrderRow = {
  merchant_number: number;
  payment_id: string;
  attempt: number;
  channel: string;
  account: string;
  product: string;
  amount_minor: number;
  currency: string;
  valid_until_ms: number;
  created_at_ms: number;
  status: ChannelOrder['status'];
  close_step: ChannelOrder['closeStep'];
  query_count: number;
  awaits_statement: boolean;
  notified_at_ms: number | null;
  confirmed_by: Via | null;
  death_evidence: ChannelOrder['deathEvidence'];
  failure: ChannelOrder['failure'];
  next_action: ChannelOrder['nextAction'];
};

/** A row of the channel book's journal about a charge: the charge itself, or what happened to it later. */
export type ChargeRow = {
  entry: string;
  attempt: number;
  transaction_no: string;
  amount_minor: number;
  currency: string;
  paid_at_ms: number;
  booked_at_ms: number;
  via: Via;
  held: boolean | null;
};

export type CaseRow = {
  merchant_number: number;
  payment_id: string;
  id: string;
  kind: Case['kind'];
  subject: string;
  attempt: number | null;
  opened_at_ms: number;
  owner: Case['owner'];
  next_action: string;
  deadline_at_ms: number;
  money_at_risk_minor: number;
  resolved_at_ms: number | null;
  resolution: string | null;
};

export type AggregateRow = PaymentRow & {
  orders: OrderRow[] | null;
  charges: ChargeRow[] | null;
  cases: CaseRow[] | null;
  refunds: RefundRow[] | null;
  channel_refunds: ChannelRefundRow[] | null;
};

/** A loaded row, with its orders, charges and cases, as the core knows it. */
export function toAggregate(row: AggregateRow): Aggregate {
  return {
    payment: toPayment(row, row.refunds ?? []),
    orders: toOrders(row),
    cases: (row.cases ?? []).map(toCase),
    apart: null,
  };
}

/** The channel orders of a payment, with their charges and refunds. */
export function toOrders({
  id,
  orders,
  charges,
  channel_refunds: refunds,
}: Pick<AggregateRow, 'id' | 'orders' | 'charges' | 'channel_refunds'>): ChannelOrder[] {
  const paymentId = uuidToId('pay', id);
  return (orders ?? []).map((order) =>
    toOrder(
      order,
      paymentId,
      (charges ?? []).filter((charge) => charge.attempt === order.attempt),
      (refunds ?? []).filter((refund) => refund.attempt === order.attempt),
    ),
  );
}

/** The payment of a row, with its refunds. */
export function toPayment(row: PaymentRow, refunds: readonly RefundRow[]): Payment {
  return {
    id: uuidToId('pay', row.id),
    merchantNumber: row.merchant_number,
    merchantOrderNo: row.merchant_order_no,
    amountMinor: row.amount_minor,
    currency: row.currency,
    subject: row.subject,
    returnUrl: row.return_url,
    noticeUrl: row.notice_url,
    metadata: row.metadata ?? {},
    createdAtMs: row.created_at_ms,
    status: row.status,
    expiresAtMs: row.expires_at_ms,
    version: row.version,
    tries: withLongNames(row.tries).map((one) => ({ neverOpened: false, ...one })),
    winner: toWinner(row),
    closing: row.closing,
    closeReason: row.close_reason,
    surplusReceivedMinor: row.surplus_received_minor,
    surplusHeldMinor: row.surplus_held_minor,
    latePayment: row.late_payment ?? 'refund',
    refunds: refunds.map(toRefund),
    foreignReturnedMinor: row.foreign_returned_minor ?? 0,
    surplusTakenBackMinor: row.surplus_taken_back_minor ?? 0,
    reversedAtMs: row.reversed_at_ms,
  };
}

function toWinner(row: PaymentRow): Payment['winner'] {
  const {
    winner_attempt,
    winner_transaction_no,
    winner_amount_minor,
    winner_paid_at_ms,
    winner_via,
  } = row;
  if (winner_attempt === null || winner_transaction_no === null || winner_via === null) return null;
  return {
    attempt: winner_attempt,
    transactionNo: winner_transaction_no,
    amountMinor: winner_amount_minor ?? 0,
    paidAtMs: winner_paid_at_ms ?? 0,
    via: winner_via,
  };
}

function toOrder(
  row: OrderRow,
  paymentId: string,
  journal: readonly ChargeRow[],
  refunds: readonly ChannelRefundRow[],
): ChannelOrder {
  const orderNo = channelOrderNo(paymentId, row.attempt);
  const later = new Map(journal.map((one) => [one.entry, one.paid_at_ms]));
  return {
    attempt: row.attempt,
    channel: row.channel,
    account: row.account,
    product: row.product,
    channelOrderNo: orderNo,
    amountMinor: row.amount_minor,
    currency: row.currency,
    validUntilMs: row.valid_until_ms,
    createdAtMs: row.created_at_ms,
    status: row.status,
    closeStep: row.close_step,
    queryCount: row.query_count,
    awaitsStatement: row.awaits_statement,
    notifiedAtMs: row.notified_at_ms,
    confirmedBy: row.confirmed_by,
    deathEvidence: row.death_evidence,
    failure: row.failure,
    nextAction: row.next_action,
    charges: journal
      .filter((one) => one.entry.startsWith('charge:'))
      .map((one) => toCharge(one, later)),
    refunds: refunds.map((one) => toChannelRefund(one, orderNo)),
    foreignReturns: journal.filter((one) => one.entry.startsWith('foreign:')).map(toForeignReturn),
  };
}

/** `later` holds the times of the entries that tell what became of a charge, by their names. */
function toCharge(row: ChargeRow, later: ReadonlyMap<string, number>): Charge {
  const key = row.entry.slice('charge:'.length);
  return {
    releasedAtMs: later.get(`released:${key}`) ?? null,
    reversedAtMs: later.get(`reversed:${key}`) ?? null,
    transactionNo: row.transaction_no,
    amountMinor: row.amount_minor,
    currency: row.currency,
    paidAtMs: row.paid_at_ms,
    learnedAtMs: row.booked_at_ms,
    via: row.via,
    held: row.held === true,
  };
}

function toForeignReturn(row: ChargeRow): ForeignReturn {
  return {
    // `foreign:<attempt>:<the channel's number>`
    refundId: row.entry.split(':').slice(2).join(':'),
    transactionNo: row.transaction_no,
    amountMinor: row.amount_minor,
    currency: row.currency,
    refundedAtMs: row.paid_at_ms,
    via: row.via,
  };
}

/** The case of a row. */
export function toCase(row: CaseRow): Case {
  return {
    id: uuidToId('exc', row.id),
    kind: row.kind,
    subject: row.subject,
    attempt: row.attempt,
    openedAtMs: row.opened_at_ms,
    owner: row.owner,
    nextAction: row.next_action,
    deadlineAtMs: row.deadline_at_ms,
    moneyAtRiskMinor: row.money_at_risk_minor,
    resolvedAtMs: row.resolved_at_ms,
    resolution: row.resolution,
  };
}

/** The row of a payment. */
export function paymentRow(payment: Payment): PaymentRow {
  const { winner } = payment;
  return {
    merchant_number: payment.merchantNumber,
    id: idToUuid(payment.id),
    merchant_order_no: payment.merchantOrderNo,
    amount_minor: payment.amountMinor,
    currency: payment.currency,
    subject: payment.subject,
    return_url: payment.returnUrl,
    notice_url: payment.noticeUrl,
    metadata: Object.keys(payment.metadata).length > 0 ? payment.metadata : null,
    created_at_ms: payment.createdAtMs,
    status: payment.status,
    expires_at_ms: payment.expiresAtMs,
    version: payment.version,
    tries: withShortNames(payment.tries.map(storedTry)),
    winner_attempt: winner?.attempt ?? null,
    winner_transaction_no: winner?.transactionNo ?? null,
    winner_amount_minor: winner?.amountMinor ?? null,
    winner_paid_at_ms: winner?.paidAtMs ?? null,
    winner_via: winner?.via ?? null,
    closing: payment.closing,
    close_reason: payment.closeReason,
    surplus_received_minor: payment.surplusReceivedMinor,
    surplus_held_minor: payment.surplusHeldMinor,
    late_payment: payment.latePayment === 'refund' ? null : payment.latePayment,
    refund_count: payment.refunds.length || null,
    refund_reserved_minor: reservedMinor(payment) || null,
    foreign_returned_minor: payment.foreignReturnedMinor || null,
    surplus_taken_back_minor: payment.surplusTakenBackMinor || null,
    reversed_at_ms: payment.reversedAtMs,
  };
}

function storedTry({ neverOpened, ...one }: Try): StoredTry {
  return neverOpened ? { ...one, neverOpened } : one;
}

/** The row of a channel order. */
export function orderRow(payment: Payment, order: ChannelOrder): OrderRow {
  return {
    merchant_number: payment.merchantNumber,
    payment_id: idToUuid(payment.id),
    attempt: order.attempt,
    channel: order.channel,
    account: order.account,
    product: order.product,
    amount_minor: order.amountMinor,
    currency: order.currency,
    valid_until_ms: order.validUntilMs,
    created_at_ms: order.createdAtMs,
    status: order.status,
    close_step: order.closeStep,
    query_count: order.queryCount,
    awaits_statement: order.awaitsStatement,
    notified_at_ms: order.notifiedAtMs,
    confirmed_by: order.confirmedBy,
    death_evidence: order.deathEvidence,
    failure: order.failure,
    next_action: order.nextAction,
  };
}

/** The row of a case. */
export function caseRow(payment: Payment, one: Case): CaseRow {
  return {
    merchant_number: payment.merchantNumber,
    payment_id: idToUuid(payment.id),
    id: idToUuid(one.id),
    kind: one.kind,
    subject: one.subject,
    attempt: one.attempt,
    opened_at_ms: one.openedAtMs,
    owner: one.owner,
    next_action: one.nextAction,
    deadline_at_ms: one.deadlineAtMs,
    money_at_risk_minor: one.moneyAtRiskMinor,
    resolved_at_ms: one.resolvedAtMs,
    resolution: one.resolution,
  };
}
