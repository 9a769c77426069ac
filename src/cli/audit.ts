/** `tieout audit`: all invariants as SQL on the live database; the rows where one is broken, or the trial balance. */
import { majorText } from '../core/money.ts';
import { readConfig } from '../runtime/config.ts';
import { AUDIT_CHECKS, auditDatabase } from '../store/postgres/audit.ts';
import type { Command } from './command.ts';
import type { OpenDatabase } from './database.ts';
import { openDatabase } from './database.ts';
import { print, table } from './terminal.ts';

export const audit: Command = {
  name: 'audit',
  takes: '',
  summary: 'Check the invariants on the database; print what is broken, and the trial balance',
  flags: {},
  run: async ({ json }) => {
    const config = readConfig(process.env, process.cwd());
    const database = await openDatabase(config.databaseUrl, config.dataDir);
    const { findings, trialBalance } = await auditOnce(database);
    if (json) {
      print(
        JSON.stringify({
          broken: findings.map(({ check, rows }) => ({ id: check.id, rule: check.rule, rows })),
          trial_balance: trialBalance,
        }),
      );
      return findings.length === 0 ? 0 : 1;
    }
    for (const { check, rows } of findings) {
      print(`✗ ${check.id} ${check.rule}`);
      for (const row of rows) print(`    ${JSON.stringify(row)}`);
    }
    const rows = trialBalance.map((row) => [
      row.book,
      row.account,
      row.currency,
      majorText(Number(row.debitMinor), row.currency),
      majorText(Number(row.creditMinor), row.currency),
    ]);
    print(table(['book', 'account', 'currency', 'debit', 'credit'], rows));
    print(
      findings.length === 0
        ? `All ${AUDIT_CHECKS.length} rules hold.`
        : `${findings.length} rules are broken.`,
    );
    return findings.length === 0 ? 0 : 1;
  },
};

async function auditOnce(database: OpenDatabase): ReturnType<typeof auditDatabase> {
  try {
    return await auditDatabase(database.url, Date.now());
  } finally {
    await database.stop();
  }
}
