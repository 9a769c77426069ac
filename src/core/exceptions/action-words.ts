/** What each decision of a person changes, in words: for the documentation, and for whoever hesitates. */
import type { OperatorAction } from '../input.ts';
import type { NotificationAction } from './kind.ts';

export const ACTION_WORDS: Readonly<
  Record<OperatorAction | NotificationAction, { readonly zh: string; readonly changes: string }>
> = {
  return_money: {
    zh: '退回款项',
    changes:
      'The held money leaves suspense and is owed to its payer; the platform returns it at the channel, once. The payment can be tried again.',
  },
  retry_refund: {
    zh: '重试退款',
    changes:
      'The refund is pending again. It is sent under the same number while that number may live, and under a new one only when the channel has proved the former dead.',
  },
  give_up_refund: {
    zh: '放弃退款',
    changes:
      'The refund ends as failed with given_up and nothing is owed any more. What a merchant’s refund had set aside can be refunded again. If the channel returns the money after all, that counts, and a case says so.',
  },
  resolve: {
    zh: '平账',
    changes: 'The case is over, with your name and your words. No state and no money changes.',
  },
  adopt: {
    zh: '认领',
    changes:
      'The kept message is verified and read again, and what it proves is applied to the channel order that you name, if account, amount and currency fit. The payment says confirmed_by: operator.',
  },
  dismiss: {
    zh: '搁置',
    changes: 'The message stays as it came, with your name and your words, and waits for nobody.',
  },
};
