import type { Exchange } from './http-exchange.ts';
import { escapeHtml, type Language, languageOf, sendPage } from './page-frame.ts';
import { SCENARIOS, scenarioNames } from './scenarios.ts';

const TEXTS = {
  zh: {
    title: 'Tieout 沙箱：场景一览',
    lead: '下单（POST /v1/payments）时，用 metadata.scenario 或保留金额选择场景。',
    books: '渠道账本',
    columns: ['金额（分）', '场景', '说明', '应有结果'],
    ends: {
      succeeded: '支付成功',
      closed: '已关闭',
      held: '挂账',
      either: '成功或关闭',
      returned: '款项退回',
      refunded: '成功后全额退款',
      refund_stuck: '退款待人工处理',
      reversed: '成功后被冲正',
    },
    platform: '平台地址',
  },
  en: {
    title: 'Tieout sandbox: the scenarios',
    lead: 'Choose one with metadata.scenario in POST /v1/payments, or by a reserved amount.',
    books: "The channels' books",
    columns: ['Amount (minor units)', 'Scenario', 'What happens', 'Ends'],
    ends: {
      succeeded: 'paid',
      closed: 'closed',
      held: 'held',
      either: 'paid or closed',
      returned: 'money returned',
      refunded: 'paid, then refunded',
      refund_stuck: 'refund waits for a person',
      reversed: 'paid, then revoked',
    },
    platform: 'Platform',
  },
} as const;

/** Serves `/`: the table of scenarios, so that nobody has to look them up elsewhere. */
export function serveScenarioPage(exchange: Exchange, platformUrl: string | null): void {
  const language = languageOf(exchange);
  const texts = TEXTS[language];
  const head = texts.columns
    .map(
      (column, at) =>
        `<th scope="col"${at === 0 ? ' class="number"' : ''}>${escapeHtml(column)}</th>`,
    )
    .join('');
  const platform =
    platformUrl === null
      ? ''
      : `<p>${escapeHtml(texts.platform)}: <a href="${escapeHtml(platformUrl)}">${escapeHtml(platformUrl)}</a></p>`;
  const main = `<section class="card">
<h1>${escapeHtml(texts.title)}</h1>
<p>${escapeHtml(texts.lead)}</p>
<p><a href="/books">${escapeHtml(texts.books)}</a></p>
${platform}
<div class="scroll"><table class="stack"><thead><tr>${head}</tr></thead><tbody>
${rows(language)}
</tbody></table></div>
</section>`;
  sendPage(exchange, 200, { language, title: texts.title, bank: 'Tieout', main, isWide: true });
}

function rows(language: Language): string {
  return scenarioNames()
    .map((name) => {
      const scenario = SCENARIOS[name];
      const amount = scenario.amountMinor === null ? '–' : String(scenario.amountMinor);
      const end = TEXTS[language].ends[scenario.expected];
      return (
        `<tr><td class="number">${amount}</td><td><code>${name}</code></td>` +
        `<td>${escapeHtml(scenario[language])}</td><td>${escapeHtml(end)}</td></tr>`
      );
    })
    .join('\n');
}
