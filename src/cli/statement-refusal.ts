/** Why a file is refused, in one sentence with the file, the entry, the line, the reason, and what to do. */
import type { StatementError } from '../statements/statement-format.ts';
import { statementInChinese } from './chinese-statements.ts';
import { UsageError } from './command.ts';
import type { Words } from './words.ts';

/** The refusal as a command ends with it: exit code 2. */
export function statementRefusal(path: string, error: StatementError): UsageError {
  const isInside = error.entry !== null && error.entry !== path;
  const place = isInside ? `${path} › ${error.entry}` : path;
  const { lineNo, reason, mend } = error;
  const words: Words = {
    en: `${plain(place)} is refused${lineNo === null ? '' : ` at line ${lineNo}`}: ${reason}. ${mend}`,
    zh: `已拒绝 ${plain(place)}${lineNo === null ? '' : ` 第 ${lineNo} 行`}：${statementInChinese(reason)}。${statementInChinese(mend)}`,
  };
  return new UsageError(words, 2);
}

/** Text of a file on a terminal: nothing in it may move the cursor. */
function plain(text: string): string {
  return text.replaceAll(/\p{C}/gu, '�');
}
