import { Metadata, type CallOptions } from '@grpc/grpc-js';
import { from, lastValueFrom, map, type Observable } from 'rxjs';
import type { Journal } from '../../engine/harness/journal.js';
import type { Bench } from './bench.js';
import { takeEscapes } from './escapes.js';
import { journalOf, KEY } from './journals.js';
import { outcomeOf, type Outcome } from './outcome.js';
import type { Pair } from './pair.js';
import { Patience } from './patience.js';
import type { GrpcJsStub, Stub } from './protos.js';

/** What a call has besides its requests. */
export interface CallDetails {
  metadata?: Record<string, string>;
  options?: CallOptions;
  /** Whom to call, if not the main pair. */
  on?: Pair;
}

/** Requests of a stream are given as an array. */
export type Requests = string | readonly string[] | Observable<string>;

let runs = 0;

/** One scenario, being run in one column. */
export class Run {
  readonly bench: Bench;
  readonly key: string;
  readonly #patience: Patience;
  readonly #closables: { close(): Promise<void> }[] = [];

  /** @param isAbsence - what is expected is that something does not happen. */
  constructor(bench: Bench, isAbsence: boolean) {
    runs += 1;
    this.bench = bench;
    this.key = `key-${runs}.`;
    const echo = (): Promise<unknown> => lastValueFrom(this.call('Kinds', 'Unary', 'echo'));
    this.#patience = new Patience(isAbsence ? echo : undefined);
  }

  /** What the serving application notes. */
  get journal(): Journal {
    return journalOf(this.key);
  }

  /** Metadata that says which scenario it is of. */
  metadata(values: Record<string, string> = {}): Metadata {
    const metadata = new Metadata();
    metadata.set(KEY, this.key);
    for (const [name, value] of Object.entries(values)) metadata.set(name, value);
    return metadata;
  }

  /** A call by one of Nest's stubs, made when it is subscribed to. */
  call(
    service: string,
    method: string,
    requests: Requests,
    { metadata, options, on = this.bench.main }: CallDetails = {},
  ): Observable<unknown> {
    const stub = on.client.getService<Stub>(service);
    const withKey = this.metadata(metadata);
    if (typeof requests === 'string') {
      return stub[method]!({ text: requests } as never, withKey, options ?? {});
    }
    return stub[method]!(from(requests).pipe(map((text) => ({ text }))) as never, withKey);
  }

  /** Makes such a call, and tells how it went. */
  async outcome(
    service: string,
    method: string,
    requests: Requests,
    details?: CallDetails,
  ): Promise<Outcome> {
    return this.watch(this.call(service, method, requests, details));
  }

  /** Makes `call`, and tells how it went. */
  async watch(call: Observable<unknown>): Promise<Outcome> {
    const outcome = await outcomeOf(call, this.#patience);
    if (typeof outcome.end === 'object') {
      outcome.end.details = outcome.end.details.replaceAll(this.key, 'KEY');
    }
    return outcome;
  }

  /** A stub of grpc-js. */
  stub(service: string, { client }: Pair = this.bench.main): GrpcJsStub {
    return client.getClientByServiceName<GrpcJsStub>(service);
  }

  /** Whether `name` comes to be noted. */
  comes(name: string): Promise<boolean> {
    return this.happens(this.journal.when(name));
  }

  /** Whether `event` happens before patience is over. */
  happens(event: Promise<unknown>): Promise<boolean> {
    return this.#patience.happens(event);
  }

  /** Takes the errors that this scenario let escape. */
  takeEscapes(): string[] {
    return takeEscapes(this.key).map((escape) => escape.replaceAll(this.key, 'KEY'));
  }

  /** Closes `closable` when the scenario is over. */
  closing<T extends { close(): Promise<void> }>(closable: T): T {
    this.#closables.unshift(closable);
    return closable;
  }

  async close(): Promise<void> {
    for (const closable of this.#closables) await closable.close();
  }
}
