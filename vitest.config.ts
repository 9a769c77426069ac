import { defineConfig } from 'vitest/config';

// `tidy` needs no database, so that `npm run check` stays a matter of seconds.
export default defineConfig({
  test: {
    pool: 'threads',
    // Most of the waiting is for the database and for processes, not for this process.
    maxWorkers: '100%',
    // Generous, for a busy machine: a test that hangs is still found.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'tidy', include: ['test/tidy.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'all',
          globalSetup: 'test/support/test-server.ts',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['test/tidy.test.ts'],
        },
      },
    ],
  },
});
