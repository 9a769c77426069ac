/** Everything that named people decide, over the same door as everybody else. 人工处理台。 */
import type { ChannelAccountKey } from '../store/store.ts';
import type { CaseDecisions, CaseDecisionsOptions } from './case-decision.ts';
import { newCaseDecisions } from './case-decision.ts';
import type {
  NotificationDecisions,
  NotificationDecisionsOptions,
} from './notification-decision.ts';
import { newNotificationDecisions } from './notification-decision.ts';
import { releaseRefunds } from './refund-release.ts';

export type OperatorDesk = {
  readonly cases: CaseDecisions;
  readonly notifications: NotificationDecisions;
  /** Takes the brake off an account and lets go of what it holds back; answers how many refunds that were. */
  readonly releaseRefunds: (
    account: ChannelAccountKey,
    decision: { readonly by: string; readonly reason: string },
  ) => Promise<number>;
};

/** A desk over these parts; `context` is the door's own, for dry runs. */
export function newOperatorDesk(
  options: NotificationDecisionsOptions & CaseDecisionsOptions,
): OperatorDesk {
  const { channelPool, door } = options;
  return {
    cases: newCaseDecisions(options),
    notifications: newNotificationDecisions(options),
    releaseRefunds: async (account, decision) =>
      await releaseRefunds(channelPool, door, account, decision),
  };
}
