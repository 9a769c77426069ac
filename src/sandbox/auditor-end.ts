/** Whether each payment ended as its scenario asks, and what is still open about it. */
import { finder } from './auditor-findings.ts';
import type { Audit, Expectation } from './auditor-findings.ts';
import { tradeKey } from './auditor-pages.ts';
import type { Payment } from './auditor-pages.ts';

const FINAL_PAYMENT_STATUSES = new Set(['succeeded', 'closed']);
const FINAL_ORDER_STATUSES = new Set(['succeeded', 'failed', 'closed', 'reversed']);

/** A refund that only a person can bring to its end. */
const STUCK = 'failed_refund';

/** The kind of case that a scenario leaves to a person, so that it is open for good. */
const KIND_LEFT_OPEN: ReadonlyMap<Expectation, string> = new Map([
  ['refunded', 'excess_refund'],
  ['refund_stuck', STUCK],
  ['reversed', 'reversed_payment'],
]);

/** How the payment ended, what is still open about it, and whether that is what was asked for. */
export function auditEnd(audited: Audit, payment: Payment): void {
  const { totals, expectations } = audited;
  if (payment.status === 'succeeded') totals.succeeded += 1;
  if (payment.status === 'closed') totals.closed += 1;
  for (const { kind } of payment.exceptions) {
    totals.exceptions[kind] = (totals.exceptions[kind] ?? 0) + 1;
  }
  const isHeld = audited.holders.has(payment);
  const expected = expectations.get(payment.merchant_order_no) ?? 'either';
  const openCases = payment.exceptions.filter((exception) => exception.status === 'open');
  const openCount =
    (FINAL_PAYMENT_STATUSES.has(payment.status) ? 0 : 1) +
    payment.channel_orders.filter((order) => !FINAL_ORDER_STATUSES.has(order.status)).length +
    openCases.length;
  const askedKind = KIND_LEFT_OPEN.get(expected);
  const askedCount =
    expected === 'held' && isHeld
      ? openCount
      : openCases.filter(({ kind }) => kind === askedKind).length;
  audited.unresolvedAskedFor += askedCount;
  totals.unresolved += openCount - askedCount;
  const ended = isHeld && payment.status !== 'succeeded' ? 'held' : payment.status;
  if (isRightEnd(audited, payment, expected, ended)) return;
  finder(audited, payment, null)('unexpected_end', `ended ${ended}, expected ${expected}`);
}

function isRightEnd(
  audited: Audit,
  payment: Payment,
  expected: Expectation,
  ended: string,
): boolean {
  const claims = payment.channel_orders.flatMap((order) =>
    order.charges.map((charge) => ({ ...charge, channel_order_no: order.channel_order_no })),
  );
  const isReturned = (claim: (typeof claims)[number]): boolean =>
    (audited.refundedByTrade.get(tradeKey(claim)) ?? 0) === claim.amount;
  switch (expected) {
    case 'either':
      return FINAL_PAYMENT_STATUSES.has(ended);
    case 'returned':
      return ended === 'closed' && claims.length > 0 && claims.every(isReturned);
    case 'refunded':
      return ended === 'succeeded' && claims.some((claim) => claim.winner && isReturned(claim));
    case 'refund_stuck':
      return (
        ended === 'succeeded' &&
        payment.exceptions.some(({ kind, status }) => kind === STUCK && status === 'open')
      );
    case 'reversed':
      return ended === 'succeeded' && typeof payment.reversed_at === 'string';
    case 'succeeded':
    case 'closed':
    case 'held':
      return ended === expected;
  }
}
