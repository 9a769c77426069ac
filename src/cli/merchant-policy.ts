/** `tieout merchants policy`: what is done with money that arrives for a closed payment. 迟到款策略。 */
import { isId } from '../core/id.ts';
import type { LatePaymentPolicy } from '../core/payment.ts';
import { LATE_PAYMENT_POLICIES } from '../core/payment.ts';
import { findMerchantById, setLatePayment } from '../store/postgres/merchants.ts';
import { recordAct } from '../store/postgres/operator-acts.ts';
import type { Pool } from '../store/postgres/pool.ts';
import type { ExitCode, Flag, Invocation } from './command.ts';
import { UsageError, neededFlag } from './command.ts';
import { pairs, print } from './terminal.ts';

export const POLICY_FLAGS: Readonly<Record<'late-payment' | 'by' | 'reason', Flag>> = {
  'late-payment': {
    type: 'string',
    value: 'POLICY',
    help: {
      en: `policy: ${LATE_PAYMENT_POLICIES.join(', ')}; only shown when absent`,
      zh: `policy：${LATE_PAYMENT_POLICIES.join('、')}；不给出则只显示`,
    },
  },
  by: {
    type: 'string',
    value: 'NAME',
    help: { en: 'policy: who changes it', zh: 'policy：由谁更改' },
  },
  reason: {
    type: 'string',
    value: 'WORDS',
    help: { en: 'policy: why', zh: 'policy：原因' },
  },
};

const WORDS = {
  en: {
    merchant: 'merchant',
    policy: 'late payment',
    note: 'Payments made from now on follow it; those that exist keep theirs.',
    refund: 'returned to the payer',
    accept_if_paid_before_expiry: 'accepted when the payer paid in time, else returned',
    accept: 'accepted while nothing else paid the order',
  },
  zh: {
    merchant: '商户',
    policy: '迟到款',
    note: '自此新建的支付按此处理；已有的支付保持原策略。',
    refund: '退回付款人',
    accept_if_paid_before_expiry: '付款人在有效期内支付则接受，否则退回',
    accept: '没有其他有效支付时接受',
  },
} as const;

/** Shows a merchant's policy, or changes it; everything is checked before any database is opened. */
export function policyWork(
  invocation: Invocation,
  id: string | undefined,
): (pool: Pool) => Promise<ExitCode> {
  if (id === undefined || id === '') {
    throw new UsageError({
      en: 'Name the merchant: tieout merchants policy mch_….',
      zh: '请指明商户：tieout merchants policy mch_…。',
    });
  }
  const wanted = policyOf(invocation);
  if (wanted === null) return async (pool) => await show(pool, id, invocation, false);
  const by = neededFlag(invocation, 'by', 'NAME');
  const reason = neededFlag(invocation, 'reason', 'WORDS');
  return async (pool) => {
    const isChanged = isId('mch', id) && (await setLatePayment(pool, id, wanted));
    if (isChanged) {
      const act = `merchant.late_payment=${wanted}`;
      await recordAct(pool, { atMs: Date.now(), by, act, subject: id, reason });
    }
    return await show(pool, id, invocation, isChanged);
  };
}

function policyOf({ flags }: Invocation): LatePaymentPolicy | null {
  const given = flags['late-payment'];
  if (given === undefined) return null;
  const policy = LATE_PAYMENT_POLICIES.find((one) => one === given);
  if (policy !== undefined) return policy;
  const known = LATE_PAYMENT_POLICIES.join(', ');
  throw new UsageError({
    en: `--late-payment must be one of ${known}, not ${JSON.stringify(given)}.`,
    zh: `--late-payment 只能是 ${known}，不能是 ${JSON.stringify(given)}。`,
  });
}

async function show(
  pool: Pool,
  id: string,
  { json, lang }: Invocation,
  isChanged: boolean,
): Promise<ExitCode> {
  const merchant = await findMerchantById(pool, id);
  if (!merchant) {
    throw new UsageError(
      {
        en: `There is no merchant ${id}: tieout merchants list shows all.`,
        zh: `没有商户 ${id}：tieout merchants list 可列出全部。`,
      },
      3,
    );
  }
  const { latePayment } = merchant;
  if (json) {
    print(JSON.stringify({ merchant: id, late_payment: latePayment }));
    return 0;
  }
  const words = WORDS[lang];
  print(
    pairs([
      [words.merchant, `${id}  ${merchant.name}`],
      [words.policy, `${latePayment}: ${words[latePayment]}`],
    ]),
  );
  if (isChanged) print(words.note);
  return 0;
}
