/** Who is calling: an API key, as Bearer token or as the user of Basic (`curl -u sk_test_…:`). */
import { hash } from 'node:crypto';
import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import type { LatePaymentPolicy } from '../core/payment.ts';
import type { KeyOwner } from '../store/postgres/merchants.ts';
import { findKey, keyHash } from '../store/postgres/merchants.ts';
import { ApiProblem } from './api-problem.ts';
import type { ApiDependencies } from './dependencies.ts';

/** Whose keys open a route. */
export type Access = 'merchant' | 'operator' | 'any_key' | 'public';

/** A revoked key still opens for so long: one look-up serves a burst of requests. */
const KEY_CACHE_MS = 5_000;
/** Bounds what strangers can make us remember. */
const KEY_CACHE_SIZE_MAX = 10_000;

type Keys = {
  /** The owner if we looked lately; undefined if we did not, null if there is none. */
  peek(key: string): KeyOwner | null | undefined;
  find(key: string): Promise<KeyOwner | null>;
};

/** A hook factory over one cache of keys. Every route outside `public` goes through one of its hooks. */
export function newAuthentication(
  deps: Pick<ApiDependencies, 'pool' | 'clock'>,
): (access: Exclude<Access, 'public'>) => onRequestHookHandler {
  const keys = newKeys(deps);
  return (access) => (request, _reply, resume) => {
    const key = readKey(request.headers.authorization);
    if (key === null) {
      resume(
        unauthorized('key_missing', 'The request carries no API key.', 'Bearer realm="tieout"'),
      );
      return;
    }
    const cached = keys.peek(key);
    if (cached !== undefined) {
      resume(admit(request, cached, access));
      return;
    }
    keys.find(key).then((owner) => resume(admit(request, owner, access)), resume);
  };
}

/** The number of the merchant who calls; only for routes that admit merchants alone. */
export function merchantOf(request: FastifyRequest): number {
  if (request.caller === null || !('merchantNumber' in request.caller)) {
    throw new Error(`${request.url} needs a merchant and its route admits others`);
  }
  return request.caller.merchantNumber;
}

/** What the merchant who calls wants done with late money. */
export function latePaymentOf(request: FastifyRequest): LatePaymentPolicy {
  if (request.caller === null || !('merchantNumber' in request.caller)) {
    throw new Error(`${request.url} needs a merchant and its route admits others`);
  }
  return request.caller.latePayment;
}

/** The name of the person who calls; only for routes that admit operators alone. */
export function operatorOf(request: FastifyRequest): string {
  if (request.caller === null || !('operatorId' in request.caller)) {
    throw new Error(`${request.url} needs an operator and its route admits others`);
  }
  return request.caller.name;
}

function admit(
  request: FastifyRequest,
  owner: KeyOwner | null,
  access: Access,
): ApiProblem | undefined {
  if (owner === null) {
    const challenge = 'Bearer realm="tieout", error="invalid_token"';
    return unauthorized('key_invalid', 'This key is not known, or it was revoked.', challenge);
  }
  const kind = 'merchantNumber' in owner ? 'merchant' : 'operator';
  if (access !== 'any_key' && access !== kind) {
    return new ApiProblem(
      'permission_missing',
      `This call needs a key of ${access === 'merchant' ? 'a merchant' : 'an operator'}.`,
    );
  }
  request.caller = owner;
  return undefined;
}

function unauthorized(
  code: 'key_missing' | 'key_invalid',
  detail: string,
  challenge: string,
): ApiProblem {
  return new ApiProblem(code, detail, { headers: { 'www-authenticate': challenge } });
}

function newKeys({ pool, clock }: Pick<ApiDependencies, 'pool' | 'clock'>): Keys {
  // By hash, so that no key lies in memory in clear; hits and misses do the same work.
  const known = new Map<string, { owner: KeyOwner | null; atMs: number }>();
  return {
    peek: (key) => {
      const entry = known.get(hash('sha256', key));
      if (!entry) return undefined;
      const ageMs = clock.nowMs() - entry.atMs;
      return ageMs >= 0 && ageMs <= KEY_CACHE_MS ? entry.owner : undefined;
    },
    find: async (key) => {
      const atMs = clock.nowMs();
      const owner = await findKey(pool, keyHash(key));
      if (known.size >= KEY_CACHE_SIZE_MAX) known.clear();
      known.set(hash('sha256', key), { owner, atMs });
      return owner;
    },
  };
}

function readKey(header: string | undefined): string | null {
  if (header === undefined) return null;
  const space = header.indexOf(' ');
  const scheme = header.slice(0, space).toLowerCase();
  const rest = header.slice(space + 1).trim();
  if (scheme === 'bearer') return rest === '' ? null : rest;
  if (scheme !== 'basic') return null;
  const [user = ''] = Buffer.from(rest, 'base64').toString('utf8').split(':', 1);
  return user === '' ? null : user;
}
