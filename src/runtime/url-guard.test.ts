import type { LookupAddress } from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startReceiver, status } from '../../test/support/notice-receiver.ts';
import type { Posted } from './notice-post.ts';
import { newNoticePost } from './notice-post.ts';
import type { GuardMode, Resolve } from './url-guard.ts';
import { checkNoticeUrl, isBlocked } from './url-guard.ts';

/** Hosts that mean an inner address, in every spelling that some reader understands. */
const INNER_HOSTS = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '017700000001',
  '127.0.0.1.',
  '127.255.255.254',
  '0',
  '0.0.0.0',
  '0.1.2.3',
  '00000',
  '0x0',
  '10.0.0.1',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '3232235777',
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '169.254.43518',
  '[::ffff:169.254.169.254]',
  '100.64.0.1',
  '100.100.100.200',
  '100.127.255.255',
  '168.63.129.16',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.7',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::127.0.0.1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:0:127.0.0.1]',
  '[::ffff:8.8.8.8]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b:1::1]',
  '[100::1]',
  '[2001::1]',
  '[2001:0:7f00:1::]',
  '[2001:10::1]',
  '[2001:db8::1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::]',
  '[3fff::1]',
  '[4000::1]',
  '[5f00::1]',
  '[fc00::1]',
  '[fd00::1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[fec0::1]',
  '[ff02::1]',
  '①②⑦.⓪.⓪.①',
  '１２７.０.０.１',
  '127。0。0。1',
  '127．0．0．1',
  '%31%32%37.0.0.1',
  '⑯⑨。②⑤④。⑯⑨｡②⑤④',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'shop.localhost',
  'a.b.localhost.',
  'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
  'intranet',
  'db.internal',
  'printer.local',
];

/** URLs that are wrong by their words, wherever they lead. */
const WRONG_URLS = [
  'http://shop.example/',
  'ftp://shop.example/',
  'file:///etc/passwd',
  'gopher://shop.example/',
  'data:text/plain,hi',
  'javascript:alert(1)',
  'ws://shop.example/',
  'unix:/var/run/docker.sock',
  'http+unix://%2Fvar%2Frun%2Fdocker.sock/',
  '//shop.example/',
  '/hook',
  'shop.example/hook',
  '',
  'https://',
  'https:///',
  'https://:443/',
  'https://?',
  'https://.',
  'https://..',
  'https://shop..example/',
  'https://.shop.example/',
  ...[22, 25, 80, 5432, 6379, 4040, 65_535, 65_536].map((port) => `https://shop.example:${port}/`),
  'https://user@shop.example/',
  'https://user:pass@shop.example/',
  'https://:pass@shop.example/',
  'https://shop.example@127.0.0.1/',
  'https://127.0.0.1@shop.example/',
  'https://shop.example#@127.0.0.1/',
  'https://shop.example/#x',
  'https://shop.example/#',
  'https://127.0.0.1#@shop.example/',
  'https://shop.example\\@127.0.0.1/',
  'https:\\\\shop.example\\',
  'https://shop.example\\.inner/',
  'https://shop.example/\n',
  'https://shop\t.example/',
  '\u0000https://shop.example/',
  'https://shop.example/a b',
  ' https://shop.example/',
  'https://shop.example/\u00a0',
  'https://shop.ex\u00adample/',
  'https://sh\u200bop.example/',
  'https://[fe80::1%25eth0]/',
  'https://[::1%25lo]/',
  'https://[::1/',
  'https://1.2.3.4.5/',
  'https://256.1.1.1/',
  `https://${'a'.repeat(64)}.example/`,
  `https://${'a.'.repeat(130)}example/`,
  `https://shop.example/${'a'.repeat(2_048)}`,
];

const GOOD_URLS = [
  'https://shop.example/hook',
  'https://shop.example',
  'https://shop.example:443/',
  'https://shop.example:8443/a?b=c&d',
  'https://SHOP.example./x',
  'https://商店.example/通知',
  'https://xn--fiqs8s.example/',
  'https://1.1.1.1/hook',
  'https://[2606:4700::1111]/',
  'https://a-b.c_d.example/',
  `https://${'a'.repeat(63)}.example/`,
];

describe('a notice URL', () => {
  test('is judged in more ways than anybody types by accident', () => {
    expect(INNER_HOSTS.length + WRONG_URLS.length).toBeGreaterThan(132);
    expect(new Set([...INNER_HOSTS, ...WRONG_URLS]).size).toBe(
      INNER_HOSTS.length + WRONG_URLS.length,
    );
  });

  test.each(INNER_HOSTS)('may not lead inside by %j', (host) => {
    expect(checkNoticeUrl(`https://${host}/hook`, 'live')).toMatch(/^The (?:URL|host) .*\.$/u);
  });

  test.each(WRONG_URLS)('may not be written as %j', (url) => {
    expect(checkNoticeUrl(url, 'live')).toMatch(/^[A-Z].*\.$/u);
  });

  test.each(GOOD_URLS)('may be %j', (url) => {
    expect(checkNoticeUrl(url, 'live')).toBeNull();
  });

  test.each([
    ['http://localhost:3000/hook', null],
    ['http://127.0.0.1:9/', null],
    ['http://[::1]:9/', null],
    ['http://shop:3000/', null],
    ['http://192.168.1.7:8080/', null],
    ['http://169.254.169.254/latest', 'The URL leads to an address that is not public.'],
    ['http://100.100.100.200/', 'The URL leads to an address that is not public.'],
    ['http://[fe80::1]/', 'The URL leads to an address that is not public.'],
    ['ftp://localhost/', 'The URL must start with http:// or https://.'],
    ['http://user@localhost/', 'The URL may not contain a user name or password.'],
  ])('in the sandbox may lead to the developer but not to a cloud: %s', (url, verdict) => {
    expect(checkNoticeUrl(url, 'sandbox')).toBe(verdict);
  });
});

describe('an address', () => {
  test.each(['not-an-ip', '', 'fe80::1%eth0', '1.2.3', '::ffff:127.0.0.1'])(
    '%j is blocked in both modes',
    (address) => {
      expect([isBlocked(address, 'live'), isBlocked(address, 'sandbox')]).toEqual([true, true]);
    },
  );

  test.each([
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.0.1',
    '172.32.0.1',
    '2001:200::1',
    '2a00::1',
    '3ffe::1',
  ])('%s beside a blocked range is not blocked', (address) => {
    expect(isBlocked(address, 'live')).toBe(false);
  });
});

const at = (...addresses: string[]): LookupAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

/** Posts once, to a name that resolves as the test says. */
async function postOnce(url: string, resolve: Resolve, mode: GuardMode): Promise<Posted> {
  const http = newNoticePost({ mode, resolve, deadlineMs: 1_000 });
  const { origin, pathname } = new URL(url);
  const posted = await http.post({ origin, path: pathname }, {}, '{}');
  await http.close();
  return posted;
}

/** A name server that takes its time. */
const slow: Resolve = async () => {
  await sleep(2_000);
  return at('127.0.0.1');
};

describe('a connection', () => {
  test('is made to the address that was checked, and the name is asked for once', async () => {
    const { url, received } = await startReceiver();
    const asked: string[] = [];
    const posted = await postOnce(
      url.replace('127.0.0.1', 'shop.example'),
      async (name) => {
        asked.push(name);
        return at('127.0.0.1');
      },
      'sandbox',
    );
    expect([posted.status, asked, received.length]).toEqual([204, ['shop.example'], 1]);
    expect(received[0]?.headers.host).toContain('shop.example');
  });

  test.each([
    ['inside only', at('127.0.0.1')],
    ['outside and inside', at('93.184.215.14', '10.0.0.5')],
    ['inside by IPv6 only', at('93.184.215.14', '::1')],
    ['inside, mapped', at('::ffff:127.0.0.1')],
    ['a cloud’s metadata', at('169.254.169.254')],
  ])('is refused when the name leads %s', async (_where, addresses) => {
    const { url, received } = await startReceiver();
    const posted = await postOnce(
      url.replace('127.0.0.1', 'shop.example'),
      async () => addresses,
      'live',
    );
    expect(posted).toMatchObject({
      status: 0,
      error: 'shop.example does not lead to a public address',
    });
    expect(received).toEqual([]);
  });

  test('is refused when the name changes its mind between two notices', async () => {
    const { url, received } = await startReceiver(status(204, { connection: 'close' }));
    const answers = [at('127.0.0.1'), at('169.254.169.254')];
    const http = newNoticePost({ mode: 'sandbox', resolve: async () => answers.shift() ?? [] });
    const target = { origin: url.replace('127.0.0.1', 'shop.example'), path: '/' };
    expect((await http.post(target, {}, '{}')).status).toBe(204);
    expect((await http.post(target, {}, '{}')).error).toBe(
      'shop.example does not lead to a public address',
    );
    expect((await http.post(target, {}, '{}')).error).toBe('shop.example has no address');
    expect(received).toHaveLength(1);
    await http.close();
  });

  test.each(['https://127.0.0.1', 'https://[::1]', 'https://169.254.169.254', 'https://[fd00::1]'])(
    'to %s itself is refused without asking for a name',
    async (origin) => {
      const posted = await postOnce(origin, async () => at('93.184.215.14'), 'live');
      expect(posted.error).toMatch(/does not lead to a public address$/u);
    },
  );

  test('ends with its deadline while the name server is still thinking', async () => {
    const startedAtMs = performance.now();
    const posted = await postOnce('http://shop.example', slow, 'sandbox');
    expect(posted).toMatchObject({
      status: 0,
      error: expect.stringMatching(/no answer|Timeout/u) as string,
    });
    expect(performance.now() - startedAtMs).toBeLessThan(1_500);
  });

  test('fails in words when the name does not exist', async () => {
    const posted = await postOnce(
      'http://shop.example',
      async () => await Promise.reject(new Error('queryA ENOTFOUND shop.example')),
      'sandbox',
    );
    expect(posted).toMatchObject({ status: 0, error: 'queryA ENOTFOUND shop.example' });
  });

  test('takes no way around through a proxy', async () => {
    const proxy = await startReceiver();
    const before = process.env.HTTP_PROXY;
    process.env.HTTP_PROXY = proxy.url;
    const posted = await postOnce('http://127.0.0.1:9', async () => [], 'sandbox');
    if (before === undefined) delete process.env.HTTP_PROXY;
    else process.env.HTTP_PROXY = before;
    expect([posted.status, proxy.received.length]).toEqual([0, 0]);
  });
});
