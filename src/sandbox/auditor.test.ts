import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { charge, payment, tiedOutWorld, told } from './audited-world.ts';
import { audit, type AuditReport, type Expectation } from './auditor.ts';

const SECRET_KEY = 'sk_test_auditor';

let server: Server;
let world: ReturnType<typeof tiedOutWorld>;
beforeEach(async () => {
  world = tiedOutWorld();
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const isAllowed = request.headers.authorization === `Bearer ${SECRET_KEY}`;
    if (url.pathname === '/books') response.end(JSON.stringify(world.books));
    else if (url.pathname !== '/v1/payments' || !isAllowed) response.writeHead(401).end();
    else response.end(JSON.stringify(pageOf(url.searchParams)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function pageOf(query: URLSearchParams) {
  const limit = Number(query.get('limit'));
  const after = query.get('starting_after');
  const from = after === null ? 0 : world.payments.findIndex(({ id }) => id === after) + 1;
  const data = world.payments.slice(from, from + limit);
  return { data, has_more: from + limit < world.payments.length };
}

/** The channel gives back that much of a charge. */
function giveBack(number: number, amount: number, transactionNo = `T${number}`) {
  const order = { channel_order_no: `C${number}`, channel_transaction_no: transactionNo };
  world.books.refunds.push({ ...order, amount });
}

/** A second charge under the order of the first payment, as both sides see it, and what was returned of it. */
function payTwice(returnedMinor: number) {
  const { payment: paid, order } = first();
  order.charges.push({ channel_transaction_no: 'T1b', amount: 1001, winner: false });
  world.books.charges.push({ ...charge(1), channel_transaction_no: 'T1b' });
  paid.surplus = { received: 1001, returned: returnedMinor, held: 0 };
}

/** The channel takes back the first charge, and the platform knows it or not. */
function takeBack(reversedAt: string | null) {
  first().bookCharge.reversed_at = '2026-11-24T05:00:00Z';
  first().payment.reversed_at = reversedAt;
}

async function run(expectations?: ReadonlyMap<string, Expectation>): Promise<AuditReport> {
  const { port } = server.address() as AddressInfo;
  const apiUrl = `http://127.0.0.1:${port}`;
  return await audit({
    booksUrl: `${apiUrl}/books`,
    apiUrl,
    secretKey: SECRET_KEY,
    ...(expectations !== undefined && { expectations }),
  });
}

/** The codes found, and about which order. */
function codes(report: AuditReport): string[] {
  return report.findings.map(({ code, merchantOrderNo }) => `${code} ${merchantOrderNo ?? '-'}`);
}

function first(index = 0) {
  const found = world.payments[index];
  const order = found?.channel_orders[0];
  const bookCharge = world.books.charges[index];
  if (found === undefined || order === undefined || bookCharge === undefined) {
    throw new Error('the world is too small');
  }
  return { payment: found, order, bookCharge };
}

describe('a world that ties out', () => {
  test('is found to do so, over all pages, with charges = delivered + returned + held', async () => {
    const report = await run();
    const minor = world.books.charges.reduce((sum, { amount }) => sum + amount, 0);
    expect(report.findings).toEqual([]);
    expect(report.verdict).toBe('tied_out');
    expect(report.totals).toEqual({
      payments: 250,
      succeeded: 200,
      closed: 50,
      charges: { count: 200, minor },
      delivered: { count: 200, minor },
      returned: { count: 0, minor: 0 },
      held: { count: 0, minor: 0 },
      exceptions: {},
      unresolved: 0,
    });
  });

  test('may have healed its exceptions, which are counted', async () => {
    first().payment.exceptions.push({ id: 'x1', kind: 'external_drop', status: 'resolved' });
    first(1).payment.exceptions.push({ id: 'x2', kind: 'external_drop', status: 'resolved' });
    const report = await run();
    expect(report.totals.exceptions).toEqual({ external_drop: 2 });
    expect(report.verdict).toBe('tied_out');
  });

  test('may have returned a charge in full or in part', async () => {
    first(0).payment.amount_refunded = 1001;
    first(1).payment.amount_refunded = 2;
    world.books.refunds.push(
      { channel_order_no: 'C1', channel_transaction_no: 'T1', amount: 1000 },
      { channel_order_no: 'C1', channel_transaction_no: 'T1', amount: 1 },
      { channel_order_no: 'C2', channel_transaction_no: 'T2', amount: 2 },
    );
    const { totals, verdict } = await run();
    expect(totals.returned).toEqual({ count: 1, minor: 1003 });
    expect(totals.delivered.minor).toBe(totals.charges.minor - 1003);
    expect(totals.delivered.count).toBe(199);
    expect(verdict).toBe('tied_out');
  });

  test('has returned the second charge of an order that was paid twice', async () => {
    payTwice(1001);
    giveBack(1, 1001, 'T1b');
    const { findings, totals, verdict } = await run(new Map([['SO-1', 'succeeded']]));
    expect({ findings, verdict }).toEqual({ findings: [], verdict: 'tied_out' });
    expect(totals.returned).toEqual({ count: 1, minor: 1001 });
    expect(totals.delivered.count).toBe(200);
  });

  test('counts a charge that was taken back as returned', async () => {
    takeBack('2026-11-24T05:00:00Z');
    first().payment.exceptions.push({ id: 'x1', kind: 'reversed_payment', status: 'open' });
    const report = await run(new Map([['SO-1', 'reversed']]));
    expect(report).toMatchObject({ findings: [], verdict: 'tied_out', unresolvedAskedFor: 1 });
    expect(report.totals).toMatchObject({ returned: { count: 1, minor: 1001 }, unresolved: 0 });
    expect((await run()).totals.unresolved).toBe(1);
  });

  test('may know a refund of the console as a case instead of a refund of the merchant', async () => {
    giveBack(1, 1001);
    expect(codes(await run())).toEqual(['refund_unknown SO-1']);
    first().payment.exceptions.push({ id: 'x1', kind: 'excess_refund', status: 'open' });
    const report = await run(new Map([['SO-1', 'refunded']]));
    expect(report).toMatchObject({ findings: [], verdict: 'tied_out', unresolvedAskedFor: 1 });
  });

  test('may hold money where a scenario asks for it, with a name on it', async () => {
    const held = payment(900, { status: 'processing', orderStatus: 'held', charged: true });
    held.exceptions.push({ id: 'x1', kind: 'amount_mismatch', status: 'open' });
    world.payments.push(held);
    world.books.charges.push(charge(900, 1899));
    const claim = held.channel_orders[0]?.charges[0];
    if (claim !== undefined) claim.amount = 1899;
    const asked = await run(new Map([['SO-900', 'held']]));
    expect(asked).toMatchObject({ findings: [], verdict: 'tied_out', unresolvedAskedFor: 3 });
    expect(asked.totals).toMatchObject({ held: { count: 1, minor: 1899 }, unresolved: 0 });
    const unasked = await run();
    expect(codes(unasked)).toContain('held_unasked SO-900');
    expect(unasked).toMatchObject({ verdict: 'not_tied_out', totals: { unresolved: 3 } });
  });
});

describe('a lie is found:', () => {
  test('a charge that the platform does not know', async () => {
    world.books.charges.push(charge(999));
    expect(codes(await run())).toEqual(['charge_unknown -']);
  });

  test('a charge of a payment that says it was never paid', async () => {
    world.books.charges.push(charge(5));
    expect(codes(await run())).toEqual(['charge_unaccounted SO-5']);
  });

  test('a charge that is waved away by a resolved exception, or by one about another order', async () => {
    world.books.charges.push(charge(5), charge(10));
    const about = { kind: 'expired_payment', channel_order: 'cho_11' };
    first(4).payment.exceptions.push({ id: 'x1', ...about, status: 'open' });
    first(9).payment.exceptions.push({ id: 'x2', kind: 'expired_payment', status: 'resolved' });
    expect(codes(await run())).toEqual(
      expect.arrayContaining(['charge_unaccounted SO-5', 'charge_unaccounted SO-10']),
    );
  });

  test('a payment that the books lack', async () => {
    world.books.charges.shift();
    expect(codes(await run())).toEqual(['paid_not_in_books SO-1']);
  });

  test('a success without any charge', async () => {
    first().order.charges.pop();
    expect(codes(await run())).toEqual([
      'charge_unaccounted SO-1',
      'succeeded_without_charge SO-1',
    ]);
  });

  test('a winner of a payment that did not succeed', async () => {
    first().payment.status = 'closed';
    first().payment.amount_received = 0;
    world.books.told.shift();
    expect(codes(await run())).toEqual(['charge_unaccounted SO-1']);
  });

  test('a success under another transaction number', async () => {
    first().bookCharge.channel_transaction_no = 'T1-other';
    expect(codes(await run())).toEqual(['charge_unaccounted SO-1', 'paid_not_in_books SO-1']);
  });

  test('a cent that the platform does not see', async () => {
    first().bookCharge.amount -= 1;
    expect(codes(await run())).toEqual(['amount_differs SO-1', 'charge_unaccounted SO-1']);
  });

  test('a cent less than was asked for, delivered as if it were all', async () => {
    const { bookCharge, order } = first();
    bookCharge.amount -= 1;
    for (const claim of order.charges) claim.amount -= 1;
    expect(codes(await run())).toEqual(['charge_unaccounted SO-1', 'amount_differs SO-1']);
  });

  test('a cent more counted as received', async () => {
    first().payment.amount_received += 1;
    expect(codes(await run())).toEqual(['amount_differs SO-1']);
  });

  test('another currency', async () => {
    first().bookCharge.currency = 'USD';
    expect(codes(await run())).toEqual(['currency_differs SO-1', 'charge_unaccounted SO-1']);
  });

  test('two winners', async () => {
    first().order.charges.push({ channel_transaction_no: 'T1b', amount: 1001, winner: true });
    world.books.charges.push({ ...charge(1), channel_transaction_no: 'T1b' });
    expect(codes(await run())).toContain('two_winners SO-1');
  });

  test('a refund that no channel made, and one larger than its charge', async () => {
    first().payment.amount_refunded = 1;
    world.books.refunds.push({
      channel_order_no: 'C2',
      channel_transaction_no: 'T2',
      amount: 1003,
    });
    expect(codes(await run())).toEqual([
      'refund_exceeds_charge SO-2',
      'refund_not_in_books SO-1',
      'refund_unknown SO-2',
    ]);
  });

  test('a second charge that was returned in part, twice, or only in words', async () => {
    payTwice(1000);
    giveBack(1, 1000, 'T1b');
    expect(codes(await run())).toEqual(['charge_unaccounted SO-1']);
    giveBack(1, 1001, 'T1b');
    expect(codes(await run())).toEqual(['refund_exceeds_charge SO-1', 'surplus_differs SO-1']);
    world.books.refunds.length = 0;
    expect(codes(await run())).toEqual(['charge_unaccounted SO-1', 'surplus_differs SO-1']);
  });

  test('a surplus that is not what was charged beside the winner', async () => {
    first().payment.surplus.received = 1;
    expect(codes(await run())).toEqual(['surplus_differs SO-1']);
  });

  test('a reversal that only one side knows, and a reversed charge that was refunded too', async () => {
    takeBack(null);
    expect(codes(await run())).toEqual(['reversal_unknown SO-1']);
    takeBack('2026-11-24T05:00:00Z');
    giveBack(1, 1);
    first().payment.amount_refunded = 1;
    expect(codes(await run())).toEqual(['refund_exceeds_charge SO-1']);
    world.books.refunds.length = 0;
    first().payment.amount_refunded = 0;
    first().bookCharge.reversed_at = null;
    expect(codes(await run())).toEqual(['reversal_not_in_books SO-1']);
  });

  test('an end without the return, the reversal or the stuck refund that it should have', async () => {
    const expectations = new Map<string, Expectation>([
      ['SO-1', 'returned'],
      ['SO-2', 'refunded'],
      ['SO-3', 'refund_stuck'],
      ['SO-4', 'reversed'],
      ['SO-5', 'returned'],
    ]);
    const wrong = [...expectations.keys()].map((number) => `unexpected_end ${number}`);
    expect(codes(await run(expectations))).toEqual(wrong);
  });

  test('a merchant told twice, not at all, wrongly, of another amount, or of nothing we know', async () => {
    world.books.told.shift();
    world.books.told.push(told(2), told(5), told(999));
    const third = world.books.told.find(({ merchant_order_no: no }) => no === 'SO-3');
    if (third !== undefined) third.amount = 1002;
    const report = await run();
    expect(codes(report)).toEqual([
      'told_missing SO-1',
      'told_twice SO-2',
      'told_other_amount SO-3',
      'told_wrongly SO-5',
      'told_wrongly SO-999',
    ]);
    expect(report.totals.unresolved).toBe(1);
  });

  test('an end that the scenario rules out, or a payment that is not there', async () => {
    const expectations = new Map<string, Expectation>([
      ['SO-1', 'closed'],
      ['SO-2', 'succeeded'],
      ['SO-3', 'either'],
      ['SO-4', 'held'],
      ['SO-5', 'either'],
      ['SO-777', 'succeeded'],
    ]);
    expect(codes(await run(expectations))).toEqual([
      'unexpected_end SO-1',
      'unexpected_end SO-4',
      'unexpected_end SO-777',
    ]);
  });
});

describe('what is left open', () => {
  test('keeps the world from tying out: payments, channel orders and cases', async () => {
    const open = payment(900, { status: 'processing', orderStatus: 'unknown' });
    open.exceptions.push({ id: 'x1', kind: 'external_drop', status: 'open' });
    world.payments.push(open);
    const report = await run();
    expect(report.totals.unresolved).toBe(3);
    expect(codes(report)).toEqual(['unexpected_end SO-900']);
    expect(report.verdict).toBe('not_tied_out');
  });

  test('an open case alone is enough', async () => {
    first().payment.exceptions.push({ id: 'x1', kind: 'unknown_refund', status: 'open' });
    expect(await run()).toMatchObject({ findings: [], verdict: 'not_tied_out' });
  });
});

test('an audit that cannot read one side says so and gives no verdict', async () => {
  const { port } = server.address() as AddressInfo;
  const apiUrl = `http://127.0.0.1:${port}`;
  const wrongKey = audit({ booksUrl: `${apiUrl}/books`, apiUrl, secretKey: 'wrong' });
  await expect(wrongKey).rejects.toThrow('401');
});
