import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestRig } from './test-rig.ts';

let rig: TestRig;
beforeEach(async () => {
  rig = await TestRig.start();
});
afterEach(async () => {
  await rig.stop();
});

async function orderPage(changes: Record<string, unknown> = {}): Promise<string> {
  const { words } = await rig.call('pay', rig.order({ product: 'redirect', ...changes }));
  return String(words['pay_url']);
}

async function read(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  return { status: response.status, headers: response.headers, html: await response.text() };
}

/** Presses a button of the page as a browser would: the form's own action, then the redirect. */
async function press(url: string, label: string) {
  const { html } = await read(url);
  const form = new RegExp(`<form method="post" action="([^"]+)"><button[^>]*>${label}<`).exec(html);
  if (form?.[1] === undefined) throw new Error(`the page has no button ${label}`);
  const action = new URL(form[1].replaceAll('&#38;', '&'), url);
  const response = await fetch(action, { method: 'POST' });
  return { status: response.status, html: await response.text() };
}

describe('the payer’s page', () => {
  test('shows subject, amount and payee, and pays at the press of the button', async () => {
    const url = await orderPage({ return_url: 'https://shop.example/back?cart=7&out_no=forged' });
    const { html } = await read(url);
    for (const fact of ['A pair of shoes', '¥19.99', 'shop-account']) expect(html).toContain(fact);
    const paid = await press(url, '支付');
    expect(paid.html).toContain('支付成功');
    const { charges } = (await rig.control('GET', '/books')).words;
    expect(charges).toMatchObject([{ amount: 1999 }]);
    const outNo = url.split('/').at(-1);
    const back = /href="(https:[^"]+)"/.exec(paid.html)?.[1]?.replaceAll('&#38;', '&');
    expect(back).toBe(`https://shop.example/back?cart=7&out_no=${outNo}`);
    await rig.receive(1);
  });

  test('pays once, however often the button is pressed', async () => {
    const url = await orderPage();
    for (let times = 0; times < 3; times += 1) await fetch(`${url}/pay`, { method: 'POST' });
    const { charges } = (await rig.control('GET', '/books')).words;
    expect(charges).toHaveLength(1);
  });

  test('lets the payer cancel for good', async () => {
    const url = await orderPage();
    const cancelled = await press(url, '取消');
    expect(cancelled.html).toContain('没有扣款');
    expect(cancelled.html).not.toContain('<form');
    const answer = await rig.call('query', { out_no: url.split('/').at(-1) });
    expect(answer.words['state']).toBe('DECLINED');
  });

  test('of a closed order offers nothing to press', async () => {
    const url = await orderPage();
    await rig.call('close', { out_no: url.split('/').at(-1) });
    const { html } = await read(url);
    expect(html).toContain('订单已关闭');
    expect(html).not.toContain('<form');
  });

  test('of an order that nobody made is not found', async () => {
    const { status, html } = await read(`${rig.sandbox.url}/pay/sandbox/NOSUCHORDER`);
    expect(status).toBe(404);
    expect(html).toContain('没有这笔订单');
  });

  test('a look at the page changes nothing', async () => {
    const url = await orderPage();
    for (const address of [url, `${url}/pay`, `${url}/cancel`]) await read(address);
    const answer = await rig.call('query', { out_no: url.split('/').at(-1) });
    expect(answer.words['state']).toBe('WAITING');
  });

  test('speaks the language of the browser, or the one that was chosen', async () => {
    const url = await orderPage();
    const english = await read(url, { 'accept-language': 'en-GB,en;q=0.9,zh;q=0.5' });
    expect(english.html).toContain('<html lang="en">');
    expect(english.html).toContain('CN¥19.99');
    const chinese = await read(`${url}?lang=zh`, { 'accept-language': 'en' });
    expect(chinese.html).toContain('<html lang="zh-CN">');
    expect((await read(url, { 'accept-language': 'fr' })).html).toContain('支付');
    expect((await press(`${url}?lang=en`, 'Pay')).html).toContain('Payment successful');
  });

  test.each([
    ['JPY', 1999, '1,999'],
    ['USD', 5, '0.05'],
    ['CNY', 9_007_199_254_740_991, '90,071,992,547,409.91'],
  ])('writes %s in its own notation, without rounding', async (currency, amount, text) => {
    const url = await orderPage({ currency, amount });
    expect((await read(`${url}?lang=en`)).html).toContain(text);
  });

  test('believes no text: markup in the subject stays a text', async () => {
    const subject = `<script>alert("1")</script>'&`;
    const { html } = await read(await orderPage({ subject }));
    expect(html).not.toContain('<script');
    expect(html).toContain('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#39;&#38;');
    expect((await read(`${rig.sandbox.url}/pay/sandbox/%22%3E%3Cscript%3E`)).status).toBe(404);
  });

  test('allows its own style and nothing else', async () => {
    const { headers, html } = await read(await orderPage());
    const policy = headers.get('content-security-policy') ?? '';
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src 'sha256-${hash}'`);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(html).not.toMatch(/ style=| on\w+=|<script/);
  });
});

test('the front page lists the scenarios in both languages', async () => {
  const chinese = await read(`${rig.sandbox.url}/`);
  expect(chinese.html).toContain('付款人 8 秒后才支付');
  expect(chinese.html).toContain('8800013');
  const english = await read(`${rig.sandbox.url}/?lang=en`);
  expect(english.html).toContain('The payer pays after 8 seconds');
});
