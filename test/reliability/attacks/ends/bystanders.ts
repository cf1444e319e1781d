// Well-behaved dialing sides, which notice what an attack does to others.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import {
  BackchannelModule,
  getBackchannelClientToken,
  type BackchannelClient,
  type EngineName,
} from '../../../../lib/index.js';
import { serveEnd } from '../../remote.js';
import { OpenLoop, type CallFigures } from './open-loop.js';
import { DialingController, ECHOES, type EchoesStub } from './services.js';

export class BystandersEnd {
  readonly #stubs: EchoesStub[] = [];
  #disconnects = 0;
  #loop: OpenLoop | undefined;

  /** Connects so many applications. */
  async connect(port: number, engine: EngineName, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#dial(port, engine)));
  }

  /** Begins to call, in both directions in turn, `perSecond` times in all. */
  begin(perSecond: number): void {
    this.#disconnects = 0;
    this.#loop = new OpenLoop(this.#stubs, perSecond);
  }

  /** Begins no more calls. Resolves when all have ended. */
  async end(): Promise<CallFigures & { disconnects: number }> {
    const figures = await this.#loop!.end();
    return { ...figures, disconnects: this.#disconnects };
  }

  async #dial(port: number, engine: EngineName): Promise<void> {
    const token = getBackchannelClientToken('LISTENER');
    const url = `127.0.0.1:${port}`;

    @Module({
      imports: [
        BackchannelModule.registerClient({
          name: 'LISTENER',
          ...ECHOES,
          url,
          backchannel: ECHOES,
          engine,
        }),
      ],
      controllers: [DialingController],
    })
    class DialingModule {}

    const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(DialingModule, {
      useFactory: ({ strategy }: BackchannelClient) => ({ strategy }),
      inject: [token],
      logger: false,
    });
    await app.listen();
    const client = app.get<BackchannelClient>(token);
    await client.connect();
    client.connection$.subscribe(({ state }) => {
      if (state !== 'ready') this.#disconnects += 1;
    });
    this.#stubs.push(client.getService<EchoesStub>('Echoes'));
  }
}

serveEnd(new BystandersEnd());
