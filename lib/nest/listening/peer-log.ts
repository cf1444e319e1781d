import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import {
  AuthorizationFault,
  type Departure,
  type PeerEvent,
  type Registry,
} from '../../backchannel/index.js';
import { printable } from '../../http2/index.js';
import { isError } from '../../options/index.js';
import { NamesakeWatch } from './namesake-watch.js';
import type { LogLine, RateLimitedLog } from '../log/rate-limited-log.js';

/** Data for structured loggers, without undefined properties. */
type LogData = Record<string, unknown>;

/** Registries whose events are logged. */
const logged = new WeakSet<Registry>();

/**
 * Logs the arrival and departure of every peer, within the rate limit of `log`. A registry is logged once,
 * even if several servers share it. Warnings are lost peers, and live peers with the same name.
 */
export function logPeers(log: RateLimitedLog, registry: Registry): void {
  if (logged.has(registry)) return;
  logged.add(registry);
  const namesakes = new NamesakeWatch(log, registry);
  registry.peers$.subscribe((event) => {
    if (event.type === 'connected') namesakes.connected(event.peer);
    else namesakes.disconnected(event.peer);
    const isLost = event.type === 'disconnected' && event.departure.cause === 'lost';
    if (isLost) log.write('warn', 'peers lost', () => lineOf(event));
    else log.write('log', `peers ${event.type}`, () => lineOf(event));
  });
}

function lineOf(event: PeerEvent): LogLine {
  const { id, name, remoteAddress, remotePort } = event.peer;
  const who = name === undefined ? `peer ${id}` : `peer ${id} ${printable(JSON.stringify(name))}`;
  const data = { peerId: id, name, remoteAddress, remotePort };
  if (event.type === 'connected') return [`${who} connected`, known(data)];
  const { text, ...why } = described(event.departure);
  return [`${who} disconnected: ${text}`, known({ ...data, ...why })];
}

/**
 * Logs every connection that was closed before it was served, within the rate limit of `log`. Unexpected
 * errors of `authorizePeer` are logged in full, because they are faults of this side.
 */
export function logRefusal(log: RateLimitedLog, error: Error, socket: Duplex): void {
  if (error instanceof AuthorizationFault) {
    log.write('error', 'authorizePeer failed', () => {
      return [...refusalLine(error, socket), inspect(error.cause)];
    });
    return;
  }
  log.write('warn', `connections refused (${codeOf(error) ?? 'no code'})`, () => {
    const [line, data] = refusalLine(error, socket);
    const { cause } = error;
    // The message of a failed TLS handshake repeats its cause.
    const hasMore = isError(cause) && codeOf(error) !== 'ERR_LISTENMUX_TLS';
    return [hasMore ? `${line} (${printable(cause.message)})` : line, data];
  });
}

function refusalLine(error: Error, socket: Duplex): [line: string, data: LogData] {
  const { remoteAddress, remotePort } = socket as Partial<Socket>;
  const code = codeOf(error);
  return [
    `connection refused: ${printable(error.message)}`,
    known({ remoteAddress, remotePort, code }),
  ];
}

/** Returns the code of an error. Only this package and Node set these codes, so there are few. */
function codeOf(error: Error): string | undefined {
  const { reason, code } = error as { reason?: string; code?: string };
  return reason ?? code;
}

function described(departure: Departure): LogData & { text: string } {
  const { cause } = departure;
  switch (cause) {
    case 'left':
      return { text: 'it left', cause };
    case 'replaced':
      return { text: 'it was asked for a new connection', cause };
    case 'lost': {
      const error = printable(departure.error.message);
      return { text: `lost, ${error}`, cause, error };
    }
    case 'closed': {
      const reason = departure.reason === undefined ? undefined : printable(departure.reason);
      return { text: reason === undefined ? 'closed' : `closed, ${reason}`, cause, reason };
    }
    case 'shutdown':
      return { text: 'this side stops', cause };
  }
}

function known(data: LogData): LogData {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}
