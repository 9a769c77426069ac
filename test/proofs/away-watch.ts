/** Asks the API while a database is away: each answer is a state that is true, or 503 with a problem. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Load } from './kill-load.ts';
import { callOnce, notePayment, noteRefund, noteUnavailable } from './kill-load.ts';
import type { KillWorld } from './kill-world.ts';

const ASK_EVERY_MS = 200;

/**
 * Reads payments and refunds of which the merchant has an answer, for so long; what is said of them is kept,
 * so that the end of the world shows whether it was true. Readiness must say that the platform is not ready.
 * Answers how many states were told.
 */
export async function watchAway(world: KillWorld, load: Load, awayMs: number): Promise<number> {
  let states = 0;
  const untilMs = performance.now() + awayMs;
  for (let round = 0; performance.now() < untilMs; round += 1) {
    const asked = questions(load, round).map(async ({ path, note }) => {
      const answer = await callOnce(world, load, 'GET', path);
      if (answer === null) load.findings.push(`${path} was not answered while a database was away`);
      else if (answer.status === 503) noteUnavailable(path, answer, load);
      else {
        note(answer);
        states += 1;
      }
    });
    await Promise.all(asked);
    await sleep(ASK_EVERY_MS);
  }
  return states;
}

type Question = { readonly path: string; readonly note: (answer: Answer) => void };

/** One of each kind, about another payment and another refund each time. */
function questions(load: Load, round: number): Question[] {
  const { acknowledged, refunds } = load;
  const payment = [...acknowledged.values()][round % Math.max(1, acknowledged.size)];
  const refund = [...refunds.values()][round % Math.max(1, refunds.size)];
  const asked: Question[] = [
    {
      path: '/readyz',
      note: ({ status }) => load.findings.push(`/readyz said ${status} while a database was away`),
    },
    {
      path: '/v1/payments?limit=5',
      note: ({ status }) => {
        if (status !== 200) load.findings.push(`the list of payments was answered ${status}`);
      },
    },
  ];
  if (payment) {
    const note = (answer: Answer): void => notePayment(payment, answer, load);
    const number = encodeURIComponent(payment.merchantOrderNo);
    asked.push({ path: `/v1/payments/${payment.id}`, note });
    asked.push({ path: `/v1/merchant_orders/${number}`, note });
  }
  if (refund) {
    const note = (answer: Answer): void => noteRefund(refund, answer, load);
    asked.push({ path: `/v1/refunds/${refund.id}`, note });
  }
  return asked;
}
