/** Requests that no route takes: the path is unknown, or it knows other methods. */
import type { FastifyRequest, RouteOptions } from 'fastify';
import { ApiProblem } from './api-problem.ts';

type Route = { readonly pattern: RegExp; readonly methods: Set<string> };

export type KnownRoutes = {
  readonly add: (route: RouteOptions) => void;
  /** What to answer a request that found no route. */
  problemFor(request: FastifyRequest): ApiProblem;
};

/** Collects the routes of a server as they are declared. */
export function newKnownRoutes(): KnownRoutes {
  const routes = new Map<string, Route>();
  return {
    add: ({ url, method }) => {
      const pattern = new RegExp(`^${url.replaceAll(/:\w+/g, '[^/]+')}$`);
      const route = routes.get(url) ?? { pattern, methods: new Set() };
      for (const one of [method].flat()) route.methods.add(one);
      routes.set(url, route);
    },
    problemFor: (request) => {
      const path = request.url.split('?', 1)[0] ?? '';
      const matching = [...routes.values()].filter((route) => route.pattern.test(path));
      const methods = matching.flatMap((route) => [...route.methods]);
      if (methods.length === 0) return new ApiProblem('not_found', 'There is no such path.');
      const allow = [...new Set(methods)].sort().join(', ');
      return new ApiProblem('method_not_allowed', `This path takes: ${allow}.`, {
        headers: { allow },
      });
    },
  };
}
