/** Chinese for what is told of refunds, reversals and decisions. Its states are not those of payments. */
export type RefundRule = readonly [pattern: RegExp, chinese: string];

/** States and reasons of refunds, where they differ from those of payments. */
export const REFUND_NAMES: Readonly<Record<string, string>> = {
  owed: '待发送',
  held_back: '暂停发送',
  sending: '发送中',
  pending: '退款处理中',
  unknown: '结果未知',
  succeeded: '退款成功',
  failed: '退款失败',
  requires_action: '需人工处理',
  refused_for_now: '渠道暂不受理',
  not_found: '渠道无此退款',
  requested: '商户申请',
  duplicate: '重复支付',
  late: '订单失效后支付',
  mismatch: '金额不符',
};

/** Lines of a history; the names inside of them are those above. */
export const REFUND_HISTORY: readonly RefundRule[] = [
  [/^notification adopted$/, '认领无主通知'],
  [/^request refund$/, '商户申请退款'],
  [/^refund sending$/, '退款请求即将发出'],
  [/^refund held back$/, '自动退款被暂停'],
  [/^refund released$/, '自动退款被放行'],
  [/^refund made at the channel$/, '渠道侧退款'],
  [/^operator decision: (\S+)$/, '人工处理：$1'],
  [/^notification of a refund: (\S+)$/, '退款通知：$1'],
  [/^answer to refund: (\S+)$/, '退款应答：$1'],
  [/^answer to refund query: (\S+)$/, '退款查询应答：$1'],
  [/^refund (.+) of (\S+ [A-Z]{3}) owed \((\S+)\)$/, '应退：$1，$2（$3）'],
  [/^channel refund (\S+) of (\S+ [A-Z]{3}) planned$/, '计划渠道退款 $1，$2'],
  [/^channel refund (\S+): (\S+) → (\S+)$/, '渠道退款 $1：$2 → $3'],
  [/^refund of charge (\S+): (\S+) → (\S+)$/, '扣款 $1 的退回：$2 → $3'],
  [/^refund (\S+): (\S+) → (\S+)$/, '退款 $1：$2 → $3'],
  [/^of charge (\S+)$/, '扣款 $1 的退回'],
  [/^(\S+ [A-Z]{3}) returned by others \((.+)\)$/, '渠道侧已退 $1（$2）'],
  [/^held charge (\S+) is returned by a person$/, '挂账扣款 $1 由人工决定退回'],
  [/^charge (\S+) was reversed by the channel$/, '扣款 $1 被渠道冲正'],
  [/^payment reversed: its channel took the money back$/, '支付被冲正：渠道已收回款项'],
  [/^notification: unmatched → dismissed$/, '无主通知：已搁置'],
  [/^The refund is (\S+)\.$/, '退款结果：$1。'],
  [/^The channel returned the money \((\S+)\)\.$/, '渠道已退款（$1）。'],
  [/^(.+) gave the return up\.$/, '$1 放弃了退款。'],
  [/^(.+) released it\.$/, '$1 已放行。'],
  [
    /^The channel does not return it \((.+)\): clear it up with the channel, then retry or give up\.$/,
    '渠道无法退款（$1）：请与渠道核实，然后重试或放弃。',
  ],
  [
    /^Held back by the brake on money out \((.+)\): release it with "(.+)"\.$/,
    '自动退款闸门已拦下（$1）：请用 "$2" 放行。',
  ],
  [
    /^The channel proved a charge and now answers "(.+)": clear it up with the channel\.$/,
    '渠道曾确认扣款，现在回答“$1”：请与渠道核实。',
  ],
];

/** Whole sentences. */
export const REFUND_SENTENCES: Readonly<Record<string, string>> = {
  'The platform returns the money to its payer at the channel.': '平台正在渠道侧把款项退回付款人。',
  'The channel returned the money in full.': '渠道已全额退款。',
  'The channel took the money back without us.': '渠道已自行收回款项。',
  'The channel took the money back.': '渠道已收回款项。',
  'The platform asks the channel again, less and less often, without an end.':
    '平台继续向渠道查询，间隔逐次拉长，直到有结果。',
  'The channel account lacks funds: top it up. The same refund is sent again by itself.':
    '渠道账户余额不足：请充值；同一退款会自动重发。',
  'The channel accepted the refund.': '渠道已受理退款。',
  'The channel refused the refund for good.': '渠道最终拒绝了退款。',
  'A person had another number tried.': '人工决定换新退款单号重试。',
  'A person had it sent again.': '人工决定重发。',
  'It is not owed any more.': '不再应退。',
  'More was returned than was charged: claim the difference, then resolve the case.':
    '退款多于扣款：请追回差额，然后平账。',
  'Find out who refunded it at the channel, then resolve the case.':
    '请查明是谁在渠道侧退款，然后平账。',
  'Refunds of this payment exist as well: check that the payer is not paid back twice.':
    '该支付另有退款：请确认没有重复退给付款人。',
  'Settle with the merchant what was delivered, then resolve the case.':
    '请与商户商定已交付部分的处理，然后平账。',
  'Asked, the channel confirmed the charge.': '经查询，渠道确认了扣款。',
  'the switch is on': '已暂停',
  "this hour's limit is reached": '本小时额度已用完',
  'The order number is none of ours.': '订单号不属于本平台。',
  'The message says nothing about a refund of ours.': '通知内容与本平台的退款无关。',
  'This channel account has no such order.': '该渠道账户没有此订单。',
  'There is no such payment.': '没有此支付订单。',
};
