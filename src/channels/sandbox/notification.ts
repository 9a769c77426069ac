/** Reading the sandbox's notifications: who says it is proven before what is said is looked at. */
import type { NotificationReading, RawNotification } from '../connector.ts';
import { evidenceText } from '../evidence-text.ts';
import { readJsonObject } from '../json-object.ts';
import { notificationOutcome } from './outcome-map.ts';
import { refundNotificationOutcome } from './refund-outcome-map.ts';
import {
  isSignedBy,
  NOTIFICATION_SCOPE,
  readSignedParts,
  SIGNATURE_WINDOW_MS,
} from './signature.ts';
import type { SandboxKey } from './signature.ts';
import { BUSINESS_FIELDS, readNumber, unknown } from './word-reading.ts';

/**
 * What a message turned out to be. The cheap tests come first, so that a flood costs little.
 *
 * A nonce that was seen before is not refused: the channel's copies and our own lost answers make
 * repetitions legal, and what they say counts once, further in. An old message comes to nothing
 * either: its time is signed.
 */
export function readSandboxNotification(
  key: SandboxKey,
  message: RawNotification,
  nowMs: number,
): NotificationReading {
  const parts = readSignedParts(message.headers);
  if (typeof parts === 'string') return refused(parts);
  if (parts.account !== key.account) return refused('the message is for another account');
  if (Math.abs(nowMs - Number(parts.timestampText)) > SIGNATURE_WINDOW_MS) {
    return refused('the time of the signature is outside the window');
  }
  if (!isSignedBy(key, parts, NOTIFICATION_SCOPE, message.body)) {
    return refused('the signature is not the one of this message');
  }
  const reading = readJsonObject(message.body, BUSINESS_FIELDS);
  if (reading.type === 'broken') return refused(reading.reason);
  const words = reading.value;
  if (words['account'] !== key.account) return refused('the body names another account');
  const channelOrderNo = words['out_no'];
  if (typeof channelOrderNo !== 'string' || !/^[0-9A-Z]{8,32}$/.test(channelOrderNo)) {
    return refused('the body names no order');
  }
  const named = { channelOrderNo, account: key.account, raw: evidenceText(reading.text) };
  if (words['event'] !== 'refund') {
    return { type: 'authentic', ...named, outcome: notificationOutcome(words) };
  }
  const isOurs = Object.hasOwn(words, 'refund_no');
  const channelRefundNo = readNumber(words['refund_no']);
  if (isOurs && channelRefundNo === null) {
    // Not to be taken for one without a number, which somebody else would have asked for.
    const outcome = unknown('The number of the refund is not readable.', 'refund');
    return { type: 'authentic', ...named, outcome };
  }
  const outcome = refundNotificationOutcome(words);
  return { type: 'authentic_refund', ...named, channelRefundNo, outcome };
}

function refused(reason: string): NotificationReading {
  return { type: 'refused', reason };
}
