/**
 * Why a call to a channel has no answer. A connection that never stood means that the request was
 * surely not sent; once it has left, nobody knows what the channel did with it.
 */
export type CallErrorKind =
  | 'connect_refused'
  | 'connect_timeout'
  | 'read_timeout'
  | 'deadline'
  | 'reset'
  | 'too_large'
  | 'aborted';

/** A call without an answer; the message is one plain sentence and names no address and no secret. */
export class CallError extends Error {
  readonly kind: CallErrorKind;
  /** False only when not one byte of the request can have left. */
  readonly wasSent: boolean;

  constructor(kind: CallErrorKind, wasSent: boolean, detail: string) {
    super(`${WORDS[kind]} (${detail}); ${wasSent ? NOBODY_KNOWS : NOT_SENT}.`);
    this.name = 'CallError';
    this.kind = kind;
    this.wasSent = wasSent;
  }
}

const NOT_SENT = 'the request was surely not sent';
const NOBODY_KNOWS = 'the request had left, so nobody knows what the channel did';

const WORDS: Readonly<Record<CallErrorKind, string>> = {
  connect_refused: 'No connection to the channel could be made',
  connect_timeout: 'The channel did not take the connection in time',
  read_timeout: 'The channel stayed silent for too long',
  deadline: 'The deadline of the call has passed',
  reset: 'The connection to the channel broke',
  too_large: "The channel's answer is too large",
  aborted: 'The call was broken off by ourselves',
};

const KIND_BY_CODE: ReadonlyMap<string, CallErrorKind> = new Map([
  ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
  ['ETIMEDOUT', 'connect_timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'read_timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'read_timeout'],
  ['UND_ERR_HEADERS_OVERFLOW', 'too_large'],
  ['UND_ERR_DESTROYED', 'aborted'],
  ['UND_ERR_CLOSED', 'aborted'],
]);

/** The call error for what the HTTP client reports; `wasSent` as observed by the caller. */
export function callErrorOf(error: Error, wasSent: boolean): CallError {
  const code = codeOf(error);
  const listed = KIND_BY_CODE.get(code);
  // A connection that stood and then timed out below HTTP broke; it was not slow to be made.
  const isLate = listed === 'connect_timeout' && wasSent;
  const kind = listed && !isLate ? listed : wasSent ? 'reset' : 'connect_refused';
  return new CallError(kind, wasSent, code);
}

function codeOf(error: Error): string {
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code !== '' ? code : error.name;
}
