/** `/v1/notifications`, for operators: messages of channels that nobody could place, and placing them. */
import { Type } from 'typebox';
import { isId } from '../core/id.ts';
import type { DecidedNotification } from '../runtime/notification-decision.ts';
import { timeText } from '../runtime/payment-object.ts';
import type { KeptNotification } from '../store/postgres/kept-notifications.ts';
import {
  getNotification,
  listNotifications,
  NOTIFICATION_VERDICTS,
} from '../store/postgres/kept-notifications.ts';
import { ApiProblem, notFound, oneFieldProblem } from './api-problem.ts';
import { operatorOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody, pageFields, pageOf } from './page-query.ts';
import { reasonField } from './reason-field.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams, pageAnswer } from './route-documentation.ts';

const BODY_SHOWN_MAX = 4_096;

const notificationsQuery = Type.Object(
  {
    ...pageFields,
    verdict: Type.Optional(
      Type.Enum([...NOTIFICATION_VERDICTS], {
        description: 'Only messages of this verdict; unmatched when absent.',
        examples: ['unmatched'],
      }),
    ),
  },
  { additionalProperties: false },
);

const actionBody = Type.Object(
  {
    action: Type.Enum(['adopt', 'dismiss'], {
      description:
        'adopt: what it proves is applied to a channel order. dismiss: it is about nothing of ours.',
      examples: ['dismiss'],
    }),
    reason: reasonField,
    channel_order_no: Type.Optional(
      Type.String({
        maxLength: 64,
        description: 'adopt: the channel order that it is about.',
        examples: ['01M80PJBG0F9XV59TDWH9EDD1R01'],
      }),
    ),
    dry_run: Type.Optional(
      Type.Boolean({ description: 'true: nothing is changed, and changes[] says what would.' }),
    ),
  },
  { additionalProperties: false },
);

/** Reading kept notifications, and deciding about those that nobody could place. */
export function keptNotificationRoutes(app: Api, deps: ApiDependencies): void {
  readRoutes(app, deps);
  app.post(
    '/v1/notifications/:id/actions',
    {
      schema: {
        operationId: 'decideNotification',
        summary: 'Adopt an unmatched notification for a channel order, or put it aside',
        description:
          'The kept message is verified and read again. It is applied only if account, amount and currency fit the order.',
        tags: ['Operators'],
        params: idParams('ntf'),
        body: actionBody,
        response: { 200: answer('The decision, and what it changed.', 'NotificationAction') },
      },
      config: { problems: ['not_found', 'case_resolved', 'action_not_possible'] },
    },
    async (request) => {
      const { action, reason, channel_order_no: orderNo, dry_run: dryRun = false } = request.body;
      const by = operatorOf(request);
      if ((action === 'adopt') !== (orderNo !== undefined)) {
        const words = 'It is for adopt, and adopt needs it: the channel order that it is about.';
        throw oneFieldProblem('/channel_order_no', 'field_invalid', words);
      }
      const kept = await keptOf(deps, request.params.id);
      const decision = { by, reason, dryRun };
      const decided =
        orderNo === undefined
          ? await deps.desk.notifications.dismiss(kept, decision)
          : await deps.desk.notifications.adopt(kept, orderNo, decision);
      if (decided.type === 'refused') throw problemOf(decided);
      const { changes, paymentId: payment } = decided;
      const object = 'notification_action' as const;
      return { object, action, dry_run: dryRun, by, reason, payment, changes };
    },
  );
}

function readRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/notifications',
    {
      schema: {
        operationId: 'listNotifications',
        summary: 'List notifications that nobody could place',
        tags: ['Operators'],
        querystring: notificationsQuery,
        response: { 200: pageAnswer('Messages as they came, the newest first.', 'Notification') },
      },
    },
    async (request) => {
      const { verdict = 'unmatched' } = request.query;
      const page = pageOf(request.query, 'ntf');
      const { items, hasMore } = await listNotifications(deps.channelPool, verdict, page);
      return pageBody(items.map(notificationObject), hasMore);
    },
  );
  app.get(
    '/v1/notifications/:id',
    {
      schema: {
        operationId: 'getNotification',
        summary: 'Read a kept notification',
        tags: ['Operators'],
        params: idParams('ntf'),
        response: { 200: answer('The message as it came.', 'Notification') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => notificationObject(await keptOf(deps, request.params.id)),
  );
}

async function keptOf({ pool }: ApiDependencies, id: string): Promise<KeptNotification> {
  const kept = isId('ntf', id) ? await getNotification(pool, id) : null;
  if (!kept) throw notFound('notification');
  return kept;
}

function problemOf({ why, detail }: Extract<DecidedNotification, { type: 'refused' }>): ApiProblem {
  switch (why) {
    case 'over':
      return new ApiProblem('case_resolved', detail);
    case 'does_not_fit':
      return new ApiProblem('action_not_possible', detail);
    case 'no_such_order':
      return oneFieldProblem('/channel_order_no', 'field_invalid', detail);
  }
}

function notificationObject(kept: KeptNotification) {
  const { id, channel, account, verdict, reason, receivedAtMs, body } = kept;
  return {
    id,
    object: 'notification' as const,
    channel,
    account,
    verdict,
    reason,
    received_at: timeText(receivedAtMs),
    body: Buffer.from(body).toString('utf8').slice(0, BODY_SHOWN_MAX),
  };
}
