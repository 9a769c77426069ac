/** `/v1/refund_brake`, for operators: the brake on refunds that nobody but the platform asked for. */
import { Type } from 'typebox';
import { timeText } from '../runtime/payment-object.ts';
import { listActs, recordAct } from '../store/postgres/operator-acts.ts';
import { putBrakeOn, readBrake } from '../store/postgres/refund-brake.ts';
import { heldRefunds } from '../store/postgres/refund-jobs.ts';
import type { ChannelAccountKey } from '../store/store.ts';
import { accountName } from '../store/store.ts';
import { oneFieldProblem } from './api-problem.ts';
import { operatorOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { reasonField } from './reason-field.ts';
import type { Api } from './request-decorations.ts';
import { answer } from './route-documentation.ts';

const HOUR_MS = 3_600_000;
const HELD_COUNTED_MAX = 1_000;
const ACTS_SHOWN_MAX = 20;

const brakeBody = Type.Object(
  {
    channel: Type.String({ maxLength: 64, description: 'The channel.', examples: ['sandbox'] }),
    account: Type.Optional(
      Type.String({
        maxLength: 64,
        description: 'Our account there; the one that payments go to when absent.',
      }),
    ),
    action: Type.Enum(['hold', 'release'], {
      description:
        'hold: no automatic refund of the account leaves. release: they leave again, and so does what was held back.',
      examples: ['hold'],
    }),
    reason: reasonField,
  },
  { additionalProperties: false },
);

/** Reading the brake, putting it on and taking it off. */
export function refundBrakeRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/refund_brake',
    {
      schema: {
        operationId: 'getRefundBrake',
        summary: 'Read the brake on automatic refunds',
        description:
          'Money beside the winner is returned by itself, so many times and so much an hour. What is over stays owed, with a case.',
        tags: ['Operators'],
        response: { 200: answer('Limits, switches, and what is held back.', 'RefundBrake') },
      },
    },
    async () => await brakeObject(deps),
  );
  app.post(
    '/v1/refund_brake',
    {
      schema: {
        operationId: 'changeRefundBrake',
        summary: 'Hold automatic refunds back, or release them',
        description:
          'A release also lets go of what was held back, and gives the account a new quota for this hour. A merchant’s own refunds are not held.',
        tags: ['Operators'],
        body: brakeBody,
        response: { 200: answer('Done.', 'RefundBrakeChange') },
      },
    },
    async (request) => {
      const { channel, account, action, reason } = request.body;
      const place = accountOf(deps, channel, account);
      const by = operatorOf(request);
      const nowMs = deps.clock.nowMs();
      if (action === 'hold')
        await putBrakeOn(deps.channelPool, { ...place, by, reason, sinceMs: nowMs });
      const released =
        action === 'hold' ? 0 : await deps.desk.releaseRefunds(place, { by, reason });
      const subject = accountName(place);
      await recordAct(deps.pool, { atMs: nowMs, by, act: `brake.${action}`, subject, reason });
      return { object: 'refund_brake_change' as const, ...place, action, by, released };
    },
  );
}

function accountOf(
  { connectors }: ApiDependencies,
  channel: string,
  account: string | undefined,
): ChannelAccountKey {
  const found =
    account === undefined ? connectors.forChannel(channel) : connectors.get(channel, account);
  if (found) return { channel: found.channel, account: found.account };
  const known = connectors.all.map(accountName).join(', ');
  const pointer = account === undefined ? '/channel' : '/account';
  throw oneFieldProblem(
    pointer,
    'field_invalid',
    `There is no such channel account; there are ${known}.`,
  );
}

async function brakeObject({ pool, channelPool, connectors, clock, policy }: ApiDependencies) {
  const [{ holds, hours }, acts] = await Promise.all([
    readBrake(channelPool),
    Promise.all(
      connectors.all.map(async (one) => await listActs(pool, [accountName(one)], ACTS_SHOWN_MAX)),
    ),
  ]);
  const hourMs = Math.floor(clock.nowMs() / HOUR_MS) * HOUR_MS;
  const accounts = connectors.all.map(async ({ channel, account }, at) => {
    const isHere = (one: ChannelAccountKey): boolean =>
      one.channel === channel && one.account === account;
    const hold = holds.find(isHere);
    const waiting = await heldRefunds(channelPool, { channel, account }, HELD_COUNTED_MAX);
    return {
      channel,
      account,
      held: hold !== undefined,
      held_by: hold?.by ?? null,
      held_reason: hold?.reason ?? null,
      held_since: timeText(hold?.sinceMs ?? null),
      held_back: waiting.length,
      this_hour: hours
        .filter((one) => isHere(one) && one.hourMs === hourMs)
        .map(({ currency, sentCount, sentMinor }) => ({
          currency,
          count: sentCount,
          amount: sentMinor,
        })),
      acts: (acts[at] ?? []).map(({ atMs, by, act, reason }) => ({
        at: timeText(atMs),
        by,
        act,
        reason,
      })),
    };
  });
  return {
    object: 'refund_brake' as const,
    limits: {
      count_per_hour: policy.automaticRefundsPerHourMax,
      amount_per_hour: policy.automaticRefundMinorPerHourMax,
    },
    accounts: await Promise.all(accounts),
  };
}
