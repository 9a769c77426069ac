/** The database of a command: the one in DATABASE_URL, or the embedded server of the data directory. */
import pg from 'pg';
import { startEmbeddedPostgres } from '../store/embedded/embedded-postgres.ts';
import type { Config } from '../runtime/config.ts';
import { migrate } from '../store/migrate.ts';
import { UsageError } from './command.ts';
import type { Words } from './words.ts';
import { same } from './words.ts';

export type OpenDatabase = {
  readonly url: string;
  /** Drops a temporary database, and stops the embedded server if this command started it. */
  stop(): Promise<void>;
};

const CONNECT_WITHIN_MS = 5_000;

/**
 * The server itself, not migrated: the embedded one, started or adopted, where no URL is given; else
 * the one of the URL, which must answer. Throws a `UsageError` that says what is wrong with it.
 */
export async function openServer(
  databaseUrl: string | null,
  dataDir: string,
): Promise<OpenDatabase> {
  if (databaseUrl === null) return await startEmbeddedPostgres({ dataDir });
  await knock(databaseUrl, PAYMENT_SOURCE);
  return { url: databaseUrl, stop: async () => {} };
}

/**
 * Opens and migrates the database; starts or adopts the embedded server where no URL is given. With
 * `temporary` a fresh database of that name is made on the server, and dropped again by `stop`.
 */
export async function openDatabase(
  databaseUrl: string | null,
  dataDir: string,
  temporary?: string,
): Promise<OpenDatabase> {
  const server = await openServer(databaseUrl, dataDir);
  if (temporary === undefined) {
    await migrate(server.url);
    return server;
  }
  const name = pg.escapeIdentifier(temporary);
  await runOn(
    server.url,
    `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`,
    `CREATE DATABASE ${name}`,
  );
  const url = withDatabase(server.url, temporary);
  await migrate(url);
  return {
    url,
    stop: async () => {
      await runOn(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await server.stop();
    },
  };
}

export type OpenDatabases = {
  readonly payment: string;
  /** Null where both books share one database. */
  readonly channel: string | null;
  stop(): Promise<void>;
};

type Addresses = Pick<Config, 'databaseUrl' | 'channelDatabaseUrl' | 'coupling'>;

/**
 * The databases of both books, as the coupling wants them. Without an address the channel book gets a
 * database of its own beside the other one, on the embedded server.
 */
export async function openDatabases(
  config: Addresses,
  dataDir: string,
  temporary?: string,
): Promise<OpenDatabases> {
  const databases = await openServers(config, dataDir, temporary);
  await migrate(databases.payment);
  if (databases.channel !== null) await migrate(databases.channel);
  return databases;
}

/** The same, not migrated. */
export async function openServers(
  config: Addresses,
  dataDir: string,
  temporary?: string,
): Promise<OpenDatabases> {
  const { channelDatabaseUrl } = config;
  // What is wrong with either address is said before anything is written at the other one.
  if (channelDatabaseUrl !== null) await knock(channelDatabaseUrl, CHANNEL_SOURCE);
  const payment =
    temporary === undefined
      ? await openServer(config.databaseUrl, dataDir)
      : await openDatabase(config.databaseUrl, dataDir, temporary);
  const stop = async (): Promise<void> => await payment.stop();
  if (config.coupling === 'together') return { payment: payment.url, channel: null, stop };
  if (channelDatabaseUrl !== null) {
    return { payment: payment.url, channel: channelDatabaseUrl, stop };
  }
  const name = `${temporary ?? 'tieout'}_channel`;
  return {
    payment: payment.url,
    channel: await createBeside(payment.url, name, temporary !== undefined),
    stop: async () => {
      if (temporary !== undefined) {
        await runOn(
          payment.url,
          `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`,
        );
      }
      await stop();
    },
  };
}

/** Another database on the same server, made if it is not there. */
async function createBeside(url: string, name: string, isFresh: boolean): Promise<string> {
  const quoted = pg.escapeIdentifier(name);
  if (isFresh) await runOn(url, `DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
  try {
    await runOn(url, `CREATE DATABASE ${quoted}`);
  } catch (error) {
    // `duplicate_database`: it is there from before.
    if (codeOf(error) !== '42P04') throw error;
  }
  return withDatabase(url, name);
}

/** The variable that an address came from, and how to do without it. */
type Source = { readonly name: string; readonly without: Words };

const PAYMENT_SOURCE: Source = {
  name: 'DATABASE_URL',
  without: {
    en: 'leave DATABASE_URL out to use the embedded one',
    zh: '不设置 DATABASE_URL 以使用内置 PostgreSQL',
  },
};
const CHANNEL_SOURCE: Source = {
  name: 'CHANNEL_DATABASE_URL',
  without: {
    en: 'leave both addresses out to use the embedded one',
    zh: '两个地址都不设置以使用内置 PostgreSQL',
  },
};

/** Connects once, so that what is wrong is said before anything else is started. */
async function knock(url: string, source: Source): Promise<void> {
  const { name, without } = source;
  if (!/^postgres(?:ql)?:\/\//.test(url)) {
    throw new UsageError({
      en: `${name} must look like postgres://user:password@host:5432/database; or ${without.en}.`,
      zh: `${name} 应形如 postgres://user:password@host:5432/database；或${without.zh}。`,
    });
  }
  const client = newClient(url, source);
  try {
    await client.connect();
  } catch (error) {
    throw unreachable(client, source, error);
  } finally {
    await client.end().catch(() => null);
  }
}

function newClient(url: string, { name }: Source): pg.Client {
  try {
    return new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_WITHIN_MS });
  } catch {
    throw new UsageError({
      en: `${name} cannot be read as an address: look for characters such as @, / or # in the password, and write them as %40, %2F, %23.`,
      zh: `${name} 无法解析：请检查密码中的 @、/、# 等字符，并写成 %40、%2F、%23。`,
    });
  }
}

/** Never the URL itself: it holds a password. */
function unreachable(
  { host, port, database, user }: pg.Client,
  source: Source,
  error: unknown,
): UsageError {
  const place = host.startsWith('/') ? host : `${host}:${port}`;
  const where = { place, database: String(database), user: String(user) };
  const reason = reasonOf(error, where, source);
  return new UsageError(
    {
      en: `The PostgreSQL of ${source.name} cannot be used: ${reason.en}`,
      zh: `${source.name} 指定的 PostgreSQL 无法使用：${reason.zh}`,
    },
    1,
  );
}

function reasonOf(
  error: unknown,
  { place, database, user }: { place: string; database: string; user: string },
  { name, without }: Source,
): Words {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return {
        en: `nothing listens at ${place}. Start the server, or ${without.en}.`,
        zh: `${place} 没有服务在监听。请启动服务器，或${without.zh}。`,
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        en: `there is no host ${place}. Mend the name in ${name}.`,
        zh: `找不到主机 ${place}。请更正 ${name} 中的主机名。`,
      };
    case '28P01':
    case '28000':
      return {
        en: `the server refuses the user ${user}: wrong password, or not allowed (${code}). Mend ${name}.`,
        zh: `服务器拒绝用户 ${user}：密码错误或无权限（${code}）。请更正 ${name}。`,
      };
    case '3D000':
      return {
        en: `there is no database ${database} at ${place}. Create it (createdb ${database}), or mend ${name}.`,
        zh: `${place} 上没有数据库 ${database}。请先创建（createdb ${database}），或更正 ${name}。`,
      };
    default:
  }
  if (/timeout|ETIMEDOUT/.test(`${code} ${message}`)) {
    const seconds = CONNECT_WITHIN_MS / 1_000;
    return {
      en: `${place} does not answer within ${seconds} s. Look at the address, the server and the firewall.`,
      zh: `${place} 在 ${seconds} 秒内没有应答。请检查地址、服务器和防火墙。`,
    };
  }
  return same(`${place}: ${message}${code === '' ? '' : ` (${code})`}`);
}

/** The code of a system or PostgreSQL error; of several attempts at one host, the first one's. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code: unknown = Reflect.get(Object(error), 'code');
  return typeof code === 'string' ? code : '';
}

/** The same server, another database. */
function withDatabase(url: string, name: string): string {
  return url.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`);
}

async function runOn(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
