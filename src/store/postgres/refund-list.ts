/** A merchant's refunds by page, and the payment that a refund belongs to. */
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { PaymentKey } from '../store.ts';
import type { Page, Paged } from './keyset.ts';
import { takePage, UUID_MAX } from './keyset.ts';
import type { Pool } from './pool.ts';

export type RefundPlace = PaymentKey & { readonly refundId: string };

export type RefundListOptions = Page & {
  /** Only refunds of this payment; null for all of them. */
  readonly paymentId: string | null;
  /** Whether returns of money beside the winner, which the merchant did not ask for, are listed too. */
  readonly includesSurplus: boolean;
};

const LIST = `
  SELECT id, payment_id FROM refund
  WHERE merchant_number = $1 AND id < $2 AND ($3 OR merchant_refund_no IS NOT NULL)
  ORDER BY id DESC LIMIT $4`;

const LIST_OF_PAYMENT = `
  SELECT id, payment_id FROM refund
  WHERE merchant_number = $1 AND id < $2 AND ($3 OR merchant_refund_no IS NOT NULL) AND payment_id = $5
  ORDER BY id DESC LIMIT $4`;

const FIND = 'SELECT payment_id FROM refund WHERE id = $1 AND merchant_number = $2';

/** The places of a merchant's refunds, the newest first. */
export async function listRefunds(
  pool: Pool,
  merchantNumber: number,
  { limit, startingAfter, paymentId, includesSurplus }: RefundListOptions,
): Promise<Paged<RefundPlace>> {
  const before = startingAfter === null ? UUID_MAX : idToUuid(startingAfter);
  const values = [merchantNumber, before, includesSurplus, limit + 1];
  const { rows } = await pool.query<{ id: string; payment_id: string }>(
    paymentId === null
      ? { name: 'list_refunds', text: LIST, values }
      : {
          name: 'list_refunds_of',
          text: LIST_OF_PAYMENT,
          values: [...values, idToUuid(paymentId)],
        },
  );
  const places = rows.map((row) => ({
    merchantNumber,
    paymentId: uuidToId('pay', row.payment_id),
    refundId: uuidToId('ref', row.id),
  }));
  return takePage(places, limit);
}

/** The payment of a refund (`ref_…`), if this merchant has it. */
export async function findPaymentOfRefund(
  pool: Pool,
  merchantNumber: number,
  refundId: string,
): Promise<PaymentKey | null> {
  const values = [idToUuid(refundId), merchantNumber];
  const { rows } = await pool.query<{ payment_id: string }>({
    name: 'find_payment_of_refund',
    text: FIND,
    values,
  });
  const [row] = rows;
  return row ? { merchantNumber, paymentId: uuidToId('pay', row.payment_id) } : null;
}
