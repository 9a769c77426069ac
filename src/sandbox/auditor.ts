/**
 * An independent auditor. It knows the platform only by its public interface and the channels only
 * by their books, and shares no code with either: what it finds, anybody can find.
 */

import { auditEnd } from './auditor-end.ts';
import { add, emptyTotals, finder } from './auditor-findings.ts';
import type { Audit, AuditTotals, Expectation, Finding, FindingCode } from './auditor-findings.ts';
import { tradeKey } from './auditor-pages.ts';
import type {
  BookCharge,
  BookPages,
  BookRefund,
  ChannelOrder,
  Payment,
  PaymentPage,
  PlatformCharge,
} from './auditor-pages.ts';

export type { Expectation } from './auditor-findings.ts';

export type AuditRequest = {
  /** Where the channels' own truth is read: the address of `GET /books`. */
  readonly booksUrl: string;
  /** The platform's address, without `/v1`. */
  readonly apiUrl: string;
  readonly secretKey: string;
  /** By merchant order number; a payment without an entry may end either way, but not held. */
  readonly expectations?: ReadonlyMap<string, Expectation>;
};

export type AuditReport = {
  readonly findings: readonly Finding[];
  readonly totals: AuditTotals;
  /** Part of what is open for good because a scenario asked for money to be held; not in `unresolved`. */
  readonly unresolvedAskedFor: number;
  readonly verdict: 'tied_out' | 'not_tied_out';
};

const PAGE_SIZE = 100;

/**
 * Reads both sides and compares them order by order: every charge in the channels' books must be
 * delivered, returned or held in the open, and the platform may claim nothing that the books lack.
 *
 * @throws Error when either side cannot be read.
 */
export async function audit(request: AuditRequest): Promise<AuditReport> {
  const payments = await readPayments(request);
  const books = (await readJson(request.booksUrl, {})) as BookPages;
  return compare(payments, books, request.expectations ?? new Map());
}

async function readPayments(request: AuditRequest): Promise<Payment[]> {
  const payments: Payment[] = [];
  for (;;) {
    const address = new URL('/v1/payments', request.apiUrl);
    address.searchParams.set('limit', String(PAGE_SIZE));
    const last = payments.at(-1);
    if (last !== undefined) address.searchParams.set('starting_after', last.id);
    const headers = { authorization: `Bearer ${request.secretKey}` };
    const page = (await readJson(address.href, headers)) as PaymentPage;
    payments.push(...page.data);
    if (!page.has_more) return payments;
    if (page.data.length === 0) throw new Error('an empty page claims that there is more');
  }
}

async function readJson(address: string, headers: Record<string, string>): Promise<unknown> {
  const response = await fetch(address, { headers });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return await response.json();
}

function compare(
  payments: readonly Payment[],
  books: BookPages,
  expectations: ReadonlyMap<string, Expectation>,
): AuditReport {
  const audited: Audit = {
    findings: [],
    totals: emptyTotals(payments.length),
    expectations,
    refundedByTrade: sumByTrade(books.refunds),
    chargeByTrade: new Map(books.charges.map((charge) => [tradeKey(charge), charge])),
    toldByOrder: Map.groupBy(
      books.told.filter((told) => told.event === 'payment.succeeded'),
      (told) => told.merchant_order_no,
    ),
    holders: new Set(),
    unresolvedAskedFor: 0,
  };
  const homes = new Map<string, { payment: Payment; order: ChannelOrder }>();
  for (const payment of payments) {
    for (const order of payment.channel_orders) {
      homes.set(`${order.channel}/${order.channel_order_no}`, { payment, order });
    }
  }
  for (const charge of books.charges) {
    const home = homes.get(`${charge.channel}/${charge.channel_order_no}`);
    auditCharge(audited, charge, home ?? null);
  }
  for (const payment of payments) {
    auditClaims(audited, payment);
    auditTold(audited, payment);
    auditEnd(audited, payment);
  }
  auditStrangers(audited, new Set(payments.map((payment) => payment.merchant_order_no)));
  const { findings, totals, unresolvedAskedFor } = audited;
  const isTiedOut = findings.length === 0 && totals.unresolved === 0;
  return {
    findings,
    totals,
    unresolvedAskedFor,
    verdict: isTiedOut ? 'tied_out' : 'not_tied_out',
  };
}

/** From the books to the platform: where is the money that this charge took? */
function auditCharge(
  audited: Audit,
  charge: BookCharge,
  home: { payment: Payment; order: ChannelOrder } | null,
): void {
  const { totals } = audited;
  add(totals.charges, charge.amount);
  const returnedMinor = audited.refundedByTrade.get(tradeKey(charge)) ?? 0;
  const payment = home?.payment ?? null;
  const find = finder(audited, payment, charge.channel_order_no);
  if (home === null || payment === null) {
    find('charge_unknown', `${charge.amount} was taken and no payment knows the order`);
    return;
  }
  if (charge.currency !== payment.currency) {
    find('currency_differs', `${charge.currency} was taken for ${payment.currency}`);
  }
  const claim = home.order.charges.find(
    (candidate) => candidate.channel_transaction_no === charge.channel_transaction_no,
  );
  if (claim !== undefined && claim.amount !== charge.amount) {
    find('amount_differs', `${charge.amount} was taken, the platform says ${claim.amount}`);
  }
  if (returnedMinor > charge.amount) {
    find('refund_exceeds_charge', `${returnedMinor} was returned of ${charge.amount}`);
  }
  if (isReversed(charge)) return auditReversed(audited, charge, claim, payment, returnedMinor);
  const keptMinor = Math.max(0, charge.amount - returnedMinor);
  totals.returned.minor += charge.amount - keptMinor;
  if (keptMinor === 0) {
    totals.returned.count += 1;
  } else if (isDelivered(payment, claim, charge)) {
    totals.delivered.count += 1;
    totals.delivered.minor += keptMinor;
  } else if (isHeldOpenly(payment, home.order)) {
    totals.held.count += 1;
    totals.held.minor += keptMinor;
    audited.holders.add(payment);
    if (audited.expectations.get(payment.merchant_order_no) !== 'held') {
      find('held_unasked', `${keptMinor} is held and no scenario asked for it`);
    }
  } else {
    find('charge_unaccounted', `${keptMinor} is neither delivered, returned nor held in the open`);
  }
}

/** A charge that the channel took back counts as returned; the platform must know it, if it won. */
function auditReversed(
  audited: Audit,
  charge: BookCharge,
  claim: PlatformCharge | undefined,
  payment: Payment,
  returnedMinor: number,
): void {
  const find = finder(audited, payment, charge.channel_order_no);
  add(audited.totals.returned, charge.amount);
  if (returnedMinor > 0) {
    find('refund_exceeds_charge', `${returnedMinor} was returned of a charge that was taken back`);
  }
  if (claim?.winner === true && !isKnownReversed(payment)) {
    find('reversal_unknown', 'the winning charge was taken back and the platform does not know');
  }
}

function isReversed({ reversed_at: reversedAt }: BookCharge): boolean {
  return reversedAt !== null && reversedAt !== undefined;
}

function isKnownReversed({ reversed_at: reversedAt }: Payment): boolean {
  return reversedAt !== null && reversedAt !== undefined;
}

function isDelivered(
  payment: Payment,
  claim: PlatformCharge | undefined,
  charge: BookCharge,
): boolean {
  return (
    payment.status === 'succeeded' &&
    claim?.winner === true &&
    charge.amount === payment.amount &&
    charge.currency === payment.currency
  );
}

function isHeldOpenly(payment: Payment, order: ChannelOrder): boolean {
  if (order.status === 'held') return true;
  return payment.exceptions.some((exception) => {
    const subject = exception.channel_order ?? order.id;
    const isAboutIt = subject === order.id || subject === order.channel_order_no;
    return exception.status === 'open' && isAboutIt;
  });
}

/** From the platform to the books: does it claim money that nobody took or returned? */
function auditClaims(audited: Audit, payment: Payment): void {
  let winners = 0;
  let isTakenBack = false;
  const returned = { ofWinner: 0, ofSurplus: 0 };
  for (const order of payment.channel_orders) {
    const find = finder(audited, payment, order.channel_order_no);
    for (const claim of order.charges) {
      const key = tradeKey({ ...order, ...claim });
      const charge = audited.chargeByTrade.get(key);
      if (charge === undefined) {
        find('paid_not_in_books', `the books lack transaction ${claim.channel_transaction_no}`);
      }
      const returnedMinor = audited.refundedByTrade.get(key) ?? 0;
      returned[claim.winner ? 'ofWinner' : 'ofSurplus'] += returnedMinor;
      if (!claim.winner) continue;
      winners += 1;
      isTakenBack ||= charge !== undefined && isReversed(charge);
      if (claim.amount !== payment.amount) {
        find('amount_differs', `the winner paid ${claim.amount} of ${payment.amount}`);
      }
    }
  }
  const find = finder(audited, payment, null);
  if (winners > 1) find('two_winners', `${winners} charges count as the winner`);
  if (payment.status === 'succeeded' && winners === 0) {
    find('succeeded_without_charge', 'the payment succeeded and no charge won');
  }
  const receivedMinor = payment.status === 'succeeded' ? payment.amount : 0;
  if (payment.amount_received !== receivedMinor) {
    find('amount_differs', `${payment.amount_received} counts as received, not ${receivedMinor}`);
  }
  if (isKnownReversed(payment) && !isTakenBack) {
    find('reversal_not_in_books', 'the payment counts as reversed, its winning charge stands');
  }
  auditReturns(audited, payment, returned);
}

/** What counts as returned must be what the books returned, of the winner and of the rest. */
function auditReturns(
  audited: Audit,
  payment: Payment,
  returned: { readonly ofWinner: number; readonly ofSurplus: number },
): void {
  const find = finder(audited, payment, null);
  const { amount_refunded: refundedMinor, surplus } = payment;
  const said = `${refundedMinor} counts as refunded, the books returned ${returned.ofWinner}`;
  if (refundedMinor > returned.ofWinner) find('refund_not_in_books', said);
  // A refund at the channel's own console may be a case of its own instead of a refund of the merchant's.
  const isExplained = payment.exceptions.some(({ kind }) => kind === 'excess_refund');
  if (refundedMinor < returned.ofWinner && !isExplained) find('refund_unknown', said);
  if (surplus !== undefined && surplus.returned !== returned.ofSurplus) {
    const counts = `${surplus.returned} of the surplus counts as returned`;
    find('surplus_differs', `${counts}, the books returned ${returned.ofSurplus}`);
  }
  const claims = payment.channel_orders.flatMap((order) => order.charges);
  const besideMinor = claims.reduce((sum, { amount, winner }) => sum + (winner ? 0 : amount), 0);
  const isHeld = payment.channel_orders.some(({ status }) => status === 'held');
  if (surplus !== undefined && !isHeld && surplus.received !== besideMinor) {
    find('surplus_differs', `${surplus.received} counts as surplus, not ${besideMinor}`);
  }
}

/** The merchant must have been told of each success exactly once, and of nothing else. */
function auditTold(audited: Audit, payment: Payment): void {
  const told = audited.toldByOrder.get(payment.merchant_order_no) ?? [];
  const find = finder(audited, payment, null);
  if (payment.status === 'succeeded' && told.length === 0) {
    find('told_missing', 'the payment succeeded and the merchant was not told');
    audited.totals.unresolved += 1;
  }
  if (payment.status !== 'succeeded' && told.length > 0) {
    find('told_wrongly', `the merchant was told of a success, the payment is ${payment.status}`);
  }
  if (told.length > 1) find('told_twice', `the merchant was told ${told.length} times`);
  for (const { amount } of told) {
    if (amount === payment.amount) continue;
    find('told_other_amount', `the merchant was told ${amount}, the payment is ${payment.amount}`);
  }
}

/** What is expected or told must be about payments that exist. */
function auditStrangers(audited: Audit, known: ReadonlySet<string>): void {
  const record = (code: FindingCode, merchantOrderNo: string | null, message: string) =>
    audited.findings.push({ code, merchantOrderNo, channelOrderNo: null, message });
  for (const [merchantOrderNo, told] of audited.toldByOrder) {
    if (merchantOrderNo !== null && known.has(merchantOrderNo)) continue;
    record('told_wrongly', merchantOrderNo, `${told.length} notices about no payment of ours`);
  }
  for (const merchantOrderNo of audited.expectations.keys()) {
    if (known.has(merchantOrderNo)) continue;
    record('unexpected_end', merchantOrderNo, 'the platform has no such payment');
  }
}

function sumByTrade(refunds: readonly BookRefund[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const refund of refunds) {
    const key = tradeKey(refund);
    sums.set(key, (sums.get(key) ?? 0) + refund.amount);
  }
  return sums;
}
