import { pipeline, Readable, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engines } from '../../../fixtures/engines.js';
import { stubOf, type Handlers, type Stub } from '../../../fixtures/grpc/service.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { soon } from '../../../fixtures/nest/end-of.js';
import { thenable } from '../../../fixtures/thenable.js';

type Outcome = { messages: string[]; code: status; details: string };
type Method = 'collect' | 'list' | 'bidi';

const bytes = (text: string): Buffer => Buffer.from(text);

describe.each(engines)('a handler on the engine $name that destroys its call', (engine) => {
  let site: Site;

  beforeEach(() => {
    site = new Site();
  });

  afterEach(() => site.close());

  async function serve(handlers: Partial<Handlers>): Promise<Stub> {
    const { address } = await site.serve(handlers, {}, 0, engine);
    return stubOf(site.channel(address));
  }

  /** Sends "a" and "b", and tells what the caller sees. */
  async function outcomeOf(stub: Stub, method: Method): Promise<Outcome> {
    const messages: string[] = [];
    const ended = new Promise<Outcome>((resolve) => {
      const end = ({ code, details }: ServiceError): void => resolve({ messages, code, details });
      const call =
        method === 'collect'
          ? stub.collect((error, reply) => {
              if (reply) messages.push(reply.toString());
              end(error ?? ({ code: status.OK, details: 'OK' } as ServiceError));
            })
          : method === 'list'
            ? stub.list(bytes('a'))
            : stub.bidi();
      if ('read' in call) {
        call.on('data', (message: Buffer) => messages.push(message.toString()));
        call.on('error', () => {});
        call.on('status', end as never);
      }
      if ('write' in call) {
        call.write(bytes('a'));
        call.write(bytes('b'));
        call.end();
      }
    });
    return soon(ended);
  }

  const bad = (): Error => Object.assign(new Error('bad'), { code: status.FAILED_PRECONDITION });

  it.each<Method>(['list', 'bidi'])('with an error fails it: %s', async (method) => {
    const handle = (call: Readable | Writable): void => void call.destroy(bad());
    const stub = await serve({ [method]: handle });
    expect(await outcomeOf(stub, method)).toEqual({
      messages: [],
      code: status.FAILED_PRECONDITION,
      details: 'bad',
    });
  });

  it.each<Method>(['list', 'bidi'])('without an error fails it: %s', async (method) => {
    const handle = async (call: Readable | Writable): Promise<void> => {
      await turn();
      call.destroy();
    };
    const stub = await serve({ [method]: handle });
    expect(await outcomeOf(stub, method)).toEqual({
      messages: [],
      code: status.INTERNAL,
      details: `the handler of ${method} gave its call no status`,
    });
  });

  it('and then does nothing more fails it a second later', async () => {
    const stubs = await Promise.all([
      serve({ collect: (call) => void call.destroy(bad()) }),
      serve({ collect: (call) => void call.destroy() }),
      serve({
        collect: (call) => {
          call.destroy(bad());
          return new Promise(() => {}) as never;
        },
      }),
      serve({
        collect: async (call) => {
          for await (const _request of call) break;
        },
      }),
    ]);
    const outcomes = await Promise.all(stubs.map((stub) => outcomeOf(stub, 'collect')));
    const noStatus = [status.INTERNAL, 'the handler of collect gave its call no status'];
    const failed = [status.FAILED_PRECONDITION, 'bad'];
    expect(outcomes.map(({ code, details }) => [code, details])).toEqual([
      failed,
      noStatus,
      failed,
      noStatus,
    ]);
  });

  it.each<[string, unknown]>([
    ['of another realm', runInNewContext('() => Promise.reject(new Error("no"))')],
    ['of a library', () => thenable((_resolve, reject) => reject(new Error('no')))],
  ])('or rejects a promise %s fails it', async (_whose, reject) => {
    const stub = await serve({ bidi: reject as never });
    expect(await outcomeOf(stub, 'bidi')).toMatchObject({ code: status.UNKNOWN });
  });

  it('may still answer', async () => {
    const stub = await serve({
      collect: (call, callback) => {
        call.destroy();
        void turn().then(() => callback(null, bytes('answered')));
      },
    });
    expect(await outcomeOf(stub, 'collect')).toMatchObject({ messages: ['answered'] });
  });

  it('may still say why', async () => {
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) });
    const stub = await serve({
      collect: (call, callback) =>
        void pipeline(call, failing, () =>
          callback({ code: status.RESOURCE_EXHAUSTED, details: 'no room' }),
        ),
    });
    expect(await outcomeOf(stub, 'collect')).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'no room',
    });
  });

  it.each<Method>(['list', 'bidi'])('by a pipeline that fails, fails it: %s', async (method) => {
    async function* source(): AsyncGenerator<Buffer> {
      yield bytes('one');
      await turn();
      throw new Error('the disk is gone');
    }
    const handle = (call: Writable): unknown => pipeline(Readable.from(source()), call, () => {});
    const stub = await serve({ [method]: handle });
    expect(await outcomeOf(stub, method)).toEqual({
      messages: ['one'],
      code: status.UNKNOWN,
      details: 'the disk is gone',
    });
  });

  describe('and one that reads its requests with for await', () => {
    it('answers after the loop', async () => {
      const stub = await serve({
        bidi: async (call) => {
          for await (const request of call) call.write(request);
          call.write(bytes('all'));
          call.end();
        },
      });
      const { messages, code } = await outcomeOf(stub, 'bidi');
      expect({ messages, code }).toEqual({ messages: ['a', 'b', 'all'], code: status.OK });
    });

    it('answers after it broke out of the loop', async () => {
      const stub = await serve({
        bidi: async (call) => {
          for await (const request of call) {
            call.write(request);
            break;
          }
          await turn();
          call.end();
        },
        collect: async (call, callback) => {
          for await (const request of call) {
            await turn();
            return callback(null, request as Buffer);
          }
        },
      });
      expect(await outcomeOf(stub, 'bidi')).toMatchObject({ messages: ['a'], code: status.OK });
      expect(await outcomeOf(stub, 'collect')).toMatchObject({ messages: ['a'], code: status.OK });
    });

    it('ends its call by returning after it broke out of the loop', async () => {
      const breaking = async (call: Readable): Promise<void> => {
        for await (const _request of call) break;
      };
      const stub = await serve({ bidi: breaking });
      expect(await outcomeOf(stub, 'bidi')).toMatchObject({ code: status.OK });
    });

    it.each<Method>(['collect', 'bidi'])('fails its call by throwing: %s', async (method) => {
      const stub = await serve({
        [method]: async (call: Readable) => {
          for await (const _request of call) throw new Error('a secret');
        },
      });
      expect(await outcomeOf(stub, method)).toMatchObject({
        code: status.UNKNOWN,
        details: 'Unknown error',
      });
    });
  });

  it('leaves calls alone that end in order', async () => {
    const trailers = new Metadata();
    const stub = await serve({
      list: (call) => void Readable.from([bytes('one'), bytes('two')]).pipe(call as never),
      bidi: (call) => void call.pipe(call as never),
      collect: (call, callback) => {
        call.resume();
        call.on('end', () => callback(null, bytes('all'), trailers));
      },
    });
    for (const [method, messages] of Object.entries({
      list: ['one', 'two'],
      bidi: ['a', 'b'],
      collect: ['all'],
    })) {
      expect(await outcomeOf(stub, method as Method)).toMatchObject({ messages, code: status.OK });
    }
  });
});
