/** The frame of the API reference: one HTML page without a script, so that it works offline and under the strictest policy. */
import { createHash } from 'node:crypto';

export type Language = 'zh' | 'en';

const STYLE = `
:root{color-scheme:light dark;--ink:#1b2430;--soft:#566272;--line:#dde3ea;--page:#fff;--side:#f5f7fa;--code:#f1f4f8;--brand:#0b5bd3;--get:#0a6b3b;--post:#0b5bd3;--delete:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf3;--soft:#a3afbd;--line:#303a47;--page:#11161d;--side:#171d26;--code:#1c2430;--brand:#6ea8ff;--get:#5fd396;--post:#6ea8ff;--delete:#ff8a80}}
*{box-sizing:border-box}
html{scroll-padding-top:16px}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.6 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
a{color:var(--brand);text-decoration:none}
a:hover{text-decoration:underline}
a:focus-visible,summary:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
.layout{display:grid;grid-template-columns:22rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow-y:auto;padding:20px;background:var(--side);border-right:1px solid var(--line);font-size:.875rem}
nav ul{margin:0 0 14px;padding:0;list-style:none}
nav li{padding:2px 0}
nav li a{display:flex;gap:8px;align-items:baseline}
nav li .method{flex:none}
nav li span:last-child{min-width:0;overflow-wrap:anywhere}
nav strong{font-size:1.1rem}
nav h2{margin:14px 0 4px;font-size:.8rem;color:var(--soft)}
main{max-width:60rem;padding:24px 32px 96px}
h1{margin:0 0 8px;font-size:1.6rem}
main h2{margin:48px 0 8px;padding-bottom:6px;border-bottom:1px solid var(--line);font-size:1.3rem}
section{margin:32px 0}
h3{margin:0 0 4px;font-size:1.05rem}
h4{margin:16px 0 4px;font-size:.85rem;color:var(--soft)}
p{margin:4px 0 8px}
code,pre{font:.85em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{padding:1px 4px;border-radius:4px;background:var(--code);overflow-wrap:anywhere}
pre{margin:4px 0;padding:12px;border-radius:8px;background:var(--code);overflow-x:auto}
pre code{padding:0;background:none;overflow-wrap:normal}
.path{margin:0 0 8px;font-weight:600;overflow-wrap:anywhere}
.method{display:inline-block;min-width:4.2em;font:600 .75rem/1.6 ui-monospace,Menlo,Consolas,monospace;color:var(--post)}
.GET{color:var(--get)}
.DELETE{color:var(--delete)}
.soft{color:var(--soft)}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.9rem}
th,td{padding:6px 10px 6px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-size:.8rem;color:var(--soft);font-weight:600}
td:first-child,td:nth-child(2) .soft{white-space:nowrap}
details{margin:8px 0}
summary{cursor:pointer;color:var(--soft)}
@media (max-width:52rem){.layout{display:block}nav{position:static;height:auto;border-right:0;border-bottom:1px solid var(--line)}nav ul{display:none}main{padding:20px 16px 64px}td:first-child,td:nth-child(2) .soft{white-space:normal}}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** What the page may do: show itself, and nothing else. */
export const REFERENCE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
} as const;

/** Makes a text safe inside an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A sentence of the document: its `code` marks and its links to nothing else. */
export function prose(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

const line = (cells: readonly string[], tag: 'th' | 'td'): string =>
  `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;

/** A table that scrolls by itself where the window is narrow; cells are markup already. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const body = rows.map((row) => line(row, 'td')).join('\n');
  return `<div class="scroll"><table><thead>${line(head.map(escapeHtml), 'th')}</thead><tbody>\n${body}\n</tbody></table></div>`;
}

/** The language that is asked for by `?lang=`, else the first that the reader's browser names; else English. */
export function languageOf(asked: unknown, accepted: string | undefined): Language {
  if (asked === 'zh' || asked === 'en') return asked;
  const first = (accepted ?? '')
    .split(',')
    .map((entry) => entry.trim().slice(0, 2).toLowerCase())
    .find((entry) => entry === 'zh' || entry === 'en');
  return first === 'zh' ? 'zh' : 'en';
}

/** The whole page around navigation and content, which are markup already. */
export function referenceFrame(language: Language, nav: string, main: string): string {
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${language === 'zh' ? 'Tieout 接口文档' : 'Tieout API reference'}</title>
<style>${STYLE}</style>
</head>
<body>
<div class="layout">
<nav>${nav}</nav>
<main>${main}</main>
</div>
</body>
</html>
`;
}
