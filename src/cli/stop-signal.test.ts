import { afterEach, expect, test, vi } from 'vitest';
import { stopSignal } from './serve.ts';

afterEach(() => vi.useRealTimers());

test('one Ctrl-C that comes twice is one request to stop, and a later one ends at once', async () => {
  vi.useFakeTimers();
  const before = process.listenerCount('SIGINT');
  const stopped = stopSignal();
  process.emit('SIGINT');
  await stopped;
  // Whoever still listens keeps the signal from ending the process while it cleans up.
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  process.emit('SIGINT');
  vi.advanceTimersByTime(1_000);
  expect(process.listenerCount('SIGINT')).toBe(before);
});
