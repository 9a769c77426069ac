import { randomUUID } from 'node:crypto';
import { afterAll, inject } from 'vitest';
import { databaseUrl, onServer, templateName } from './database-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the test server's maintenance database. */
    testServerUrl: string;
  }
}

const created: string[] = [];

// A hook works only where it is registered while the file loads, so this stands here and not in the function.
afterAll(async () => {
  for (const name of created.splice(0)) {
    await onServer(inject('testServerUrl'), `drop database ${name} with (force)`);
  }
});

/**
 * A database of this test file's own, with the schema in place, or an empty one. Answers its connection string. It is
 * dropped after the file, open connections or not.
 */
export async function freshDatabase(schema: 'migrated' | 'empty' = 'migrated'): Promise<string> {
  const server = inject('testServerUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const template = schema === 'migrated' ? templateName : 'template0';
  await onServer(server, `create database ${name} template ${template}`);
  created.push(name);
  return databaseUrl(server, name);
}
