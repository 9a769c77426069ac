/**
 * The version under which merchants are told a payment: whoever keeps the highest one ends with the true
 * state, and one version never means two states (I15). 告知版本。
 */
import type { Aggregate } from './aggregate.ts';

/** More changes than a channel book ever makes about one payment: its plans of questions are finite. */
const CHANNEL_CHANGES_MAX = 100_000;

/**
 * Where the books lie apart either of them may move alone, and a reader may have met either first: the
 * payment book's version counts before the channel book's.
 */
export function toldVersion({ payment, apart }: Aggregate): number {
  return apart ? payment.version * CHANNEL_CHANGES_MAX + apart.channelVersion : payment.version;
}
