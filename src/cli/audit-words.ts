/** The audit's rules in Chinese, by their English sentence. */
export const AUDIT_WORDS: Readonly<Record<string, string>> = {
  'Each line and each entry of a day stands in one class.':
    '当日每一行、每一笔都恰好归入一个类别。',
  'The classes of a comparison sum to the lines of its statement.':
    '各类别之和等于对账文件的行数。',
  'A statement has the lines with which it was taken in.': '对账文件的行数与导入时一致。',
  'A closed day has every difference settled, or in a case.': '已关账日的每项差异都已处理或立案。',
  'Nothing is carried over more than one day without a case.': '未立案者不得结转超过一日。',
  'Each entry is matched on one business day.': '每笔只在一个账务日勾对相符。',
  'Money beside the winner is returned, on its way back, or an open case.':
    '有效支付以外的款项已退回、正在退回，或有未平差错负责。',
  'Held money has an open case.': '挂起的款项都有未平差错。',
  'A succeeded payment has a winner that its channel charged, of exactly its amount.':
    '支付成功的订单都有渠道实际扣款的有效支付，且金额完全一致。',
  'The winner that was booked is the winner of the payment.':
    '入账的有效支付就是该支付订单的有效支付。',
  'What is set aside is what the refunds sum to, and no more than was charged.':
    '退款占用额等于各退款之和，且不超过实收金额。',
  'A charge beside the winner is owed whole, under its one key.':
    '有效支付以外的每笔扣款都以唯一的键全额待退。',
  'A refund is done exactly when one of its channel refunds is.':
    '退款成功当且仅当其渠道退款单中恰有一笔成功。',
  'At most one number of a refund is alive.': '同一退款至多一个渠道退款单号处于进行中。',
  'Another number is tried only after the former is dead.':
    '前一单号确认失败后才会换新的渠道退款单号。',
  'Nothing is to be sent that nobody owes.': '不再应退的款项不会再发往渠道。',
  'A closed payment has no channel order that may still be paid.':
    '已关闭的支付订单没有仍可付款的渠道订单。',
  'No channel order ends unpaid without evidence.': '没有证据的渠道订单不会以未支付告终。',
  'Versions rise by one: every change is in the history, but for a creation that the first channel order tells.':
    '版本逐一递增：每次变更都在历史中，唯首笔渠道订单已说明的创建除外。',
  'Each entry moves money between two accounts of its own book.':
    '每条分录都在本账本的两个科目之间记账。',
  'The two mirrors between the books cancel out.': '两账往来互相抵销。',
  'Each refund that was set aside, returned or given up is booked once, with its amount.':
    '每笔占用、退回或放弃的退款都恰好入账一次，金额一致。',
  'What the channels returned for us is what the channel book has booked.':
    '渠道代我方退回的金额与渠道账本一致。',
  'Each charge, reversal and return without us is in both books, with the same amount.':
    '每笔扣款、冲正和渠道侧退款都在两个账本中，且金额一致。',
  'The sums of a payment are those of its journal.': '支付订单的汇总金额与其分录一致。',
  "A merchant's order or refund number stands for one thing.":
    '商户订单号和商户退款单号都只对应一笔业务。',
  'A channel order asks for the money of its payment.': '渠道订单的金额与支付订单一致。',
  'A channel refund returns the money of its refund.': '渠道退款单的金额与退款一致。',
  'A transaction of a channel is booked once.': '渠道的每笔交易号只入账一次。',
  'Each end of a payment or refund has its event.': '支付或退款的每个终态都有对应事件。',
  'A success, a reversal and the end of a refund are told once.':
    '成功、冲正和退款终态的事件各至多一次。',
  'What was told as succeeded or returned is so.': '已通知为成功或已退回的，事实如此。',
  'An event was delivered to some endpoint, is on its way, has an open case, or nobody asked for it.':
    '每个事件都已送达、正在发送、有未平差错，或无人订阅。',
  'An open case is listed among the open ones, and nothing else is.':
    '未平差错都列在未平清单中，且清单中没有其他内容。',
  'A case that is over says what proved it.': '已平差错都写明了依据。',
  'An order that is not final has a job or an open case.':
    '未到终态的渠道订单都有待办任务或未平差错。',
  'A payment that is not final has an expiry, an open case or an order being asked about.':
    '未到终态的支付订单都有到期任务、未平差错或正在查单的渠道订单。',
  'A refund that is not final has a number alive, or a person who must act.':
    '未到终态的退款都有进行中的单号，或等待人工处理。',
  'A channel refund that is not final has its job, or a person who must act.':
    '未到终态的渠道退款单都有待办任务，或等待人工处理。',
  'A case about a refund ends with it.': '退款结束时，其差错也随之结束。',
  'A refund job fits to what its channel refund waits for.': '退款任务与渠道退款单的状态相符。',
  'A decision by a person names the person and the reason.': '人工决定都写明了姓名和理由。',
  'What one book has to say to the other was taken in there.':
    '一账本要告知另一账本的消息，对方均已收妥。',
  'No transaction between the databases was left in doubt.': '两库之间没有悬而未决的两阶段事务。',
};
