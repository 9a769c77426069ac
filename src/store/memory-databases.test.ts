import { twoPhaseContract } from '../../test/support/two-phase-contract.ts';
import { memoryDatabases } from './memory-databases.ts';
import { DuplicateEntryError } from './memory-write.ts';

twoPhaseContract(async () => {
  const { databases } = memoryDatabases({
    endpointsOf: () => [],
    after: (durationMs, _what, run) => {
      const timer = setTimeout(run, durationMs);
      timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
  });
  return { databases, isDataError: (error) => error instanceof DuplicateEntryError };
});
