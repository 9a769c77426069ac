/** The calls that a platform makes to a channel. */
export const OPERATIONS = ['pay', 'query', 'close', 'refund', 'refund_query', 'statement'] as const;

export type Operation = (typeof OPERATIONS)[number];

/** The calls about an order that the channel may already have. */
export type FollowUp = Exclude<Operation, 'pay' | 'statement'>;

/**
 * What can befall a call. `…_before`: it is not carried out. `…_after`: it is, and nobody learns of
 * it. A 500 or a 429 means here that it was not carried out, which the caller cannot know; broken
 * JSON, a wrong signature and a slow answer come after it was.
 */
export const CALL_EFFECTS = [
  'timeout_before',
  'timeout_after',
  'reset_before',
  'reset_after',
  'http_500',
  'http_429',
  'garbage',
  'bad_signature',
  'slow',
] as const;

export type CallEffect = (typeof CALL_EFFECTS)[number];

/** What can befall a notification on its way. */
export const NOTIFY_EFFECTS = ['drop', 'duplicate', 'delay', 'forge'] as const;

export type NotifyEffect = (typeof NOTIFY_EFFECTS)[number];

/** Whether a call under that effect is carried out at the channel. */
export function isCarriedOut(effect: CallEffect | null): boolean {
  switch (effect) {
    case 'timeout_before':
    case 'reset_before':
    case 'http_500':
    case 'http_429':
      return false;
    default:
      return true;
  }
}
