/** `POST /v1/exceptions/{id}/actions`: a named person decides, or first looks at what a decision would change. */
import { Type } from 'typebox';
import { OPERATOR_ACTIONS } from '../core/input.ts';
import { exceptionDetail } from '../runtime/exception-detail.ts';
import { paymentObject } from '../runtime/payment-object.ts';
import { ApiProblem } from './api-problem.ts';
import { operatorOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { caseOf } from './exceptions.ts';
import { reasonField } from './reason-field.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams } from './route-documentation.ts';

const actionBody = Type.Object(
  {
    action: Type.Enum([...OPERATOR_ACTIONS], {
      description: 'One of the actions[] of the exception.',
      examples: ['retry_refund'],
    }),
    reason: reasonField,
    dry_run: Type.Optional(
      Type.Boolean({ description: 'true: nothing is changed, and changes[] says what would.' }),
    ),
  },
  { additionalProperties: false },
);

/** Deciding an open exception. */
export function exceptionActionRoutes(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/exceptions/:id/actions',
    {
      schema: {
        operationId: 'decideException',
        summary: 'Decide about an exception, or see what a decision would change',
        description:
          'Who decided (the owner of the key) and why stay in the history of the payment. actions[] of the exception says what is possible now.',
        tags: ['Operators'],
        params: idParams('exc'),
        body: actionBody,
        response: { 200: answer('The decision, and what it changed.', 'ExceptionAction') },
      },
      config: { problems: ['not_found', 'case_resolved', 'action_not_possible'] },
    },
    async (request) => {
      const { action, reason, dry_run: dryRun = false } = request.body;
      const by = operatorOf(request);
      const { id: caseId } = request.params;
      const { key } = await caseOf(deps, caseId, null);
      const input = { type: 'operator_decision', caseId, action, by, reason } as const;
      const decided = await deps.desk.cases.decide(key, input, dryRun);
      if (decided.type === 'refused') {
        const { code, detail } = decided.refusal;
        throw new ApiProblem(code, detail, { payment: key.paymentId });
      }
      const { aggregate, changes } = decided;
      const found = aggregate.cases.find((one) => one.id === caseId);
      if (!found) throw new Error(`case ${caseId} was decided and is not there`);
      return {
        object: 'exception_action' as const,
        action,
        dry_run: dryRun,
        by,
        reason,
        changes,
        exception: exceptionDetail(aggregate, found),
        payment: paymentObject(aggregate, deps.linkOf),
      };
    },
  );
}
