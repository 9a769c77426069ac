import { isDay } from './business-day.ts';

type Body = Readonly<Record<string, unknown>>;

/** A field of a request that the channel cannot accept. */
export class ParamError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ParamError';
  }
}

/**
 * The order number of any request.
 *
 * @throws ParamError, as each of these, when it is missing or has the wrong form.
 */
export function outNoField(body: Body): string {
  return textField(body, 'out_no', /^[0-9A-Z]{8,32}$/);
}

/** Minor units. */
export function amountField(body: Body): number {
  const amountMinor = body['amount'];
  if (typeof amountMinor === 'number' && Number.isSafeInteger(amountMinor) && amountMinor >= 1) {
    return amountMinor;
  }
  throw new ParamError('amount must be a whole number of minor units from 1');
}

export function textField(body: Body, field: string, form: RegExp): string {
  const value = body[field];
  if (typeof value === 'string' && form.test(value)) return value;
  throw new ParamError(`${field} is missing or malformed`);
}

/** A day of the calendar. */
export function dayField(body: Body, field: string): string {
  const value = body[field];
  if (typeof value === 'string' && isDay(value)) return value;
  throw new ParamError(`${field} must be a day, as 2026-11-18`);
}

/** Only web addresses: a payer is led to one, and the channel posts to the other. */
export function webAddressField(body: Body, field: string): string {
  const value = body[field];
  const address = typeof value === 'string' ? URL.parse(value) : null;
  if (address?.protocol === 'http:' || address?.protocol === 'https:') return address.href;
  throw new ParamError(`${field} must be an http or https address`);
}

export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}
