// The listening side under attack: an application as users write them.
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Module, type INestApplication, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  BackchannelModule,
  connectBackchannel,
  ListenMuxServer,
  Registry,
  type EngineName,
} from '../../../../lib/index.js';
import { serveEnd } from '../../remote.js';
import { MemoryWatch, type MemoryPeak } from './memory-watch.js';
import { ECHOES, ListeningController } from './services.js';

/** So short that silent connections are seen to be cut off while the attack lasts. */
const HANDSHAKE_TIMEOUT_MS = 1000;

/** What is written to the log is counted, and goes nowhere. */
class CountingLogger implements LoggerService {
  lines = 0;
  log = this.#count.bind(this);
  error = this.#count.bind(this);
  warn = this.#count.bind(this);

  #count(): void {
    this.lines += 1;
  }
}

/** What happened while nobody looked. */
export interface Watched extends MemoryPeak {
  logLines: number;
  /** Microseconds of processor time. */
  cpu: number;
}

export class ListeningEnd {
  #app: INestApplication | undefined;
  readonly #logger = new CountingLogger();
  readonly #memory = new MemoryWatch();
  #linesBefore = 0;
  #cpuBefore = process.cpuUsage();

  /** Opens a port of loopback, and tells which. */
  async listen(engine: EngineName): Promise<number> {
    @Module({
      imports: [
        BackchannelModule.forRoot({
          server: {
            ...ECHOES,
            url: '127.0.0.1:0',
            backchannel: ECHOES,
            handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
            engine,
          },
        }),
      ],
      controllers: [ListeningController],
    })
    class ListeningModule {}

    this.#app = await NestFactory.create(ListeningModule, { logger: this.#logger });
    connectBackchannel(this.#app);
    await this.#app.startAllMicroservices();
    return (this.#app.get(ListenMuxServer).address as AddressInfo).port;
  }

  peers(): number {
    return this.#app!.get(Registry).size;
  }

  /** Begins to watch, with the garbage collected. */
  watch(): void {
    globalThis.gc!();
    this.#linesBefore = this.#logger.lines;
    this.#cpuBefore = process.cpuUsage();
    this.#memory.begin();
  }

  watched(): Watched {
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    return {
      ...this.#memory.end(),
      logLines: this.#logger.lines - this.#linesBefore,
      cpu: user + system,
    };
  }
}

process.setSourceMapsEnabled(false);
// "Possible memory leak" is one of them.
process.on('warning', ({ name, message }) => {
  if (name !== 'ExperimentalWarning') throw new Error(`warned: ${name}: ${message}`);
});
serveEnd(new ListeningEnd());
