/** What the parts of the store contract share: how a store is opened, and payments to write into it. */
import { expect } from 'vitest';
import type { Endpoint, Store } from '../../src/store/store.ts';
import type { createInput } from './scripted-payment.ts';
import { MINUTE, SECOND, START_MS, ScriptedPayment, UNKNOWN } from './scripted-payment.ts';

export type OpenStore = {
  readonly store: Store;
  /** Registers a webhook endpoint of a merchant. */
  readonly addEndpoint: (merchantNumber: number) => Promise<Endpoint>;
};

export type Open = () => Promise<OpenStore>;

export const WALLET = { channel: 'wallet', account: 'main' };
export const FIRST_QUERY_MS = new Map([
  ['wallet/main', 15 * SECOND],
  ['bank/main', 15 * SECOND],
  ['page/main', 15 * SECOND],
]);
export const LEASE_MS = 20 * SECOND;
export const MUCH_LATER_MS = START_MS + 90 * 24 * 60 * MINUTE;

export async function save(store: Store, ...payments: readonly ScriptedPayment[]): Promise<void> {
  const results = await store.write(payments.map((one) => one.takeChange()));
  expect(results).toEqual(payments.map(() => 'written'));
}

/** A payment whose order is unknown, with its first question planned at 15 s. */
export function unknown(change: Parameters<typeof createInput>[0] = {}): ScriptedPayment {
  const payment = new ScriptedPayment(change);
  payment.learn(UNKNOWN, { operation: 'pay' });
  return payment;
}

let orderCount = 0;

/** A merchant order number that was not used before. */
export function freshNo(): string {
  orderCount += 1;
  return `N-${orderCount}`;
}
