import { EventEmitter } from 'node:events';
import {
  CallCredentials,
  Client,
  credentials,
  InterceptingCall,
  Metadata,
  status,
  type ClientOptions,
  type Interceptor,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BorrowedChannel, measuringTransformer } from '../../../lib/grpc/index.js';
import type { CallTransformer } from '../../../lib/grpc/without-caller-stack.js';
import { callOfKind, kindsOfCalls } from '../../fixtures/grpc/calls-of-each-kind.js';
import { engines } from '../../fixtures/engines.js';
import { service, type Handlers } from '../../fixtures/grpc/service.js';
import { Site, type Channel } from '../../fixtures/grpc/site.js';

const REQUEST = Buffer.from('request');
const gone = { code: status.NOT_FOUND, details: 'gone' };

/** Handlers of each kind that fail. */
const failing: Handlers = {
  unary: (_call, callback) => callback(gone),
  collect: (_call, callback) => callback(gone),
  list: (call) => call.destroy(Object.assign(new Error(), gone)),
  bidi: (call) => call.destroy(Object.assign(new Error(), gone)),
};

const answering: Handlers = {
  unary: ({ request }, callback) => callback(null, request),
  collect: (call, callback) => call.resume().on('end', () => callback(null, REQUEST)),
  list: (call) => {
    call.write(call.request);
    call.end();
  },
  bidi: (call) => {
    call.on('data', (request) => call.write(request));
    call.on('end', () => call.end());
  },
};

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

function clientOf(channel: Channel, options: ClientOptions = {}, next?: CallTransformer): Client {
  return new Client('unused', credentials.createInsecure(), {
    channelOverride: channel as never,
    callInvocationTransformer: measuringTransformer(next),
    ...options,
  });
}

/** Notes what `Error.stackTraceLimit` is in code of users. */
class Limits {
  readonly seen = new Map<string, number>();

  note(place: string): void {
    this.seen.set(place, Error.stackTraceLimit);
  }
}

/** A channel of the user in place of ours. */
class UserChannel extends BorrowedChannel {
  readonly #limits: Limits;

  constructor(channel: Channel, limits: Limits) {
    super(channel as never);
    this.#limits = limits;
  }

  override createCall(...args: Parameters<BorrowedChannel['createCall']>) {
    this.#limits.note('createCall');
    const call = super.createCall(...args);
    const start = call.start.bind(call);
    call.start = (...given) => {
      this.#limits.note('start of the call');
      start(...given);
    };
    return call;
  }
}

function interceptor(limits: Limits): Interceptor {
  return (options, nextCall) => {
    limits.note('interceptor before the call is created');
    const call = nextCall(options);
    limits.note('interceptor after the call is created');
    return new InterceptingCall(call, {
      start: (metadata, listener, next) => {
        limits.note('interceptor at the start');
        next(metadata, listener);
      },
      sendMessage: (message, next) => {
        limits.note('interceptor at a message');
        next(message);
      },
    });
  };
}

describe.each(engines)('with the engine $name', (engine) => {
  const served = async (handlers: Handlers): Promise<Channel> => {
    const { address } = await site.serve(handlers, {}, 0, engine);
    return site.channel(address);
  };

  describe.each(kindsOfCalls)('a stub of this package, for a call of kind %s,', (kind) => {
    it('takes no stack, and its error is otherwise that of grpc-js', async () => {
      const channel = await served(failing);
      const error = await callOfKind(clientOf(channel), kind, REQUEST);
      const stock = new Client('unused', credentials.createInsecure(), {
        channelOverride: channel as never,
      });
      const stockError = await callOfKind(stock, kind, REQUEST);
      expect(error).toMatchObject({ ...gone, message: '5 NOT_FOUND: gone' });
      expect(Object.keys(error!).sort()).toEqual(Object.keys(stockError!).sort());
      expect(error!.stack).toContain('for call at\nno stack trace available');
      expect(stockError!.stack).toContain('calls-of-each-kind');
    });

    it('leaves stacks to all code of users', async () => {
      const limits = new Limits();
      const before = Error.stackTraceLimit;
      const channel = new UserChannel(await served(answering), limits);
      const client = clientOf(
        channel as never,
        { interceptors: [interceptor(limits), interceptor(limits)] },
        (properties) => {
          limits.note('transformer');
          const { callback, methodDefinition } = properties;
          const { requestSerialize } = methodDefinition;
          methodDefinition.requestSerialize = (value: unknown) => {
            limits.note('serializer');
            return requestSerialize(value);
          };
          if (callback === undefined) return properties;
          return {
            ...properties,
            callback: (...args) => {
              limits.note('callback');
              callback(...args);
            },
          };
        },
      );
      expect(await callOfKind(client, kind, REQUEST)).toBeNull();
      expect(limits.seen.size).toBeGreaterThan(7);
      expect(new Set(limits.seen.values())).toEqual(new Set([before]));
      expect(Error.stackTraceLimit).toBe(before);
    });

    it('takes no stack beside interceptors, either', async () => {
      const channel = await served(failing);
      const client = clientOf(channel, { interceptors: [interceptor(new Limits())] });
      const error = await callOfKind(client, kind, REQUEST);
      expect(error!.stack).toContain('no stack trace available');
    });

    it('works with a transformer around it that copies the properties', async () => {
      const before = Error.stackTraceLimit;
      const ours = measuringTransformer();
      const client = clientOf(await served(answering), {
        callInvocationTransformer: (properties) => ({ ...ours(properties) }),
      });
      expect(await callOfKind(client, kind, REQUEST)).toBeNull();
      expect(Error.stackTraceLimit).toBe(before);
    });
  });
});

describe('a stub of this package', () => {
  it('restores the limit of the application, whatever it is', async () => {
    const { address } = await site.serve(answering);
    const client = clientOf(site.channel(address));
    const before = Error.stackTraceLimit;
    try {
      for (const limit of [0, 3, Infinity, undefined as unknown as number]) {
        Error.stackTraceLimit = limit;
        const call = callOfKind(client, 'unary', REQUEST);
        expect(Error.stackTraceLimit).toBe(limit);
        expect(await call).toBeNull();
      }
    } finally {
      Error.stackTraceLimit = before;
    }
  });

  it('restores the limit if the call cannot be made', async () => {
    const channel = site.channel('127.0.0.1:1');
    channel.close();
    const before = Error.stackTraceLimit;
    const client = clientOf(channel);
    for (const kind of kindsOfCalls) {
      await expect(callOfKind(client, kind, REQUEST)).rejects.toThrow('shut down');
      expect(Error.stackTraceLimit).toBe(before);
    }
  });

  it('leaves the stack to credentials of the call', async () => {
    const { address } = await site.serve(answering);
    const limits = new Limits();
    class Own extends CallCredentials {
      override compose(): CallCredentials {
        limits.note('compose');
        return this;
      }
      override async generateMetadata(): Promise<Metadata> {
        limits.note('generateMetadata');
        return new Metadata();
      }
      override _equals(): boolean {
        return false;
      }
    }
    const { path, requestSerialize, responseDeserialize } = service.unary;
    await new Promise((resolve) => {
      clientOf(site.channel(address)).makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        REQUEST,
        { credentials: new Own() },
        resolve,
      );
    });
    expect(new Set(limits.seen.values())).toEqual(new Set([Error.stackTraceLimit]));
    expect(limits.seen.size).toBeGreaterThan(0);
  });

  it('makes a call inside of an interceptor of another call', async () => {
    const { address } = await site.serve(answering);
    const before = Error.stackTraceLimit;
    const inner = clientOf(site.channel(address));
    const results: Promise<unknown>[] = [];
    const client = clientOf(site.channel(address), {
      interceptors: [
        (options, nextCall) => {
          results.push(callOfKind(inner, 'unary', REQUEST));
          return new InterceptingCall(nextCall(options));
        },
      ],
    });
    expect(await callOfKind(client, 'unary', REQUEST)).toBeNull();
    expect(await Promise.all(results)).toEqual([null]);
    expect(Error.stackTraceLimit).toBe(before);
  });

  it('lets a transformer replace what the stub returns', async () => {
    const { address } = await site.serve(answering);
    const own = Object.defineProperty(new EventEmitter(), 'call', { set: () => {} });
    const client = clientOf(site.channel(address), {}, (properties) => ({
      ...properties,
      call: own as never,
    }));
    expect(await callOfKind(client, 'unary', REQUEST)).toBeNull();
  });

  it('returns an emitter that can be asked and cancelled', async () => {
    const { address } = await site.serve({ unary: () => {} });
    const { path, requestSerialize, responseDeserialize } = service.unary;
    const error = await new Promise((resolve) => {
      const call = clientOf(site.channel(address)).makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        REQUEST,
        resolve,
      );
      expect(call.getPeer()).toContain(address);
      expect(call.call).toBeDefined();
      expect(Object.keys(call)).toContain('call');
      call.cancel();
    });
    expect(error).toMatchObject({ code: status.CANCELLED });
  });
});
