/** What must hold for a line of any format before it is passed on: its numbers are numbers and not damage. */
import type { StatementLine } from '../core/reconciliation/statement-line.ts';
import { shownText } from './money-text.ts';
import { StatementError } from './statement-format.ts';

/** The longest number of any channel has 64 characters; a longer one is a shifted column or a lost quote. */
const NUMBER_LENGTH_MAX = 128;

/** Throws StatementError for a number that is too long, holds a quote, or that a spreadsheet has rounded to `4.2E+27`. */
export function expectSoundLine(line: StatementLine): void {
  const { lineNo } = line;
  expectSound(line.word, lineNo);
  if (line.orderNo !== null) expectSound(line.orderNo, lineNo);
  if (line.refundNo !== null) expectSound(line.refundNo, lineNo);
  if (line.transactionNo !== null) expectSound(line.transactionNo, lineNo);
  if (line.movementNo !== null) expectSound(line.movementNo, lineNo);
}

function expectSound(text: string, lineNo: number): void {
  if (text.length > NUMBER_LENGTH_MAX) {
    throw new StatementError(
      `the number ${shownText(text)} is longer than ${NUMBER_LENGTH_MAX} characters`,
      lineNo,
      'Fetch the file again from the channel: a column has slipped, or a quote was lost.',
    );
  }
  if (text.includes('"')) {
    throw new StatementError(
      `the number ${shownText(text)} holds a quote`,
      lineNo,
      'Fetch the file again from the channel: a column has slipped, or a quote was lost.',
    );
  }
  if (text.includes('+') && /^\d(?:\.\d+)?E\+\d+$/i.test(text)) {
    throw new StatementError(
      `the number ${shownText(text)} was rounded by a spreadsheet`,
      lineNo,
      'Fetch the file again from the channel, and do not save it with a spreadsheet program first.',
    );
  }
}
