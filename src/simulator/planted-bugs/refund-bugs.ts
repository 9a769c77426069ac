/** Planted bugs in how money goes back. */
import type { RefundCall } from '../../channels/connector.ts';
import type { RefundOutcome } from '../../core/refund-outcome.ts';
import type { PlantedBug } from './planted-bug.ts';
import { atDoor, inCommits, inConnector, withSteps } from './planted-bug.ts';

const failed = (code: string): RefundOutcome => ({
  type: 'failed',
  code,
  message: '',
  channelCode: code,
});

export const REFUND_BUGS: readonly PlantedBug[] = [
  {
    name: 'refund_under_a_new_number_after_a_timeout',
    words: 'A refund without an answer is sent again under another number (public: saleor).',
    foundBy: ['I4', 'I5', 'I13'],
    plant: () =>
      inConnector((honest) => ({
        refund: async (call, deadlineAtMs) => {
          const answer = await honest.refund(call, deadlineAtMs);
          if (answer.outcome.type !== 'unknown') return answer;
          const channelRefundNo = `${call.channelRefundNo.slice(0, -2)}77`;
          return await honest.refund({ ...call, channelRefundNo }, deadlineAtMs);
        },
      })),
  },
  {
    name: 'reserve_released_on_a_timeout',
    words: 'A refund without an answer is over, and its money can be refunded once more.',
    foundBy: ['I4', 'I5', 'I6'],
    plant: () =>
      atDoor((input) =>
        input.type === 'refund_outcome_learned' && input.outcome.type === 'unknown'
          ? { ...input, outcome: failed('timeout') }
          : input,
      ),
  },
  {
    name: 'refund_not_found_is_failed',
    words: 'A refund number that the channel does not know yet is taken for dead.',
    foundBy: ['I4', 'I5', 'I6'],
    plant: () =>
      atDoor((input) =>
        input.type === 'refund_outcome_learned' && input.outcome.type === 'not_found'
          ? { ...input, outcome: failed('not_found') }
          : input,
      ),
  },
  {
    name: 'accepted_refund_is_done',
    words: 'A refund counts as returned once the channel has accepted it.',
    foundBy: ['I5'],
    plant: () =>
      atDoor(async (input, find) => {
        if (input.type !== 'refund_outcome_learned' || input.outcome.type !== 'pending') {
          return input;
        }
        const order = (await find())?.orders.find((one) => one.attempt === input.attempt);
        const refund = order?.refunds.find((one) => one.number === input.number);
        if (!refund) return input;
        const { channelRefundNo, transactionNo, amountMinor, currency } = refund;
        const done = { channelRefundNo, transactionNo, amountMinor, currency };
        const returned = { ...done, refundId: `ACCEPTED-${channelRefundNo}`, refundedAtMs: 0 };
        return {
          ...input,
          outcome: { type: 'succeeded', refund: returned, channelCode: 'ACCEPTED' },
        };
      }),
  },
  {
    name: 'stuck_refund_under_a_new_number',
    words: 'A refund that waits for a person is tried under another number by itself.',
    foundBy: ['I4', 'I5', 'I6'],
    plant: () =>
      atDoor((input) =>
        input.type === 'refund_outcome_learned' && input.outcome.type === 'requires_action'
          ? { ...input, outcome: failed('abnormal') }
          : input,
      ),
  },
  {
    name: 'surplus_bound_to_the_winner',
    words: 'The return of a second charge names the first charge of its order.',
    foundBy: ['I1', 'I4', 'I5', 'I13'],
    plant: () => {
      const first = new Map<string, string>();
      return {
        ...inCommits((one) => {
          for (const { channelOrderNo, charges } of one.after.orders) {
            const [charge] = charges;
            if (charge) first.set(channelOrderNo, charge.transactionNo);
          }
          return one;
        }),
        ...inConnector((honest) => ({
          refund: async (call, deadlineAtMs) => {
            const transactionNo = first.get(call.channelOrderNo) ?? call.transactionNo;
            return await honest.refund({ ...call, transactionNo }, deadlineAtMs);
          },
        })),
      };
    },
  },
  {
    name: 'one_return_per_cause',
    words: 'The return of a charge has a key per cause, so a second cause returns it again.',
    foundBy: ['I4', 'I5', 'I9', 'I19'],
    plant: () =>
      inCommits((one) => {
        const { payment } = one.after;
        const late = payment.refunds.find(
          ({ reason, key }) => reason !== 'requested' && !key.startsWith('cause:'),
        );
        if (!late || payment.refunds.some(({ key }) => key.startsWith('cause:'))) return one;
        const again = { ...late, id: `${late.id}x`, key: `cause:${late.key}` };
        return {
          ...one,
          after: { ...one.after, payment: { ...payment, refunds: [...payment.refunds, again] } },
        };
      }),
  },
  {
    name: 'refund_resent_with_another_amount',
    words: 'A resend of a refund carries another amount under the same number.',
    foundBy: ['I13'],
    plant: () => {
      const sent = new Set<string>();
      return inConnector((honest) => ({
        refund: async (call: RefundCall, deadlineAtMs) => {
          const isAgain = sent.has(call.channelRefundNo);
          sent.add(call.channelRefundNo);
          const amountMinor =
            isAgain && call.amountMinor > 1 ? call.amountMinor - 1 : call.amountMinor;
          return await honest.refund({ ...call, amountMinor }, deadlineAtMs);
        },
      }));
    },
  },
  {
    name: 'weak_channel_resent_to',
    words: 'An unanswered refund is sent again to a channel that pays one number twice.',
    foundBy: ['I4', 'I5', 'I13'],
    plant: () => {
      return inConnector((honest) => ({
        refund: async (call, deadlineAtMs) => {
          const answer = await honest.refund(call, deadlineAtMs);
          if (answer.outcome.type !== 'unknown') return answer;
          return await honest.refund(call, deadlineAtMs);
        },
      }));
    },
  },
  {
    name: 'console_refund_ignored',
    words: "Money that went back at the channel's own console is nobody's business.",
    foundBy: ['I5'],
    plant: () =>
      atDoor((input) => {
        if (input.type === 'foreign_refund_learned') return null;
        if (input.type !== 'outcome_learned' || input.outcome.type !== 'succeeded') return input;
        return { ...input, outcome: { ...input.outcome, refunds: [] } };
      }),
  },
  {
    name: 'brake_ignored',
    words: 'Automatic returns leave whatever the brake says.',
    foundBy: ['brake'],
    plant: () => ({
      brake: (honest) => async (spending) => {
        await honest(spending);
        return 'allowed';
      },
    }),
  },
  {
    name: 'refund_jobs_end_silently',
    words: 'After some questions in vain nobody asks about a refund any more (public: jeepay).',
    foundBy: ['I18', 'I19'],
    plant: () =>
      inCommits((one) => {
        const tired = new Set(
          one.after.orders.flatMap(({ attempt, refunds }) =>
            refunds
              .filter((refund) => refund.queryCount >= 2)
              .map(({ number }) => `${attempt}:${number}`),
          ),
        );
        return withSteps(one, (step) => ({
          ...step,
          effects: step.effects.map((effect) => {
            const isQuery = effect.type === 'refund_job' && effect.operation === 'query';
            if (!isQuery || !tired.has(`${effect.attempt}:${effect.number}`)) return effect;
            const { attempt, number } = effect;
            return { type: 'refund_job_done', attempt, number };
          }),
        }));
      }),
  },
];
