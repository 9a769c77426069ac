/** Makes docs/exceptions/, when it is run: one page for each kind of exception, all in one shape. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { ACTION_WORDS } from '../core/exceptions/action-words.ts';
import { CATALOGUE } from '../core/exceptions/catalogue.ts';
import type { KindDescription } from '../core/exceptions/kind.ts';
import { SCENARIOS } from '../sandbox/scenarios.ts';
import { isScenarioName } from '../sandbox/scenarios.ts';
import type { ScenarioName } from '../sandbox/scenarios.ts';
import { STATEMENT_FAULTS } from '../sandbox/statement-faults.ts';

export const EXCEPTIONS_FOLDER = new URL('../../docs/exceptions/', import.meta.url);

const NOTE =
  'Generated from `src/core/exceptions/`; a test fails when the two differ. Do not edit.';

/** Every page by its file name, as it stands in the folder. */
export function exceptionPages(): Map<string, string> {
  const pages = CATALOGUE.map((kind): [string, string] => [`${kind.kind}.md`, pageOf(kind)]);
  return new Map([['README.md', overview()], ...pages]);
}

function overview(): string {
  const rows = CATALOGUE.map(
    ({ kind, zh, what }) => `| [\`${kind}\`](${kind}.md) | ${zh} | ${what} |\n`,
  );
  return `# Exceptions 支付差错

${NOTE}

A case stands in \`exceptions[]\` of its payment, in \`GET /v1/exceptions\` while it is open, and in \`tieout exceptions\`.
What a person decides carries a name and a reason, can be tried first with \`dry_run\`, and stays in the payment's timeline.

| kind | 中文 | what it is |
|---|---|---|
${rows.join('')}`;
}

function pageOf(kind: KindDescription): string {
  return `# ${kind.kind} ${kind.zh}

${NOTE}

${kind.what}

## What you see

${kind.seen}${kind.toldToMerchant ? ' The merchant is told `exception.opened` and `exception.resolved`.' : ''}

## Why

${kind.why}

## What the platform already did

Noticed: ${lowerFirst(kind.noticed)}

Done: ${lowerFirst(kind.response)}

Over when: ${lowerFirst(kind.over)}

## What you may do

${mayDo(kind)}

## How to practise it

${practise(kind)}
`;
}

function mayDo({ kind, actions }: KindDescription): string {
  if (actions.length === 0) return 'Nothing: it heals by itself, and stays visible until it has.';
  const id = kind === 'unmatched_notification' ? 'ntf_…' : 'exc_…';
  const rows = actions.map((action) => {
    const { zh, changes } = ACTION_WORDS[action];
    return `| \`${action}\` ${zh} | ${changes} |\n`;
  });
  const [first = ''] = actions;
  const order = first === 'adopt' ? ' --order <channel order number>' : '';
  const brake =
    kind === 'failed_refund'
      ? '\nA refund that the brake holds back is let go with `tieout refunds release --channel <channel> --reason <why>`.\n'
      : '';
  return `| action | what it changes |
|---|---|
${rows.join('')}${brake}
Look first: \`tieout exceptions act ${id} --action ${first}${order} --reason <why> --dry-run\``;
}

function practise({ practise: names, practiseStatement: faults = [] }: KindDescription): string {
  if (names.length === 0) return practiseByStatement(faults);
  const scenarios = names.filter(isScenarioName);
  const lines = scenarios.map((name) => {
    const { en, zh } = SCENARIOS[name];
    const flags = NEEDS[name]?.flags ?? '';
    return `- \`npx tieout demo ${name} --payments 10${flags}\`: ${en}. ${zh}。`;
  });
  const [first] = scenarios;
  const also = first === undefined ? '' : (NEEDS[first]?.also ?? '');
  return `${lines.join('\n')}

Or send \`"metadata": {"scenario": "${first ?? ''}"}\` with a payment in the world of \`npm start\`${also}.`;
}

/** What only a day's end finds is brought about by a statement that is wrong. */
function practiseByStatement(faults: readonly string[]): string {
  const lines = Object.entries(STATEMENT_FAULTS)
    .filter(([name]) => faults.includes(name))
    .map(([name, { en, zh }]) => `- \`${name}\`: ${en}. ${zh}。`);
  const [first = ''] = faults;
  return `${lines.join('\n')}

\`npx tieout demo\` closes a day with all of them. In the world of \`npm start\`:
\`POST /v1/test/statements/generate {"channel": "sandbox", "date": "<day>", "faults": [{"fault": "${first}"}]}\`,
then \`npx tieout reconcile --channel sandbox --date <day>\`.`;
}

/** What a scenario needs beside its name. */
const NEEDS: Partial<Record<ScenarioName, { readonly flags: string; readonly also: string }>> = {
  internal_drop: {
    flags: ' --coupling relay',
    also: ', started with `TIEOUT_COUPLING=relay`: with the books in one database, or under two_phase, there is no message to lose',
  },
  merchant_moved: {
    flags: '',
    also: ', and with it a `"notice_url"` that is the address of the sandbox and `/merchant/moved`; then `POST /v1/events/{id}/resend`',
  },
};

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

if (import.meta.main) {
  mkdirSync(EXCEPTIONS_FOLDER, { recursive: true });
  for (const [name, text] of exceptionPages())
    writeFileSync(new URL(name, EXCEPTIONS_FOLDER), text);
}
