/** Sandbox mode: statements to order. They are made, and spoilt, by the sandbox. */
import { Type } from 'typebox';
import type { Connectors } from '../channels/connector.ts';
import { isDay } from '../core/reconciliation/business-day.ts';
import type { CodedFieldError } from './api-problem.ts';
import { ApiProblem, oneFieldProblem } from './api-problem.ts';
import { checkChannel } from './channel-check.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { Api } from './request-decorations.ts';
import { answer } from './route-documentation.ts';
import { callControl } from './sandbox-control-call.ts';
import { timeField } from './time-field.ts';
import { validatorCompiler } from './validator.ts';

/** What can be wrong with a statement; the sandbox says what each does. */
export const STATEMENT_FAULTS = [
  'late',
  'missing_line',
  'extra_line',
  'extra_charge_line',
  'cent_off',
  'fee_off',
  'foreign_refund_line',
  'repeated_line',
  'next_day',
  'rewritten',
  'rewritten_amount',
  'corrupt',
  'corrupt_totals',
];

const generateBody = Type.Object(
  {
    channel: Type.String({
      pattern: '^[0-9a-z_]{1,32}$',
      description: 'the name of a sandbox channel',
      examples: ['sandbox'],
    }),
    date: Type.String({
      pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
      description: 'a day of the channel, from midnight to midnight in Beijing',
      examples: ['2026-11-18'],
    }),
    faults: Type.Optional(
      Type.Array(
        Type.Object(
          {
            fault: Type.Enum(STATEMENT_FAULTS, {
              description: 'What is wrong with it. Each may be named once.',
              examples: ['missing_line'],
            }),
            count: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: 10_000,
                description:
                  'Lines; of late: asks, of corrupt and corrupt_totals: downloads. 1 when absent.',
                examples: [2],
              }),
            ),
            until: Type.Optional(timeField('of late, not ready before it, whatever the count')),
          },
          { additionalProperties: false },
        ),
        { maxItems: 20, description: 'None when absent.' },
      ),
    ),
  },
  { additionalProperties: false },
);

/** Having a statement made. */
export function testStatementRoutes(
  app: Api,
  { connectors }: ApiDependencies,
  sandboxUrl: string,
): void {
  app.post(
    '/v1/test/statements/generate',
    {
      schema: {
        operationId: 'generateStatement',
        summary: 'Have the statement of a day made, now and with the faults that are named',
        description:
          'It is ready at once, also while its day lasts, and replaces the one before it. From the hour at which ' +
          'it would be ready anyway it covers the whole day.',
        tags: ['Sandbox'],
        body: generateBody,
        response: { 200: answer('What the channel will serve next.', 'TestStatement') },
      },
      validatorCompiler: validatorCompiler(newCheck(connectors)),
    },
    async (request) => {
      const { channel } = request.body;
      const account = connectors.forChannel(channel)?.account;
      const asked = { ...request.body, account };
      const { status, body } = await callControl(sandboxUrl, 'POST', 'statements/generate', asked);
      if (status === 200) return { object: 'test_statement', ...body };
      if (status !== 400) throw new ApiProblem('unavailable', 'The sandbox does not answer.');
      const field = typeof body['field'] === 'string' ? body['field'] : '';
      const detail = `The sandbox refused it: ${String(body['message'])}.`;
      throw oneFieldProblem(`/${field}`, 'field_invalid', detail);
    },
  );
}

function newCheck(connectors: Connectors) {
  return (body: Readonly<Record<string, unknown>>): CodedFieldError[] => {
    const { channel, date } = body;
    const faults = checkChannel(connectors, { channel });
    if (typeof date !== 'string' || isDay(date)) return faults;
    const detail = 'It is no day of the calendar.';
    return [...faults, { pointer: '/date', code: 'field_invalid', detail }];
  };
}
