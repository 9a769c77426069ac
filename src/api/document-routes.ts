/** In tests: every route of the API, with whom it admits and a body that it takes, read from the document. */
import { openapiText } from './openapi-file.ts';

type Json = Readonly<Record<string, unknown>>;

export type DocumentedRoute = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly access: 'merchant' | 'operator' | 'any_key' | 'public';
  /** The examples of the fields that it requires. */
  readonly body: Json;
};

const ANY_KEY = [
  '/v1/exceptions',
  '/v1/exceptions/{id}',
  '/v1/test/clock',
  '/v1/test/clock/advance',
  '/v1/test/faults',
  '/v1/test/statements/generate',
];
const OPERATOR = [
  '/v1/merchants',
  '/v1/merchants/{id}',
  '/v1/exceptions/{id}/actions',
  '/v1/refund_brake',
  '/v1/notifications',
  '/v1/notifications/{id}',
  '/v1/notifications/{id}/actions',
  '/v1/statements',
  '/v1/statements/{id}',
  '/v1/statement_cases',
  '/v1/statement_cases/{id}/resolve',
  '/v1/reconciliations',
  '/v1/reconciliations/{id}',
  '/v1/reconciliations/{id}/items',
  '/v1/reconciliations/{id}/report',
];

/** All routes. Who is admitted is written down here a second time, on purpose. */
export async function documentOf(): Promise<DocumentedRoute[]> {
  const document: unknown = JSON.parse(await openapiText());
  return Object.entries(childOf(document, 'paths')).flatMap(([path, operations]) =>
    Object.entries(Object(operations)).map(([method, operation]) => ({
      method: methodOf(method),
      path,
      access: accessOf(path),
      body: bodyOf(operation),
    })),
  );
}

function methodOf(method: string): DocumentedRoute['method'] {
  if (method === 'get') return 'GET';
  if (method === 'post') return 'POST';
  if (method === 'delete') return 'DELETE';
  throw new Error(`no test knows the method ${method}`);
}

function accessOf(path: string): DocumentedRoute['access'] {
  if (!path.startsWith('/v1/')) return 'public';
  if (OPERATOR.includes(path)) return 'operator';
  return ANY_KEY.includes(path) ? 'any_key' : 'merchant';
}

/** The prefix of the ids below this path. */
export function prefixOf(path: string): string {
  const prefixes = {
    webhook_endpoints: 'we',
    events: 'evt',
    refunds: 'ref',
    exceptions: 'exc',
    merchants: 'mch',
    notifications: 'ntf',
    statements: 'stm',
    statement_cases: 'exc',
    reconciliations: 'rec',
  };
  const found = Object.entries(prefixes).find(([name]) => path.startsWith(`/v1/${name}/`));
  return found?.[1] ?? 'pay';
}

function bodyOf(operation: unknown): Json {
  const steps = ['requestBody', 'content', 'application/json', 'schema'];
  const schema = steps.reduce<Json>(childOf, Object(operation));
  const { required } = schema;
  const names = Array.isArray(required) ? required.map(String) : [];
  const properties = childOf(schema, 'properties');
  return Object.fromEntries(
    names.map((name) => {
      const { examples } = childOf(properties, name);
      return [name, Array.isArray(examples) ? examples[0] : null];
    }),
  );
}

function childOf(value: unknown, key: string): Record<string, unknown> {
  const child: unknown = Reflect.get(Object(value), key);
  return typeof child === 'object' && child !== null ? { ...child } : {};
}
