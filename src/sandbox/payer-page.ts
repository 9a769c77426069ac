import { type BookOrder, stateAt } from './book-order.ts';
import type { Books } from './books.ts';
import { findChannel } from './channel-catalogue.ts';
import { type Exchange, sendBody } from './http-exchange.ts';
import { escapeHtml, type Language, languageOf, sendPage } from './page-frame.ts';
import { PAYER_TEXTS } from './payer-texts.ts';

/** The payer's clock in the pretend world. */
const PAGE_TIME_ZONE = 'Asia/Shanghai';

/** The path of the page on which the payer of an order pays. */
export function payerPagePath(channel: string, outNo: string): string {
  return `/pay/${encodeURIComponent(channel)}/${encodeURIComponent(outNo)}`;
}

/**
 * Serves `/pay/{channel}/{out_no}`: the page (GET), and its buttons `…/pay` and `…/cancel` (POST),
 * which lead back to the page. The page needs no script and shows what the books say.
 */
export function servePayerPage(exchange: Exchange, books: Books, nowMs: number): void {
  const [, , channel = '', outNo = '', button] = exchange.path.split('/');
  const language = languageOf(exchange);
  if (exchange.method === 'POST') {
    if (button === 'pay') books.payerPays(channel, outNo, nowMs);
    else if (button === 'cancel') books.payerDeclines(channel, outNo, nowMs);
    const location = `${payerPagePath(channel, outNo)}?lang=${language}`;
    return sendBody(exchange, 303, 'text/plain', '', { location });
  }
  const texts = PAYER_TEXTS[language];
  const order = button === undefined ? books.find(channel, outNo, nowMs) : null;
  const bank = findChannel(channel)?.bankName[language] ?? '';
  const [status, title, content] =
    order === null
      ? [404, texts.unknownTitle, plainCard(texts.unknownTitle, texts.unknownNote)]
      : [200, ...cardOf(order, language, nowMs)];
  const main = `${content}\n<p class="note">${escapeHtml(texts.pretendNote)}</p>`;
  sendPage(exchange, status, { language, title, bank, main });
}

function cardOf(order: BookOrder, language: Language, nowMs: number): [string, string] {
  const texts = PAYER_TEXTS[language];
  const back = backLink(order, texts.back);
  switch (stateAt(order, nowMs)) {
    case 'WAITING':
    case 'PAYING':
      return [texts.payTitle, payCard(order, language)];
    case 'PAID':
      return [texts.paidTitle, paidCard(order, language) + back];
    case 'DECLINED':
      return [texts.declinedTitle, plainCard(texts.declinedTitle, texts.declinedNote) + back];
    case 'CLOSED':
      return [texts.closedTitle, plainCard(texts.closedTitle, texts.closedNote) + back];
  }
}

function payCard(order: BookOrder, language: Language): string {
  const texts = PAYER_TEXTS[language];
  const { submission } = order;
  const path = payerPagePath(submission.channel, submission.outNo);
  const form = (button: string, label: string, kind: string) =>
    `<form method="post" action="${escapeHtml(`${path}/${button}?lang=${language}`)}">` +
    `<button type="submit"${kind}>${escapeHtml(label)}</button></form>`;
  return `<section class="card">
<h1>${escapeHtml(submission.subject)}</h1>
<p class="amount">${escapeHtml(amountText(submission.amountMinor, submission.currency, language))}</p>
${facts([
  [texts.payee, submission.account],
  [texts.orderNo, submission.outNo],
  [texts.payBefore, timeText(submission.expireAtMs, language)],
])}
${form('pay', texts.pay, '')}
${form('cancel', texts.cancel, ' class="quiet"')}
</section>`;
}

function paidCard(order: BookOrder, language: Language): string {
  const texts = PAYER_TEXTS[language];
  const { charge, submission } = order;
  if (charge === null) throw new Error('a paid order has no charge');
  return `<section class="card" role="status">
<p class="mark good" aria-hidden="true">✓</p>
<h1 class="good">${escapeHtml(texts.paidTitle)}</h1>
<p class="amount">${escapeHtml(amountText(charge.amountMinor, charge.currency, language))}</p>
${facts([
  [texts.payee, submission.account],
  [texts.orderNo, submission.outNo],
  [texts.tradeNo, charge.tradeNo],
  [texts.paidAt, timeText(charge.paidAtMs, language)],
])}
</section>`;
}

/** A card that only says something, for pages without an order to show. */
export function plainCard(title: string, note: string): string {
  return `<section class="card" role="status">
<h1 class="bad">${escapeHtml(title)}</h1>
<p>${escapeHtml(note)}</p>
</section>`;
}

/** The way back carries the number only: what became of the order is for the merchant to ask. */
function backLink(order: BookOrder, label: string): string {
  const address = order.submission.returnUrl === null ? null : new URL(order.submission.returnUrl);
  if (address === null) return '';
  address.searchParams.set('out_no', order.submission.outNo);
  return `\n<p><a class="button" href="${escapeHtml(address.href)}">${escapeHtml(label)}</a></p>`;
}

function facts(rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(
    ([term, fact]) => `<div><dt>${escapeHtml(term)}</dt><dd>${escapeHtml(fact)}</dd></div>`,
  );
  return `<dl>${lines.join('')}</dl>`;
}

/** Minor units in the reader's notation, by way of decimal text, so that no fen is rounded away. */
function amountText(amountMinor: number, currency: string, language: Language): string {
  const format = new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en', {
    style: 'currency',
    currency,
  });
  const exponent = format.resolvedOptions().maximumFractionDigits ?? 0;
  const digits = String(amountMinor).padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = digits.slice(digits.length - exponent);
  return format.format(`${Number(whole)}.${fraction === '' ? '0' : fraction}` as `${number}`);
}

function timeText(atMs: number, language: Language): string {
  const time = new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', {
    dateStyle: 'medium',
    timeStyle: 'medium',
    timeZone: PAGE_TIME_ZONE,
  }).format(atMs);
  return language === 'zh' ? `${time}（北京时间）` : `${time} (UTC+8)`;
}
