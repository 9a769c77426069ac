/** The words of `tieout statements`, and Chinese for why a statement file is refused. */
import type { StatementLine, StatementLineKind } from '../core/reconciliation/statement-line.ts';
import type { Lang } from './words.ts';

type StatementWords = {
  readonly format: string;
  readonly day: string;
  readonly account: string;
  readonly lines: string;
  readonly foot: string;
  readonly agrees: string;
  readonly none: string;
  readonly unsaid: string;
  readonly columns: string;
  readonly totalHead: readonly string[];
  readonly lineHead: readonly string[];
  readonly kinds: Readonly<Record<StatementLineKind, string>>;
  readonly statuses: Readonly<Record<StatementLine['status'], string>>;
};

export const STATEMENT_WORDS: Readonly<Record<Lang, StatementWords>> = {
  en: {
    format: 'format',
    day: 'day',
    account: 'account',
    lines: 'statement lines / all lines',
    foot: 'totals of the file',
    agrees: 'agree with its lines',
    none: 'none',
    unsaid: 'not said',
    columns: 'columns: ',
    totalHead: ['kind', 'currency', 'count', 'amount', 'fee'],
    lineHead: [
      'line',
      'kind',
      'order',
      'refund',
      'transaction',
      'amount',
      '',
      'fee',
      'status',
      'at',
    ],
    kinds: {
      payment: 'payment',
      refund: 'refund',
      reversal: 'reversal',
      dispute: 'dispute',
      fee: 'fee',
      payout: 'payout',
      other: 'other',
    },
    statuses: { succeeded: 'succeeded', pending: 'pending', failed: 'failed' },
  },
  zh: {
    format: '格式',
    day: '账务日',
    account: '商户号',
    lines: '明细行 / 全部行',
    foot: '文件合计',
    agrees: '与明细一致',
    none: '无',
    unsaid: '文件未注明',
    columns: '列对应：',
    totalHead: ['类型', '币种', '笔数', '金额', '手续费'],
    lineHead: [
      '行',
      '类型',
      '订单号',
      '退款单号',
      '渠道交易号',
      '金额',
      '',
      '手续费',
      '状态',
      '时间',
    ],
    kinds: {
      payment: '支付',
      refund: '退款',
      reversal: '撤销',
      dispute: '争议',
      fee: '手续费',
      payout: '提现',
      other: '其他',
    },
    statuses: { succeeded: '成功', pending: '处理中', failed: '失败' },
  },
};

type Rule = readonly [pattern: RegExp, chinese: string];

/** What is said of a cell, behind the name of its column. */
const CELLS: readonly Rule[] = [
  [/^is empty where an amount is needed$/, '为空，应为金额'],
  [/^is (.+): a spreadsheet has rewritten the number$/, '为 $1：数字被电子表格改写'],
  [/^is (.+): an amount has no thousands separators$/, '为 $1：金额不能带千分位'],
  [/^is (.+): an amount has ASCII digits$/, '为 $1：金额须为半角数字'],
  [/^is (.+): an amount has no blanks inside$/, '为 $1：金额中不能有空格'],
  [/^is (.+): the currency has (\d+) decimals$/, '为 $1：该币种只有 $2 位小数'],
  [/^is (.+): larger than any payment$/, '为 $1：超过允许的最大金额'],
  [/^is (.+), which is no amount$/, '为 $1，不是金额'],
  [/^is (.+), which is no time$/, '为 $1，不是时间'],
  [/^is (.+), which is no day$/, '为 $1，不是日期'],
  [/^is (.+), a word that this format does not know$/, '为 $1，本格式不认识该值'],
  [/^is missing, though the file holds refunds$/, '缺失，而文件中有退款'],
  [/^is not followed by a blank$/, '之后应有一个空格'],
  [/^is not gross less fee$/, '不等于 gross 减 fee'],
  [/^is negative$/, '为负数'],
  [/^is empty$/, '为空'],
];

const REASONS: readonly Rule[] = [
  [/^the file is empty$/, '文件为空'],
  [/^the file cannot be opened \((.+)\)$/, '无法打开文件（$1）'],
  [/^it is no file$/, '不是文件'],
  [/^the archive is empty$/, '压缩包为空'],
  [/^the archive is encrypted$/, '压缩包已加密'],
  [/^the archive is damaged \((.+)\)$/, '压缩包已损坏（$1）'],
  [
    /^the archive is compressed by method (\d+), and not by deflate$/,
    '压缩包的压缩方法 $1 不受支持',
  ],
  [/^the archive holds a link instead of a file$/, '压缩包内是链接而不是文件'],
  [/^the archive holds two files of one name$/, '压缩包内有两个同名文件'],
  [/^the archive holds (\d+) files, more than (\d+)$/, '压缩包内有 $1 个文件，超过 $2 个'],
  [/^the archive holds two statements: (.+) and (.+)$/, '压缩包内有两份对账单：$1 和 $2'],
  [/^the archive holds files of two formats: (.+) and (.+)$/, '压缩包内有两种格式的文件：$1 和 $2'],
  [
    /^the archive names a file (.+), which leads out of its folder$/,
    '压缩包内的文件名 $1 指向目录之外',
  ],
  [/^it is a zip archive, which can only be read from a file$/, 'zip 压缩包只能从文件读取'],
  [/^it is packed twice$/, '文件被压缩了两次'],
  [/^it is (.+), and not a statement file$/, '这是 $1，不是对账单文件'],
  [/^it holds no statement lines, but only a summary$/, '只有汇总，没有明细'],
  [/^the content differs from its checksum in the archive$/, '内容与压缩包中的校验值不符'],
  [/^its content is larger than (\d+) bytes$/, '内容超过 $1 字节'],
  [
    /^its content is more than (\d+) times larger than the compressed bytes$/,
    '解压后超过压缩前的 $1 倍',
  ],
  [/^its compressed content is cut off$/, '压缩内容被截断'],
  [/^its compressed content is damaged$/, '压缩内容已损坏'],
  [/^bytes stand behind the end of the compressed content$/, '压缩内容之后还有多余字节'],
  [
    /^the content has the SHA-1 (\S+), and the channel promised (\S+)$/,
    '内容的 SHA-1 为 $1，渠道给出的是 $2',
  ],
  [/^no format knows this file, which begins with (.+)$/, '没有格式能识别此文件，其开头为 $1'],
  [
    /^it holds NULs, which is no text, or text in UTF-16$/,
    '含有 NUL 字符，不是文本，或是 UTF-16 文本',
  ],
  [/^it holds a NUL, which is no text$/, '含有 NUL 字符，不是文本'],
  [/^it is not (\S+) text$/, '不是 $1 编码的文本'],
  [/^it is longer than (\d+) characters$/, '超过 $1 个字符'],
  [/^a quote is never closed$/, '引号没有闭合'],
  [/^text stands between a closing quote and the next comma$/, '闭合引号与下一个逗号之间有文字'],
  [/^the number (.+) is longer than (\d+) characters$/, '编号 $1 超过 $2 个字符'],
  [/^the number (.+) holds a quote$/, '编号 $1 中有引号'],
  [/^the number (.+) was rounded by a spreadsheet$/, '编号 $1 被电子表格改成了近似值'],
  [/^the file has more than (\d+) lines$/, '文件超过 $1 行'],
  [/^it has (\d+) columns and not (\d+) as the header$/, '有 $1 列，而表头为 $2 列'],
  [/^it has (\d+) bytes and not (.+)$/, '长 $1 字节，应为 $2'],
  [/^the column (.+) is missing$/, '缺少列 $1'],
  [/^the column (.+) stands twice in the header$/, '表头中列 $1 出现两次'],
  [/^the file ends without (.+)$/, '文件结束时缺少 $1'],
  [/^the file is of the day (.+), and (.+) was expected$/, '文件的账务日是 $1，应为 $2'],
  [/^the file is of the channel (.+), and (.+) was expected$/, '文件属于渠道 $1，应为 $2'],
  [/^the file is of the account (.+), and (.+) was expected$/, '文件的商户号是 $1，应为 $2'],
  [
    /^the file is of the time from (.+) until (.+), and not of one day$/,
    '文件的期间为 $1 至 $2，不是一天',
  ],
  [/^the file holds no record$/, '文件中没有记录'],
  [/^the period (.+) cannot be read$/, '无法读取期间 $1'],
  [/^the foot (.+) cannot be read$/, '无法读取合计行 $1'],
  [/^the head has no line (.+)$/, '文件头缺少 $1'],
  [/^the head says (.+) twice$/, '文件头中 $1 出现两次'],
  [/^the total of (.+) stands twice$/, '$1 的合计出现两次'],
  [/^a row stands behind the end of the list$/, '列表结束之后还有明细行'],
  [/^a row stands behind the totals$/, '合计之后还有明细行'],
  [/^a line stands behind the (?:sums|end)$/, '结尾之后还有内容'],
  [/^one row says both income and expense$/, '同一行既有收入又有支出'],
  [/^the sum of the amounts is too large to be exact$/, '金额之和过大，无法精确计算'],
  [
    /^the line begins with no backtick, as every row of WeChat Pay does$/,
    '该行没有以反引号开头，不是微信支付的明细行',
  ],
  [/^(.+) is (-?[\d.]+), but the lines come to (-?[\d.]+)$/, '$1 为 $2，但明细合计为 $3'],
];

/** Of a list of one's own orders. */
const ORDERS: readonly Rule[] = [
  [
    /^the list of orders has the kind (.+); it must be payment or refund$/,
    'kind 为 $1，只能是 payment 或 refund',
  ],
  [
    /^the list of orders has the status (.+); only succeeded is compared$/,
    'status 为 $1，只比较 succeeded',
  ],
  [/^the list of orders has the currency (.+)$/, '币种 $1 无法识别'],
  [/^the list of orders has an amount below 0; .+$/, '金额小于 0；方向由 kind 表示'],
  [
    /^the list of orders has the time (.+); it must be .+$/,
    '时间为 $1，须为 RFC 3339 或 YYYY-MM-DD HH:MM:SS',
  ],
  [/^the list of orders has no number at all$/, '没有任何单号'],
  [/^the list of orders has (\d+) fields, and the header names (\d+)$/, '有 $1 列，而表头为 $2 列'],
  [/^the list of orders lacks the column (.+)$/, '缺少列 $1'],
  [/^the list of orders names the column (.+) twice$/, '列 $1 出现两次'],
  [/^the archive must hold one file$/, '压缩包内只能有一个文件'],
  [/^the file does not say of which day it is$/, '文件未注明账务日'],
  [/^Mend the line; the header is (.+)\.$/, '请更正该行；表头为 $1。'],
  [/^Its first line must be (.+)\.$/, '第一行须为 $1。'],
  [/^Give the CSV file itself\.$/, '请直接给出 CSV 文件。'],
  [/^Name the day with --date\.$/, '请用 --date 指定账务日。'],
  [/^Compare one day at a time\.$/, '请每次只比较一天。'],
];

/** What can be done, in general: the English mend names the case more closely. */
const MENDS: readonly Rule[] = [
  [/^Fetch the file of the expected day/, '请下载所需账务日的文件，或以该文件自己的账务日导入。'],
  [/^Fetch the statement of one day/, '请下载单日的对账单。'],
  [
    /^(?:Fetch|Lines are missing|It was cut off)/,
    '请从渠道重新下载，下载后不要用其他程序打开再保存。',
  ],
  [/^Import it under the channel account/, '请在它所属的渠道账户下导入。'],
  [/^Import the file with the details/, '请导入明细文件。'],
  [/^Import the file as the channel sent it/, '请导入渠道给出的原文件。'],
  [
    /^Ask the channel for the file in its standard layout/,
    '请向渠道索取标准版式的文件，且不要编辑；若渠道改了列名，须先更新格式。',
  ],
  [/^Ask the channel for it without a password/, '请向渠道索取不带密码的压缩包。'],
  [/^Unpack it once/, '请先解压一次，再导入其中的文件。'],
  [/^Unpack it and import each/, '请解压后分别导入。'],
  [/^Pack it again/, '请重新压缩为普通 zip。'],
  [/^Save it to a file/, '请先保存为文件。'],
  [/^Check its path/, '请检查路径，以及当前用户是否有权读取。'],
  [/^Give the path/, '请给出一个对账单文件的路径。'],
  [/^Check that this is a statement/, '请确认这是对账单；若是，请调高上限。'],
  [
    /^Check that it is the right file.*known formats: (.+)\.$/,
    '请确认文件正确且完整；支持的格式：$1。',
  ],
  [/^(?:A statement comes in|No statement is so|No channel names)/, '请检查文件的来源。'],
  [/^A day without trades/, '无交易的日子也有文件头尾，或渠道会说明没有文件：请重新下载。'],
  [/^UnionPay sends no file/, '银联在没有交易的日子不提供文件：请重新下载。'],
  [/^Raise the limit/, '若一天确有这么多行，请调高上限，并先检查磁盘空间。'],
  [/^Look at the amounts/, '请检查文件中的金额：一天的交易不可能有这么多。'],
];

/** Parts of a reason that name something of the file. */
const PARTS: readonly Rule[] = [
  [/^its column names$/, '列名行'],
  [/^the end of its last line$/, '最后一行的结尾'],
  [/^its last line, end$/, '最后的 end 行'],
  [/^the (?:line|row) (\S+)$/, '“$1”行'],
  [/^the sums of (\S+)$/, '“$1”合计'],
  [/^the number of lines$/, 'end 行的行数'],
  [/^the total of (\S+ \S+)$/, '$1 的合计'],
  [/^the total of (\S+ \S+) \(count\)$/, '$1 的合计笔数'],
  [/^the total of (\S+ \S+) \(fee\)$/, '$1 的合计手续费'],
  [/^(\S+) until (\S+)$/, '$1 至 $2'],
  [/^a 7z archive$/, '7z 压缩包'],
  [/^a rar archive$/, 'rar 压缩包'],
  [/^an xz file$/, 'xz 文件'],
  [/^a bzip2 file$/, 'bzip2 文件'],
  [/^an old Excel file$/, '旧版 Excel 文件'],
  [/^a PDF$/, 'PDF 文件'],
  [/^UTF-16 text$/, 'UTF-16 文本'],
  [/^(\d+) or (\d+)$/, '$1 或 $2'],
  [/^it points outside of itself$/, '指向文件之外'],
  [/^it became shorter while it was read$/, '读取时变短'],
  [/^(.+) or (.+)$/, '$1 或 $2'],
];

const ALL = [...REASONS, ...ORDERS, ...MENDS];

/** A reason or a mend of a StatementError in Chinese; as it is where it is not listed. */
export function statementInChinese(sentence: string): string {
  const cell = /^the (?:column|list of orders:) (.+?) (is .+)$/.exec(sentence);
  const chinese = translated(ALL, sentence);
  if (chinese !== null || cell === null) return chinese ?? sentence;
  const fault = translated(CELLS, cell[2] ?? '');
  return fault === null ? sentence : `列 ${cell[1]} ${fault}`;
}

function translated(rules: readonly Rule[], sentence: string): string | null {
  for (const [pattern, chinese] of rules) {
    const found = pattern.exec(sentence);
    if (!found) continue;
    return chinese.replaceAll(/\$(\d)/g, (_mark, at: string) => {
      const part = found[Number(at)] ?? '';
      return rules === PARTS ? part : (translated(PARTS, part) ?? part);
    });
  }
  return null;
}
