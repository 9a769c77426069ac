import type { Language } from './page-frame.ts';

type PayerTexts = {
  readonly payTitle: string;
  readonly payee: string;
  readonly orderNo: string;
  readonly payBefore: string;
  readonly pay: string;
  readonly cancel: string;
  readonly paidTitle: string;
  readonly tradeNo: string;
  readonly paidAt: string;
  readonly declinedTitle: string;
  readonly declinedNote: string;
  readonly closedTitle: string;
  readonly closedNote: string;
  readonly unknownTitle: string;
  readonly unknownNote: string;
  readonly linkTitle: string;
  readonly linkNote: string;
  readonly reusedTitle: string;
  readonly reusedNote: string;
  readonly unavailableTitle: string;
  readonly unavailableNote: string;
  readonly expiredTitle: string;
  readonly expiredNote: string;
  readonly back: string;
  readonly pretendNote: string;
};

/** Every sentence of the payer's pages, in both languages. */
export const PAYER_TEXTS: Readonly<Record<Language, PayerTexts>> = {
  zh: {
    payTitle: '确认付款',
    payee: '收款方',
    orderNo: '订单号',
    payBefore: '付款截止',
    pay: '支付',
    cancel: '取消',
    paidTitle: '支付成功',
    tradeNo: '交易流水号',
    paidAt: '支付时间',
    declinedTitle: '付款未完成',
    declinedNote: '没有扣款。如仍需购买，请回到商户重新下单。',
    closedTitle: '订单已关闭',
    closedNote: '订单已过期或被商户关闭，不能再付款，没有扣款。',
    unknownTitle: '没有这笔订单',
    unknownNote: '请检查链接，或回到商户重新下单。',
    linkTitle: '链接无效',
    linkNote: '链接不完整或签名不符，没有产生订单。请回到商户重新发起付款。',
    reusedTitle: '订单号已被使用',
    reusedNote: '同一订单号下已有内容不同的订单，没有扣款。请回到商户重新下单。',
    unavailableTitle: '银行暂时无法受理',
    unavailableNote: '没有产生订单，没有扣款。请稍后再试。',
    expiredTitle: '订单已过期',
    expiredNote: '已超过付款时间，不能再付款，没有扣款。',
    back: '返回商户',
    pretendNote: '这是沙箱：不会动用任何真实资金。',
  },
  en: {
    payTitle: 'Confirm payment',
    payee: 'Payee',
    orderNo: 'Order number',
    payBefore: 'Pay before',
    pay: 'Pay',
    cancel: 'Cancel',
    paidTitle: 'Payment successful',
    tradeNo: 'Transaction number',
    paidAt: 'Paid at',
    declinedTitle: 'Payment not completed',
    declinedNote: 'Nothing was charged. To buy after all, order again at the merchant.',
    closedTitle: 'Order closed',
    closedNote: 'The order expired or was closed by the merchant. Nothing was charged.',
    unknownTitle: 'No such order',
    unknownNote: 'Check the link, or order again at the merchant.',
    linkTitle: 'Invalid link',
    linkNote:
      'The link is incomplete or its signature is wrong. No order was made; pay again from the merchant.',
    reusedTitle: 'Order number already used',
    reusedNote:
      'Another order exists under this number. Nothing was charged; order again at the merchant.',
    unavailableTitle: 'The bank cannot take orders now',
    unavailableNote: 'No order was made and nothing was charged. Try again later.',
    expiredTitle: 'Order expired',
    expiredNote: 'The time to pay is over. Nothing was charged.',
    back: 'Back to the merchant',
    pretendNote: 'This is a sandbox: no real money moves.',
  },
};
