/** Makes docs/errors.md, when it is run: every problem that the API can answer. */
import { writeFileSync } from 'node:fs';
import { PROBLEM_CODES, PROBLEMS } from '../core/problem.ts';

export const ERRORS_FILE = new URL('../../docs/errors.md', import.meta.url);

const HEAD = `# Errors 错误码

Generated from \`src/core/problem.ts\`; a test fails when the two differ. Do not edit.

Every error is an RFC 9457 problem (\`application/problem+json\`). Programs look at \`code\` and \`retryable\`;
\`errors[]\` names every field that is wrong, with a JSON pointer; \`request_id\` leads to the request in the log.
Retryable: the same request may succeed later without being changed, after \`Retry-After\` seconds.

| status | code | retryable | meaning | 含义 | what to do |
|---|---|---|---|---|---|
`;

/** The page as it stands in the file. */
export function errorsPage(): string {
  const rows = PROBLEM_CODES.map((code) => {
    const { status, retryable, title, zh, next } = PROBLEMS[code];
    const cells = [status, `\`${code}\``, retryable ? 'yes' : 'no', title, zh, next];
    return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |\n`;
  });
  return HEAD + rows.join('');
}

if (import.meta.main) writeFileSync(ERRORS_FILE, errorsPage());
