/** Sandbox mode: the clock of the whole installation. */
import { Type } from 'typebox';
import { timeText } from '../runtime/payment-object.ts';
import type { TestClock } from '../runtime/test-clock.ts';
import type { CodedFieldError } from './api-problem.ts';
import { durationMs } from './iso-duration.ts';
import type { Api } from './request-decorations.ts';
import { answer } from './route-documentation.ts';
import { validatorCompiler } from './validator.ts';

/** Farther than any scenario needs; a longer way means a mistake in the unit. */
const ADVANCE_MS_MAX = 400 * 24 * 3_600_000;

const advanceBody = Type.Object(
  {
    by: Type.String({
      maxLength: 32,
      description:
        'An ISO 8601 duration of weeks, days, hours, minutes and seconds, up to 400 days.',
      examples: ['PT20S'],
    }),
  },
  { additionalProperties: false },
);

/** Reading and advancing the test clock. */
export function testClockRoutes(app: Api, testClock: TestClock): void {
  app.get(
    '/v1/test/clock',
    {
      schema: {
        operationId: 'readTestClock',
        summary: 'Read the test clock',
        tags: ['Sandbox'],
        response: { 200: answer('The clock.', 'TestClock') },
      },
    },
    () => {
      const { nowMs, offsetMs } = testClock.now();
      return { now: timeText(nowMs), offset_ms: offsetMs };
    },
  );
  app.post(
    '/v1/test/clock/advance',
    {
      schema: {
        operationId: 'advanceTestClock',
        summary: 'Advance the test clock and run what falls due, in the order of time',
        tags: ['Sandbox'],
        body: advanceBody,
        response: { 200: answer('The clock after it.', 'TestClockAdvance') },
      },
      validatorCompiler: validatorCompiler(checkDuration),
    },
    async (request) => {
      const { nowMs, dueJobsRun } = await testClock.advance(durationMs(request.body.by) ?? 0);
      return { now: timeText(nowMs), due_jobs_run: dueJobsRun };
    },
  );
}

function checkDuration({ by }: Readonly<Record<string, unknown>>): CodedFieldError[] {
  if (typeof by !== 'string') return [];
  const byMs = durationMs(by);
  if (byMs !== null && byMs <= ADVANCE_MS_MAX) return [];
  const detail =
    byMs === null
      ? 'It must be an ISO 8601 duration above zero, such as PT20S, PT1H or P1D.'
      : 'It must be at most 400 days (P400D).';
  return [{ pointer: '/by', code: 'field_invalid', detail }];
}
