import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { RefundOutcome } from '../core/refund-outcome.ts';
import type { Answer, ApiRig } from './api-rig.ts';
import { inject, openApi } from './api-rig.ts';
import { openPaidShop } from './paid-shop.ts';
import { pointersOf } from './refused-request.ts';
import { paid } from './scripted-channels.ts';

let rig: ApiRig;
beforeAll(async () => {
  rig = await openApi(await freshDatabase());
});
beforeEach(() => {
  rig.script.pay = paid(1999);
  delete rig.script.refund;
});
afterEach(() => expect(rig.undocumented).toEqual([]));
afterAll(async () => await rig.close());

const { paidPayment, refund, read } = openPaidShop(() => rig);

const ABNORMAL: RefundOutcome = {
  type: 'requires_action',
  code: 'payer_account_abnormal',
  message: '付款人账户异常',
  channelCode: 'ABNORMAL',
};

describe('a refund that needs a person', () => {
  const stuck = async (): Promise<{ payment: string; exception: string }> => {
    const payment = await paidPayment();
    rig.script.refund = ABNORMAL;
    expect((await refund(payment, 500)).body).toMatchObject({ status: 'requires_action' });
    const { exceptions } = await read(payment);
    const [one] = exceptions as { id: string }[];
    expect(one).toMatchObject({
      kind: 'failed_refund',
      status: 'open',
    });
    const own = await rig.shop.call('GET', `/v1/exceptions/${one?.id ?? ''}`);
    expect(own.body['actions']).toEqual(['retry_refund', 'give_up_refund']);
    return { payment, exception: String(one?.id) };
  };
  const act = async (exception: string, body: Record<string, unknown>): Promise<Answer> => {
    return await inject(rig.app, {
      method: 'POST',
      url: `/v1/exceptions/${exception}/actions`,
      headers: { authorization: `Bearer ${rig.operatorKey}` },
      payload: { reason: 'The payer wrote to us', ...body },
    });
  };

  test('is looked at first, without a trace', async () => {
    const { payment, exception } = await stuck();
    const before = await read(payment);
    const { status, body } = await act(exception, { action: 'retry_refund', dry_run: true });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      dry_run: true,
      reason: 'The payer wrote to us',
      exception: { status: 'resolved' },
    });
    expect(String(body['changes'])).toContain('requires_action → pending');
    expect(await read(payment)).toEqual(before);
  });

  test('is tried again, and the history says who decided, and why', async () => {
    const { payment, exception } = await stuck();
    const { body } = await act(exception, { action: 'retry_refund' });
    expect(body).toMatchObject({ dry_run: false, exception: { status: 'resolved', actions: [] } });
    const timeline = await rig.shop.call('GET', `/v1/payments/${payment}/timeline`);
    const entries = timeline.body['data'] as { input?: string; evidence?: string; via?: string }[];
    expect(entries.findLast((one) => one.input?.startsWith('operator_decision'))).toMatchObject({
      input: 'operator_decision: retry_refund',
      via: 'operator',
      evidence: `${String(body['by'])}: The payer wrote to us`,
    });
    expect(await act(exception, { action: 'retry_refund' })).toMatchObject({
      status: 409,
      body: { code: 'case_resolved' },
    });
  });

  test('is given up, and what it had set aside can be refunded again', async () => {
    const { payment, exception } = await stuck();
    await act(exception, { action: 'give_up_refund' });
    const { body } = await rig.shop.call('GET', `/v1/refunds?payment=${payment}`);
    expect(body['data']).toMatchObject([{ status: 'failed', failure: { code: 'given_up' } }]);
    delete rig.script.refund;
    expect((await refund(payment, 1999)).status).toBe(201);
  });

  test('is not given up when the channel, asked once more, has paid it meanwhile', async () => {
    const { payment, exception } = await stuck();
    delete rig.script.refund;
    expect(await act(exception, { action: 'give_up_refund' })).toMatchObject({
      status: 409,
      body: { code: 'case_resolved' },
    });
    const { body } = await rig.shop.call('GET', `/v1/refunds?payment=${payment}`);
    expect(body['data']).toMatchObject([{ status: 'succeeded', failure: null }]);
  });

  test('does not take an action of other cases', async () => {
    const { exception } = await stuck();
    expect(await act(exception, { action: 'return_money' })).toMatchObject({
      status: 409,
      body: { code: 'action_not_possible' },
    });
  });

  test.each([
    [{ action: 'explode' }, '/action'],
    [{ action: undefined }, '/action'],
    [{ action: 'resolve', reason: undefined }, '/reason'],
    [{ action: 'resolve', reason: '' }, '/reason'],
    [{ action: 'resolve', reason: '   ' }, '/reason'],
    [{ action: 'resolve', reason: 'a\u0007' }, '/reason'],
    [{ action: 'resolve', dry_run: 'yes' }, '/dry_run'],
    [{ action: 'resolve', by: 'Somebody else' }, '/by'],
  ])('%j is refused at %s', async (body, pointer) => {
    const answer = await act('exc_01m80pjbg0f9xv59tdwh9edd1r', body);
    expect(answer.status).toBe(422);
    expect(pointersOf(answer)).toEqual([pointer]);
  });

  test('is shown to its merchant and to operators by its id, also when it is over', async () => {
    const { exception } = await stuck();
    const own = await rig.shop.call('GET', `/v1/exceptions/${exception}`);
    expect(own).toMatchObject({ status: 200, body: { id: exception, status: 'open' } });
    await act(exception, { action: 'give_up_refund' });
    const after = await rig.shop.call('GET', `/v1/exceptions/${exception}`);
    expect(after.body).toMatchObject({ status: 'resolved' });
    expect((await rig.otherShop.call('GET', `/v1/exceptions/${exception}`)).status).toBe(404);
  });
});
