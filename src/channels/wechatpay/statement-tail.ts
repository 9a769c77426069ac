/**
 * What all WeChat Pay bills share: a header without marks, rows whose every cell begins with a backtick,
 * and a tail of two lines, names and sums. Free text has its commas and line feeds replaced, so that
 * a comma before a backtick always separates cells; quotes mean nothing.
 */
import { bindColumns, normalisedName } from '../../statements/column-binding.ts';
import type { ColumnBinding, ColumnWish } from '../../statements/column-binding.ts';
import { wrongCount } from '../../statements/delimited-fields.ts';
import { unitsCell } from '../../statements/line-cells.ts';
import { StatementError } from '../../statements/statement-format.ts';
import { cutOff } from '../../statements/statement-totals.ts';

const MEND = 'Fetch the file again from WeChat Pay, and import it as it came.';
/** Fees have parts of a fen. */
export const FEE_DECIMALS = 5;

/** A record of a bill, by the place it has in it. */
export type BillRecord =
  | { readonly part: 'head' | 'blank' }
  | { readonly part: 'row'; readonly cells: readonly string[] };

export type BillFrame = {
  readonly binding: ColumnBinding | null;
  take(text: string, lineNo: number): BillRecord;
  /** Throws StatementError where the file was cut off. */
  end(lineNo: number, isLastLineEnded: boolean): void;
  /** A sum of the tail, null where the bill has no such column. */
  sum(field: string, decimals: number): number | null;
  /** The line of the tail's sums. */
  readonly tailLineNo: number | null;
};

/** A frame for a bill with the columns that its header calls for, whose tail begins with `tailName`. */
export function newBillFrame(
  wishesOf: (header: readonly string[]) => readonly ColumnWish[],
  tailName: string,
  tailWishes: readonly ColumnWish[],
): BillFrame {
  let binding: ColumnBinding | null = null;
  let tail: ColumnBinding | null = null;
  let sums: readonly string[] | null = null;
  let tailLineNo: number | null = null;
  const takeMarked = (text: string, lineNo: number): BillRecord => {
    if (binding === null) throw cutOff('its column names', lineNo);
    if (sums !== null) throw behindEnd(lineNo);
    const cells = text.slice(1).split(',`');
    const needed = (tail ?? binding).count;
    if (cells.length !== needed) throw wrongCount(cells.length, needed, lineNo);
    if (tail === null) return { part: 'row', cells };
    sums = cells;
    tailLineNo = lineNo;
    return { part: 'head' };
  };
  return {
    get binding() {
      return binding;
    },
    get tailLineNo() {
      return tailLineNo;
    },
    take: (text, lineNo) => {
      if (text.charCodeAt(0) === 96) return takeMarked(text, lineNo);
      if (text.trim() === '') return { part: 'blank' };
      if (binding === null)
        binding = bindColumns(text.split(','), wishesOf(text.split(',')), lineNo);
      else if (tail === null && normalisedName(text.split(',')[0] ?? '') === tailName)
        tail = bindColumns(text.split(','), tailWishes, lineNo);
      else if (sums !== null) throw behindEnd(lineNo);
      else {
        throw new StatementError(
          'the line begins with no backtick, as every row of WeChat Pay does',
          lineNo,
          MEND,
        );
      }
      return { part: 'head' };
    },
    end: (lineNo, isLastLineEnded) => {
      if (binding === null) throw cutOff('its column names', lineNo);
      if (sums === null) throw cutOff(`the sums of ${tailName}`, lineNo);
      // The last sum may lack its last digits and still be a number.
      const decimals = lastName(tail).includes('手续费') ? FEE_DECIMALS : 2;
      if (!isLastLineEnded && sums.at(-1)?.split('.')[1]?.length !== decimals)
        throw cutOff('the end of its last line', lineNo);
    },
    sum: (field, decimals) => {
      const at = tail?.at(field) ?? -1;
      if (tail === null || at === -1) return null;
      const cell = sums?.[tail.wanted[at] ?? -1] ?? '';
      return unitsCell(cell, decimals, tail.nameOf(field), tailLineNo ?? 0);
    },
  };
}

function lastName(tail: ColumnBinding | null): string {
  const { column = '' } =
    tail?.columns.find(({ field }) => tail.positionOf(field) === tail.count - 1) ?? {};
  return column;
}

function behindEnd(lineNo: number): StatementError {
  return new StatementError('a line stands behind the sums', lineNo, MEND);
}
