/** Both sides of a world as the auditor's tests start from it. */

type Options = { status?: string; amount?: number; orderStatus?: string; charged?: boolean };

/** A payment of the platform, paid by its only channel order unless it says otherwise. */
export function payment(number: number, options: Options = {}) {
  const {
    status = 'succeeded',
    amount = 1000 + number,
    charged = status === 'succeeded',
  } = options;
  return {
    id: `pay_${number}`,
    status,
    amount,
    currency: 'CNY',
    amount_received: status === 'succeeded' ? amount : 0,
    amount_refunded: 0,
    surplus: { received: 0, returned: 0, held: 0 },
    reversed_at: null as string | null,
    merchant_order_no: `SO-${number}`,
    channel_orders: [
      {
        id: `cho_${number}`,
        channel: 'sandbox',
        channel_order_no: `C${number}`,
        status: options.orderStatus ?? status,
        charges: charged
          ? [{ channel_transaction_no: `T${number}`, amount, winner: status === 'succeeded' }]
          : [],
      },
    ],
    exceptions: [] as { id: string; kind: string; status: string; channel_order?: string }[],
  };
}

/** A charge in the channels' books. */
export function charge(number: number, amount = 1000 + number) {
  return {
    channel: 'sandbox',
    channel_order_no: `C${number}`,
    channel_transaction_no: `T${number}`,
    amount,
    currency: 'CNY',
    charged_at: '2026-11-24T04:00:00Z',
    reversed_at: null as string | null,
  };
}

/** What the merchant was told of a success. */
export function told(number: number, amount: number | null = 1000 + number) {
  return { merchant_order_no: `SO-${number}`, event: 'payment.succeeded', amount };
}

type Refund = { channel_order_no: string; channel_transaction_no: string; amount: number };

/** 250 payments on three pages: every fifth is closed and unpaid, the others are delivered and told. */
export function tiedOutWorld() {
  const numbers = Array.from({ length: 250 }, (_, index) => index + 1);
  const paid = numbers.filter((number) => number % 5 !== 0);
  return {
    payments: numbers.map((number) =>
      payment(number, { status: number % 5 === 0 ? 'closed' : 'succeeded' }),
    ),
    books: {
      charges: paid.map((number) => charge(number)),
      refunds: [] as Refund[],
      told: paid.map(
        (number): { merchant_order_no: string; event: string; amount: number | null } =>
          told(number),
      ),
    },
  };
}
