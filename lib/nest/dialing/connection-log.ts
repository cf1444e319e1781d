import { Logger } from '@nestjs/common';
import type { Observable, Subscription } from 'rxjs';
import { refusalOf, type DialChannel } from '../../grpc/index.js';
import { printable } from '../../http2/index.js';
import { RateLimitedLog, type LogLevel } from '../log/rate-limited-log.js';
import type { ConnectionEnd } from './connection-end.js';
import type { ConnectionState } from './connection-state.js';

/**
 * Maximum number of remembered reasons, so that a server that sends new ones forever does not fill the
 * memory.
 */
const MAX_TOLD = 100;

/** The connection that is logged, for what it does when the other end asks it to stay away. */
export interface LoggedConnection {
  readonly channel?: DialChannel;
  /** The option `obeyHub`. Default true. */
  readonly obeyHub?: boolean;
}

/**
 * Logs that a client has connected, how its connection ended, and why it cannot connect. Each reason for a
 * failure is logged once until the next connection. Failures, losses and closures are warnings; a replaced
 * connection, or a server that stops, is not. Every kind of line has a rate limit, because the other end
 * controls the number and the text of the lines.
 */
export function logConnection(
  url: string,
  states$: Observable<ConnectionState>,
  source: LoggedConnection = {},
): Subscription {
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
    const next = afterRefusal(source);
    if (told.has(problem)) return;
    if (told.size === MAX_TOLD) told.clear();
    told.add(problem);
    log.write('warn', `attempts to connect to ${url}`, () => [
      `cannot connect to ${url}: ${problem}; ${next}`,
      { url, error: problem },
    ]);
  };
  const onEnd = (end: ConnectionEnd): void => {
    const { level, kind, line, ...why } = described(end, url, source);
    log.write(level, kind, () => [line, { url, cause: end.cause, ...why }]);
  };

  return states$.subscribe((now) => {
    const error = 'error' in now ? now.error?.message : undefined;
    if (now.state === 'ready') onReady();
    else if (wasReady && now.state === 'closed') onClosed();
    else if (wasReady) onEnd(endIn(now));

    wasReady = now.state === 'ready';
    if (wasReady) told.clear();
    if (now.state === 'failed') onFailure(error ?? refusedWith(source) ?? 'unreachable');
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
  reconnectAfterMs?: number | undefined;
}

function described(end: ConnectionEnd, url: string, source: LoggedConnection): Described {
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
      const { reconnectAfterMs } = end;
      const advice = reconnectAfterMs === undefined ? '' : `; ${staying(reconnectAfterMs, source)}`;
      const line = `${url} closed the connection${behindColon(reason)}${advice}`;
      return {
        level: 'warn',
        kind: `closures by ${url}`,
        line,
        ...(reason && { reason }),
        ...(advice && { reconnectAfterMs }),
      };
    }
    case 'lost': {
      const error = end.error && printable(end.error.message);
      const line = `lost the connection to ${url}${behindColon(error)}`;
      return { level: 'warn', kind: `connections lost to ${url}`, line, ...(error && { error }) };
    }
  }
}

/** Text of the GOAWAY that ended an attempt whose error grpc-js does not report. */
function refusedWith({ channel }: LoggedConnection): string | undefined {
  return channel?.lastGoAway?.message || undefined;
}

/** What follows a failed attempt. */
function afterRefusal(source: LoggedConnection): string {
  const { channel } = source;
  const ms = channel && refusalOf(channel)?.reconnectAfterMs;
  if (ms === undefined) return 'trying again';
  // grpc-js repeats failed attempts by itself.
  if (channel?.onFailedAgain === undefined) return 'trying again, although it asks to stay away';
  return staying(ms, source);
}

function staying(ms: number, { channel, obeyHub = true }: LoggedConnection): string {
  const time = `${Math.ceil(ms / 1000)} s`;
  return obeyHub && channel?.hold !== undefined
    ? `staying away for ${time}, as it asks`
    : `it asks to stay away for ${time}, which is ignored`;
}

function behindColon(text: string | undefined): string {
  return text === undefined ? '' : `: ${text}`;
}
