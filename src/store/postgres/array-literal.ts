/** Rows to PostgreSQL arrays, one per column, in the text form that its parser reads fastest. */

export type Value = string | number | boolean | null | undefined | object;
export type Row = Readonly<Record<string, Value>>;

/** One array literal per column, in the order of the columns. Objects travel as JSON. */
export function columnArrays(
  columns: Readonly<Record<string, string>>,
  rows: readonly Row[],
): string[] {
  return Object.keys(columns).map((name) => {
    let literal = '{';
    for (const [at, row] of rows.entries()) {
      if (at > 0) literal += ',';
      literal += element(row[name]);
    }
    return `${literal}}`;
  });
}

const PLAIN = /^[0-9A-Za-z_:./-]+$/;
const SPECIAL = /["\\]/g;

function element(value: Value): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 't' : 'f';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // The bare word NULL would be read as no value at all.
  if (PLAIN.test(text) && text.toUpperCase() !== 'NULL') return text;
  return `"${text.replace(SPECIAL, '\\$&')}"`;
}
