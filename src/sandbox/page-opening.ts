import type { PaySubmission } from './book-order.ts';
import type { Books } from './books.ts';
import { isCarriedOut } from './call-effect.ts';
import { findChannel, type SandboxChannel } from './channel-catalogue.ts';
import type { SandboxAccount } from './gateway.ts';
import { type Exchange, sendBody } from './http-exchange.ts';
import { escapeHtml, languageOf, sendPage } from './page-frame.ts';
import { isSealedBy, type PageLink, parsePageLink } from './page-link.ts';
import { parsePayRequest } from './pay-request.ts';
import { payerPagePath, plainCard } from './payer-page.ts';
import { PAYER_TEXTS } from './payer-texts.ts';
import { ParamError } from './request-fields.ts';

type Notice = 'unknown' | 'link' | 'reused' | 'unavailable' | 'expired' | 'closed';

/** The signed links with which payers come: only their opening makes the order. */
export class PageOpening {
  readonly #accounts: Readonly<Record<string, SandboxAccount>>;
  readonly #books: Books;

  constructor(accounts: Readonly<Record<string, SandboxAccount>>, books: Books) {
    this.#accounts = accounts;
    this.#books = books;
  }

  /** Serves `/page/{channel}`: makes the order at its first opening and shows the payer's page. */
  serve(exchange: Exchange, nowMs: number): void {
    const [, , channel = '', ...rest] = exchange.path.split('/');
    const rules = findChannel(channel);
    if (rules?.opensByLink !== true || rest.length > 0) {
      return sendNotice(exchange, rules, 404, 'unknown');
    }
    const link = parsePageLink(queryStringOf(exchange));
    if (link === null) return sendNotice(exchange, rules, 400, 'link');
    const account = this.#signerOf(link, channel);
    if (account === null) return sendNotice(exchange, rules, 403, 'link');
    const submission = submissionOf(link, channel, account);
    if (submission === null) return sendNotice(exchange, rules, 400, 'link');
    this.#open(exchange, rules, submission, nowMs);
  }

  #open(exchange: Exchange, rules: SandboxChannel, submission: PaySubmission, nowMs: number): void {
    const books = this.#books;
    const { channel, outNo } = submission;
    // A scenario in which the channel never gets the order keeps it from getting it here as well.
    const isOpened = isCarriedOut(books.interferenceOnPay(submission, nowMs));
    if (!isOpened) return sendNotice(exchange, rules, 503, 'unavailable');
    const answer = books.pay(submission, nowMs);
    const code = answer.result === 'ERROR' ? answer.code : null;
    if (code === 'OUT_NO_REUSED') return sendNotice(exchange, rules, 409, 'reused');
    if (books.find(channel, outNo, nowMs) === null) {
      return sendNotice(exchange, rules, 200, code === 'ORDER_CLOSED' ? 'closed' : 'expired');
    }
    const location = `${payerPagePath(channel, outNo)}?lang=${languageOf(exchange)}`;
    sendBody(exchange, 303, 'text/plain', '', { location, 'cache-control': 'no-store' });
  }

  /** The account that signed the link; null when none of ours did, or it does not use the channel. */
  #signerOf(link: PageLink, channel: string): string | null {
    const name = link.parts?.account ?? '';
    const account = Object.hasOwn(this.#accounts, name) ? this.#accounts[name] : undefined;
    if (account === undefined || !account.channels.includes(channel)) return null;
    return isSealedBy(account.secret, link) ? name : null;
  }
}

function submissionOf(link: PageLink, channel: string, account: string): PaySubmission | null {
  const { account: _, amount = '', ...fields } = Object.fromEntries(link.fields);
  if (!/^[1-9]\d*$/.test(amount)) return null;
  try {
    const body = { ...fields, amount: Number(amount), product: 'page' };
    return parsePayRequest(body, channel, account, ['page']);
  } catch (error) {
    if (error instanceof ParamError) return null;
    throw error;
  }
}

function queryStringOf(exchange: Exchange): string {
  const target = exchange.request.url ?? '';
  const mark = target.indexOf('?');
  return mark < 0 ? '' : target.slice(mark + 1);
}

/** A page without an order: it says why there is none. */
function sendNotice(
  exchange: Exchange,
  rules: SandboxChannel | null,
  status: number,
  notice: Notice,
): void {
  const language = languageOf(exchange);
  const texts = PAYER_TEXTS[language];
  const title = texts[`${notice}Title`];
  const main = `${plainCard(title, texts[`${notice}Note`])}
<p class="note">${escapeHtml(texts.pretendNote)}</p>`;
  const bank = rules?.bankName[language] ?? '';
  sendPage(exchange, status, { language, title, bank, main, isSigned: true });
}
