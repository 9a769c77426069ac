import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts';

// A process of its own that starts the embedded PostgreSQL of a folder, says so in one line, and stays until it is ended:
// by SIGTERM it stops the server, by SIGKILL it cannot.
const [dataDir = ''] = process.argv.slice(2);
try {
  const server = await startEmbeddedPostgres({ dataDir });
  const stay = setInterval(() => {}, 60_000);
  process.once('SIGTERM', () => {
    clearInterval(stay);
    void server.stop();
  });
  console.log(JSON.stringify(server));
} catch (error) {
  console.log(JSON.stringify({ refused: (error as Error).message, name: (error as Error).name }));
  process.exitCode = 1;
}
