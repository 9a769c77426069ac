/**
 * Results of notices are recorded in groups: one statement for many, and none of them waits long
 * for the others. What cannot be recorded is sent again when its lease is over.
 */
import type { NoticeResult } from '../store/store.ts';

export type NoticeResults = {
  add(result: NoticeResult): void;
  /** Resolves when everything added so far is recorded, or could not be; never rejects. */
  flush(): Promise<void>;
};

/** The longest that a result waits for company. */
const GROUP_WITHIN_MS = 40;

/** Groups over one way of recording them. */
export function newNoticeResults(
  record: (results: readonly NoticeResult[]) => Promise<void>,
  onError: (error: unknown) => void,
): NoticeResults {
  let group: NoticeResult[] = [];
  let timer: NodeJS.Timeout | undefined;
  const recording = new Set<Promise<void>>();

  const recordGroup = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (group.length === 0) return;
    const taken = group;
    group = [];
    const done: Promise<void> = record(taken)
      .catch(onError)
      .finally(() => recording.delete(done));
    recording.add(done);
  };

  return {
    add: (result) => {
      group.push(result);
      timer ??= setTimeout(recordGroup, GROUP_WITHIN_MS);
    },
    flush: async () => {
      recordGroup();
      await Promise.all(recording);
    },
  };
}
