/** The OpenAPI 3.1 document: made from the routes as they are, with what no route can say of itself. */
import swagger from '@fastify/swagger';
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema, RouteOptions } from 'fastify';
import type { EventType } from '../core/effect.ts';
import { EVENT_TYPES } from '../core/effect.ts';
import packageJson from '../../package.json' with { type: 'json' };
import type { ApiDependencies } from './dependencies.ts';
import { GENERAL_SCHEMAS, SANDBOX_SCHEMAS } from './general-schema.ts';
import { OPERATOR_SCHEMAS } from './operator-schema.ts';
import { PAYMENT_SCHEMAS } from './payment-schema.ts';
import { RECONCILIATION_SCHEMAS } from './reconciliation-schema.ts';
import { REFUND_SCHEMAS } from './refund-schema.ts';
import type { Api } from './request-decorations.ts';
import { problemExamples } from './route-documentation.ts';
import { text, time } from './schema-words.ts';
import { WEBHOOK_SCHEMAS } from './webhook-schema.ts';

const EVENT_SUMMARIES: Readonly<Record<EventType, string>> = {
  'payment.succeeded': 'A payment was paid. Once per payment, ever. 支付成功',
  'payment.closed': 'A payment was closed, after its channels proved it unpaid. 已关闭',
  'payment.reopened': 'A payment closed by expiry was asked for again. 重新打开',
  'payment.reversed': 'The channel revoked the success of a payment: its money is gone. 冲正',
  'payment.surplus_refunded': 'Money beside the winner (paid twice, or late) went back. 多收退回',
  'refund.succeeded': 'The payer has the money back. 退款成功',
  'refund.failed':
    'The channel refused the refund for good; nothing is set aside any more. 退款失败',
  'refund.requires_action': 'The refund is still owed, and a person must act. 退款待处理',
  'payment.channel_order_failed': 'A channel said no to one try. 渠道订单失败',
  'exception.opened': 'Something went wrong that moves money or needs a person. 差错产生',
  'exception.resolved': 'It is over. 差错平账',
};

const TAGS = [
  { name: 'Payments', description: '支付订单' },
  { name: 'Refunds', description: '退款' },
  { name: 'Events', description: '事件' },
  { name: 'Webhooks', description: '通知' },
  { name: 'Exceptions', description: '差错' },
  { name: 'Reconciliation', description: '对账（仅操作员密钥）' },
  { name: 'Operators', description: '运营（仅操作员密钥）' },
  { name: 'Channels', description: '渠道通知' },
  { name: 'Operations', description: '运维' },
];
const SANDBOX_TAG = { name: 'Sandbox', description: '沙箱（仅沙箱模式）' };

const DESCRIPTION = `Amounts are integers of minor units. Times are RFC 3339. Lists are pages: \`limit\`, \`starting_after\`, \`has_more\`.

\`merchant_order_no\` and \`merchant_refund_no\` are your idempotency keys, for ever. \`Idempotency-Key\` is honoured on every POST beside it: a replay carries \`Tieout-Replayed: true\`.
\`Tieout-Deadline\` (RFC 3339) says until when you wait. Every answer carries \`Tieout-Request-Id\`.

Errors are RFC 9457 problems; \`retryable\` says whether the same request may succeed later.`;

type Transformed = Parameters<NonNullable<FastifyDynamicSwaggerOptions['transformObject']>>[0];
type Document = Partial<Extract<Transformed, { openapiObject: unknown }>['openapiObject']>;

/** Registers the components and the document; must come before the routes. */
export function describeApi(app: Api, mode: ApiDependencies['mode']): void {
  const isSandbox = mode === 'sandbox';
  const schemas = {
    ...GENERAL_SCHEMAS,
    ...PAYMENT_SCHEMAS,
    ...REFUND_SCHEMAS,
    ...WEBHOOK_SCHEMAS,
    ...OPERATOR_SCHEMAS,
    ...RECONCILIATION_SCHEMAS,
    ...(isSandbox && SANDBOX_SCHEMAS),
  };
  for (const [name, schema] of Object.entries(schemas)) app.addSchema({ $id: name, ...schema });
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tieout',
        version: packageJson.version,
        summary: 'A payment platform that ties out.',
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: 'http://127.0.0.1:4040', description: 'npm start' }],
      tags: isSandbox ? [...TAGS, SANDBOX_TAG] : TAGS,
      security: [{ bearer: [] }, { basic: [] }],
      components: {
        examples: problemExamples(),
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'A merchant key (sk_…) or an operator key (ok_…).',
          },
          basic: {
            type: 'http',
            scheme: 'basic',
            description: 'The key as user name, without a password: curl -u sk_test_…:',
          },
        },
      },
      webhooks: Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: webhookOf(type) }])),
    },
    transform: ({ schema, url, route }) => ({ schema: withHeaders(schema, route), url }),
    transformObject: (document) => {
      if ('openapiObject' in document) allowAbsentBodies(document.openapiObject);
      return 'openapiObject' in document ? document.openapiObject : document.swaggerObject;
    },
    refResolver: { buildLocalReference: ({ $id }) => (typeof $id === 'string' ? $id : 'Unnamed') },
  });
}

/** Headers that a route listens to. They stand in the document only: their own code checks them. */
function withHeaders(schema: FastifySchema, { method, config }: RouteOptions): FastifySchema {
  if (method !== 'POST' || config?.access === 'public') return schema;
  const listens = config?.problems?.includes('deadline_passed') ?? false;
  const properties = {
    'Idempotency-Key': text('Repetitions with this key get the first answer again.', 'f2a0c6f4'),
    ...(listens && { 'Tieout-Deadline': time('Until when you wait; we answer by then.') }),
  };
  return { ...schema, headers: { type: 'object', properties } };
}

/** The framework's document says that every body must be sent; a body without required fields need not. */
function allowAbsentBodies({ paths = {} }: Document): void {
  for (const path of Object.values(paths)) {
    const body = path?.post?.requestBody;
    if (!body || !('content' in body)) continue;
    const schema = body.content['application/json']?.schema;
    if (schema && !('$ref' in schema) && schema.required === undefined) body.required = false;
  }
}

function headerParameter(name: string, description: string) {
  const schema = { type: 'string' as const };
  return { in: 'header' as const, name, required: true, description, schema };
}

function webhookOf(type: EventType) {
  return {
    operationId: `on_${type.replaceAll('.', '_')}`,
    summary: EVENT_SUMMARIES[type],
    tags: ['Events'],
    security: [],
    parameters: [
      headerParameter('webhook-id', 'The id of the event: the same in every repetition.'),
      headerParameter('webhook-timestamp', 'Seconds since 1970, when it was sent.'),
      headerParameter(
        'webhook-signature',
        'v1, and the base64 of HMAC-SHA256 over id.timestamp.body; Standard Webhooks.',
      ),
    ],
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: {
            allOf: [
              { $ref: '#/components/schemas/Event' },
              {
                type: 'object' as const,
                properties: { type: { type: 'string' as const, enum: [type] } },
              },
            ],
          },
        },
      },
    },
    responses: {
      '2XX': { description: 'Taken. Anything else is tried again, for days.' },
      '410': { description: 'The endpoint is gone: it is disabled, and tried no more.' },
    },
  };
}
