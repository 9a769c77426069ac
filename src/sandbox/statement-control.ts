/** The switches of the pretend world that are about statements. */
import { isDay } from './business-day.ts';
import { FaultRuleError } from './faults.ts';
import type { SandboxAccount } from './gateway.ts';
import { type Exchange, sendJson } from './http-exchange.ts';
import type { SandboxClock } from './sandbox-clock.ts';
import type { StatementDesk } from './statement-desk.ts';
import { parseStatementFaults, STATEMENT_FAULTS } from './statement-faults.ts';
import type { StatementTarget } from './statements.ts';

export type StatementControlOptions = {
  readonly accounts: Readonly<Record<string, SandboxAccount>>;
  readonly statements: StatementDesk;
  readonly clock: SandboxClock;
};

type Fields = Readonly<Record<string, unknown>>;

/** A longer file is for fetching, not for reading in an answer. */
const SHOWN_CHARS_MAX = 262_144;

export class StatementControl {
  readonly #options: StatementControlOptions;

  constructor(options: StatementControlOptions) {
    this.#options = options;
  }

  /**
   * Makes the statement `{channel, account?, date, faults?}` ready at once. Without an account it is
   * that of the first one that uses the channel.
   */
  generate(exchange: Exchange, fields: Fields): void {
    try {
      const target = this.#targetOf(fields);
      const faults = parseStatementFaults(fields['faults']);
      const { statements, clock } = this.#options;
      const { lineCount, spoilt, sha256, text } = statements.generate(
        target,
        faults,
        clock.nowMs(),
      );
      const { channel, account, day: date } = target;
      const shown = text !== null && text.length <= SHOWN_CHARS_MAX ? text : null;
      const state = sha256 === null ? 'NO_TRADES' : 'READY';
      const made = { channel, account, date, state, lines: lineCount, spoilt, sha256, text: shown };
      sendJson(exchange, 200, made);
    } catch (error) {
      if (!(error instanceof FaultRuleError)) throw error;
      const { field, message } = error;
      sendJson(exchange, 400, { code: 'PARAM_ERROR', message, field });
    }
  }

  /** What can be ordered, in words. */
  listFaults(exchange: Exchange): void {
    const data = Object.entries(STATEMENT_FAULTS).map(([fault, words]) => ({ fault, ...words }));
    sendJson(exchange, 200, { data });
  }

  #targetOf({ channel, account, date }: Fields): StatementTarget {
    if (typeof date !== 'string' || !isDay(date)) {
      throw new FaultRuleError('date', 'date must be a day, as 2026-11-18');
    }
    const users = Object.entries(this.#options.accounts)
      .filter(([, { channels }]) => channels.some((name) => name === channel))
      .map(([name]) => name);
    if (typeof channel !== 'string' || users.length === 0) {
      throw new FaultRuleError('channel', 'channel must be one that an account uses');
    }
    const named = account === undefined ? users[0] : users.find((name) => name === account);
    if (named === undefined) {
      throw new FaultRuleError('account', `account must be one of ${users.join(', ')}`);
    }
    return { channel, account: named, day: date };
  }
}
