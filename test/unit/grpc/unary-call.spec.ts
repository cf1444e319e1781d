import { InterceptingCall, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { lastValueFrom, Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StubMethod } from '../../../lib/nest/grpc/stub-method.js';
import { hasInterceptors, unaryMethod } from '../../../lib/nest/grpc/unary-method.js';
import { RESPONSE, take } from '../../fixtures/grpc/answers.js';
import { framed } from '../../fixtures/grpc/framed.js';
import { service, stubOf, type Stub } from '../../fixtures/grpc/service.js';
import { Site } from '../../fixtures/grpc/site.js';
import { eventually } from '../../fixtures/nest/eventually.js';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

/** Calls as Nest's own stub does. */
function stockOf(stub: Stub): StubMethod {
  return (...args) =>
    new Observable((observer) => {
      const unary = stub.unary.bind(stub) as (...all: unknown[]) => { cancel(): void };
      const call = unary(...args, (error: ServiceError | null, response: unknown) => {
        if (error) return observer.error(error);
        observer.next(response);
        observer.complete();
      });
      return () => call.cancel();
    });
}

/** What a user sees of a call; times differ. */
async function outcomeOf(method: StubMethod, args: unknown[]): Promise<object> {
  try {
    return { value: await lastValueFrom(method(...args)) };
  } catch (error) {
    const { name, message, code, details, metadata } = error as ServiceError;
    const plain = (text: string): string => text?.replace(/\d+\.\d+s|127.*$/g, '…');
    // Whichever end sees first that it is too late says so in its own words.
    if (code === status.DEADLINE_EXCEEDED) return { name, code };
    return {
      name,
      message: plain(message),
      keys: Object.keys(error as object).sort(),
      code,
      details: plain(details),
      metadata: metadata?.toJSON(),
    };
  }
}

type Args = () => unknown[];

const request = Buffer.from('a request');
const withMetadata = (): Metadata => {
  const metadata = new Metadata();
  metadata.set('answer', 'yes');
  return metadata;
};

describe('the lean path of unary calls', () => {
  it.each<[what: string, args: Args]>([
    ['a request', () => [request]],
    ['metadata', () => [request, withMetadata()]],
    ['options', () => [request, { deadline: Date.now() + 10_000 }]],
    ['metadata and options', () => [request, withMetadata(), { deadline: Date.now() + 10_000 }]],
    ['no metadata but options', () => [request, undefined, {}]],
    ['a deadline that has passed', () => [request, { deadline: 1 }]],
    ['a Date that has passed', () => [request, { deadline: new Date(1) }]],
    ['a deadline that passes', () => [Buffer.from('silence'), { deadline: Date.now() + 50 }]],
    ['a failure', () => [Buffer.from('failure')]],
    ['a request that cannot be written', () => ['no bytes']],
    ['an option that is none', () => [request, 'nonsense']],
    ['too many arguments', () => [request, new Metadata(), {}, 'more']],
  ])('ends as the stock stub for %s', async (_what, args) => {
    const { address } = await site.serve({
      unary: ({ request: received, metadata }, callback) => {
        const text = received.toString();
        if (text === 'silence') return;
        const trailers = new Metadata();
        trailers.set('trailer', 'value');
        if (text === 'failure') {
          return callback({ code: status.NOT_FOUND, details: 'gone', metadata: trailers });
        }
        callback(null, Buffer.from(`${text} ${String(metadata.get('answer'))}`), trailers);
      },
    });
    const stub = stubOf(site.channel(address));
    const stock = stockOf(stub);
    const lean = unaryMethod(stub.getChannel(), service.unary, stock);
    await outcomeOf(stock, [request]); // So that all find it connected.
    expect(await outcomeOf(lean, args())).toEqual(await outcomeOf(stock, args()));
  });

  /** Answers every call with these messages and status OK. */
  async function answeredWith(...bodies: readonly Buffer[]): Promise<Stub> {
    const { address } = await site.http2(() => ({
      onRequest: (stream) =>
        take(stream, {
          onEnd: () => {
            stream.sendHeaders(RESPONSE);
            for (const body of bodies) stream.write([framed(body)], body.length + 5);
            stream.sendHeaders(['grpc-status', '0'], true);
          },
        }),
    }));
    return stubOf(site.channel(address));
  }

  it('ends as the stock stub for no response', async () => {
    const stub = await answeredWith();
    const stock = stockOf(stub);
    const lean = await outcomeOf(unaryMethod(stub.getChannel(), service.unary, stock), [request]);
    expect(lean).toEqual(await outcomeOf(stock, [request]));
    expect(lean).toMatchObject({ code: status.UNIMPLEMENTED, details: 'No message received' });
  });

  it('fails for two responses, which the stock stub waits behind for ever', async () => {
    const stub = await answeredWith(Buffer.from('one'), Buffer.from('two'));
    expect(
      await outcomeOf(unaryMethod(stub.getChannel(), service.unary, never), [request]),
    ).toMatchObject({
      message: '12 UNIMPLEMENTED: Too many responses received',
      code: status.UNIMPLEMENTED,
      details: 'Too many responses received',
    });
  });

  it('says why a response cannot be read', async () => {
    const { address } = await site.serve({ unary: (_call, callback) => callback(null, request) });
    const channel = site.channel(address);
    const unreadable = {
      ...service.unary,
      responseDeserialize: () => {
        throw new Error('not for me');
      },
    };
    const lean = unaryMethod(channel, unreadable, never);
    expect(await outcomeOf(lean, [request])).toMatchObject({
      message: '13 INTERNAL: Response message parsing error: not for me',
      code: status.INTERNAL,
    });
  });

  it('cancels the call of who unsubscribes, and tells nothing more', async () => {
    let isCancelled = false;
    let isRunning = false;
    const { address } = await site.serve({
      unary: (call) => {
        isRunning = true;
        call.on('cancelled', () => (isCancelled = true));
      },
    });
    const lean = unaryMethod(site.channel(address), service.unary, never);
    const told: unknown[] = [];
    const note = (what: unknown): number => told.push(what);
    const subscription = lean(request).subscribe({
      next: note,
      error: note,
      complete: () => note(0),
    });
    await eventually(() => isRunning).toBe(true);
    subscription.unsubscribe();
    await eventually(() => isCancelled).toBe(true);
    expect(told).toEqual([]);
  });

  it('calls for each subscriber, and for none', async () => {
    let calls = 0;
    const { address } = await site.serve({
      unary: (_call, callback) => {
        calls += 1;
        callback(null, request);
      },
    });
    const response = unaryMethod(site.channel(address), service.unary, never)(request);
    expect(calls).toBe(0);
    await lastValueFrom(response);
    await lastValueFrom(response);
    expect(calls).toBe(2);
  });

  it('fails the subscriber, not the process, on a channel that is closed', async () => {
    const channel = site.channel('127.0.0.1:1');
    channel.close();
    await expect(
      lastValueFrom(unaryMethod(channel, service.unary, never)(request)),
    ).rejects.toThrow('Channel has been shut down');
  });

  it.each(['interceptors', 'interceptor_providers'])(
    'leaves calls with %s to the stock stub',
    (name) => {
      const taken: unknown[][] = [];
      const stock: StubMethod = (...args) => {
        taken.push(args);
        return new Observable();
      };
      const options = { [name]: [() => new InterceptingCall(null as never)] };
      const lean = unaryMethod(site.channel('127.0.0.1:1'), service.unary, stock);
      lean(request, options);
      lean(request, new Metadata(), options);
      lean(request, { [name]: [] });
      expect(taken).toHaveLength(2);
    },
  );

  it('knows clients that have interceptors', () => {
    expect(hasInterceptors()).toBe(false);
    expect(hasInterceptors({ interceptors: [], interceptor_providers: [] })).toBe(false);
    expect(hasInterceptors({ interceptors: [() => {}] })).toBe(true);
    expect(hasInterceptors({ interceptor_providers: [() => {}] })).toBe(true);
    expect(hasInterceptors({ callInvocationTransformer: () => {} })).toBe(true);
  });
});

function never(): never {
  throw new Error('the stock stub was used');
}
