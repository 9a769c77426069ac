/** Words that the stories about returned money share: playing, reading, and the channels' own books. */
import { auditDatabase } from '../../src/store/postgres/audit.ts';
import type { Body, World } from './world.ts';

export type Story = {
  /** A payment of 88.00 that plays a scenario; answers its id. */
  play(orderNo: string, scenario: string, fields?: Record<string, unknown>): Promise<string>;
  read(id: string): Promise<Body>;
  refund(id: string, refundNo: string, amount: number): Promise<{ status: number; body: Body }>;
  refundsOf(id: string): Promise<Body[]>;
  /** Amounts that the channels returned for the payment's orders. */
  returned(id: string): Promise<number[]>;
  /** Events of the payment that the sample merchant took, in order. */
  told(orderNo: string): Promise<string[]>;
  /** The open case of this kind that the payment has. */
  openCase(id: string, kind: string): Promise<string>;
  /** What an operator decides about a case. */
  decide(exception: string, body: Record<string, unknown>): Promise<{ status: number; body: Body }>;
  /** What of our own invariants is broken in the database. */
  broken(): Promise<readonly unknown[]>;
};

type Books = {
  readonly refunds: { readonly channel_order_no: string; readonly amount: number }[];
  readonly told: { readonly merchant_order_no: string; readonly event: string }[];
};

/** Stories in a world over this database. */
export function newStory(world: World, databaseUrl: string): Story {
  const read = async (id: string): Promise<Body> =>
    (await world.call('GET', `/v1/payments/${id}`)).body;
  const books = async (): Promise<Books> =>
    (await (await fetch(`${world.sandboxUrl}/books`)).json()) as Books;
  return {
    read,
    play: async (orderNo, scenario, fields = {}) => {
      const { status, body } = await world.pay(orderNo, { metadata: { scenario }, ...fields });
      if (status !== 201) throw new Error(`${orderNo} answered ${status}`);
      return String(body.id);
    },
    refund: async (payment, refundNo, amount) =>
      await world.call('POST', '/v1/refunds', { payment, merchant_refund_no: refundNo, amount }),
    refundsOf: async (id) => {
      const { body } = await world.call('GET', `/v1/refunds?payment=${id}&include=surplus`);
      return body['data'] as Body[];
    },
    returned: async (id) => {
      const orders = (await read(id))['channel_orders'] as { channel_order_no: string }[];
      const numbers = new Set(orders.map((one) => one.channel_order_no));
      const { refunds } = await books();
      return refunds.filter((one) => numbers.has(one.channel_order_no)).map((one) => one.amount);
    },
    told: async (orderNo) =>
      (await books()).told
        .filter((one) => one.merchant_order_no === orderNo)
        .map((one) => one.event),
    openCase: async (id, kind) => {
      const cases = (await read(id))['exceptions'] as {
        id: string;
        kind: string;
        status: string;
      }[];
      const found = cases.find((one) => one.kind === kind && one.status === 'open');
      if (!found) throw new Error(`${id} has no open ${kind}: ${JSON.stringify(cases)}`);
      return found.id;
    },
    decide: async (exception, body) =>
      await world.operate('POST', `/v1/exceptions/${exception}/actions`, {
        reason: 'As the payer asked',
        ...body,
      }),
    broken: async () => (await auditDatabase(databaseUrl, world.platform.clock.nowMs())).findings,
  };
}
