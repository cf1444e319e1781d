import { Logger } from '@nestjs/common';
import type { Observable, Subscription } from 'rxjs';
import type { ConnectionState } from './connection-state.js';
import { RateLimitedLog } from './rate-limited-log.js';

/** Reasons that are remembered as told; a server that gives ever new ones does not fill the memory. */
const MAX_TOLD = 100;

/**
 * Says once that a client has connected, once that it has lost its connection, or closed it, and once
 * for each reason why it cannot connect, however often it tries. Some lines of each kind within a time:
 * the other end chooses how often, and the reasons.
 */
export function logConnection(url: string, states$: Observable<ConnectionState>): Subscription {
  const log = new RateLimitedLog(new Logger('BackchannelClient'));
  const told = new Set<string>();
  let wasReady = false;

  const onReady = (): void => {
    log.write('log', `connections to ${url}`, () => [`connected to ${url}`, { url }]);
  };
  const onClosed = (): void => {
    log.write('log', `disconnections from ${url}`, () => [`disconnected from ${url}`, { url }]);
    log.flush();
  };
  const onFailure = (problem: string): void => {
    if (told.has(problem)) return;
    if (told.size === MAX_TOLD) told.clear();
    told.add(problem);
    log.write('warn', `attempts to connect to ${url}`, () => [
      `cannot connect to ${url}: ${problem}; trying again`,
      { url, error: problem },
    ]);
  };
  const onEnd = (error: string | undefined): void => {
    const why = error === undefined ? '' : `: ${error}`;
    log.write('warn', `connections lost to ${url}`, () => [
      `lost the connection to ${url}${why}`,
      { url, ...(error && { error }) },
    ]);
  };

  return states$.subscribe((now) => {
    const error = 'error' in now ? now.error?.message : undefined;
    if (now.state === 'ready') onReady();
    else if (wasReady && now.state === 'closed') onClosed();
    else if (wasReady) onEnd(now.state === 'idle' ? error : undefined);

    wasReady = now.state === 'ready';
    if (wasReady) told.clear();
    if (now.state === 'failed') onFailure(error ?? 'unreachable');
  });
}
