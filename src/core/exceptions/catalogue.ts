/** The exception kinds that the platform handles today, in the order in which a reader should meet them. */
import { AMOUNT_MISMATCH } from './amount-mismatch.ts';
import { CHANNEL_ONLY } from './channel-only.ts';
import { CONFLICTING_OUTCOME } from './conflicting-outcome.ts';
import { DUPLICATE_PAYMENT } from './duplicate-payment.ts';
import { EXCESS_REFUND } from './excess-refund.ts';
import { EXPIRED_PAYMENT } from './expired-payment.ts';
import { EXTERNAL_DROP } from './external-drop.ts';
import { INTERNAL_DROP } from './internal-drop.ts';
import { FAILED_REFUND } from './failed-refund.ts';
import type { KindDescription } from './kind.ts';
import { PLATFORM_ONLY } from './platform-only.ts';
import { REVERSED_PAYMENT } from './reversed-payment.ts';
import { STATEMENT_DIFFERENCE } from './statement-difference.ts';
import { STATEMENT_MISSING } from './statement-missing.ts';
import { UNDELIVERED_NOTICE } from './undelivered-notice.ts';
import { UNKNOWN_REFUND } from './unknown-refund.ts';
import { UNMATCHED_NOTIFICATION } from './unmatched-notification.ts';

export const CATALOGUE: readonly KindDescription[] = [
  EXTERNAL_DROP,
  INTERNAL_DROP,
  EXPIRED_PAYMENT,
  DUPLICATE_PAYMENT,
  AMOUNT_MISMATCH,
  CONFLICTING_OUTCOME,
  REVERSED_PAYMENT,
  UNKNOWN_REFUND,
  FAILED_REFUND,
  EXCESS_REFUND,
  UNMATCHED_NOTIFICATION,
  UNDELIVERED_NOTICE,
  CHANNEL_ONLY,
  PLATFORM_ONLY,
  STATEMENT_DIFFERENCE,
  STATEMENT_MISSING,
];
