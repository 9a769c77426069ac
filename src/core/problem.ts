/**
 * Every refusal and every error that the API can answer: a closed list. 错误码.
 *
 * `docs/errors.md` is generated from it, and a test proves the two equal.
 */
export type ProblemDescription = {
  readonly status: number;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
  readonly title: string;
  readonly zh: string;
  /** What the caller should do now. */
  readonly next: string;
};

const LIST = {
  request_malformed: entry(
    400,
    false,
    'The HTTP request is not valid',
    'HTTP 请求不合法',
    'Send a valid HTTP/1.1 request.',
  ),
  malformed_json: entry(
    400,
    false,
    'The body is not valid JSON',
    '请求体不是合法的 JSON',
    'Send one JSON object in UTF-8.',
  ),
  idempotency_key_invalid: entry(
    400,
    false,
    'The Idempotency-Key is not usable',
    '幂等键不可用',
    'Send 1 to 255 printable ASCII characters.',
  ),
  key_missing: entry(
    401,
    false,
    'No API key was sent',
    '缺少 API 密钥',
    'Send the header Authorization: Bearer sk_test_….',
  ),
  key_invalid: entry(
    401,
    false,
    'The API key is not known or was revoked',
    'API 密钥无效或已吊销',
    'Use a key made by `tieout merchants keys`.',
  ),
  permission_missing: entry(
    403,
    false,
    'This key may not do that',
    '该密钥无此权限',
    'Use an operator key (ok_…) for operator calls, a merchant key (sk_…) for merchant calls.',
  ),
  not_found: entry(
    404,
    false,
    'There is no such object',
    '对象不存在',
    'Check the id. Objects of other merchants are never shown.',
  ),
  method_not_allowed: entry(
    405,
    false,
    'The route does not know this method',
    '该路径不支持此方法',
    'See /openapi.json for the methods of each path.',
  ),
  request_timeout: entry(
    408,
    true,
    'The request did not arrive in time',
    '请求接收超时',
    'Send the request again, all of it at once.',
  ),
  payment_succeeded: entry(
    409,
    false,
    'The payment has already been paid',
    '支付订单已支付成功',
    'Read the payment; deliver the goods.',
  ),
  payment_closed: entry(
    409,
    false,
    'The merchant closed this payment',
    '支付订单已由商户关闭',
    'Use a new merchant order number.',
  ),
  payment_in_progress: entry(
    409,
    true,
    'Another try of this payment may still be paid',
    '另一笔渠道订单尚无定论',
    'Wait and repeat the request; the open try is being asked about and closed.',
  ),
  payment_not_succeeded: entry(
    409,
    false,
    'Only a payment that was paid can be refunded',
    '支付订单未支付成功，不能退款',
    'Wait for payment.succeeded; money taken beside the winner is returned by itself.',
  ),
  payment_reversed: entry(
    409,
    false,
    'The channel has taken the money of this payment back',
    '该支付已被渠道冲正',
    'Look at exceptions[]: there is nothing left to refund.',
  ),
  case_resolved: entry(
    409,
    false,
    'The case is over',
    '该异常单已结束',
    'Read the case: its resolution says how it ended.',
  ),
  action_not_possible: entry(
    409,
    false,
    'This case does not take that action now',
    '该异常单当前不支持此操作',
    'Take one of the actions that the detail names, or wait.',
  ),
  refund_exceeds_payment: entry(
    422,
    false,
    'More than can still be refunded',
    '退款金额超过可退余额',
    'Ask for at most the amount that the detail names.',
  ),
  statement_refused: entry(
    422,
    false,
    'The statement cannot be taken in whole',
    '对账文件无法完整导入',
    'Read errors[]: file, line, reason and mend. Nothing of the file was kept.',
  ),
  statement_not_ready: entry(
    409,
    true,
    'The channel has no statement of that day yet',
    '渠道尚无该日的对账文件',
    'Ask again later, or upload the file.',
  ),
  refund_window_over: entry(
    422,
    false,
    'The channel does not refund this payment any more',
    '已超过渠道可退款期限',
    'Pay the payer back by another way.',
  ),
  merchant_refund_no_reused: entry(
    422,
    false,
    'The merchant refund number belongs to another refund',
    '商户退款单号已用于另一笔退款',
    'Use a new merchant_refund_no, or repeat the request as it was.',
  ),
  payment_held: entry(
    409,
    false,
    'Money of this payment is held for a person to decide',
    '该支付有款项挂账待人工处理',
    'Wait for the case in exceptions[] to be resolved.',
  ),
  overlap_not_allowed: entry(
    409,
    false,
    'The open try cannot be closed at its channel',
    '原渠道订单无法在渠道侧关闭',
    'Send allow_overlap: true if the payer says that the first one was not paid.',
  ),
  payment_not_payable: entry(
    409,
    false,
    'No channel order of this payment can be paid now',
    '该支付没有可支付的渠道订单',
    'Open a channel order first: POST /v1/payments/{id}/channel_orders.',
  ),
  endpoint_disabled: entry(
    409,
    false,
    'The webhook endpoint is disabled',
    '通知地址已停用',
    'Enable it: POST /v1/webhook_endpoints/{id}/enable.',
  ),
  idempotency_in_flight: entry(
    409,
    true,
    'A request with this Idempotency-Key is still being worked on',
    '相同幂等键的请求仍在处理中',
    'Repeat it after the time in Retry-After.',
  ),
  body_too_large: entry(413, false, 'The body is too large', '请求体过大', 'Send at most 64 kB.'),
  content_type_unsupported: entry(
    415,
    false,
    'The content type is not supported',
    '不支持的内容类型',
    'Send application/json.',
  ),
  field_invalid: entry(
    422,
    false,
    'A field is missing or not acceptable',
    '字段缺失或不合法',
    'Mend the fields named in errors[].',
  ),
  amount_not_integer: entry(
    422,
    false,
    'The amount is not an integer of minor units',
    '金额必须是最小货币单位的整数',
    'Send 1999 for 19.99 CNY (金额单位是分).',
  ),
  currency_unsupported: entry(
    422,
    false,
    'The currency is not known or the channel does not take it',
    '不支持的币种',
    'Send an ISO 4217 code in capitals, such as CNY.',
  ),
  channel_unavailable: entry(
    422,
    false,
    'There is no such channel or product',
    '渠道或产品不可用',
    'Use one of the channels and products named in errors[].',
  ),
  merchant_order_no_reused: entry(
    422,
    false,
    'The merchant order number belongs to another payment',
    '商户订单号已被使用',
    'Use a new merchant order number, or send the same amount and currency.',
  ),
  idempotency_key_reused: entry(
    422,
    false,
    'The Idempotency-Key was used for another request',
    '幂等键已用于其他请求',
    'Use a new Idempotency-Key for a new request.',
  ),
  tries_exhausted: entry(
    422,
    false,
    'This payment has had too many tries',
    '支付尝试次数过多',
    'Use a new merchant order number.',
  ),
  deadline_passed: entry(
    422,
    false,
    'The time in Tieout-Deadline has already passed',
    'Tieout-Deadline 已过期',
    'Send a time in the future, or leave the header out.',
  ),
  rate_limited: entry(
    429,
    true,
    'Too many requests',
    '请求过于频繁',
    'Repeat after the time in Retry-After.',
  ),
  headers_too_large: entry(
    431,
    false,
    'The request headers are too large',
    '请求头过大',
    'Send at most 8 kB of headers.',
  ),
  internal_error: entry(
    500,
    true,
    'Something broke on our side',
    '服务内部错误',
    'Repeat the request with the same number: nothing is done twice.',
  ),
  overloaded: entry(
    503,
    true,
    'The channel has no free place; nothing was committed',
    '渠道并发已满，未产生任何变更',
    'Repeat the request with the same number.',
  ),
  unavailable: entry(
    503,
    true,
    'The platform cannot reach its database or is stopping',
    '服务暂不可用',
    'Repeat the request with the same number.',
  ),
} as const;

export type ProblemCode = keyof typeof LIST;
export const PROBLEMS: Readonly<Record<ProblemCode, ProblemDescription>> = LIST;

/** All codes, in the order of their HTTP status. */
export const PROBLEM_CODES = Object.keys(LIST).filter((code): code is ProblemCode => code in LIST);

function entry(
  status: number,
  retryable: boolean,
  title: string,
  zh: string,
  next: string,
): ProblemDescription {
  return { status, retryable, title, zh, next };
}
