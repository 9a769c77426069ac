import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** The largest request body that any part of the pretend world reads. */
export const BODY_BYTES_MAX = 64 * 1024;

/** One request and the way to answer it. The path has no query string. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
};

export function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  return {
    request,
    response,
    method: request.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
  };
}

/** The raw body; null when it is larger than allowed. Rejects when the client goes away meanwhile. */
export function readBody(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    });
    request.on('end', () => resolve(bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

/** The JSON object in a body; null when it is not one. An empty body counts as an empty object. */
export function parseObject(body: Buffer): Readonly<Record<string, unknown>> | null {
  if (body.length === 0) return {};
  const value = parseJson(body.toString('utf8'));
  return isRecord(value) ? value : null;
}

/** The value of a JSON text; undefined when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Answers with a body of that type; the length is set so that the connection stays usable. */
export function sendBody(
  exchange: Exchange,
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: OutgoingHttpHeaders = {},
): void {
  exchange.response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  exchange.response.end(body);
}

export function sendJson(exchange: Exchange, status: number, value: unknown): void {
  sendBody(exchange, status, 'application/json', JSON.stringify(value));
}

/** Answers with a status alone. */
export function sendStatus(exchange: Exchange, status: number): void {
  exchange.response.writeHead(status, status === 204 ? {} : { 'content-length': 0 });
  exchange.response.end();
}
