import type { Logger } from '@nestjs/common';
import type { PeerEvent } from '../backchannel/index.js';

/** A line for every peer that comes or goes, with data for structured loggers. */
export function logPeerEvent(logger: Logger, event: PeerEvent): void {
  const { id, name, remoteAddress } = event.peer;
  const who = name === undefined ? `peer ${id}` : `peer ${id} "${name}"`;
  const data = { peerId: id, name, remoteAddress };
  if (event.type === 'connected') {
    logger.log(`${who} connected`, data);
    return;
  }
  const { departure } = event;
  logger.log(`${who} disconnected: ${describe(departure)}`, { ...data, cause: departure.cause });
}

function describe(departure: (PeerEvent & { type: 'disconnected' })['departure']): string {
  switch (departure.cause) {
    case 'left':
      return 'it left';
    case 'lost':
      return `lost, ${departure.error.message}`;
    case 'closed':
      return departure.reason === undefined ? 'closed' : `closed, ${departure.reason}`;
    case 'shutdown':
      return 'this side stops';
  }
}
