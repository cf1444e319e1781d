import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import type { Logger } from '@nestjs/common';
import {
  AuthorizationFault,
  type Departure,
  type PeerEvent,
  type Registry,
} from '../backchannel/index.js';

/** For structured loggers; nothing is said of what is undefined. */
type LogData = Record<string, unknown>;

/** Registries that have their lines. */
const logged = new WeakSet<Registry>();

/** A line for every peer that comes or goes; one, however many servers share the registry. */
export function logPeers(logger: Logger, registry: Registry): void {
  if (logged.has(registry)) return;
  logged.add(registry);
  registry.peers$.subscribe((event) => logPeerEvent(logger, event));
}

function logPeerEvent(logger: Logger, event: PeerEvent): void {
  const { id, name, remoteAddress, remotePort } = event.peer;
  const who = name === undefined ? `peer ${id}` : `peer ${id} "${name}"`;
  const data = { peerId: id, name, remoteAddress, remotePort };
  if (event.type === 'connected') {
    logger.log(`${who} connected`, known(data));
    return;
  }
  const { text, ...why } = described(event.departure);
  logger.log(`${who} disconnected: ${text}`, known({ ...data, ...why }));
}

/**
 * A line for every connection that was closed before it could be served. What `authorizePeer` threw
 * without meaning it is told in full: it is a fault of this side.
 */
export function logRefusal(logger: Logger, error: Error, socket: Duplex): void {
  const { remoteAddress, remotePort } = socket as Partial<Socket>;
  const data = known({ remoteAddress, remotePort });
  const { message, cause } = error;
  const line = `connection refused: ${message}`;
  if (error instanceof AuthorizationFault) logger.error(line, data, inspect(cause));
  else logger.warn(cause instanceof Error ? `${line} (${cause.message})` : line, data);
}

function described(departure: Departure): LogData & { text: string } {
  const { cause } = departure;
  switch (cause) {
    case 'left':
      return { text: 'it left', cause };
    case 'lost':
      return { text: `lost, ${departure.error.message}`, cause, error: departure.error.message };
    case 'closed': {
      const { reason } = departure;
      return { text: reason === undefined ? 'closed' : `closed, ${reason}`, cause, reason };
    }
    case 'shutdown':
      return { text: 'this side stops', cause };
  }
}

function known(data: LogData): LogData {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}
