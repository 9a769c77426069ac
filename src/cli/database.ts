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
  await knock(databaseUrl);
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

/**
 * The databases of both books, as the coupling wants them. Without an address the channel book gets a
 * database of its own beside the other one, on the embedded server.
 */
export async function openDatabases(
  config: Pick<Config, 'databaseUrl' | 'channelDatabaseUrl' | 'coupling'>,
  dataDir: string,
  temporary?: string,
): Promise<OpenDatabases> {
  const payment = await openDatabase(config.databaseUrl, dataDir, temporary);
  if (config.coupling === 'together') {
    return { payment: payment.url, channel: null, stop: async () => await payment.stop() };
  }
  const { channelDatabaseUrl } = config;
  if (channelDatabaseUrl !== null) {
    await knock(channelDatabaseUrl);
    await migrate(channelDatabaseUrl);
    const stop = async (): Promise<void> => await payment.stop();
    return { payment: payment.url, channel: channelDatabaseUrl, stop };
  }
  const name = `${temporary ?? 'tieout'}_channel`;
  const channel = await openBeside(payment.url, name, temporary !== undefined);
  return {
    payment: payment.url,
    channel,
    stop: async () => {
      if (temporary !== undefined) {
        await runOn(
          payment.url,
          `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`,
        );
      }
      await payment.stop();
    },
  };
}

/** Another database on the same server, made if it is not there, and migrated. */
async function openBeside(url: string, name: string, isFresh: boolean): Promise<string> {
  const quoted = pg.escapeIdentifier(name);
  if (isFresh) await runOn(url, `DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
  try {
    await runOn(url, `CREATE DATABASE ${quoted}`);
  } catch (error) {
    // `duplicate_database`: it is there from before.
    if (codeOf(error) !== '42P04') throw error;
  }
  const beside = withDatabase(url, name);
  await migrate(beside);
  return beside;
}

/** Connects once, so that what is wrong is said before anything else is started. */
async function knock(url: string): Promise<void> {
  if (!/^postgres(?:ql)?:\/\//.test(url)) {
    throw new UsageError({
      en: 'DATABASE_URL must look like postgres://user:password@host:5432/database; leave it out to use the embedded PostgreSQL.',
      zh: 'DATABASE_URL 应形如 postgres://user:password@host:5432/database；不设置则使用内置 PostgreSQL。',
    });
  }
  const client = newClient(url);
  try {
    await client.connect();
  } catch (error) {
    throw unreachable(client, error);
  } finally {
    await client.end().catch(() => null);
  }
}

function newClient(url: string): pg.Client {
  try {
    return new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_WITHIN_MS });
  } catch {
    throw new UsageError({
      en: 'DATABASE_URL cannot be read as an address: look for characters such as @, / or # in the password, and write them as %40, %2F, %23.',
      zh: 'DATABASE_URL 无法解析：请检查密码中的 @、/、# 等字符，并写成 %40、%2F、%23。',
    });
  }
}

/** Never the URL itself: it holds a password. */
function unreachable({ host, port, database, user }: pg.Client, error: unknown): UsageError {
  const place = host.startsWith('/') ? host : `${host}:${port}`;
  const reason = reasonOf(error, { place, database: String(database), user: String(user) });
  return new UsageError(
    {
      en: `The PostgreSQL of DATABASE_URL cannot be used: ${reason.en}`,
      zh: `DATABASE_URL 指定的 PostgreSQL 无法使用：${reason.zh}`,
    },
    1,
  );
}

function reasonOf(
  error: unknown,
  { place, database, user }: { place: string; database: string; user: string },
): Words {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return {
        en: `nothing listens at ${place}. Start the server, or leave DATABASE_URL out to use the embedded one.`,
        zh: `${place} 没有服务在监听。请启动服务器，或不设置 DATABASE_URL 以使用内置 PostgreSQL。`,
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        en: `there is no host ${place}. Mend the name in DATABASE_URL.`,
        zh: `找不到主机 ${place}。请更正 DATABASE_URL 中的主机名。`,
      };
    case '28P01':
    case '28000':
      return {
        en: `the server refuses the user ${user}: wrong password, or not allowed (${code}). Mend DATABASE_URL.`,
        zh: `服务器拒绝用户 ${user}：密码错误或无权限（${code}）。请更正 DATABASE_URL。`,
      };
    case '3D000':
      return {
        en: `there is no database ${database} at ${place}. Create it (createdb ${database}), or mend DATABASE_URL.`,
        zh: `${place} 上没有数据库 ${database}。请先创建（createdb ${database}），或更正 DATABASE_URL。`,
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
