/** What the merchant of the demo does with one order: asks for it, and does what its scenario wants done. */
import type { DemoOrder } from './demo-orders.ts';

/** The platform and the sandbox as the merchant reaches them. */
export type Shop = {
  readonly apiUrl: string;
  readonly sandboxUrl: string;
  readonly secretKey: string;
};

const TRIES_MAX = 200;
const PAUSE_MS = 250;

/** Plays one order up to where only the platform has anything to do. Throws where it is answered wrongly. */
export async function playOrder(order: DemoOrder, shop: Shop): Promise<void> {
  const created = await callUntilTaken(shop, '/v1/payments', {
    merchant_order_no: order.merchantOrderNo,
    amount: order.amountMinor,
    currency: 'CNY',
    subject: `Demo: ${order.scenario}`,
    channel: order.channel,
    product: order.product,
    metadata: { scenario: order.scenario },
    ...(order.merchantMoved && { notice_url: `${shop.sandboxUrl}/merchant/moved` }),
  });
  if (created.status > 201) {
    throw new Error(
      `creating ${order.merchantOrderNo} answered ${created.status}: ${created.text}`,
    );
  }
  const id = textField(JSON.parse(created.text), 'id');
  if (id === null) return;
  if (order.closes) await call(shop, 'POST', `/v1/payments/${id}/close`, {});
  if (order.refunds) await refundWhenPaid(order, id, shop);
  if (order.merchantMoved) await resendWhenRefused(order, id, shop);
}

/** The merchant wants all of it back, and asks until the payment is there to be refunded. */
async function refundWhenPaid(order: DemoOrder, payment: string, shop: Shop): Promise<void> {
  const wanted = {
    payment,
    merchant_refund_no: `${order.merchantOrderNo}-R`,
    amount: order.amountMinor,
    reason: `Demo: ${order.scenario}`,
  };
  for (let tries = 1; ; tries++) {
    const answer = await callUntilTaken(shop, '/v1/refunds', wanted);
    if (answer.status <= 201) return;
    const isEarly = answer.status === 409 && answer.text.includes('payment_not_succeeded');
    if (!isEarly || tries === TRIES_MAX) {
      throw new Error(
        `refunding ${order.merchantOrderNo} answered ${answer.status}: ${answer.text}`,
      );
    }
    await pause();
  }
}

/** The merchant looks at its open exceptions, mends its address, and has the event sent once more. */
async function resendWhenRefused(order: DemoOrder, payment: string, shop: Shop): Promise<void> {
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const { text } = await call(shop, 'GET', `/v1/payments/${payment}`);
    if (hasOpenCase(JSON.parse(text), 'undelivered_notice')) break;
    if (tries === TRIES_MAX) {
      throw new Error(`${order.merchantOrderNo} met no undelivered_notice`);
    }
    await pause();
  }
  const { text } = await call(shop, 'GET', `/v1/events?payment=${payment}`);
  for (const event of listField(JSON.parse(text), 'data')) {
    const id = textField(event, 'id');
    if (id !== null) await call(shop, 'POST', `/v1/events/${id}/resend`, {});
  }
}

type Answered = { readonly status: number; readonly text: string };

/** A merchant's habit: a busy platform is asked again, with the same number. */
async function callUntilTaken(shop: Shop, path: string, body: unknown): Promise<Answered> {
  for (let tries = 1; ; tries++) {
    const answer = await call(shop, 'POST', path, body);
    if (answer.status !== 503 || tries === TRIES_MAX) return answer;
    await pause();
  }
}

async function call(shop: Shop, method: string, path: string, body?: unknown): Promise<Answered> {
  const answer = await fetch(`${shop.apiUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${shop.secretKey}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

function hasOpenCase(payment: unknown, kind: string): boolean {
  return listField(payment, 'exceptions').some(
    (one) => textField(one, 'kind') === kind && textField(one, 'resolved_at') === null,
  );
}

function textField(value: unknown, name: string): string | null {
  const found = field(value, name);
  return typeof found === 'string' ? found : null;
}

function listField(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}
