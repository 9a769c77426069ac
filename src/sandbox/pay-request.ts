import type { PaySubmission } from './book-order.ts';
import type { Product } from './channel-catalogue.ts';
import {
  amountField,
  isAbsent,
  outNoField,
  ParamError,
  textField,
  webAddressField,
} from './request-fields.ts';
import { isScenarioName, scenarioNames } from './scenarios.ts';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

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
  return {
    channel,
    account,
    outNo: outNoField(body),
    product,
    amountMinor: amountField(body),
    currency: textField(body, 'currency', /^[A-Z]{3}$/),
    subject: textField(body, 'subject', /^.{1,256}$/su),
    notifyUrl: webAddressField(body, 'notify_url'),
    returnUrl: isAbsent(body['return_url']) ? null : webAddressField(body, 'return_url'),
    expireAtMs: Date.parse(textField(body, 'expire_at', RFC_3339)),
    scenario: parseScenario(body['scenario']),
  };
}

function parseScenario(value: unknown): PaySubmission['scenario'] {
  if (isAbsent(value)) return null;
  if (typeof value === 'string' && isScenarioName(value)) return value;
  throw new ParamError(`scenario must be one of ${scenarioNames().join(', ')}`);
}
