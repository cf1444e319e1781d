import type { Duplex } from 'node:stream';
import { Metadata } from '@grpc/grpc-js';
import { Controller, UsePipes, ValidationPipe, type Type } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, GrpcStreamMethod } from '@nestjs/microservices';
import { lastValueFrom, map, Observable, of } from 'rxjs';
import { Duplex as NodeDuplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Backchannel, ClientConn } from 'nestjs-backchannel';
import { soon } from '../../fixtures/nest/end-of.js';
import {
  madeProto,
  startMade,
  type MadeServices,
  type Text,
} from '../../fixtures/nest/made-services.js';
import { directions } from '../../fixtures/nest/pair.js';

const services: MadeServices = {
  Piped: { Chat: 'bidi', Call: 'bidi', One: 'unary', Known: 'unary' },
};

type Stub = Record<string, (requests: unknown) => Observable<Text>>;

class TextDto {
  text = '';
}

/** As class-transformer does it: an instance of the type, with what the value has. */
const transformerPackage = {
  plainToInstance: (type: Type, value: object) => Object.assign(new type(), value),
  classToPlain: (value: object) => ({ ...value }),
};

const pipe = new ValidationPipe({
  transform: true,
  validateCustomDecorators: true,
  transformerPackage: transformerPackage as never,
  validatorPackage: { validate: async () => [] } as never,
});

/** As TypeScript emits them. */
const types = (...parameters: unknown[]): MethodDecorator =>
  Reflect.metadata('design:paramtypes', parameters) as MethodDecorator;

@Controller()
@UsePipes(pipe)
class PipedController {
  @GrpcStreamMethod('Piped')
  @types(Observable)
  chat(requests: Observable<Text>): Observable<Text> {
    return requests.pipe(map(({ text }) => ({ text: `${text}!` })));
  }

  @GrpcStreamCall('Piped')
  @types(NodeDuplex)
  call(call: Duplex): void {
    call.pipe(call);
  }

  @GrpcMethod('Piped')
  @types(TextDto, Metadata)
  one(request: TextDto, metadata: Metadata): Text {
    return { text: `${request.constructor.name} ${String(metadata instanceof Metadata)}` };
  }

  @GrpcMethod('Piped')
  @types(ClientConn)
  known(@Backchannel({ optional: true }) conn: ClientConn | undefined): Text {
    return { text: String(conn === undefined || conn instanceof ClientConn) };
  }
}

describe.each(directions)('a %s call to a handler with a ValidationPipe', (direction) => {
  it('takes streams as they are, and makes its request what the handler wants', async () => {
    const parts = { controllers: [PipedController] };
    const stubs = await startMade(madeProto('piped', services), direction, parts);
    const stub = stubs.getService<Stub>('Piped');
    const reply = (name: string, requests: unknown): Promise<Text> =>
      soon(lastValueFrom(stub[name]!(requests)));
    expect(await reply('chat', of({ text: 'a' }))).toEqual({ text: 'a!' });
    expect(await reply('call', of({ text: 'a' }))).toEqual({ text: 'a' });
    expect(await reply('one', {})).toEqual({ text: 'TextDto true' });
    expect(await reply('known', {})).toEqual({ text: 'true' });
  });
});
