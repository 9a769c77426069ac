/** What a notice says: the payment as it stood when the event was decided, however late it is sent. */
import type { Aggregate } from '../core/aggregate.ts';
import type { EventType } from '../core/effect.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { restoreSnapshot } from '../core/snapshot.ts';
import type { LinkOf } from './payment-object.ts';
import { exceptionObject, paymentObject, timeText } from './payment-object.ts';
import { refundObject } from './refund-object.ts';

export type ToldEvent = {
  readonly eventId: string;
  readonly event: EventType;
  readonly atMs: number;
  readonly subjectKey: string | null;
  readonly snapshot: Snapshot;
};

export type EventObject = ReturnType<typeof eventObject>;

/** Renders one event; `later` is its payment at any time since. The same in notices and in `/v1/events`. */
export function eventObject(told: ToldEvent, later: Aggregate, linkOf: LinkOf) {
  const then = restoreSnapshot(later, told.snapshot);
  const object = paymentObject(then, linkOf);
  const { subjectKey } = told;
  const about =
    subjectKey === null
      ? undefined
      : then.cases.findLast((one) => `${one.kind}:${one.subject}` === subjectKey);
  const refund = then.payment.refunds.find((one) => one.key === subjectKey);
  return {
    id: told.eventId,
    type: told.event,
    timestamp: timeText(told.atMs),
    data: {
      object,
      ...(about && { exception: exceptionObject(then.payment, about) }),
      ...(refund && { refund: refundObject(then, refund) }),
    },
  };
}
