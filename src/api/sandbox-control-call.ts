/** Calls from test routes to the sandbox's control API. */
import { ApiProblem } from './api-problem.ts';

/** The sandbox is on this machine and answers from memory. */
const CONTROL_TIMEOUT_MS = 5_000;

export type ControlAnswer = {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
};

/** One call; throws the problem `unavailable` when the sandbox gives no answer that can be read. */
export async function callControl(
  sandboxUrl: string,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<ControlAnswer> {
  try {
    const answer = await fetch(new URL(`/control/${path}`, sandboxUrl), {
      method,
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const value: unknown = await answer.json();
    return {
      status: answer.status,
      body: typeof value === 'object' && value !== null ? { ...value } : {},
    };
  } catch {
    throw new ApiProblem('unavailable', 'The sandbox does not answer.');
  }
}
