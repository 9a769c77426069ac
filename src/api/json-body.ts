/** Bodies of the API: JSON in UTF-8, and nothing else. */
import { ApiProblem } from './api-problem.ts';
import type { Api } from './request-decorations.ts';
import { parseStrictJson } from './strict-json.ts';

/** Makes strict JSON the only body that the routes of this instance take. */
export function acceptJsonOnly(app: Api): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    const { headers } = request;
    if (headers['content-encoding'] !== undefined || !isUtf8Type(headers['content-type'] ?? '')) {
      done(
        new ApiProblem(
          'content_type_unsupported',
          'The body must be JSON in UTF-8, not compressed.',
        ),
      );
      return;
    }
    // An empty body with a content type is what many clients send with a bare POST.
    if (bytes.length === 0) {
      done(null, undefined);
      return;
    }
    const raw = Buffer.from(bytes);
    if (headers['idempotency-key'] !== undefined) request.rawBody = raw;
    done(null, parseStrictJson(raw));
  });
}

function isUtf8Type(contentType: string): boolean {
  const charset = /;\s*charset=("?)([^";\s]*)\1/i.exec(contentType)?.[2];
  return charset === undefined || /^utf-?8$/i.test(charset);
}
