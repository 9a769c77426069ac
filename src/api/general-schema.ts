/** Problems, merchants and the sandbox's objects as they are answered. */
import { PROBLEM_CODES } from '../core/problem.ts';
import { LATE_PAYMENT_POLICIES } from '../core/payment.ts';
import type { Schema } from './schema-words.ts';
import { count, exactly, flag, kind, listOf, oneOf, orNull, text, time } from './schema-words.ts';
import { CALL_EFFECTS, FAULTY_CALLS, NOTIFICATION_EFFECTS } from './test-faults.ts';
import { STATEMENT_FAULTS } from './test-statements.ts';

const fieldError = exactly({
  pointer: text('RFC 6901 pointer into the body, or /query/… or /headers/….', '/amount'),
  code: text('What is wrong with it.', 'amount_not_integer'),
  detail: text('In words.', 'Looks like major units: send 1999 for 19.99 CNY / 金额单位是分'),
});

const problem: Schema = {
  type: 'object',
  description: 'RFC 9457 problem details. The title is Chinese when Accept-Language prefers it.',
  required: [
    'type',
    'title',
    'status',
    'code',
    'detail',
    'retryable',
    'instance',
    'request_id',
    'errors',
    'next',
  ],
  properties: {
    type: {
      type: 'string',
      format: 'uri-reference',
      description: '/errors/ and the code.',
      examples: ['/errors/field_invalid'],
    },
    title: text('The same for every occurrence of this code.'),
    status: count('The HTTP status.'),
    code: oneOf(PROBLEM_CODES, 'For programs.'),
    detail: text('This occurrence, in words.'),
    retryable: flag('Whether the same request may succeed later without being changed.'),
    instance: text('The path of the request.', '/v1/payments'),
    request_id: text('Leads to this request in our log.', 'req_01m80pjbg0f9xv59tdwh9edd1r'),
    errors: listOf(fieldError, 'Every fault of the request, found at once.'),
    next: text('What to do now.'),
    payment: text('The payment that the refusal is about.', 'pay_01m80pjbg0f9xv59tdwh9edd1r'),
  },
  additionalProperties: false,
};

/** Components of the document, by name. */
export const GENERAL_SCHEMAS: Readonly<Record<string, Schema>> = {
  Problem: problem,
  Merchant: exactly(
    {
      id: text('The id.', 'mch_01m80pjbg0f9xv59tdwh9edd1r'),
      object: kind('merchant'),
      name: text('Its name.', 'Coffee shop'),
      late_payment: oneOf(
        LATE_PAYMENT_POLICIES,
        'What is done with money that arrives for a closed payment. 迟到款处理',
      ),
      created_at: time('When it was made.'),
    },
    { description: 'Who sells. 商户' },
  ),
};

/** Components of the document that exist in sandbox mode only. */
export const SANDBOX_SCHEMAS: Readonly<Record<string, Schema>> = {
  TestClock: exactly({
    now: time('The time of the whole installation.'),
    offset_ms: count('How far that is ahead of the wall clock.'),
  }),
  TestClockAdvance: exactly({
    now: time('The new time.'),
    due_jobs_run: count('Jobs that fell due on the way, and were run.'),
  }),
  Fault: exactly(
    {
      id: text('The id of the rule.', 'fault_1'),
      channel: orNull(text('Null: every channel.', 'sandbox')),
      operation: oneOf([...FAULTY_CALLS, 'notify'], 'Which calls it befalls.'),
      effect: oneOf([...CALL_EFFECTS, ...NOTIFICATION_EFFECTS], 'What happens to them.'),
      probability: { type: 'number', description: 'From 0 to 1.' },
      times: orNull(count('How often at most; null: without end.')),
      seed: count('The same seed draws the same calls.'),
      hits: count('How often it happened.'),
    },
    { description: 'A fault that somebody ordered.' },
  ),
  TestStatement: exactly(
    {
      object: kind('test_statement'),
      channel: text('The channel.', 'sandbox'),
      account: text('The account at the channel.', 'main'),
      date: text('The day of the channel.', '2026-11-18'),
      state: oneOf(['READY', 'NO_TRADES'], 'Without any line there is no file.'),
      lines: count('Lines of the file, as its last one says.'),
      spoilt: {
        type: 'object',
        description: 'How many lines each fault on lines befell: there may be too few payments.',
        properties: Object.fromEntries(STATEMENT_FAULTS.map((name) => [name, count('Lines.')])),
        additionalProperties: false,
      },
      sha256: orNull(text('The digest that the channel will tell; null without a file.')),
      text: orNull(text('The file; null without one, and where it is longer than 256 kB.')),
    },
    { description: 'A statement that somebody had made. 对账文件' },
  ),
};
