/** Planted bugs between two databases: in the two-phase protocol, and in the relay. */
import type { BookDatabases } from '../../store/book-databases.ts';
import type { Sabotage } from '../process.ts';
import type { PlantedBug } from './planted-bug.ts';

/** A defect at the payment book's database, beside what it does honestly. */
function atPayment(
  change: (honest: BookDatabases['payment']) => Partial<BookDatabases['payment']>,
): Sabotage {
  return {
    databases: ({ payment, channel }) => ({ payment: { ...payment, ...change(payment) }, channel }),
  };
}

/** The same at the channel book's. */
function atChannel(
  change: (honest: BookDatabases['channel']) => Partial<BookDatabases['channel']>,
): Sabotage {
  return {
    databases: ({ payment, channel }) => ({ payment, channel: { ...channel, ...change(channel) } }),
  };
}

/** Nobody notices that the channel book is behind. */
function readsHalves(honest: BookDatabases['payment']): Pick<BookDatabases['payment'], 'load'> {
  return {
    load: async (keys) =>
      (await honest.load(keys)).map((half) => half && { ...half, seenChannelVersion: 0 }),
  };
}

export const COUPLING_BUGS: readonly PlantedBug[] = [
  {
    name: 'undecided_half_is_committed',
    words: 'Whoever finds a prepared half without a decision commits it (presumed commit).',
    coupling: 'two_phase',
    foundBy: ['I7', 'I8', 'I9', 'I18', 'I19', 'I14'],
    plant: () =>
      atChannel((honest) => ({
        finishPrepared: async (gid) => await honest.finishPrepared(gid, 'commit'),
      })),
  },
  {
    name: 'decided_half_is_rolled_back',
    words:
      'A prepared half is rolled back without asking what was decided, and nobody who reads looks.',
    coupling: 'two_phase',
    foundBy: ['I7', 'I8', 'I9', 'I18', 'I19'],
    plant: () =>
      atPayment(() => ({ decisionOf: async () => 'abort', committedOf: async () => [] })),
  },
  {
    name: 'half_a_decision_is_read',
    words: 'Readers take a payment whose other half is still prepared for the whole.',
    coupling: 'two_phase',
    foundBy: ['I15', 'I7', 'I9'],
    plant: () => atPayment(readsHalves),
  },
  {
    name: 'outbox_is_the_only_hope',
    words: 'Nobody looks for messages that the outbox has lost.',
    coupling: 'relay',
    foundBy: ['I1', 'I18', 'I19'],
    plant: () => ({
      ...atPayment(() => ({ page: async () => [] })),
      readers: ({ payment, channel }) => ({
        payment: { ...payment, changedBetween: async () => [] },
        channel: { ...channel, changedBetween: async () => [] },
      }),
    }),
  },
  {
    name: 'relay_never_brings',
    words: 'A message that its hop did not deliver stays in the outbox for ever.',
    coupling: 'relay',
    foundBy: ['I18', 'I1'],
    plant: () => atPayment(() => ({ claimOutbox: async () => [] })),
  },
];
