import { EventEmitter, once } from 'node:events';
import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod } from '@nestjs/microservices';
import { concat, defer, ignoreElements, range, map, takeLast, tap, type Observable } from 'rxjs';
import { ENTRIES, type Digest, type Entry, type Order, type Piece } from './ledger.js';
import { digestOf, piecesOf } from './payload.js';

/** What a handler knows of one call. */
export interface Page {
  /** How often the call was executed. */
  executions: number;
  /** Requests of a stream that were read. */
  requests: number;
  /**
   * How its requests ended. Those of a call that was cut Nest completes, too, or unsubscribes from: they
   * are `cut` where the call says so.
   */
  end?: 'complete' | 'cut';
}

interface AnyCall {
  readonly cancelled: boolean;
}

/** Serves `Ledger` on either side, and writes down every execution. */
@Controller()
export class LedgerController {
  /** By call id. */
  readonly pages = new Map<string, Page>();
  /** Calls that began, of those with an id. */
  begun = 0;
  readonly #events = new EventEmitter<{ begun: []; letGo: [] }>().setMaxListeners(Infinity);

  /** Lets all calls go that are held now. */
  letGo(): void {
    this.#events.emit('letGo');
  }

  /** Resolves when so many calls have begun. */
  async hasBegun(count: number): Promise<void> {
    while (this.begun < count) await once(this.#events, 'begun');
  }

  @GrpcMethod('Ledger')
  async unary(entry: Entry, metadata: Metadata): Promise<Entry> {
    this.#begin(metadata);
    if (entry.held) await once(this.#events, 'letGo');
    return entry;
  }

  @GrpcMethod('Ledger')
  serverStream({ held }: Entry, metadata: Metadata): Observable<Entry> {
    this.#begin(metadata);
    const numbered = (first: number, count: number) =>
      range(first, count).pipe(map((number) => ({ number })));
    if (!held) return numbered(1, ENTRIES);
    const release = defer(() => once(this.#events, 'letGo')).pipe(ignoreElements());
    return concat(numbered(1, 1), release, numbered(2, ENTRIES - 1));
  }

  @GrpcStreamMethod('Ledger')
  clientStream(entries: Observable<Entry>, metadata: Metadata, call: AnyCall): Observable<Entry> {
    return this.#read(entries, metadata, call).pipe(takeLast(1));
  }

  @GrpcStreamMethod('Ledger')
  bidiStream(entries: Observable<Entry>, metadata: Metadata, call: AnyCall): Observable<Entry> {
    return this.#read(entries, metadata, call);
  }

  @GrpcMethod('Ledger')
  download({ bytes }: Order): Observable<Piece> {
    return piecesOf(bytes);
  }

  @GrpcStreamMethod('Ledger')
  upload(pieces: Observable<Piece>): Observable<Digest> {
    return pieces.pipe(digestOf());
  }

  #read(entries: Observable<Entry>, metadata: Metadata, call: AnyCall): Observable<Entry> {
    const page = this.#begin(metadata);
    return entries.pipe(
      tap({
        next: () => (page.requests += 1),
        complete: () => (page.end = call.cancelled ? 'cut' : 'complete'),
        error: () => (page.end = 'cut'),
        unsubscribe: () => (page.end = 'cut'),
      }),
    );
  }

  #begin(metadata: Metadata): Page {
    const id = String(metadata.get('id')[0]);
    const page: Page = this.pages.get(id) ?? { executions: 0, requests: 0 };
    this.pages.set(id, page);
    page.executions += 1;
    this.begun += 1;
    this.#events.emit('begun');
    return page;
  }
}
