import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestRig } from './test-rig.ts';

let rig: TestRig;
beforeEach(async () => {
  rig = await TestRig.start();
});
afterEach(async () => {
  await rig.stop();
});

const OUT_NO = 'PAGE00000001';

async function open(url: string) {
  const response = await fetch(url);
  return { status: response.status, html: await response.text(), url: response.url };
}

async function stateOf(outNo = OUT_NO): Promise<unknown> {
  return (await rig.call('query', { out_no: outNo })).words['state'];
}

describe('a link to the payment page', () => {
  test('makes the order when it is first opened, and shows the payer’s page each time', async () => {
    const link = rig.pageLink({ out_no: OUT_NO, subject: "100% 'new' *shoes* (红) + lace & more" });
    expect(await stateOf()).toBe('NOT_EXIST');
    const first = await open(link);
    expect(first.status).toBe(200);
    expect(first.url).toContain(`/pay/sandbox/${OUT_NO}`);
    expect(first.html).toContain('(红) + lace &#38; more');
    expect(await stateOf()).toBe('WAITING');
    expect((await open(link)).html).toBe(first.html);
    await rig.control('POST', '/control/pay', { out_no: OUT_NO });
    expect(await stateOf()).toBe('PAID');
    expect((await open(link)).html).toContain('支付成功');
    const [notification] = await rig.receive(1);
    expect(notification).toMatchObject({ isAuthentic: true, words: { out_no: OUT_NO } });
    expect((await rig.control('GET', '/books')).words['charges']).toHaveLength(1);
  });

  test('is good for its order alone: the same number with other content is refused', async () => {
    await open(rig.pageLink({ out_no: OUT_NO }));
    expect((await open(rig.pageLink({ out_no: OUT_NO, amount: '1' }))).status).toBe(409);
    expect((await open(rig.pageLink({ out_no: OUT_NO, currency: 'USD' }))).status).toBe(409);
    const order = rig.order();
    await rig.call('pay', order);
    expect((await open(rig.pageLink({ out_no: String(order['out_no']) }))).status).toBe(409);
  });

  test('opened after its expiry makes no order', async () => {
    const link = rig.pageLink({ out_no: OUT_NO });
    await rig.control('POST', '/control/clock', { offset_ms: 1_800_001 });
    expect((await open(link)).html).toContain('订单已过期');
    await rig.control('POST', '/control/clock', { offset_ms: 0 });
    expect(await stateOf()).toBe('NOT_EXIST');
  });

  test('of a number that was closed first makes no order', async () => {
    expect((await rig.call('close', { out_no: OUT_NO })).words['result']).toBe('CLOSED');
    expect((await open(rig.pageLink({ out_no: OUT_NO }))).html).toContain('订单已关闭');
    expect(await stateOf()).toBe('CLOSED');
    const paid = await rig.control('POST', '/control/pay', { out_no: OUT_NO });
    expect(paid).toMatchObject({ status: 409, words: { code: 'NOT_EXIST' } });
  });

  test.each<[string, (link: string) => string]>([
    ['another amount', (link) => link.replace('amount=1999', 'amount=1')],
    ['a parameter more', (link) => `${link}&lang=en`],
    ['a parameter less', (link) => link.replace(/&subject=[^&]*/, '')],
    ['another time', (link) => link.replace(/timestamp=\d/, 'timestamp=9')],
    ['another nonce', (link) => link.replace('nonce=P', 'nonce=Q')],
    ['no signature', (link) => link.replace(/&signature=.*/, '')],
    ['an unknown account', (link) => link.replace('account=shop', 'account=chop')],
    [
      'an account named like a built-in',
      (link) => link.replace(/account=[^&]*/, 'account=toString'),
    ],
  ])('with %s is refused and makes no order', async (_, forge) => {
    const link = rig.pageLink({ out_no: OUT_NO });
    const forged = forge(link);
    expect(forged).not.toBe(link);
    expect((await open(forged)).status).toBe(403);
    expect(await stateOf()).toBe('NOT_EXIST');
  });

  test('that names a parameter twice, or is no query string, is malformed', async () => {
    const link = rig.pageLink({ out_no: OUT_NO });
    for (const broken of [
      `${link}&amount=1999`,
      `${link}&x=%E4%`,
      `${link}&`,
      link.split('?')[0],
    ]) {
      expect((await open(String(broken))).status).toBe(400);
    }
    expect(await stateOf()).toBe('NOT_EXIST');
  });

  test.each([
    ['no subject', { subject: undefined }],
    ['an amount with a fraction', { amount: '19.99' }],
    ['an amount with a leading zero', { amount: '01999' }],
    ['an amount beyond counting', { amount: '9007199254740993' }],
    ['an unknown scenario', { scenario: 'no_such_scenario' }],
  ])('signed with %s is malformed all the same', async (_, changes) => {
    expect((await open(rig.pageLink({ out_no: OUT_NO, ...changes }))).status).toBe(400);
    expect(await stateOf()).toBe('NOT_EXIST');
  });

  test('does not exist at the channel that only answers queries', async () => {
    const link = rig.pageLink().replace('/page/sandbox', '/page/query_only');
    expect((await open(link)).status).toBe(404);
  });

  test('takes no order call in its place', async () => {
    const { status, words } = await rig.call('pay', rig.order({ product: 'page' }));
    expect([status, words['code']]).toEqual([400, 'PARAM_ERROR']);
  });
});

describe('a scenario of a page order', () => {
  test('begins with the opening: the payer pays at once and no word of it comes', async () => {
    await open(rig.pageLink({ out_no: OUT_NO, scenario: 'lost_notification' }));
    await rig.control('POST', '/control/clock', { offset_ms: 1_000 });
    await rig.control('POST', '/control/run_due', {});
    expect(await stateOf()).toBe('PAID');
    expect(rig.received).toEqual([]);
  });

  test('in which the channel never has the order leaves it without one', async () => {
    const { status, html } = await open(rig.pageLink({ out_no: OUT_NO, amount: '8800010' }));
    expect(status).toBe(503);
    expect(html).toContain('没有产生订单');
    expect(await stateOf()).toBe('NOT_EXIST');
  });
});
