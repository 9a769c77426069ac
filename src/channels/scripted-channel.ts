/** A channel on a real port that answers each call as a test says. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ChannelOrder } from '../core/channel-order.ts';
import type {
  Answer,
  Connector,
  PayDetails,
  RefundAnswer,
  RefundCall,
  StatementFetch,
} from './connector.ts';

/** The calls about an order, and those about a refund of it. */
export type Call = 'pay' | 'query' | 'close' | 'refund' | 'queryRefund';

export type WireRequest = {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};
export type WireReply = { readonly status: number; readonly body: string };
export type Headers = Readonly<Record<string, string>>;

export type Connected = {
  readonly connector: Connector;
  readonly close: () => Promise<void>;
};

/** What the channel does with a request. */
export type Script = (request: WireRequest, response: ServerResponse) => void;

export type ScriptedChannel = {
  readonly open: () => Promise<void>;
  readonly close: () => Promise<void>;
  /** The connector's answer when the channel does as the script says; the request it got, if any. */
  readonly ask: (
    call: Call,
    script: Script,
    remainingMs?: number,
  ) => Promise<{ answer: Answer | RefundAnswer; request: WireRequest | null }>;
  /** What becomes of a statement when the channel does as the script says to each request. */
  readonly fetchStatement: (
    day: string,
    script: Script,
    remainingMs?: number,
  ) => Promise<StatementFetch>;
  readonly connector: () => Connector;
};

/** What the connector under test is told to do, and where from it comes. */
export type Customer = {
  readonly order: ChannelOrder;
  readonly details: PayDetails;
  /** A refund of a charge of that order. */
  readonly refund: RefundCall;
  /** A connector to a channel at this address, over the real HTTP client. */
  readonly connect: (baseUrl: string) => Connected;
};

/** A scripted channel with a connector to it; open it before the first call. */
export function newScriptedChannel({ order, details, refund, connect }: Customer): ScriptedChannel {
  let script: Script = breakOff;
  let latest: WireRequest | null = null;
  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(message);
    latest = { path: message.url ?? '', headers: message.headers, body };
    script(latest, response);
  };
  const server: Server = createServer((message, response) => void serve(message, response));
  let connected: Connected | null = null;
  const connector = (): Connector => {
    if (!connected) throw new Error('the scripted channel is not open');
    return connected.connector;
  };
  const make = async (call: Call, deadlineAtMs: number): Promise<Answer | RefundAnswer> => {
    if (call === 'pay') return await connector().pay(order, details, deadlineAtMs);
    return call === 'refund' || call === 'queryRefund'
      ? await connector()[call](refund, deadlineAtMs)
      : await connector()[call](order, deadlineAtMs);
  };
  return {
    open: async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      connected = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    },
    close: async () => {
      await connected?.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    ask: async (call, next, remainingMs = 5_000) => {
      script = next;
      latest = null;
      const deadlineAtMs = Date.now() + remainingMs;
      const answer = await make(call, deadlineAtMs);
      return { answer, request: latest };
    },
    fetchStatement: async (day, next, remainingMs = 5_000) => {
      script = next;
      return await connector().fetchStatement(day, Date.now() + remainingMs);
    },
    connector,
  };
}

const breakOff: Script = (_request, response) => response.destroy();

/** A script that replies with a body and the headers made for it. */
export function replies(
  { status, body }: WireReply,
  headersFor: (request: WireRequest, body: string) => Headers,
): Script {
  return (request, response) => {
    response.writeHead(status, headersFor(request, body));
    response.end(body);
  };
}
