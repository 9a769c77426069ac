/** Names of requests: unique, sorted by time, and made without asking for randomness each time. */
import { randomBytes } from 'node:crypto';
import { ID_RANDOM_BYTES, newId } from '../core/id.ts';
import type { Clock } from '../runtime/clock.ts';

const COUNTER_AT = ID_RANDOM_BYTES - 4;

/** A source of request ids (`req_…`) for one server: a random part of its own, and a count. */
export function newRequestIds(clock: Pick<Clock, 'nowMs'>): () => string {
  const bytes = randomBytes(ID_RANDOM_BYTES);
  let count = bytes.readUInt32BE(COUNTER_AT);
  return () => {
    count = (count + 1) >>> 0;
    bytes.writeUInt32BE(count, COUNTER_AT);
    return newId('req', clock.nowMs(), bytes);
  };
}
