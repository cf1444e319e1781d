import { Observable, Subject } from 'rxjs';

/** The requests of a stream as Nest gives them to handlers of `@GrpcStreamMethod`. */
type NestRequests = Observable<unknown> & {
  /** Nest keeps the requests until `@GrpcStreamMethod` calls this, when the handler has returned. */
  drainBuffer?: () => void;
};

/**
 * The requests of a stream, kept until somebody reads them: guards and interceptors take their time.
 *
 * Nest does this too, but passes on what it has kept behind what comes meanwhile, so that requests may
 * get out of order; and it tells a handler of the end only when that has returned, so that one waits for
 * ever which awaits the end.
 *
 * Whoever subscribes before the first subscriber is a turn of the event loop old, and before the
 * handler has returned for as long, gets all of them; others what is still to come, as with Nest.
 *
 * @param requests - not yet begun.
 */
export function keptRequests(requests: NestRequests): Observable<unknown> {
  requests.drainBuffer?.();
  const coming = new Subject<unknown>();
  let kept: unknown[] | undefined = [];
  const dropKept = (): void => {
    setImmediate(() => (kept = undefined));
  };
  requests.subscribe({
    next(request) {
      kept?.push(request);
      coming.next(request);
    },
    error: (error) => coming.error(error),
    complete: () => coming.complete(),
  });
  const all: NestRequests = new Observable((subscriber) => {
    for (const request of kept ?? []) subscriber.next(request);
    dropKept();
    return coming.subscribe(subscriber);
  });
  all.drainBuffer = dropKept;
  return all;
}
