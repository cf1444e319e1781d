// The process whose calls and closes slow peers try to keep from ending.
import { Metadata } from '@grpc/grpc-js';
import { lastValueFrom, NEVER, startWith, type Observable } from 'rxjs';
import { serveEnd } from '../../../reliability/remote.js';
import {
  dial,
  listen,
  SILENT,
  type Agent,
  type Hub,
  type TargetOptions,
} from '../target/applications.js';
import type { CostsStub } from '../target/service.js';
import { SHORT, type AgentOperation, type HubOperation } from './bounds.js';

const BLOB = { data: Buffer.alloc(2000, 'b') };
/** Milliseconds after which an operation is not waited for any more. */
const NO_END_MS = 12_000;

export class TimeEnd {
  readonly #hubs = new Map<number, Hub>();
  readonly #agents = new Map<number, Agent>();

  /** A listening side; tells its port, by which it is known. */
  async listen(options: TargetOptions): Promise<number> {
    const hub = await listen(options, SILENT);
    this.#hubs.set(hub.port, hub);
    return hub.port;
  }

  /** A dialing side of a port, by which it is known. It connects. */
  async dial(options: TargetOptions, port: number): Promise<void> {
    const agent = await dial(options, port, SILENT);
    this.#agents.set(port, agent);
    void agent.client.connect().catch(() => {}); // The peer is slow.
  }

  /** Milliseconds that an operation took, or undefined if it cannot be tried. */
  operateHub(port: number, operation: HubOperation): Promise<number | undefined> {
    const hub = this.#hubs.get(port)!;
    const [peer] = hub.registry;
    switch (operation) {
      case 'app.close()':
        this.#hubs.delete(port);
        return took(() => hub.close());
      case 'peer.close()':
        return peer === undefined ? never() : took(() => peer.close());
      case 'registry.removeBackchannel()':
        return peer === undefined
          ? never()
          : took(async () => hub.registry.removeBackchannel(peer.id));
      case 'a call back with a deadline':
        if (peer === undefined) return never();
        return took(() =>
          call(peer.getService<CostsStub>('Costs').echo(BLOB, NO_METADATA, soon())),
        );
      default:
        return took(async () => {});
    }
  }

  /** Milliseconds that an operation took. */
  operateAgent(port: number, operation: AgentOperation): Promise<number> {
    const agent = this.#agents.get(port)!;
    const stub = agent.client.getService<CostsStub>('Costs');
    switch (operation) {
      case 'app.close()':
        this.#agents.delete(port);
        return took(() => agent.close());
      case 'client.connect(ms)':
        return took(() => agent.client.connect(SHORT.deadlineMs));
      case 'a call with a deadline':
        return took(() => call(stub.echo(BLOB, NO_METADATA, soon())));
      case 'a stream with a deadline':
        return took(() => call(stub.chat(NEVER.pipe(startWith(BLOB)), NO_METADATA, soon())));
    }
  }

  /** Lets go of a side. */
  stop(port: number): void {
    void this.#hubs.get(port)?.close();
    void this.#agents.get(port)?.close();
    this.#hubs.delete(port);
    this.#agents.delete(port);
  }
}

const NO_METADATA = new Metadata();

function soon(): { deadline: number } {
  return { deadline: Date.now() + SHORT.deadlineMs };
}

function call(replies: Observable<unknown>): Promise<unknown> {
  return lastValueFrom(replies, { defaultValue: undefined });
}

function never(): Promise<undefined> {
  return Promise.resolve(undefined);
}

/** How it ends is not asked. */
async function took(operation: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const noEnd = new Promise<void>((resolve) => (timer = setTimeout(resolve, NO_END_MS)));
  await Promise.race([operation().catch(() => {}), noEnd]);
  clearTimeout(timer);
  return performance.now() - startedAt;
}

process.on('unhandledRejection', () => {}); // Of calls that nobody waits for.
process.on('SIGINT', () => {}); // Ctrl+C is for the search, which ends this process.
serveEnd(new TimeEnd());
