import { createHash } from 'node:crypto';
import { type Exchange, sendBody } from './http-exchange.ts';

export type Language = 'zh' | 'en';

const STYLE = `
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5a6675;--line:#dde3ea;--page:#eef2f6;--card:#fff;--brand:#0b5bd3;--brand-ink:#fff;--good:#0a7a3d;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf3;--soft:#a3afbd;--line:#303a47;--page:#11161d;--card:#1a212b;--brand:#6ea8ff;--brand-ink:#0b1220;--good:#5fd396;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:var(--page);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
header{display:flex;justify-content:space-between;align-items:center;gap:12px;padding:12px 20px;background:var(--card);border-bottom:1px solid var(--line)}
header strong{font-size:1.05rem}
a{color:var(--brand)}
main{max-width:30rem;margin:24px auto;padding:0 16px}
main.wide{max-width:60rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:24px 20px}
h1{margin:0 0 4px;font-size:1.15rem;overflow-wrap:anywhere}
.amount{margin:8px 0 16px;font-size:2.25rem;font-weight:700;line-height:1.2;font-variant-numeric:tabular-nums}
.mark{margin:0;font-size:2.5rem;line-height:1.2}
.stack td:nth-child(2){font-weight:600}
.good{color:var(--good)}
.bad{color:var(--bad)}
dl{margin:0 0 20px;border-top:1px solid var(--line)}
dl div{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 16px;padding:10px 0;border-bottom:1px solid var(--line)}
dt{color:var(--soft);flex:none}
dd{margin:0 0 0 auto;text-align:right;overflow-wrap:anywhere}
form{margin:0 0 12px}
button,.button{display:block;width:100%;min-height:48px;padding:10px 16px;border:1px solid var(--brand);border-radius:8px;background:var(--brand);color:var(--brand-ink);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
button.quiet{background:transparent;color:var(--brand)}
button:focus-visible,a:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
.note{margin:16px 4px;color:var(--soft);font-size:.875rem}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.9rem}
th,td{padding:8px 10px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th.number,td.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
@media (max-width:40rem){.stack thead{display:none}.stack tr{display:block;padding:10px 0;border-bottom:1px solid var(--line)}.stack td,.stack td.number{display:block;padding:1px 0;border:0;text-align:left}}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

const PAGE_HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** Makes a text safe inside an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The reader's language: asked for by `?lang=`, else the first the browser names, else Chinese. */
export function languageOf(exchange: Exchange): Language {
  const asked = exchange.query.get('lang');
  if (asked === 'zh' || asked === 'en') return asked;
  const accepted = exchange.request.headers['accept-language'] ?? '';
  const first = accepted
    .split(',')
    .map((entry) => entry.trim().slice(0, 2).toLowerCase())
    .find((entry) => entry === 'zh' || entry === 'en');
  return first === 'en' ? 'en' : 'zh';
}

/** Sends a whole page. `main` is markup already; every other text is escaped here. */
export function sendPage(
  exchange: Exchange,
  status: number,
  page: {
    readonly language: Language;
    readonly title: string;
    readonly bank: string;
    readonly main: string;
    readonly isWide?: boolean;
    /** A signed address bears no further parameter, so such a page cannot offer another language. */
    readonly isSigned?: boolean;
  },
): void {
  const other: Language = page.language === 'zh' ? 'en' : 'zh';
  const otherName = other === 'zh' ? '中文' : 'English';
  const choice =
    page.isSigned === true
      ? ''
      : `<a href="?lang=${other}" hreflang="${other}" lang="${other}">${otherName}</a>`;
  const html = `<!doctype html>
<html lang="${page.language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><strong>${escapeHtml(page.bank)}</strong>${choice}</header>
<main${page.isWide === true ? ' class="wide"' : ''}>
${page.main}
</main>
</body>
</html>
`;
  sendBody(exchange, status, 'text/html; charset=utf-8', html, PAGE_HEADERS);
}
