/** The channel and product of a request, against the accounts that this installation has. */
import type { Connector, Connectors } from '../channels/connector.ts';
import type { CodedFieldError } from './api-problem.ts';
import { ApiProblem, fieldProblem } from './api-problem.ts';

/** Faults of the fields `channel` and `product`, and of a currency that the channel does not take. */
export function checkChannel(
  connectors: Connectors,
  body: Readonly<Record<string, unknown>>,
): CodedFieldError[] {
  const { channel, product, currency } = body;
  if (typeof channel !== 'string') {
    if (channel !== undefined || product === undefined) return [];
    return [
      { pointer: '/product', code: 'field_invalid', detail: 'It needs a channel beside it.' },
    ];
  }
  const connector = connectors.forChannel(channel);
  if (!connector) {
    const names = [...new Set(connectors.all.map((one) => one.channel))].join(', ');
    return [
      unavailable('/channel', names === '' ? 'No channel is configured.' : `There are: ${names}.`),
    ];
  }
  const found: CodedFieldError[] = [];
  if (typeof product === 'string' && !Object.hasOwn(connector.rules.products, product)) {
    found.push(unavailable('/product', `${channel} has: ${productsOf(connector).join(', ')}.`));
  }
  if (typeof currency === 'string' && !connector.currencies.includes(currency)) {
    found.push(wrongCurrency(connector));
  }
  return found;
}

/** The connector of a channel that was checked, and the product meant: the channel's first unless one is named. */
export function chosenWay(
  connectors: Connectors,
  channel: string,
  product: string | undefined,
): { connector: Connector; product: string } {
  const connector = connectors.forChannel(channel);
  const chosen = product ?? (connector ? productsOf(connector)[0] : undefined);
  if (!connector || chosen === undefined) {
    throw new ApiProblem('channel_unavailable', `The channel ${channel} is not available.`);
  }
  return { connector, product: chosen };
}

/** Throws when the channel does not take this currency. */
export function requireCurrency(connector: Connector, currency: string): void {
  if (!connector.currencies.includes(currency)) {
    throw fieldProblem([{ ...wrongCurrency(connector), pointer: '/channel' }]);
  }
}

function productsOf(connector: Connector): string[] {
  return Object.keys(connector.rules.products);
}

function wrongCurrency({ channel, currencies }: Connector): CodedFieldError {
  const detail = `${channel} takes: ${currencies.join(', ')}.`;
  return { pointer: '/currency', code: 'currency_unsupported', detail };
}

function unavailable(pointer: string, detail: string): CodedFieldError {
  return { pointer, code: 'channel_unavailable', detail };
}
