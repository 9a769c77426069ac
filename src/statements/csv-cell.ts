/** Cells of CSV files that people open in a spreadsheet. */

const FORMULA = /^[=+\-@\t\r]/;
const LONG_NUMBER = /^\d{12,}$/;

/**
 * A number or name as text for a spreadsheet: never a formula, and no digit lost. Long digits alone would
 * become a float, so a TAB stands before them, as in banks' own files.
 */
export function csvName(text: string | null): string {
  if (text === null || text === '') return '';
  const safe = FORMULA.test(text) ? `'${text}` : text;
  const kept = LONG_NUMBER.test(safe) ? `\t${safe}` : safe;
  return /[",\r\n\t]/.test(kept) ? `"${kept.replaceAll('"', '""')}"` : kept;
}
