/** Which errors of PostgreSQL come from the data of a statement and will come again. */

/** Classes 22 (data exception) and 23 (integrity constraint violation); https://www.postgresql.org/docs/18/errcodes-appendix.html */
export function isDataError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return typeof error.code === 'string' && /^2[23]/.test(error.code);
}
