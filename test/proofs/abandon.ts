/** What is to be ended at once when a proof is broken off: processes, servers, folders. */

const abandoned = new Set<() => void>();
let isListening = false;

/** Has this called when the process exits; the answer takes it back. */
export function onAbandon(end: () => void): () => void {
  // One listener for all: many worlds are open at once.
  if (!isListening) {
    process.once('exit', () => {
      for (const one of abandoned) one();
    });
    isListening = true;
  }
  abandoned.add(end);
  return () => void abandoned.delete(end);
}
