/** A statement that cannot be taken in, as the API says it. */
import type { StatementError } from '../statements/statement-format.ts';
import { ApiProblem } from './api-problem.ts';

/** File, line, reason and mend. */
export function statementProblem(error: StatementError): ApiProblem {
  const place = error.lineNo === null ? '/file' : `/file/${error.lineNo}`;
  const entry = error.entry === null ? '' : `${error.entry}: `;
  const detail = `${entry}${error.reason}. ${error.mend}`;
  return new ApiProblem('statement_refused', detail, {
    errors: [{ pointer: place, code: 'statement_refused', detail }],
  });
}
