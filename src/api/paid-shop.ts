/** A shop of the API tests that has sold something: paid payments, and refunds of them. */
import type { Answer, ApiRig } from './api-rig.ts';

export type PaidShop = {
  /** A merchant number that was not used yet. */
  readonly nextNo: (prefix: string) => string;
  /** Pays 19.99 CNY, as far as the scripted channel says so; answers the payment's id. */
  readonly paidPayment: () => Promise<string>;
  readonly refund: (
    payment: string,
    amount: number,
    fields?: Record<string, unknown>,
  ) => Promise<Answer>;
  readonly read: (payment: string) => Promise<Answer['body']>;
};

/** The shop of whatever rig is open when it is used. */
export function openPaidShop(rig: () => ApiRig): PaidShop {
  let count = 0;
  const nextNo: PaidShop['nextNo'] = (prefix) => `${prefix}-${++count}`;
  return {
    nextNo,
    paidPayment: async () => {
      const { body } = await rig().shop.call('POST', '/v1/payments', {
        merchant_order_no: nextNo('SO'),
        amount: 1999,
        currency: 'CNY',
        subject: 'Tea',
        channel: 'wallet',
      });
      return String(body['id']);
    },
    refund: async (payment, amount, fields = {}) =>
      await rig().shop.call('POST', '/v1/refunds', {
        payment,
        merchant_refund_no: nextNo('RF'),
        amount,
        ...fields,
      }),
    read: async (payment) => (await rig().shop.call('GET', `/v1/payments/${payment}`)).body,
  };
}
