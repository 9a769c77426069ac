/**
 * The driver of the lifecycle benchmark: one process that plays the merchant who creates, the channel
 * that sends a signed notification, and the merchant who is told. It is not counted.
 *
 * A lifecycle is over, and counted, when the merchant has been told of it for the first time: what is
 * paid and not yet told is unfinished work, and a run in which some is never told is no result.
 *
 * Reads one JSON line of settings from its arguments and prints one JSON line of results.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import { openConnection, openSink } from './raw-http.ts';
import type { RawConnection } from './raw-http.ts';

type Settings = {
  host: string;
  port: number;
  key: string;
  secret: string;
  account: string;
  connections: number;
  seconds: number;
  warmUpSeconds: number;
};

/** How long after the last payment a merchant may have to wait for the last word. */
const TOLD_WITHIN_MS = 30_000;

const settings: Settings = JSON.parse(process.argv[2] ?? '{}');
const secret = createSecretKey(Buffer.from(settings.secret, 'utf8'));
const stamp = Date.now().toString(36);
const requestMs: number[] = [];
let made = 0;
let paid = 0;
let told = 0;
let wrong = 0;
let firstWrong = '';
let isCounting = false;
const run = { isOver: false };

/** Lifecycles that are not over, with the time at which they began. */
const open = new Map<string, number>();
const lifecycleMs: number[] = [];
const sink = await openSink((body) => {
  const no = /"merchant_order_no":"([^"]+)"/.exec(body)?.[1] ?? '';
  const startedAtMs = open.get(no);
  if (startedAtMs === undefined || !open.delete(no) || !isCounting) return;
  told += 1;
  lifecycleMs.push(performance.now() - startedAtMs);
});
const noticeUrl = `http://127.0.0.1:${sink.port}/told`;

async function timed(
  work: () => Promise<{ status: number; body: string }>,
): Promise<{ status: number; body: string }> {
  const startedAtMs = performance.now();
  const answer = await work();
  if (isCounting) requestMs.push(performance.now() - startedAtMs);
  if (answer.status > 299) {
    wrong += 1;
    firstWrong ||= `${answer.status} ${answer.body.slice(0, 300)}`;
  }
  return answer;
}

async function lifecycle(connection: RawConnection): Promise<void> {
  made += 1;
  const number = made;
  const merchantOrderNo = `B-${stamp}-${number}`;
  open.set(merchantOrderNo, performance.now());
  const created = await timed(async () =>
    connection.send(
      `POST /v1/payments HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${settings.key}\r\ncontent-type: application/json\r\n`,
      `{"merchant_order_no":"${merchantOrderNo}","amount":1000,"currency":"CNY","subject":"Benchmark","channel":"sandbox","product":"page","notice_url":"${noticeUrl}"}`,
    ),
  );
  const outNo = /"channel_order_no":"(\w+)"/.exec(created.body)?.[1];
  if (outNo === undefined) return;
  const at = new Date();
  const body = `{"notify_id":"N${stamp}${number}","event":"payment","account":"${settings.account}","out_no":"${outNo}","state":"PAID","trade_no":"20261124${String(number).padStart(20, '0')}","amount":1000,"currency":"CNY","paid_at":"${at.toISOString()}","sent_at":"${at.toISOString()}"}`;
  const nonce = `n${stamp}${number}`;
  const signature = createHmac('sha256', secret)
    .update(`${at.getTime()}\n${nonce}\nNOTIFY\n${body}`)
    .digest('base64');
  const answer = await timed(async () =>
    connection.send(
      `POST /notifications/sandbox/${settings.account} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nsandbox-account: ${settings.account}\r\nsandbox-timestamp: ${at.getTime()}\r\nsandbox-nonce: ${nonce}\r\nsandbox-signature: ${signature}\r\n`,
      body,
    ),
  );
  if (answer.body === 'ok' && isCounting) paid += 1;
}

async function lane(): Promise<void> {
  const connection = await openConnection(settings.host, settings.port);
  while (!run.isOver) await lifecycle(connection);
  connection.close();
}

const lanes = Array.from({ length: settings.connections }, lane);
await new Promise((resolve) => setTimeout(resolve, settings.warmUpSeconds * 1000));
process.stdout.write('{"counting":true}\n');
isCounting = true;
const startedAtMs = performance.now();
await new Promise((resolve) => setTimeout(resolve, settings.seconds * 1000));
isCounting = false;
const seconds = (performance.now() - startedAtMs) / 1000;
process.stdout.write('{"counting":false}\n');
run.isOver = true;
await Promise.all(lanes);
for (let left = TOLD_WITHIN_MS / 50; left > 0 && open.size > 0; left--) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
const quantile = (values: number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
process.stdout.write(
  `${JSON.stringify({
    seconds,
    paid,
    told,
    untold: open.size,
    wrong,
    firstWrong,
    p50Ms: quantile(requestMs, 0.5),
    p99Ms: quantile(requestMs, 0.99),
    lifecycleP50Ms: quantile(lifecycleMs, 0.5),
    lifecycleP99Ms: quantile(lifecycleMs, 0.99),
  })}\n`,
);
sink.close();
process.exit(0);
