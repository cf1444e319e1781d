import { Logger } from '@nestjs/common';
import type { Observable, Subscription } from 'rxjs';
import { printable } from '../../http2/index.js';
import { RateLimitedLog, type LogLevel } from '../log/rate-limited-log.js';
import type { ConnectionEnd } from './connection-end.js';
import type { ConnectionState } from './connection-state.js';

/**
 * Maximum number of remembered reasons, so that a server that sends new ones forever does not fill the
 * memory.
 */
const MAX_TOLD = 100;

/**
 * Logs that a client has connected, how its connection ended, and why it cannot connect. Each reason for a
 * failure is logged once until the next connection. Failures, losses and closures are warnings; a replaced
 * connection, or a server that stops, is not. Every kind of line has a rate limit, because the other end
 * controls the number and the text of the lines.
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
  const onFailure = (said: string): void => {
    const problem = printable(said);
    if (told.has(problem)) return;
    if (told.size === MAX_TOLD) told.clear();
    told.add(problem);
    log.write('warn', `attempts to connect to ${url}`, () => [
      `cannot connect to ${url}: ${problem}; trying again`,
      { url, error: problem },
    ]);
  };
  const onEnd = (end: ConnectionEnd): void => {
    const { level, kind, line, ...why } = described(end, url);
    log.write(level, kind, () => [line, { url, cause: end.cause, ...why }]);
  };

  return states$.subscribe((now) => {
    const error = 'error' in now ? now.error?.message : undefined;
    if (now.state === 'ready') onReady();
    else if (wasReady && now.state === 'closed') onClosed();
    else if (wasReady) onEnd(endIn(now));

    wasReady = now.state === 'ready';
    if (wasReady) told.clear();
    if (now.state === 'failed') onFailure(error ?? 'unreachable');
  });
}

/** Returns how the connection before this state ended; `lost` if the state does not tell. */
function endIn(now: ConnectionState): ConnectionEnd {
  return ('end' in now ? now.end : undefined) ?? { cause: 'lost' };
}

/** A log line, its level, and the kind under which it is rate-limited. */
interface Described {
  level: LogLevel;
  kind: string;
  line: string;
  error?: string;
  reason?: string;
}

function described(end: ConnectionEnd, url: string): Described {
  switch (end.cause) {
    case 'left':
      return { level: 'log', kind: `departures of ${url}`, line: `${url} stops serving` };
    case 'replaced':
      return {
        level: 'log',
        kind: `renewals of the connection to ${url}`,
        line: `${url} wants a new connection in place of the old one`,
      };
    case 'closed': {
      const reason = end.reason === undefined ? undefined : printable(end.reason);
      const line = `${url} closed the connection${behindColon(reason)}`;
      return { level: 'warn', kind: `closures by ${url}`, line, ...(reason && { reason }) };
    }
    case 'lost': {
      const error = end.error && printable(end.error.message);
      const line = `lost the connection to ${url}${behindColon(error)}`;
      return { level: 'warn', kind: `connections lost to ${url}`, line, ...(error && { error }) };
    }
  }
}

function behindColon(text: string | undefined): string {
  return text === undefined ? '' : `: ${text}`;
}
