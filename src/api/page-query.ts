/** Pages of lists: newest first, `starting_after` the last id seen. */
import { Type } from 'typebox';
import { isId } from '../core/id.ts';
import type { Page } from '../store/postgres/keyset.ts';
import { oneFieldProblem } from './api-problem.ts';

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

/** The query fields of every list. */
export const pageFields = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMIT_MAX,
      description: `Objects per page; ${LIMIT_DEFAULT} when absent.`,
      examples: [LIMIT_DEFAULT],
    }),
  ),
  starting_after: Type.Optional(
    Type.String({ maxLength: 64, description: 'The last id of the page before.' }),
  ),
};

/** The page that a query asks for. Throws `field_invalid` when `starting_after` cannot be an id of this list. */
export function pageOf(query: { limit?: number; starting_after?: string }, prefix: string): Page {
  const { limit = LIMIT_DEFAULT, starting_after: startingAfter = null } = query;
  if (startingAfter !== null && !isId(prefix, startingAfter)) {
    throw oneFieldProblem(
      '/query/starting_after',
      'field_invalid',
      `It must be an id that begins with ${prefix}_.`,
    );
  }
  return { limit, startingAfter };
}

/** A page as it is answered. */
export function pageBody<T>(data: readonly T[], hasMore: boolean) {
  return { object: 'list' as const, data, has_more: hasMore };
}
