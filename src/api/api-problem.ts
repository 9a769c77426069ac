/** A refusal or an error on its way to the caller; thrown by routes and hooks, rendered in one place. */
import type { ProblemCode } from '../core/problem.ts';

/** One fault of a request. `pointer` is an RFC 6901 pointer into the body, or `/query/…`, `/headers/…`. */
export type FieldError = {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
};

export type ProblemDetails = {
  readonly errors?: readonly FieldError[];
  /** The id of the payment that the refusal is about. */
  readonly payment?: string;
  /** Further headers of the answer, lower-case. */
  readonly headers?: Readonly<Record<string, string>>;
};

export class ApiProblem extends Error {
  readonly problem: ProblemCode;
  readonly details: ProblemDetails;

  constructor(problem: ProblemCode, detail: string, details: ProblemDetails = {}) {
    super(detail);
    this.problem = problem;
    this.details = details;
  }
}

/** Faults of fields that have codes of their own among the problems. */
type FieldCode =
  | 'field_invalid'
  | 'amount_not_integer'
  | 'currency_unsupported'
  | 'channel_unavailable';

export type CodedFieldError = FieldError & { readonly code: FieldCode };

/** One problem for all faults found in a request; its code is theirs when they agree. */
export function fieldProblem(errors: readonly CodedFieldError[]): ApiProblem {
  const codes = new Set(errors.map((error) => error.code));
  const [first] = codes;
  const code = codes.size === 1 && first !== undefined ? first : 'field_invalid';
  const detail = errors.map((error) => `${error.pointer}: ${error.detail}`).join(' ');
  return new ApiProblem(code, detail, { errors });
}

/** The problem of one field. */
export function oneFieldProblem(pointer: string, code: FieldCode, detail: string): ApiProblem {
  return fieldProblem([{ pointer, code, detail }]);
}

/** There is no such object, or it belongs to somebody else: nobody can tell the two apart. */
export function notFound(what: string): ApiProblem {
  return new ApiProblem('not_found', `There is no such ${what}.`);
}
