/**
 * The first line of a history. Nearly every payment is created with its first channel order, and
 * then the line says what the payment and that order say themselves: it is not stored, and a history
 * that begins with version 2 had exactly this line before it. Any other first line is stored.
 */
import type { Aggregate } from '../../core/aggregate.ts';
import { channelOrderNo } from '../../core/id.ts';
import type { Step } from '../store.ts';

const INPUT = 'create_payment';

/** The first line of a payment that was created with one channel order at that channel. */
export function usualCreation(paymentId: string, channel: string) {
  const changes = [
    'payment created: processing',
    `channel order 1 created at ${channel}: ${channelOrderNo(paymentId, 1)}`,
  ];
  return { version: 1, input: INPUT, attempt: null, outcome: null, changes } as const;
}

/** Whether a step is the creation that the rows of the payment and its first order tell as well. */
export function isUsualCreation({ payment, orders }: Aggregate, step: Step): boolean {
  const [first] = orders;
  const { history } = step;
  if (step.version !== 1 || !first || first.createdAtMs !== payment.createdAtMs) return false;
  const usual = usualCreation(payment.id, first.channel);
  return (
    step.atMs === payment.createdAtMs &&
    step.effects.every((effect) => effect.type !== 'event') &&
    history.evidence === null &&
    history.input === usual.input &&
    history.attempt === usual.attempt &&
    history.outcome === usual.outcome &&
    history.changes.join('\n') === usual.changes.join('\n')
  );
}
