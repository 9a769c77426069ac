/** The sandbox's control API, as the platform uses it in sandbox mode: its clock, and what is due there. */
import type { Outside } from './test-clock.ts';

/** The outside world behind this base URL. */
export function sandboxControl(baseUrl: string): Outside {
  const call = async (path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${baseUrl}/control/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(60_000),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`the sandbox answered ${answer.status} to ${path}`);
    const value: unknown = await answer.json();
    return typeof value === 'object' && value !== null ? { ...value } : {};
  };
  return {
    setOffset: async (offsetMs) => {
      await call('clock', { offset_ms: offsetMs });
    },
    nextDueAtMs: async () => {
      const due = (await call('next_due')).next_due_at_ms;
      return typeof due === 'number' ? due : null;
    },
    runDue: async () => Number((await call('run_due', {})).ran ?? 0),
  };
}
