/** What the runtime answered about a payment, as an answer to the merchant. */
import type { Aggregate } from '../core/aggregate.ts';
import type { Answered } from '../runtime/requests.ts';
import type { FieldError } from './api-problem.ts';
import { ApiProblem } from './api-problem.ts';
import type { CreatePaymentBody } from './payment-fields.ts';

/** The payment of an answer. Throws the refusal as a problem. */
export function payment(
  answered: Answered,
  sent?: CreatePaymentBody,
): { aggregate: Aggregate; isNew: boolean } {
  if (answered.type === 'done') return answered;
  const { refusal, aggregate } = answered;
  const errors =
    sent && refusal.code === 'merchant_order_no_reused' ? differences(aggregate, sent) : [];
  throw new ApiProblem(refusal.code, refusal.detail, {
    errors,
    ...(aggregate && { payment: aggregate.payment.id }),
  });
}

function differences(aggregate: Aggregate | null, sent: CreatePaymentBody): FieldError[] {
  if (!aggregate) return [];
  const { amountMinor, currency } = aggregate.payment;
  return [
    ...differs('/amount', amountMinor, sent.amount),
    ...differs('/currency', currency, sent.currency),
  ];
}

function differs(pointer: string, ours: string | number, theirs: string | number): FieldError[] {
  return ours === theirs
    ? []
    : [{ pointer, code: 'differs', detail: `It is ${ours}, not ${theirs}.` }];
}

/** When this request came and went: an expiry set in between was taken from it. */
export type RequestTime = { readonly startedAtMs: number; readonly endedAtMs: number };

/** The fields of a repeated create that had no effect, because the payment has others. */
export function ignoredFields(
  aggregate: Aggregate,
  sent: CreatePaymentBody,
  { startedAtMs, endedAtMs }: RequestTime,
): string[] {
  const { payment: stored } = aggregate;
  const setAtMs = stored.expiresAtMs - (sent.expires_in ?? 0) * 1000;
  const wasTaken =
    setAtMs === stored.createdAtMs || (setAtMs >= startedAtMs && setAtMs <= endedAtMs);
  const hasNoEffect: Readonly<Record<string, boolean>> = {
    subject: stored.subject !== sent.subject,
    expires_in: sent.expires_in !== undefined && !wasTaken,
    return_url: sent.return_url !== undefined && stored.returnUrl !== sent.return_url,
    notice_url: sent.notice_url !== undefined && stored.noticeUrl !== sent.notice_url,
    metadata: sent.metadata !== undefined && !sameTexts(stored.metadata, sent.metadata),
  };
  return Object.keys(hasNoEffect).filter((field) => hasNoEffect[field]);
}

type Texts = Readonly<Record<string, string>>;

function sameTexts(a: Texts, b: Texts): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
