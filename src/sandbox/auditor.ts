/**
 * An independent auditor. It knows the platform only by its public interface and the channels only
 * by their books, and shares no code with either: what it finds, anybody can find.
 */

/** The only right end of a payment; `either` where the fault decides. */
export type Expectation = 'succeeded' | 'closed' | 'held' | 'either';

export type AuditRequest = {
  /** Where the channels' own truth is read: the address of `GET /books`. */
  readonly booksUrl: string;
  /** The platform's address, without `/v1`. */
  readonly apiUrl: string;
  readonly secretKey: string;
  /** By merchant order number; a payment without an entry may end either way, but not held. */
  readonly expectations?: ReadonlyMap<string, Expectation>;
};

/** Something that does not tie out. Amounts in minor units. */
export type Finding = {
  readonly code: FindingCode;
  readonly merchantOrderNo: string | null;
  readonly channelOrderNo: string | null;
  readonly message: string;
};

export type FindingCode =
  | 'charge_unknown'
  | 'charge_unaccounted'
  | 'amount_differs'
  | 'currency_differs'
  | 'paid_not_in_books'
  | 'succeeded_without_charge'
  | 'two_winners'
  | 'refund_exceeds_charge'
  | 'refund_not_in_books'
  | 'told_missing'
  | 'told_twice'
  | 'told_wrongly'
  | 'told_other_amount'
  | 'unexpected_end'
  | 'held_unasked';

export type Sum = { count: number; minor: number };

/** As `demo --json` prints them. */
export type AuditTotals = {
  payments: number;
  succeeded: number;
  closed: number;
  charges: Sum;
  delivered: Sum;
  returned: Sum;
  held: Sum;
  exceptions: Record<string, number>;
  unresolved: number;
};

export type AuditReport = {
  readonly findings: readonly Finding[];
  readonly totals: AuditTotals;
  /** Part of what is open for good because a scenario asked for money to be held; not in `unresolved`. */
  readonly unresolvedAskedFor: number;
  readonly verdict: 'tied_out' | 'not_tied_out';
};

type PaymentException = { id: string; kind: string; status: string; channel_order?: string | null };
type PlatformCharge = { channel_transaction_no: string; amount: number; winner: boolean };
type ChannelOrder = {
  id: string;
  channel: string;
  channel_order_no: string;
  status: string;
  charges: PlatformCharge[];
};
type Payment = {
  id: string;
  status: string;
  amount: number;
  currency: string;
  amount_received: number;
  amount_refunded: number;
  merchant_order_no: string;
  channel_orders: ChannelOrder[];
  exceptions: PaymentException[];
};
type PaymentPage = { data: Payment[]; has_more: boolean };
type BookCharge = {
  channel: string;
  channel_order_no: string;
  channel_transaction_no: string;
  amount: number;
  currency: string;
};
type BookRefund = { channel_order_no: string; channel_transaction_no: string; amount: number };
type ToldNotice = { merchant_order_no: string | null; event: string; amount: number | null };
type BookPages = { charges: BookCharge[]; refunds: BookRefund[]; told: ToldNotice[] };

const PAGE_SIZE = 100;
const FINAL_PAYMENT_STATUSES = new Set(['succeeded', 'closed']);
const FINAL_ORDER_STATUSES = new Set(['succeeded', 'failed', 'closed', 'reversed']);

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

type Audit = {
  readonly findings: Finding[];
  readonly totals: AuditTotals;
  readonly expectations: ReadonlyMap<string, Expectation>;
  readonly refundedByTrade: ReadonlyMap<string, number>;
  readonly chargeByTrade: ReadonlyMap<string, BookCharge>;
  readonly toldByOrder: ReadonlyMap<string | null, readonly ToldNotice[]>;
  /** Payments with money that is held in the open. */
  readonly holders: Set<Payment>;
  unresolvedAskedFor: number;
};

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
  let winnerReturnedMinor = 0;
  for (const order of payment.channel_orders) {
    const find = finder(audited, payment, order.channel_order_no);
    for (const claim of order.charges) {
      const key = tradeKey({ ...order, ...claim });
      if (!audited.chargeByTrade.has(key)) {
        find('paid_not_in_books', `the books lack transaction ${claim.channel_transaction_no}`);
      }
      if (!claim.winner) continue;
      winners += 1;
      winnerReturnedMinor += audited.refundedByTrade.get(key) ?? 0;
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
  if (payment.amount_refunded > winnerReturnedMinor) {
    find(
      'refund_not_in_books',
      `${payment.amount_refunded} counts as refunded, the books returned ${winnerReturnedMinor}`,
    );
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

/** How the payment ended, what is still open about it, and whether that is what was asked for. */
function auditEnd(audited: Audit, payment: Payment): void {
  const { totals, expectations } = audited;
  if (payment.status === 'succeeded') totals.succeeded += 1;
  if (payment.status === 'closed') totals.closed += 1;
  for (const { kind } of payment.exceptions) {
    totals.exceptions[kind] = (totals.exceptions[kind] ?? 0) + 1;
  }
  const isHeld = audited.holders.has(payment);
  const expected = expectations.get(payment.merchant_order_no) ?? 'either';
  const openCount =
    (FINAL_PAYMENT_STATUSES.has(payment.status) ? 0 : 1) +
    payment.channel_orders.filter((order) => !FINAL_ORDER_STATUSES.has(order.status)).length +
    payment.exceptions.filter((exception) => exception.status === 'open').length;
  if (expected === 'held' && isHeld) audited.unresolvedAskedFor += openCount;
  else totals.unresolved += openCount;
  const ended = isHeld && payment.status !== 'succeeded' ? 'held' : payment.status;
  const isRight = expected === 'either' ? FINAL_PAYMENT_STATUSES.has(ended) : ended === expected;
  if (isRight) return;
  finder(audited, payment, null)('unexpected_end', `ended ${ended}, expected ${expected}`);
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

function finder(audited: Audit, payment: Payment | null, channelOrderNo: string | null) {
  return (code: FindingCode, message: string): void => {
    const merchantOrderNo = payment?.merchant_order_no ?? null;
    audited.findings.push({ code, merchantOrderNo, channelOrderNo, message });
  };
}

function emptyTotals(payments: number): AuditTotals {
  return {
    payments,
    succeeded: 0,
    closed: 0,
    charges: { count: 0, minor: 0 },
    delivered: { count: 0, minor: 0 },
    returned: { count: 0, minor: 0 },
    held: { count: 0, minor: 0 },
    exceptions: {},
    unresolved: 0,
  };
}

function sumByTrade(refunds: readonly BookRefund[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const refund of refunds) {
    const key = tradeKey(refund);
    sums.set(key, (sums.get(key) ?? 0) + refund.amount);
  }
  return sums;
}

/** A refund names no channel, so a charge is known by its order and its transaction. */
function tradeKey(named: { channel_order_no: string; channel_transaction_no: string }): string {
  return `${named.channel_order_no}/${named.channel_transaction_no}`;
}

function add(sum: Sum, minor: number): void {
  sum.count += 1;
  sum.minor += minor;
}
