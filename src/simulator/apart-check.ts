/**
 * The same questions where the books lie in two databases. At the commit of one book: what must hold of
 * half a move. Once neither book misses anything of the other: everything, over all that was committed
 * since both last agreed.
 */
import type { Aggregate } from '../core/aggregate.ts';
import { bookOfEffect } from '../core/apart.ts';
import type { Effect } from '../core/effect.ts';
import { checkAggregate, checkHalfMove, checkTold, checkWholeMove } from '../core/invariants.ts';
import type { Posting } from '../core/journal.ts';
import type { Book } from '../core/message.ts';
import { missingMessages } from '../core/missing-messages.ts';
import type { Violation } from '../core/violation.ts';
import type { ApartTables } from '../store/memory-databases.ts';
import type { AggregateChange } from '../store/store.ts';
import type { CheckOptions } from './commit-check.ts';
import { checkEnd, checkQuestions, checkRefundJobs } from './job-check.ts';

/** What is known of a payment from its commits. */
type Followed = {
  /** As both books said after the last commit of either. */
  last: Aggregate | null;
  /** As they said when they last agreed, and what was committed since. */
  agreed: Aggregate | null;
  postings: Posting[];
  effects: Effect[];
};

export type ApartCheck = {
  /** Called after each commit of one book. */
  readonly committed: (book: Book, changes: readonly AggregateChange[]) => void;
  /** When everything has come to rest: what is still between the books. */
  readonly atRest: () => void;
};

/** Follows the commits of two books. */
export function watchApart(tables: ApartTables, options: CheckOptions): ApartCheck {
  const followed = new Map<string, Followed>();
  const { report, onCommitted } = options;
  return {
    committed: (book, changes) => {
      const written: Aggregate[] = [];
      for (const change of changes) {
        const { id } = change.after.payment;
        const one = followed.get(id) ?? { last: null, agreed: null, postings: [], effects: [] };
        followed.set(id, one);
        const after = checkCommit(book, change, one, tables, options);
        if (after) written.push(after);
      }
      onCommitted(written);
    },
    atRest: () => {
      for (const name of tables.waiting()) report('I18', `${name} waits for ever`);
      for (const gid of tables.prepared()) report('I18', `${gid} is in doubt for ever`);
      for (const one of tables.all()) {
        for (const { key } of missingMessages(one)) {
          report('I18', `${one.payment.id}: one book never heard of ${key}`);
        }
      }
    },
  };
}

function checkCommit(
  book: Book,
  change: AggregateChange,
  followed: Followed,
  tables: ApartTables,
  { report, checkTruth }: CheckOptions,
): Aggregate | null {
  const { id } = change.after.payment;
  const after = tables.find(id);
  if (!after) {
    report('I14', `${id}: the channel book has a payment that nobody made`);
    return null;
  }
  const before = followed.last;
  const { steps } = change;
  const postings = steps.flatMap((step) => step.postings.filter((one) => one.book === book));
  const effects = steps.flatMap((step) => step.effects.filter((one) => bookOfEffect(one) === book));
  const say = ({ id: rule, words }: Violation): void => report(rule, `${id}: ${words}`);
  checkHalfMove(before, after, postings).forEach(say);
  if (book === 'payment') checkTold(change.after, effects).forEach(say);
  checkVersions(book, before, change, report);
  followed.last = after;
  followed.postings.push(...postings);
  followed.effects.push(...effects);
  const isAgreed = !tables.isInDoubt(id) && missingMessages(after).length === 0;
  if (isAgreed) {
    checkAggregate(after).forEach(say);
    checkWholeMove(followed.agreed, after, followed.postings, followed.effects).forEach(say);
    followed.agreed = after;
    followed.postings = [];
    followed.effects = [];
  }
  if (book === 'payment') checkEnd(after, tables, report);
  else {
    checkQuestions(after, tables, report);
    checkRefundJobs(after, tables, report);
  }
  checkTruth(before, after);
  return after;
}

/** I7: each book counts its own changes, one by one. */
function checkVersions(
  book: Book,
  before: Aggregate | null,
  { after, steps }: AggregateChange,
  report: CheckOptions['report'],
): void {
  const mine = steps.filter((step) => step.touches[book]);
  const former =
    (book === 'payment' ? before?.payment.version : before?.apart?.channelVersion) ?? 0;
  const versions = mine.map((step) => (book === 'payment' ? step.version : step.channelVersion));
  if (versions.some((version, at) => version !== former + 1 + at)) {
    const counted = versions.join(', ');
    report('I7', `${after.payment.id}: ${book} versions ${counted} after ${former}`);
  }
}
