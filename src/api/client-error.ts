/** Answers to requests that are not HTTP enough to reach a route. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ApiProblem } from './api-problem.ts';
import { problemBody, problemHeaders } from './problem-body.ts';

/** Answers a problem on the bare socket and ends the connection: what follows on it cannot be trusted. */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  requestId: string,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problemOf(error.code);
  const body = problemBody(problem, { instance: '', requestId, language: 'en' });
  const text = JSON.stringify(body);
  const headers = {
    ...problemHeaders(problem, 'en'),
    'tieout-request-id': requestId,
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status] ?? ''}`;
  socket.end(`${[status, ...lines].join('\r\n')}\r\n\r\n${text}`);
}

function problemOf(code: string | undefined): ApiProblem {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ApiProblem('headers_too_large', 'The headers are larger than 8 kB.');
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new ApiProblem('request_timeout', 'The request was not complete in time.');
  }
  return new ApiProblem('request_malformed', 'This is not valid HTTP/1.1.');
}
