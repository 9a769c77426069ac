/**
 * Platform only (平台有·渠道无，短款): our books have money that the channel's statements lack. Its state never
 * changes for that: what a channel proved stays proven. It is carried over the day's edge once, then the
 * channel is asked, and then it is a person's.
 */
import type { KindDescription } from './kind.ts';

export const PLATFORM_ONLY: KindDescription = {
  kind: 'platform_only',
  zh: '平台有渠道无（短款）',
  what: 'A charge or refund that its channel proved stands in none of the statements in which it must.',
  noticed: 'The comparison of its day, and of the day after, finds no line for it.',
  response:
    'Carry it over the edge of the day once, ask the channel, keep the state as it is, ask a person.',
  over: 'A later statement has it, or a person has cleared it up with the channel.',
  toldToMerchant: false,
  actions: ['resolve'],
  seen: 'Nothing changes for the merchant. Finance sees it among the differences of the day after.',
  why: 'The channel books it on a later day, its file lacks a line, or what it told us was not so.',
  practise: [],
  practiseStatement: ['missing_line'],
};
