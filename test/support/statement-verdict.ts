/** Reads a statement to its end: its lines and what it says of itself, or the refusal. Any other error is a fault of the program. */
import { STATEMENT_FORMATS } from '../../src/channels/statement-catalogue.ts';
import type { StatementLine } from '../../src/core/reconciliation/statement-line.ts';
import { readStatement } from '../../src/statements/read-statement.ts';
import type { ReadStatement, StatementLimits } from '../../src/statements/read-statement.ts';
import type { StatementSource } from '../../src/statements/statement-container.ts';
import { StatementError } from '../../src/statements/statement-format.ts';
import type { StatementExpectation } from '../../src/statements/statement-format.ts';
import { EXPECTED } from './statement-files.ts';

export type Verdict =
  | {
      readonly accepted: true;
      readonly lines: readonly StatementLine[];
      readonly read: ReadStatement;
    }
  | { readonly accepted: false; readonly error: StatementError };

export type VerdictOptions = {
  readonly expected?: Partial<StatementExpectation>;
  readonly limits?: Partial<StatementLimits>;
  readonly contentSha1?: string;
};

/** The verdict on a file in memory, on disk, or arriving. */
export async function verdictOn(
  source: StatementSource | Uint8Array,
  { expected, ...options }: VerdictOptions = {},
): Promise<Verdict> {
  const lines: StatementLine[] = [];
  const reading = readStatement(source instanceof Uint8Array ? { bytes: source } : source, {
    formats: STATEMENT_FORMATS,
    expected: { ...EXPECTED, ...expected },
    ...options,
  });
  try {
    for (;;) {
      const next = await reading.next();
      if (next.done === true) return { accepted: true, lines, read: next.value };
      lines.push(...next.value);
    }
  } catch (error) {
    if (error instanceof StatementError) return { accepted: false, error };
    throw error;
  }
}
