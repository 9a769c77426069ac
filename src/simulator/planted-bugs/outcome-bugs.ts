/** Planted bugs in what is made of a channel's words about an order. */
import type { Outcome } from '../../core/outcome.ts';
import type { PlantedBug } from './planted-bug.ts';
import { atDoor, inConnector, inQueries } from './planted-bug.ts';

const QUESTIONS_MAX = 3;
const failed = (code: string): Outcome => ({
  type: 'failed',
  code,
  message: '',
  channelCode: code,
});

export const OUTCOME_BUGS: readonly PlantedBug[] = [
  {
    name: 'timeout_is_failed',
    words: 'A question without an answer is taken for a no.',
    foundBy: ['I6'],
    plant: () => inQueries((outcome) => (outcome.type === 'unknown' ? failed('timeout') : outcome)),
  },
  {
    name: 'unknown_is_failed_after_the_last_query',
    words:
      'After so many questions in vain the order is declared failed (public: several systems).',
    foundBy: ['I6'],
    plant: () => {
      const asked = new Map<string, number>();
      return inQueries((outcome, { channelOrderNo }) => {
        const isVain = outcome.type === 'unknown' || outcome.type === 'pending';
        const count = (asked.get(channelOrderNo) ?? 0) + Number(isVain);
        asked.set(channelOrderNo, count);
        return isVain && count > QUESTIONS_MAX ? failed('exhausted') : outcome;
      });
    },
  },
  {
    name: 'not_found_is_failed',
    words: '"Order does not exist" ends an order that its payer has not opened yet.',
    foundBy: ['I6'],
    plant: () =>
      inQueries((outcome) => (outcome.type === 'not_found' ? failed('not_found') : outcome)),
  },
  {
    name: 'late_success_dropped',
    words:
      'Money for a payment that is closed is not looked at (public: dax-pay, yudao, hyperswitch).',
    foundBy: ['I1'],
    plant: () =>
      atDoor(async (input, find) => {
        if (input.type !== 'outcome_learned' || input.outcome.type !== 'succeeded') return input;
        return (await find())?.payment.status === 'closed' ? null : input;
      }),
  },
  {
    name: 'second_success_dropped',
    words: 'A second charge under a paid order is taken for a copy of the first.',
    foundBy: ['I1', 'I9', 'I25'],
    plant: () =>
      atDoor(async (input, find) => {
        if (input.type !== 'outcome_learned' || input.outcome.type !== 'succeeded') return input;
        const aggregate = await find();
        const order = aggregate?.orders.find((one) => one.attempt === input.attempt);
        return order?.status === 'succeeded' ? null : input;
      }),
  },
  {
    name: 'amount_not_compared',
    words: 'Whatever was paid counts as what was ordered (public: roncoo-pay, yudao).',
    foundBy: ['I2'],
    plant: () =>
      atDoor(async (input, find) => {
        if (input.type !== 'outcome_learned' || input.outcome.type !== 'succeeded') return input;
        const amountMinor = (await find())?.payment.amountMinor ?? 0;
        const charges = input.outcome.charges.map((one) => ({ ...one, amountMinor }));
        return { ...input, outcome: { ...input.outcome, charges } };
      }),
  },
  {
    name: 'currency_not_compared',
    words: 'An amount is compared, its currency is not.',
    foundBy: ['I2'],
    plant: () =>
      atDoor(async (input, find) => {
        if (input.type !== 'outcome_learned' || input.outcome.type !== 'succeeded') return input;
        const currency = (await find())?.payment.currency ?? '';
        const charges = input.outcome.charges.map((one) => ({ ...one, currency }));
        return { ...input, outcome: { ...input.outcome, charges } };
      }),
  },
  {
    name: 'close_acknowledged_is_the_end',
    words: 'A close that was acknowledged ends the order, and nobody asks once more.',
    foundBy: ['I6'],
    plant: () =>
      atDoor((input) => {
        const isClosed = input.type === 'outcome_learned' && input.outcome.type === 'closed';
        if (!isClosed || input.evidence.operation !== 'close') return input;
        return { ...input, evidence: { ...input.evidence, via: 'query', operation: 'query' } };
      }),
  },
  {
    name: 'reversal_ignored',
    words: 'A success that the channel revoked stays a success.',
    foundBy: ['I9'],
    plant: () =>
      atDoor((input) =>
        input.type === 'outcome_learned' && input.outcome.type === 'reversed' ? null : input,
      ),
  },
  {
    name: 'strangers_believed',
    words: 'A notification is read before its signature is verified, and never verified.',
    foundBy: ['I17'],
    plant: () =>
      inConnector((honest) => ({
        readNotification: (message) => {
          const signature = `true for ${honest.account}`;
          return honest.readNotification({ ...message, headers: { signature } });
        },
      })),
  },
  {
    name: 'order_resent_with_another_amount',
    words: 'A resend carries another amount under the same number.',
    foundBy: ['I13'],
    plant: () =>
      inConnector((honest) => ({
        pay: async (order, details, deadlineAtMs) => {
          const answer = await honest.pay(order, details, deadlineAtMs);
          if (answer.outcome.type !== 'unknown') return answer;
          const other = { ...order, amountMinor: order.amountMinor + 1 };
          return await honest.pay(other, details, deadlineAtMs);
        },
      })),
  },
];
