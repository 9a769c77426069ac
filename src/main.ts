import { readFileSync } from 'node:fs';

const usage = 'usage: tieout <command> [options]\n       tieout --version';

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

if (process.argv[2] === '--version') {
  console.log(version());
} else {
  console.error(usage);
  process.exitCode = 2;
}
