import { defineConfig } from 'vitest/config';

// `tidy` needs no database, so that `npm run check` stays a matter of seconds.
export default defineConfig({
  test: {
    pool: 'threads',
    projects: [
      { extends: true, test: { name: 'tidy', include: ['test/tidy.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'all',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['test/tidy.test.ts'],
        },
      },
    ],
  },
});
