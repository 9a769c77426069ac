import type { PaySubmission } from './book-order.ts';
import type { Product } from './channel-catalogue.ts';
import { isScenarioName, scenarioNames } from './scenarios.ts';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** A field of a request that the channel cannot accept. */
export class ParamError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ParamError';
  }
}

/**
 * Reads an order for one of those products.
 *
 * @throws ParamError naming the first field that is wrong.
 */
export function parsePayRequest(
  body: Readonly<Record<string, unknown>>,
  channel: string,
  account: string,
  products: readonly Product[],
): PaySubmission {
  const product = products.find((candidate) => candidate === body['product']);
  if (product === undefined) {
    throw new ParamError(`product must be one of ${products.join(', ')}`);
  }
  const amountMinor = body['amount'];
  if (typeof amountMinor !== 'number' || !Number.isSafeInteger(amountMinor) || amountMinor < 1) {
    throw new ParamError('amount must be a whole number of minor units from 1');
  }
  return {
    channel,
    account,
    outNo: parseOutNo(body),
    product,
    amountMinor,
    currency: text(body, 'currency', /^[A-Z]{3}$/),
    subject: text(body, 'subject', /^.{1,256}$/su),
    notifyUrl: webAddress(body['notify_url'], 'notify_url'),
    returnUrl: isAbsent(body['return_url']) ? null : webAddress(body['return_url'], 'return_url'),
    expireAtMs: Date.parse(text(body, 'expire_at', RFC_3339)),
    scenario: parseScenario(body['scenario']),
  };
}

/**
 * The order number of any request.
 *
 * @throws ParamError when it is missing or has the wrong form.
 */
export function parseOutNo(body: Readonly<Record<string, unknown>>): string {
  return text(body, 'out_no', /^[0-9A-Z]{8,32}$/);
}

function parseScenario(value: unknown): PaySubmission['scenario'] {
  if (isAbsent(value)) return null;
  if (typeof value === 'string' && isScenarioName(value)) return value;
  throw new ParamError(`scenario must be one of ${scenarioNames().join(', ')}`);
}

function text(body: Readonly<Record<string, unknown>>, field: string, form: RegExp): string {
  const value = body[field];
  if (typeof value === 'string' && form.test(value)) return value;
  throw new ParamError(`${field} is missing or malformed`);
}

/** Only web addresses: a payer is led to one, and the channel posts to the other. */
function webAddress(value: unknown, field: string): string {
  const address = typeof value === 'string' ? URL.parse(value) : null;
  if (address?.protocol === 'http:' || address?.protocol === 'https:') return address.href;
  throw new ParamError(`${field} must be an http or https address`);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}
