/** The fields that merchants send about payments: their shapes, and their rules. */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { AMOUNT_MINOR_MAX } from '../core/money.ts';
import type { Policy } from '../core/policy.ts';
import type { CodedFieldError } from './api-problem.ts';

/** Every merchant order number, and with it every payment id and channel order number. */
export const ORDER_NO_PATTERN = '^[0-9A-Za-z_\\-|*]{1,64}$';

export const merchantOrderNoField = Type.String({
  pattern: ORDER_NO_PATTERN,
  description: '1 to 64 of 0-9 A-Z a-z _ - | *',
  examples: ['SO-20261122-0007'],
});
const channelField = Type.String({
  pattern: '^[0-9a-z_]{1,32}$',
  description: 'the name of a channel of this installation',
  examples: ['sandbox'],
});
const productField = Type.String({
  pattern: '^[0-9a-z_]{1,32}$',
  description: 'a product of the channel; its first one when absent',
  examples: ['qr'],
});
const urlField = (description: string, example: string) =>
  Type.String({ minLength: 1, maxLength: 2048, description, examples: [example] });

export const createPaymentBody = Type.Object(
  {
    merchant_order_no: merchantOrderNoField,
    amount: Type.Integer({
      minimum: 1,
      maximum: AMOUNT_MINOR_MAX,
      description: 'Minor units: 1999 is 19.99 CNY. 最小货币单位（分）',
      examples: [1999],
    }),
    currency: Type.String({
      maxLength: 16,
      description: 'ISO 4217 code in capitals.',
      examples: ['CNY'],
    }),
    subject: Type.String({
      pattern: '^[^\\p{Cc}\\p{Cs}]{1,127}$',
      description: '1 to 127 characters, none of them a control character',
      examples: ['Coffee beans 1 kg'],
    }),
    channel: Type.Optional(channelField),
    product: Type.Optional(productField),
    expires_in: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Seconds until the payment expires.',
        examples: [900],
      }),
    ),
    return_url: Type.Optional(
      urlField('Where the payer comes back to.', 'https://shop.example/return'),
    ),
    notice_url: Type.Optional(
      urlField(
        'Takes the notices of this payment, instead of the webhook endpoints.',
        'https://shop.example/notices',
      ),
    ),
    metadata: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[^\\p{Cc}\\p{Cs}]{1,40}$' }),
        Type.String({ maxLength: 500 }),
        {
          maxProperties: 20,
          additionalProperties: false,
          description: 'Up to 20 texts of up to 500 characters, under keys of up to 40.',
          examples: [{ cart: 'c_91' }],
        },
      ),
    ),
  },
  { additionalProperties: false },
);
export type CreatePaymentBody = Static<typeof createPaymentBody>;

export const channelOrderBody = Type.Object(
  {
    channel: channelField,
    product: Type.Optional(productField),
    allow_overlap: Type.Optional(
      Type.Boolean({
        description:
          'The payer says that the open try, which its channel cannot close, was not paid.',
        examples: [true],
      }),
    ),
  },
  { additionalProperties: false },
);

/** The validity that a merchant asks for must lie within the policy. */
export function checkExpiry(
  policy: Policy,
  { expires_in: expiresIn }: Readonly<Record<string, unknown>>,
): CodedFieldError[] {
  if (typeof expiresIn !== 'number' || !Number.isInteger(expiresIn)) return [];
  const minS = Math.ceil(policy.expiresInMsMin / 1000);
  const maxS = Math.floor(policy.expiresInMsMax / 1000);
  if (expiresIn >= minS && expiresIn <= maxS) return [];
  const detail = `It must be ${minS} to ${maxS} seconds.`;
  return [{ pointer: '/expires_in', code: 'field_invalid', detail }];
}
