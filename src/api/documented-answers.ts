/** In tests: holds every answer of the API against what the OpenAPI document says of it. */
import type { FastifyInstance } from 'fastify';
import { Compile } from 'typebox/schema';

type Json = Readonly<Record<string, unknown>>;

/** Fills the returned list with every answer that the document does not describe. Comes before `ready`. */
export function watchAnswers(app: FastifyInstance): string[] {
  const found: string[] = [];
  app.addHook('onSend', (request, reply, payload, done) => {
    const url = request.routeOptions.url;
    const type = String(reply.getHeader('content-type')).split(';', 1)[0] ?? '';
    if (url !== undefined && typeof payload === 'string' && /json/.test(type)) {
      const name = `${request.method} ${url} ${reply.statusCode} ${type}`;
      const schema = schemaOf(app.swagger(), url, request.method, reply.statusCode, type);
      if (schema === null) found.push(`${name}: not in the document`);
      else
        for (const fault of faultsOf(schema, JSON.parse(payload))) found.push(`${name}: ${fault}`);
    }
    done(null, payload);
  });
  return found;
}

/** The schema of an answer with the components that it refers to, or null. */
function schemaOf(
  document: object,
  url: string,
  method: string,
  status: number,
  type: string,
): Json | null {
  const path = url.replaceAll(/:(\w+)/g, '{$1}');
  const responses = ['paths', path, method.toLowerCase(), 'responses'].reduce<unknown>(
    childOf,
    document,
  );
  const response = childOf(responses, String(status)) ?? childOf(responses, 'default');
  const content = childOf(response, 'content');
  const schema = childOf(childOf(content, type) ?? childOf(content, '*/*'), 'schema');
  if (typeof schema !== 'object' || schema === null) return null;
  return { ...schema, components: childOf(document, 'components') };
}

function faultsOf(schema: Json, value: unknown): string[] {
  const compiled = Compile(schema);
  const [isRight, errors] = compiled.Errors(value);
  return isRight ? [] : errors.map((error) => `${error.instancePath} ${error.message}`);
}

function childOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
