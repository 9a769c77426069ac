/** The exception kinds that the platform handles today, in the order in which a reader should meet them. */
import { AMOUNT_MISMATCH } from './amount-mismatch.ts';
import { DUPLICATE_PAYMENT } from './duplicate-payment.ts';
import { EXPIRED_PAYMENT } from './expired-payment.ts';
import { EXTERNAL_DROP } from './external-drop.ts';
import type { KindDescription } from './kind.ts';
import { UNDELIVERED_NOTICE } from './undelivered-notice.ts';

export const CATALOGUE: readonly KindDescription[] = [
  EXTERNAL_DROP,
  EXPIRED_PAYMENT,
  AMOUNT_MISMATCH,
  DUPLICATE_PAYMENT,
  UNDELIVERED_NOTICE,
];
