import { Client, type ServiceError } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { lastValueFrom, of, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  failureOf,
  kinds,
  madeProto,
  namingController,
  startMade,
  type Kind,
  type MadeServices,
  type Text,
} from '../../fixtures/nest/made-services.js';
import { directions } from '../../fixtures/nest/pair.js';
import { soon } from '../../fixtures/nest/end-of.js';

type Stub = Record<string, (request: unknown) => Observable<Text>>;

const capital = (name: string): string => name[0]!.toUpperCase() + name.slice(1);

/** All names that stubs and objects have by themselves; no proto file can have `__proto__`. */
const inherited = [Client.prototype, Object.prototype]
  .flatMap((prototype) => Object.getOwnPropertyNames(prototype))
  .filter((name) => name !== '__proto__');

const names = [...new Set([...inherited, ...inherited.map(capital), 'prototype', 'Then'])];

const allOf = (kind: Kind): Record<string, Kind> =>
  Object.fromEntries(names.map((name) => [name, kind]));

/** One service for each kind. */
const services: MadeServices = Object.fromEntries(
  kinds.map((kind) => [`Of${kind.replace(' ', '_')}`, allOf(kind)]),
);

const requestOf = (kind: Kind): unknown =>
  kind === 'client stream' || kind === 'bidi' ? of({ text: '' }) : { text: '' };

describe.each(directions)('a %s call', (direction) => {
  const start = (made: MadeServices, packageName = 'names') =>
    startMade(madeProto(packageName, made), direction, { controllers: [namingController(made)] });

  it('may be of a method with any name', async () => {
    const stubs = await start(services);
    for (const [service, methods] of Object.entries(services)) {
      const stub = stubs.getService<Stub>(service);
      const replies = Object.entries(methods).map(([name, kind]) =>
        lastValueFrom(stub[name]!(requestOf(kind))),
      );
      expect((await soon(Promise.all(replies))).map(({ text }) => text)).toEqual(
        names.map((name) => `${service} ${name}`),
      );
    }
  });

  it('may be of a method with any name, by a stub of grpc-js', async () => {
    const stubs = await start(services);
    const stub = stubs.getClientByServiceName<Client>('Ofunary');
    const call = (name: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const method = (stub as unknown as Record<string, Function>)[name]!;
        method.call(stub, {}, (error: ServiceError | null, { text }: Text = {}) =>
          error ? reject(error) : resolve(text!),
        );
      });
    expect(await soon(Promise.all(names.map(call)))).toEqual(
      names.map((name) => `Ofunary ${name}`),
    );
  });

  it('is made by a stub that is no promise, though a method is called "then"', async () => {
    for (const name of ['then', 'Then']) {
      const stubs = await start({ Promises: { [name]: 'unary' } });
      const stub = await soon(Promise.resolve(stubs.getService<Stub>('Promises')));
      expect(await lastValueFrom(stub['Then']!({}))).toEqual({ text: `Promises ${name}` });
      const client = stubs.getClientByServiceName<Client & { Then: unknown }>('Promises');
      expect(await soon(Promise.resolve(client))).toBe(client);
      expect(client.Then).toBeTypeOf('function');
    }
  });

  it.each(['constructor', 'toString', 'hasOwnProperty.valueOf', 'a.prototype', 'then', 'service'])(
    'may be of a service, and a package, called %s',
    async (packageName) => {
      const service = packageName.split('.').pop()!;
      const stubs = await start({ [service]: { One: 'unary' } }, packageName);
      const reply = lastValueFrom(stubs.getService<Stub>(service)['one']!({}));
      expect(await soon(reply)).toEqual({ text: `${service} One` });
    },
  );

  it('of a method that nobody handles is unimplemented, whatever its name', async () => {
    const made: MadeServices = {
      Unserved: { ToString: 'unary', Constructor: 'bidi', One: 'unary' },
    };
    @Controller()
    class Nothing {}
    const stubs = await startMade(madeProto('names', made), direction, { controllers: [Nothing] });
    const stub = stubs.getService<Stub>('Unserved');
    for (const [name, kind] of Object.entries(made['Unserved']!)) {
      const [code] = await failureOf(soon(lastValueFrom(stub[name]!(requestOf(kind)))));
      expect(code).toBe('UNIMPLEMENTED');
    }
  });

  it.each(['toString', 'constructor', 'hasOwnProperty'])(
    'cannot be of a service that is not there: %s',
    async (name) => {
      const stubs = await start({ There: { One: 'unary' } });
      expect(() => stubs.getService(name)).toThrow(name);
    },
  );
});
