/**
 * What must hold of every payment and of every move, whatever happened: the invariants that one
 * aggregate, or one decision about it, can show. Pure: the simulator asks after each commit, the
 * property tests after each decision, and neither trusts the code that decided.
 *
 * Nothing here repairs anything. A violation is a bug of ours, named so that it can be looked up.
 */
import type { Aggregate } from './aggregate.ts';
import type { Effect } from './effect.ts';
import type { Posting } from './journal.ts';
import {
  checkBetweenBooks,
  checkBookedCharges,
  checkEvents,
  checkJobs,
  checkLegalMoves,
  checkNothingForgotten,
  checkOneWinner,
  checkPostings,
  checkRefundJobs,
  checkSnapshots,
} from './move-invariants.ts';
import {
  checkChannelRefunds,
  checkNegativeEnds,
  checkNumbers,
  checkOwners,
  checkRefundCases,
  checkReserve,
  checkStatuses,
  checkSums,
  checkWinner,
} from './state-invariants.ts';
import type { Broken, Violation } from './violation.ts';

/** What is wrong with a payment as it stands; empty when nothing is. */
export function checkAggregate(aggregate: Aggregate): Violation[] {
  return collect((broken) => {
    checkWinner(aggregate, broken);
    checkNegativeEnds(aggregate, broken);
    checkStatuses(aggregate, broken);
    checkSums(aggregate, broken);
    checkNumbers(aggregate, broken);
    checkOwners(aggregate, broken);
    checkReserve(aggregate, broken);
    checkChannelRefunds(aggregate, broken);
    checkRefundCases(aggregate, broken);
  });
}

/**
 * What is wrong with the way from one state to the next; empty when nothing is. The move may be
 * several decisions in a row, with all their postings and effects in order.
 */
export function checkMove(
  before: Aggregate | null,
  after: Aggregate,
  postings: readonly Posting[],
  effects: readonly Effect[],
): Violation[] {
  return [
    ...checkHalfMove(before, after, postings),
    ...checkWholeMove(before, after, postings, effects),
    ...checkTold(after, effects),
  ];
}

/** Of a move, what must hold even where one book has moved and the other one has not heard of it yet. */
export function checkHalfMove(
  before: Aggregate | null,
  after: Aggregate,
  postings: readonly Posting[],
): Violation[] {
  return collect((broken) => {
    checkLegalMoves(before, after, broken);
    checkNothingForgotten(before, after, broken);
    checkOneWinner(before, after, postings, broken);
    checkPostings(postings, broken);
  });
}

/** Of a move, what holds only once both books have heard everything that belongs to it. */
export function checkWholeMove(
  before: Aggregate | null,
  after: Aggregate,
  postings: readonly Posting[],
  effects: readonly Effect[],
): Violation[] {
  return collect((broken) => {
    checkBetweenBooks(postings, broken);
    checkBookedCharges(before, after, postings, broken);
    checkJobs(before, after, effects, broken);
    checkRefundJobs(before, after, effects, broken);
    checkEvents(before, after, effects, broken);
  });
}

/** I15 alone: what a decision tells the merchant is the state that it made. */
export function checkTold(after: Aggregate, effects: readonly Effect[]): Violation[] {
  return collect((broken) => checkSnapshots(after, effects, broken));
}

function collect(run: (broken: Broken) => void): Violation[] {
  const violations: Violation[] = [];
  run((id, words) => violations.push({ id, words }));
  return violations;
}
