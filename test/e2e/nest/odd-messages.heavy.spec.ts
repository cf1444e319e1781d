import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod } from '@nestjs/microservices';
import { concat, from, lastValueFrom, map, of, toArray, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { soon } from '../../fixtures/nest/end-of.js';
import { catchEscapes } from '../../fixtures/nest/escapes.js';
import {
  failureOf,
  madeProto,
  startMade,
  type MadeServices,
  type Text,
} from '../../fixtures/nest/made-services.js';
import { directions } from '../../fixtures/nest/pair.js';

type Stub = Record<string, (requests: unknown) => Observable<Text>>;

const services: MadeServices = {
  Odd: { List: 'server stream', Chat: 'bidi', Join: 'client stream', Iterate: 'server stream' },
};

/** What is no message, and what errors call it. */
const oddities: [unknown, string][] = [
  [null, 'null'],
  [undefined, 'undefined'],
  ['text', 'a string'],
  [7, 'a number'],
  [() => {}, 'a function'],
];

/** What handlers put between two messages. */
let odd: unknown;

const around = (value: unknown): Observable<unknown> => of({ text: 'a' }, value, { text: 'b' });

@Controller()
class OddController {
  @GrpcMethod('Odd')
  list(): Observable<unknown> {
    return around(odd);
  }

  @GrpcStreamMethod('Odd')
  chat(requests: Observable<Text>): Observable<unknown> {
    return requests.pipe(map((request) => (request.text === 'b' ? odd : request)));
  }

  @GrpcStreamMethod('Odd')
  join(requests: Observable<Text>): Observable<Text> {
    return requests.pipe(
      toArray(),
      map((all) => ({ text: all.map(({ text }) => text).join('') })),
    );
  }

  @GrpcMethod('Odd')
  async *iterate(): AsyncGenerator<unknown> {
    yield { text: 'a' };
    yield odd;
  }
}

describe.each(directions)('a %s call', (direction) => {
  let stub: Stub;
  let escapes: string[];

  beforeEach(async () => {
    escapes = catchEscapes();
    const parts = { controllers: [OddController] };
    const stubs = await startMade(madeProto('odd', services), direction, parts);
    stub = stubs.getService<Stub>('Odd');
  });

  const all = (call: Observable<Text>): Promise<Text[]> =>
    soon(lastValueFrom(call.pipe(toArray())));

  /** Another call goes well, and no error was left to nobody. */
  async function expectUnharmed(): Promise<void> {
    expect(await all(stub['join']!(of({ text: 'w' }, { text: 'ell' })))).toEqual([
      { text: 'well' },
    ]);
    expect(escapes).toEqual([]);
  }

  it('fails when its handler gives what is no message', async () => {
    for (const [value, description] of oddities) {
      odd = value;
      const requests = of({ text: 'a' }, { text: 'b' });
      for (const name of ['list', 'chat', 'iterate']) {
        const rpc = name[0]!.toUpperCase() + name.slice(1);
        expect(await failureOf(all(stub[name]!(name === 'chat' ? requests : {})))).toEqual([
          'INTERNAL',
          `the handler of ${rpc} gave ${description} in place of a message`,
        ]);
      }
    }
    await expectUnharmed();
  });

  it('fails when its requests are no messages', async () => {
    odd = {};
    for (const [value, description] of oddities) {
      for (const name of ['join', 'chat']) {
        const rpc = name[0]!.toUpperCase() + name.slice(1);
        for (const requests of [around(value), [{ text: 'a' }, value]]) {
          expect(await failureOf(all(stub[name]!(requests)))).toEqual([
            'INTERNAL',
            `the caller of ${rpc} gave ${description} in place of a message`,
          ]);
        }
      }
    }
    await expectUnharmed();
  });

  it('fails when a message does not fit its type', async () => {
    odd = ['a list'];
    const [code] = await failureOf(all(stub['list']!({})));
    expect(code).toBe('INTERNAL');
    expect((await failureOf(all(stub['join']!(of(odd)))))[0]).toBe('INTERNAL');
    expect((await failureOf(all(stub['list']!(null))))[0]).toBe('INTERNAL');
    await expectUnharmed();
  });

  it('takes its requests from iterables of either kind, and fails with them', async () => {
    async function* slow(fails: boolean): AsyncGenerator<Text> {
      yield { text: 'a' };
      yield { text: 'c' };
      if (fails) throw new Error('the file is gone');
    }
    odd = {};
    for (const requests of [slow(false), [{ text: 'a' }, { text: 'c' }], from(slow(false))]) {
      expect(await all(stub['join']!(requests))).toEqual([{ text: 'ac' }]);
    }
    await expect(all(stub['chat']!(slow(true)))).rejects.toThrow('the file is gone');
    await expect(all(stub['join']!(concat(slow(true))))).rejects.toThrow('the file is gone');
    await expectUnharmed();
  });
});
