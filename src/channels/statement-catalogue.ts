/** Every statement format that is known, in the order in which a file is tried. */
import type { StatementFormat } from '../statements/statement-format.ts';
import { alipayFund } from './alipay/statement-fund.ts';
import { alipayTrade } from './alipay/statement-trade.ts';
import { sandboxStatement } from './sandbox/statement.ts';
import { stripeBalance } from './stripe/statement-balance.ts';
import { unionpayZm } from './unionpay/statement-zm.ts';
import { wechatFund } from './wechatpay/statement-fund.ts';
import { wechatTrade } from './wechatpay/statement-trade.ts';

export const STATEMENT_FORMATS: readonly StatementFormat[] = [
  alipayTrade,
  alipayFund,
  wechatTrade,
  wechatFund,
  unionpayZm,
  stripeBalance,
  sandboxStatement,
];

/** The formats of one channel's files; every format for a channel that is not named. */
export function statementFormatsOf(channel: string | null): readonly StatementFormat[] {
  return STATEMENT_FORMATS.filter((format) => channel === null || format.channel === channel);
}
