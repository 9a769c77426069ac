/** A platform to be measured: its databases on the benchmark's server, and its process. */
import { openDatabases } from '../src/cli/database.ts';
import { freePort } from '../src/cli/free-port.ts';
import { createShopKey } from '../src/cli/prepare-merchant.ts';
import { newSecret, startPlatformProcess, writeWorldConfig } from '../src/cli/world.ts';
import type { Coupling } from '../src/runtime/config.ts';

export type BenchedPlatform = {
  readonly port: number;
  readonly key: string;
  readonly secret: string;
  readonly pid: number;
  /** Of its databases on the server, the payment book's first. */
  readonly databaseNames: readonly string[];
  /** The payment book's database. */
  readonly url: string;
  /** Freezes the process between its turns: an idle one still asks for due work several times a second. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
};

export type BenchedOptions = {
  readonly serverUrl: string;
  /** Where its configuration file goes. */
  readonly directory: string;
  readonly coupling: Coupling;
  /** Of its database; a second one is called `<name>_channel`. */
  readonly name: string;
};

/** Makes fresh databases and starts a platform on them, with one shop and nothing else in the world. */
export async function startBenchedPlatform(options: BenchedOptions): Promise<BenchedPlatform> {
  const { serverUrl, directory, coupling, name } = options;
  const where = { databaseUrl: serverUrl, channelDatabaseUrl: null, coupling };
  const databases = await openDatabases(where, directory, name);
  const { payment: url, channel } = databases;
  const port = await freePort();
  const secret = newSecret();
  const config = writeWorldConfig(
    `${directory}/${name}`,
    // No sandbox runs: nothing of this load calls a channel.
    'http://127.0.0.1:9',
    secret,
    `http://127.0.0.1:${port}`,
    { policy: {}, worker: {}, account: {} },
  );
  const key = await createShopKey(url);
  const platform = await startPlatformProcess('api,worker', {
    TIEOUT_CONFIG: config,
    TIEOUT_PORT: String(port),
    TIEOUT_COUPLING: coupling,
    DATABASE_URL: url,
    ...(channel !== null && { CHANNEL_DATABASE_URL: channel }),
    TIEOUT_LOG: 'error',
  });
  return {
    port,
    key,
    secret,
    pid: platform.process.pid ?? 0,
    databaseNames: channel === null ? [name] : [name, `${name}_channel`],
    url,
    pause: () => void platform.process.kill('SIGSTOP'),
    resume: () => void platform.process.kill('SIGCONT'),
    stop: async () => {
      // A frozen process hears no other signal.
      platform.process.kill('SIGCONT');
      await platform.stop();
      await databases.stop();
    },
  };
}
