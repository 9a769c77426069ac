/** What is open: cases that somebody, or something, still has to end. */
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { PaymentKey } from '../store.ts';
import type { Page, Paged } from './keyset.ts';
import { takePage, UUID_MAX } from './keyset.ts';
import type { Pool } from './pool.ts';

export type OpenCaseKey = PaymentKey & { readonly caseId: string };

const LIST = `
  SELECT merchant_number, payment_id, case_id FROM open_case
  WHERE case_id < $2 AND ($1::integer IS NULL OR merchant_number = $1)
  ORDER BY case_id DESC LIMIT $3`;

/** Open cases, the newest first, of one merchant or (null) of all; the case itself comes with its payment. */
export async function listOpenCases(
  pool: Pool,
  merchantNumber: number | null,
  page: Page,
  channelPool = pool,
): Promise<Paged<OpenCaseKey>> {
  const pools = channelPool === pool ? [pool] : [pool, channelPool];
  const lists = await Promise.all(
    pools.map(async (one) => await listOne(one, merchantNumber, page)),
  );
  const newestFirst = lists.flat().toSorted((a, b) => (a.caseId > b.caseId ? -1 : 1));
  return takePage(newestFirst.slice(0, page.limit + 1), page.limit);
}

async function listOne(
  pool: Pool,
  merchantNumber: number | null,
  page: Page,
): Promise<OpenCaseKey[]> {
  const { rows } = await pool.query<{
    merchant_number: number;
    payment_id: string;
    case_id: string;
  }>({
    name: 'list_open_cases',
    text: LIST,
    values: [
      merchantNumber,
      page.startingAfter === null ? UUID_MAX : idToUuid(page.startingAfter),
      page.limit + 1,
    ],
  });
  return rows.map((row) => ({
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.payment_id),
    caseId: uuidToId('exc', row.case_id),
  }));
}

const FIND = 'SELECT merchant_number, payment_id FROM exception_case WHERE id = $1';

/** The payment of a case (`exc_…`), open or over, or null. */
export async function findPaymentOfCase(pool: Pool, caseId: string): Promise<PaymentKey | null> {
  const { rows } = await pool.query<{ merchant_number: number; payment_id: string }>({
    name: 'find_payment_of_case',
    text: FIND,
    values: [idToUuid(caseId)],
  });
  const [row] = rows;
  if (!row) return null;
  return { merchantNumber: row.merchant_number, paymentId: uuidToId('pay', row.payment_id) };
}
