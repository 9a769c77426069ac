/** Pages by key: ids are time-ordered, so a page starts beside the last id that the caller saw. */

export type Page = {
  readonly limit: number;
  /** The id after which (older) the page starts; null for the newest. */
  readonly startingAfter: string | null;
};

export type Paged<T> = { readonly items: T[]; readonly hasMore: boolean };

/** Cuts the one row too many that was asked for to learn whether there is more. */
export function takePage<T>(rows: readonly T[], limit: number): Paged<T> {
  return { items: rows.slice(0, limit), hasMore: rows.length > limit };
}

/** The smallest UUIDv7 of a millisecond: where, among ids, that time begins. */
export function firstUuidAt(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/**
 * How far the time inside an id may lie from the time of its row: the id is made in the same
 * decision, and its process may be paused, or its clock be set, in between.
 */
export const ID_SLACK_MS = 60_000;
/** Above every id that there can be. */
export const UUID_MAX = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
