/**
 * Undelivered notice (通知未送达): the merchant does not take what we have to tell. Notices are sent
 * at least once, signed, for days, and can be replayed; after the last try a case stays open.
 */
import type { Consequences, Context } from '../decision.ts';
import { openCase, resolveCase } from '../decision.ts';
import type { KindDescription } from './kind.ts';

export const UNDELIVERED_NOTICE: KindDescription = {
  kind: 'undelivered_notice',
  zh: '商户通知未送达',
  what: 'A merchant has not accepted a notice in any of its tries.',
  noticed: 'The last planned try of a notice failed, or its endpoint answered 410 Gone.',
  response: 'Keep the event; replay it when the merchant or an operator asks.',
  over: 'The endpoint answered 2xx.',
  toldToMerchant: false,
  actions: ['resolve'],
  seen: 'The event stands in /v1/events, and the endpoint never answered 2xx.',
  why: 'The endpoint was down for days, its address or certificate changed, or it refuses the signature.',
  practise: ['merchant_moved'],
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Pauses between the tries of a notice: the ladder WeChat Pay uses towards merchants (15 tries in
 * 24 h 4 min, its developer documentation), then 12 h, 24 h and 24 h, so that a merchant who was
 * down over a weekend is still told.
 */
export const NOTICE_PAUSES_MS: readonly number[] = [
  15 * SECOND,
  15 * SECOND,
  30 * SECOND,
  3 * MINUTE,
  10 * MINUTE,
  20 * MINUTE,
  30 * MINUTE,
  30 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  3 * HOUR,
  3 * HOUR,
  6 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
  24 * HOUR,
];

/** Pause after failed try number `tries` (1 = the first), or null when there is no further try. */
export function noticePauseMs(tries: number): number | null {
  return NOTICE_PAUSES_MS[tries - 1] ?? null;
}

/** The tries are used up: a person has to look at the endpoint. */
export function openUndelivered(
  eventId: string,
  endpoint: string,
  out: Consequences,
  context: Context,
): void {
  openCase(out, context, {
    kind: 'undelivered_notice',
    subject: `${eventId}:${endpoint}`,
    attempt: null,
    owner: 'merchant',
    nextAction: 'Mend the endpoint, then replay: POST /v1/webhook_endpoints/{id}/recover.',
    moneyAtRiskMinor: 0,
    toldToMerchant: UNDELIVERED_NOTICE.toldToMerchant,
  });
}

/** A replay was accepted: the case is over. */
export function resolveUndelivered(
  eventId: string,
  endpoint: string,
  out: Consequences,
  context: Context,
): void {
  resolveCase(
    out,
    context,
    'undelivered_notice',
    `${eventId}:${endpoint}`,
    'The endpoint accepted the notice.',
    UNDELIVERED_NOTICE.toldToMerchant,
  );
}
