/** What the payer does, if anybody lets them. */
export type PayerConduct =
  | { readonly act: 'pays' | 'declines'; readonly when: 'at_once' | 'slow' | 'after_forgery' }
  | { readonly act: 'pays_on_close' }
  | { readonly act: 'pays_after_close' };

/** What becomes of the word that the channel sends about the result. */
export type NotificationConduct =
  | 'sent'
  | 'never_sent'
  | 'sent_late'
  | 'sent_five_times'
  | 'followed_by_older'
  | 'followed_by_denial'
  | 'other_amount'
  | 'beside_anothers'
  | 'sent_after_outage';

/** What becomes of our calls about the order. */
export type CallConduct = 'answered' | 'pay_done_unanswered' | 'pay_lost' | 'query_down' | 'outage';

/** What befalls an order once it is paid; only where the channel can tell the platform of it. */
export type Aftermath = 'none' | 'paid_again' | 'refunded_at_console' | 'reversed';

/** What becomes of a refund that the platform asks for. */
export type RefundConduct =
  | 'done'
  | 'done_unanswered'
  | 'slow'
  | 'no_funds_at_first'
  | 'abnormal'
  | 'first_number_dies';

/**
 * The only right end at the platform; `either` when the fault decides. `returned`: never succeeded,
 * and whatever was charged went back. `refunded`: succeeded, and the whole winning charge went back
 * later. `refund_stuck`: succeeded, and a refund waits for a person. `reversed`: succeeded, and the
 * channel revoked it.
 */
export type ExpectedEnd =
  | 'succeeded'
  | 'closed'
  | 'held'
  | 'either'
  | 'returned'
  | 'refunded'
  | 'refund_stuck'
  | 'reversed';

export type Scenario = {
  /** The reserved amount in minor units that asks for it; null when only the name does. */
  readonly amountMinor: number | null;
  readonly expected: ExpectedEnd;
  readonly payer: PayerConduct;
  readonly notification: NotificationConduct;
  readonly calls: CallConduct;
  /** A stranger sends word of a payment before there is one. */
  readonly forged: boolean;
  /** The channel takes another amount than it was asked for. */
  readonly takesOtherAmount: boolean;
  readonly aftermath: Aftermath;
  readonly refund: RefundConduct;
  /** It shows only when the merchant then asks for the whole amount back; `expected` is after that. */
  readonly merchantRefunds: boolean;
  /** It shows only when the payment's `notice_url` is the sample merchant's former address, `/merchant/moved`. */
  readonly merchantMoved: boolean;
  readonly zh: string;
  readonly en: string;
};

export type ScenarioName =
  | 'success'
  | 'slow_payer'
  | 'lost_notification'
  | 'late_notification'
  | 'duplicate_notification'
  | 'reordered_notification'
  | 'contradicting_notification'
  | 'forged_notification'
  | 'tampered_amount'
  | 'tampered_notification'
  | 'unmatched_notification'
  | 'timeout_accepted'
  | 'timeout_rejected'
  | 'query_down'
  | 'declined'
  | 'close_race'
  | 'pay_twice'
  | 'paid_after_close'
  | 'refund_slow'
  | 'refund_no_funds'
  | 'refund_abnormal'
  | 'refund_timeout_accepted'
  | 'refund_closed'
  | 'console_refund'
  | 'reversed'
  | 'merchant_moved'
  | 'internal_drop'
  | 'channel_outage';

const PLAIN = {
  expected: 'succeeded',
  payer: { act: 'pays', when: 'at_once' },
  notification: 'sent',
  calls: 'answered',
  forged: false,
  takesOtherAmount: false,
  aftermath: 'none',
  refund: 'done',
  merchantRefunds: false,
  merchantMoved: false,
} as const;

/** A scenario of a refund: the payment itself is plain, and the merchant wants the money back. */
const REFUND = { ...PLAIN, expected: 'refunded', merchantRefunds: true } as const;

/** Every scenario of the pretend world; a name or a reserved amount chooses one. */
export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  success: {
    ...PLAIN,
    amountMinor: 8_800_001,
    zh: '付款人立即支付，渠道发送通知',
    en: 'The payer pays at once and the channel notifies',
  },
  slow_payer: {
    ...PLAIN,
    amountMinor: 8_800_002,
    payer: { act: 'pays', when: 'slow' },
    zh: '付款人 8 秒后才支付',
    en: 'The payer pays after 8 seconds',
  },
  lost_notification: {
    ...PLAIN,
    amountMinor: 8_800_003,
    notification: 'never_sent',
    zh: '已支付，通知永远不来',
    en: 'Paid, and the notification never comes',
  },
  late_notification: {
    ...PLAIN,
    amountMinor: 8_800_004,
    notification: 'sent_late',
    zh: '已支付，通知迟到 60 秒',
    en: 'Paid, and the notification comes 60 seconds late',
  },
  duplicate_notification: {
    ...PLAIN,
    amountMinor: 8_800_005,
    notification: 'sent_five_times',
    zh: '同一通知来 5 次，其中 2 次在同一毫秒',
    en: 'The notification comes five times, twice in the same millisecond',
  },
  reordered_notification: {
    ...PLAIN,
    amountMinor: 8_800_006,
    notification: 'followed_by_older',
    zh: '先到“已支付”，后到更早的“待支付”',
    en: 'PAID arrives first, an older WAITING after it',
  },
  contradicting_notification: {
    ...PLAIN,
    amountMinor: null,
    notification: 'followed_by_denial',
    zh: '先到“已支付”，随后渠道误发真实的“支付失败”；查询时渠道确认已支付',
    en: 'PAID arrives first, and then the channel denies it by mistake, authentically; asked, it stands by the payment',
  },
  forged_notification: {
    ...PLAIN,
    amountMinor: 8_800_007,
    payer: { act: 'pays', when: 'after_forgery' },
    forged: true,
    zh: '未支付时先来伪造通知和验签探测，随后真的支付',
    en: 'A forged notification and a signature probe come first, then the real payment',
  },
  tampered_amount: {
    ...PLAIN,
    amountMinor: 8_800_008,
    expected: 'held',
    takesOtherAmount: true,
    zh: '渠道实收金额少 1 分，通知和查询都这样说',
    en: 'The channel took one fen less, and both notification and query say so',
  },
  tampered_notification: {
    ...PLAIN,
    amountMinor: null,
    notification: 'other_amount',
    zh: '通知验签正确但金额不符，查询金额正确',
    en: 'An authentic notification with another amount, while the query has the right one',
  },
  unmatched_notification: {
    ...PLAIN,
    amountMinor: null,
    notification: 'beside_anothers',
    zh: '已支付；渠道另发一条真实通知，说的是我们没有的订单',
    en: 'Paid, and a genuine notification about an order that we do not have comes beside the true one',
  },
  timeout_accepted: {
    ...PLAIN,
    amountMinor: 8_800_009,
    notification: 'never_sent',
    calls: 'pay_done_unanswered',
    zh: '下单超时但渠道已受理，付款人已支付，通知丢失',
    en: 'The order call is never answered but was accepted and paid; the notification is lost too',
  },
  timeout_rejected: {
    ...PLAIN,
    amountMinor: 8_800_010,
    expected: 'closed',
    calls: 'pay_lost',
    zh: '下单超时，渠道没有这笔订单',
    en: 'The order call is never answered and the channel never had the order',
  },
  query_down: {
    ...PLAIN,
    amountMinor: 8_800_011,
    notification: 'never_sent',
    calls: 'query_down',
    zh: '已支付，通知丢失，查询 2 分钟内返回 500/429',
    en: 'Paid, notification lost, and queries answer 500 or 429 for two minutes',
  },
  declined: {
    ...PLAIN,
    amountMinor: 8_800_012,
    expected: 'closed',
    payer: { act: 'declines', when: 'at_once' },
    zh: '余额不足，渠道拒绝',
    en: 'Insufficient balance: the channel declines',
  },
  close_race: {
    ...PLAIN,
    amountMinor: 8_800_013,
    expected: 'either',
    payer: { act: 'pays_on_close' },
    zh: '付款人在关单的同一刻支付',
    en: 'The payer pays in the instant in which the order is closed',
  },
  pay_twice: {
    ...PLAIN,
    amountMinor: 8_800_014,
    aftermath: 'paid_again',
    zh: '两个人先后扫同一个码支付，一个订单两笔扣款',
    en: 'Two people pay the same code: one order, two charges',
  },
  paid_after_close: {
    ...PLAIN,
    amountMinor: null,
    expected: 'returned',
    payer: { act: 'pays_after_close' },
    zh: '关单成功或订单过期 3 秒后，渠道仍然扣款',
    en: 'Three seconds after an acknowledged close or the end of the validity the channel takes the money',
  },
  refund_slow: {
    ...REFUND,
    amountMinor: 8_800_020,
    refund: 'slow',
    zh: '退款已受理，10 分钟后才到账',
    en: 'The refund is accepted and done only after ten minutes',
  },
  refund_no_funds: {
    ...REFUND,
    amountMinor: 8_800_021,
    refund: 'no_funds_at_first',
    zh: '退款时余额不足，1 分钟后同一退款单号成功',
    en: 'No funds for the refund during one minute; then it succeeds under the same number',
  },
  refund_abnormal: {
    ...REFUND,
    amountMinor: 8_800_022,
    expected: 'refund_stuck',
    refund: 'abnormal',
    zh: '退款已受理，随后异常，需要人工处理',
    en: 'The refund is accepted and later ABNORMAL: a person must act',
  },
  refund_timeout_accepted: {
    ...REFUND,
    amountMinor: 8_800_023,
    refund: 'done_unanswered',
    zh: '退款请求超时但渠道已受理，通知丢失，只退一次',
    en: 'The refund call is never answered but was accepted; the notification is lost too; one refund',
  },
  refund_closed: {
    ...REFUND,
    amountMinor: null,
    refund: 'first_number_dies',
    zh: '退款已受理，随后关闭；换新退款单号后成功',
    en: 'The refund is accepted and later CLOSED; a new number succeeds',
  },
  console_refund: {
    ...PLAIN,
    amountMinor: 8_800_024,
    expected: 'refunded',
    aftermath: 'refunded_at_console',
    zh: '支付 15 秒后，有人在渠道后台全额退款',
    en: "Fifteen seconds after the payment somebody refunds it whole at the channel's own console",
  },
  reversed: {
    ...PLAIN,
    amountMinor: null,
    expected: 'reversed',
    aftermath: 'reversed',
    zh: '支付成功 15 秒后被渠道冲正',
    en: 'Fifteen seconds after the success the channel revokes it',
  },
  merchant_moved: {
    ...PLAIN,
    amountMinor: null,
    merchantMoved: true,
    zh: '商户的通知地址已搬走（410），差错单提示后由商户重发',
    en: "The merchant's notice address answers 410 Gone; the case says so, and the merchant has it sent again",
  },
  internal_drop: {
    ...PLAIN,
    amountMinor: null,
    zh: '渠道一切正常；在 relay 耦合下，两账本之间的消息连同发件箱记录一起丢失',
    en: 'The channel does all right; under the coupling relay the message between the two books is lost, its outbox row with it',
  },
  channel_outage: {
    ...PLAIN,
    amountMinor: 8_800_029,
    expected: 'either',
    notification: 'sent_after_outage',
    calls: 'outage',
    zh: '10 分钟内 30% 的调用超时、20% 被重置',
    en: 'For ten minutes 30 % of the calls time out and 20 % are reset',
  },
};

const BY_AMOUNT = new Map<number, ScenarioName>();
for (const name of scenarioNames()) {
  const { amountMinor } = SCENARIOS[name];
  if (amountMinor !== null) BY_AMOUNT.set(amountMinor, name);
}

/** The names of all scenarios. */
export function scenarioNames(): ScenarioName[] {
  return Object.keys(SCENARIOS).filter(isScenarioName);
}

/** Whether a text is the name of a scenario. */
export function isScenarioName(text: string): text is ScenarioName {
  return Object.hasOwn(SCENARIOS, text);
}

/** The scenario an order asks for: by its name, else by its amount in minor units; null for none. */
export function chooseScenario(
  name: ScenarioName | null,
  amountMinor: number,
): ScenarioName | null {
  return name ?? BY_AMOUNT.get(amountMinor) ?? null;
}
