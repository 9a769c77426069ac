/**
 * Columns are found by their name, never by their place: channels reorder them and add new ones.
 * Names are compared without marks, blanks, TABs, backticks, case and the width of their brackets.
 */
import { shownText } from './money-text.ts';
import { StatementError } from './statement-format.ts';
import type { StatementColumn } from './statement-format.ts';

const MEND =
  'Ask the channel for the file in its standard layout, and do not edit it; if the channel has renamed the column, the format has to learn the new name.';

/** A column that a format reads. Several names: the first that the file has, in this order of preference. */
export type ColumnWish = {
  readonly field: string;
  readonly names: readonly string[];
  readonly isNeeded: boolean;
};

/** Where the wishes were found: positions ascending, as pickFields takes them, and where among them each field stands. */
export type ColumnBinding = {
  /** How many fields every line must have. */
  readonly count: number;
  readonly wanted: readonly number[];
  /** The index into the picked fields, by field; -1 where the file has no such column. */
  readonly at: (field: string) => number;
  /** Its position in the whole line; -1 where the file has no such column. */
  readonly positionOf: (field: string) => number;
  /** The column's name as the file writes it, for messages. */
  readonly nameOf: (field: string) => string;
  readonly columns: readonly StatementColumn[];
};

/** A column name in the form in which names are compared. */
export function normalisedName(name: string): string {
  return name
    .normalize('NFKC')
    .replaceAll(/[\s`\uFEFF'"]/gu, '')
    .toLowerCase();
}

/** Finds the wished columns in a header. Throws StatementError naming the column that is missing or stands twice. */
export function bindColumns(
  header: readonly string[],
  wishes: readonly ColumnWish[],
  lineNo: number,
): ColumnBinding {
  const names = header.map(normalisedName);
  const found: { field: string; position: number }[] = [];
  for (const { field, names: wished, isNeeded } of wishes) {
    const position = positionOf(names, wished, lineNo);
    if (position !== -1) found.push({ field, position });
    else if (isNeeded) {
      throw new StatementError(`the column ${wished.join(' or ')} is missing`, lineNo, MEND);
    }
  }
  const wanted = [...new Set(found.map(({ position }) => position))].toSorted((a, b) => a - b);
  const positions = new Map(found.map(({ field, position }) => [field, position]));
  const nameOf = (field: string): string => {
    const position = positions.get(field);
    return position === undefined ? field : cellText(header[position] ?? '');
  };
  return {
    count: header.length,
    wanted,
    at: (field) => {
      const position = positions.get(field);
      return position === undefined ? -1 : wanted.indexOf(position);
    },
    positionOf: (field) => positions.get(field) ?? -1,
    nameOf,
    columns: found.map(({ field }) => ({ field, column: nameOf(field) })),
  };
}

/** How many of the names a header holds: whether a line is a header of that kind at all. */
export function knownNames(header: readonly string[], names: readonly string[]): number {
  const present = new Set(header.map(normalisedName));
  return names.filter((name) => present.has(normalisedName(name))).length;
}

/** A cell without the TAB, backtick and blanks that channels put around it against spreadsheets. */
export function cellText(cell: string): string {
  const text = cell.trim();
  return text.charCodeAt(0) === 96 ? text.slice(1).trim() : text;
}

/** A cell that is not what its column should hold. */
export function wrongCell(column: string, fault: string, lineNo: number): StatementError {
  return new StatementError(
    `the column ${column} ${fault}`,
    lineNo,
    'Fetch the file again from the channel, and do not save it with a spreadsheet program first.',
  );
}

/** A word that the format does not know, where guessing would change what the line means. */
export function unknownWord(column: string, word: string, lineNo: number): StatementError {
  return wrongCell(column, `is ${shownText(word)}, a word that this format does not know`, lineNo);
}

function positionOf(names: readonly string[], wished: readonly string[], lineNo: number): number {
  for (const wish of wished) {
    const name = normalisedName(wish);
    const position = names.indexOf(name);
    if (position === -1) continue;
    if (names.includes(name, position + 1))
      throw new StatementError(`the column ${wish} stands twice in the header`, lineNo, MEND);
    return position;
  }
  return -1;
}
