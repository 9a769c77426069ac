import { SANDBOX_CHANNELS } from './channel-catalogue.ts';
import { type SandboxOptions, startSandbox } from './server.ts';

/** Where the sandbox listens unless it is told otherwise. */
const PORT_DEFAULT = 4041;

/** The account under which the platform is known to the channels unless it is told otherwise. */
const ACCOUNT_DEFAULT = 'main';

function optionsFrom(environment: NodeJS.ProcessEnv): SandboxOptions {
  const secret = environment['TIEOUT_SANDBOX_SECRET'];
  if (secret === undefined || secret === '') {
    throw new Error('TIEOUT_SANDBOX_SECRET must hold the signing secret shared with the platform');
  }
  const account = environment['TIEOUT_SANDBOX_ACCOUNT'] ?? ACCOUNT_DEFAULT;
  const merchantSecret = environment['TIEOUT_SANDBOX_MERCHANT_SECRET'];
  const platformUrl = environment['TIEOUT_SANDBOX_PLATFORM_URL'];
  const journalPath = environment['TIEOUT_SANDBOX_JOURNAL'];
  return {
    port: numberFrom(environment, 'TIEOUT_SANDBOX_PORT', PORT_DEFAULT),
    accounts: { [account]: { secret, channels: Object.keys(SANDBOX_CHANNELS) } },
    timeScale: numberFrom(environment, 'TIEOUT_SANDBOX_TIME_SCALE', 1),
    seed: numberFrom(environment, 'TIEOUT_SANDBOX_SEED', 1),
    ...(merchantSecret !== undefined && { merchantSecret }),
    ...(platformUrl !== undefined && { platformUrl }),
    ...(journalPath !== undefined && { journalPath }),
  };
}

function numberFrom(environment: NodeJS.ProcessEnv, name: string, absent: number): number {
  const text = environment[name];
  if (text === undefined || text === '') return absent;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(`${name} must be a number, got ${text}`);
  return value;
}

const sandbox = await startSandbox(optionsFrom(process.env));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void sandbox.close());
}
// Whoever starts the sandbox as a child holds its standard input: when that closes, the parent is gone.
if (process.env['TIEOUT_PARENT_PIPE'] !== undefined) {
  process.stdin.once('end', () => void sandbox.close()).resume();
  process.stdin.unref();
}
console.log(JSON.stringify({ listening: sandbox.url }));
