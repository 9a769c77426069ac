/** Rows to PostgreSQL arrays, one per column, in the text form that its parser reads fastest. */

export type Value = string | number | boolean | null | undefined | object;
export type Row = Readonly<Record<string, Value>>;

/** One array literal per column, in the order of the columns, by their SQL types. Objects travel as JSON. */
export function columnArrays(
  columns: Readonly<Record<string, string>>,
  rows: readonly Row[],
): string[] {
  return Object.entries(columns).map(([name, type]) => {
    const write = PLAIN_TYPES.has(type) ? plain : quoted;
    let literal = '';
    for (const row of rows) literal += `,${write(row[name])}`;
    return `{${literal.slice(1)}}`;
  });
}

/** Types whose text never holds a character that means something in an array. */
const PLAIN_TYPES: ReadonlySet<string> = new Set([
  'integer',
  'bigint',
  'smallint',
  'uuid',
  'boolean',
]);

function plain(value: Value): string {
  return typeof value === 'object' || value === undefined ? quoted(value) : String(value);
}

const SPECIAL = /["\\]/;
const EACH_SPECIAL = /["\\]/g;

function quoted(value: Value): string {
  if (value === null || value === undefined) return 'NULL';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return `"${SPECIAL.test(text) ? text.replace(EACH_SPECIAL, '\\$&') : text}"`;
}
