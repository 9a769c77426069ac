import { expect, test } from 'vitest';
import { gb18030 } from '../../../test/support/gb18030.ts';
import { verdictOn } from '../../../test/support/statement-verdict.ts';

const OLD_COLUMNS =
  '账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注';
const ROWS = [
  'M1,T1,O1,咖啡,2026-11-18 09:00:20,a@b.c,100.00,0.00,100.00,支付宝,在线支付,',
  'M2,T1,O1,咖啡,2026-11-18 09:00:21,a@b.c,,-0.60,99.40,支付宝,收费,服务费',
  'M3,T1,O1,咖啡,2026-11-18 15:00:00,a@b.c,0,30.00,69.40,支付宝,交易退款,',
  'M4,,,提现,2026-11-18 20:00:00,,0.00,-50.00,19.40,支付宝,提现,',
];

const file = (
  columns: string,
  rows: readonly string[],
  foot = '支出合计：3笔，共-80.60元',
): Buffer =>
  gb18030(
    [
      '#支付宝账务明细查询',
      '#账号：[19000000010156]',
      '#起始日期：[2026年11月18日 00:00:00]   终止日期：[2026年11月19日 00:00:00]',
      '#-------账务明细列表-------',
      columns,
      ...rows,
      '#-------账务明细列表结束-------',
      `#${foot}`,
      '#收入合计：1笔，共100.00元',
      '#导出时间：[2026年11月19日 05:46:49]',
      '',
    ].join('\r\n'),
  );

test('a fund statement has fees and withdrawals beside payments and refunds', async () => {
  const verdict = await verdictOn(file(OLD_COLUMNS, ROWS));
  if (!verdict.accepted) throw verdict.error;
  expect(verdict.read.format.code).toBe('alipay_fund');
  expect(
    verdict.lines.map(({ kind, amountMinor, netMinor, movementNo, orderNo }) => [
      kind,
      amountMinor,
      netMinor,
      movementNo,
      orderNo,
    ]),
  ).toEqual([
    ['payment', 10_000, 10_000, 'M1', 'O1'],
    ['fee', -60, -60, 'M2', 'O1'],
    ['refund', 3_000, -3_000, 'M3', 'O1'],
    ['payout', -5_000, -5_000, 'M4', null],
  ]);
});

test('its newer columns, in another order and with ASCII brackets, are found by name', async () => {
  const columns =
    '发生时间,业务类型,收入（+元）,支出（-元）,账务流水号,业务流水号,商户订单号,业务描述,业务基础订单号';
  const rows = ROWS.map((row) => {
    const [movement, trade, order, , at, , income, expense, , , kind] = row.split(',');
    return [at, kind, income, expense, movement, trade, order, '', ''].join(',');
  });
  for (const names of [columns, columns.replaceAll('（', '(').replaceAll('）', ')')]) {
    const verdict = await verdictOn(file(names, rows));
    expect(verdict).toMatchObject({ accepted: true, read: { statementLineCount: 4 } });
  }
});

test.each([
  ['its expense counted otherwise', file(OLD_COLUMNS, ROWS, '支出合计：2笔，共-80.60元')],
  ['another sum of expense', file(OLD_COLUMNS, ROWS, '支出合计：3笔，共80.61元')],
  [
    'income and expense in one row',
    file(OLD_COLUMNS, [...ROWS, ROWS[0]?.replace('0.00,1', '1.00,1') ?? '']),
  ],
])('with %s it is refused', async (_what, bytes) => {
  expect((await verdictOn(bytes)).accepted).toBe(false);
});
