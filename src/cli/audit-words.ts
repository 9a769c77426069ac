/** The audit's rules in Chinese, by their English sentence: two rules may share a number. */
export const AUDIT_WORDS: Readonly<Record<string, string>> = {
  'Money beside the winner is owned by an open case.': '有效支付以外的款项都有未平差错负责。',
  'A succeeded payment has a winner that its channel charged, of exactly its amount.':
    '支付成功的订单都有渠道实际扣款的有效支付，且金额完全一致。',
  'The winner that was booked is the winner of the payment.':
    '入账的有效支付就是该支付订单的有效支付。',
  'A closed payment has no channel order that may still be paid.':
    '已关闭的支付订单没有仍可付款的渠道订单。',
  'Versions rise by one: every change is in the history.': '版本逐一递增：每次变更都在历史中。',
  'Each good charge of the channel book is in the payment book, and the two mirrors cancel out.':
    '渠道账本的每笔有效扣款都在支付账本中，且两账往来互相抵销。',
  'A payment that succeeded or closed has its event.': '成功或关闭的支付订单都有对应事件。',
  'A payment is told as succeeded at most once.': '每笔支付订单的成功事件至多一次。',
  'An open case is listed among the open ones, and nothing else is.':
    '未平差错都列在未平清单中，且清单中没有其他内容。',
  'An order that is not final has a job or an open case.':
    '未到终态的渠道订单都有待办任务或未平差错。',
  'A payment that is not final has an expiry, an open case or an order being asked about.':
    '未到终态的支付订单都有到期任务、未平差错或正在查单的渠道订单。',
  'An event was delivered to some endpoint, is on its way, has an open case, or nobody asked for it.':
    '每个事件都已送达、正在发送、有未平差错，或无人订阅。',
};
