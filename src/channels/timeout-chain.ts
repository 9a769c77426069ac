/**
 * The chain of timeouts (超时链): channel call < our request < the merchant's wait. A chain that does
 * not nest makes drops by itself, because somebody gives up while the answer is still on its way.
 */
export type TimeoutChain = {
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  /** The longest that any one call to the channel takes. */
  readonly callDeadlineMs: number;
  /** Time for products that are answered only with the final result; 0 where there is none. */
  readonly finalWaitMs: number;
  /** The longest that we work on a merchant's request. */
  readonly requestDeadlineMs: number;
  /** How long merchants are told to wait at the least. */
  readonly merchantWaitMs: number;
};

/** What a request costs us beside the channel: two commits and the answer, with room for a bad moment. */
export const OWN_WORK_MS = 250;

/** Null when the chain nests; else one sentence with the sum that does not fit, and what to change. */
export function checkTimeoutChain(chain: TimeoutChain): string | null {
  const { connectTimeoutMs, readTimeoutMs, callDeadlineMs, finalWaitMs } = chain;
  const { requestDeadlineMs, merchantWaitMs } = chain;
  const callMs = connectTimeoutMs + readTimeoutMs;
  if (!(callMs <= callDeadlineMs)) {
    return (
      `connect ${connectTimeoutMs} ms + read ${readTimeoutMs} ms = ${callMs} ms exceeds the call deadline ` +
      `of ${callDeadlineMs} ms: raise the call deadline, or lower the connect or the read timeout.`
    );
  }
  const workMs = callDeadlineMs + finalWaitMs + OWN_WORK_MS;
  if (!(workMs < requestDeadlineMs)) {
    return (
      `call ${callDeadlineMs} ms + final wait ${finalWaitMs} ms + own work ${OWN_WORK_MS} ms = ${workMs} ms ` +
      `does not fit below the request deadline of ${requestDeadlineMs} ms: lower the call deadline, or raise the request deadline.`
    );
  }
  if (!(requestDeadlineMs < merchantWaitMs)) {
    return (
      `the request deadline of ${requestDeadlineMs} ms is not below the merchant's wait of ${merchantWaitMs} ms: ` +
      'lower the request deadline, or tell merchants to wait longer.'
    );
  }
  return null;
}
