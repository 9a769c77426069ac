/**
 * Duplicate payment (重复支付): one merchant order, two charges. One winner, for ever; every other charge
 * is returned in full, by itself, bound to its charge, so that it can never touch the winner.
 */
import type { KindDescription } from './kind.ts';

export const DUPLICATE_PAYMENT: KindDescription = {
  kind: 'duplicate_payment',
  zh: '重复支付',
  what: 'A second charge was taken for a payment that already has its winner.',
  noticed: 'A charge is learned while another charge of the same payment is the winner.',
  response: 'Book it as owed to its payer and return it in full at its channel.',
  over: 'The money was returned in full.',
  toldToMerchant: true,
  actions: [],
  seen: 'A succeeded payment with surplus.received above 0, and a refund with reason duplicate: GET /v1/refunds?include=surplus. You are told payment.surplus_refunded when the money is back.',
  why: 'Two people scanned one code, the payer went back and paid again, or two tries overlapped because the first could not be closed.',
  practise: ['pay_twice'],
};
