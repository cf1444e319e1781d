import { Logger } from '@nestjs/common';
import type { Observable, Subscription } from 'rxjs';
import type { ConnectionState } from './connection-state.js';

/**
 * Says once that a client has connected, once that it has lost its connection, and once why it cannot
 * connect, however often it tries.
 */
export function logConnection(url: string, states$: Observable<ConnectionState>): Subscription {
  const logger = new Logger('BackchannelClient');
  let wasReady = false;
  let lastProblem: string | undefined;

  return states$.subscribe((now) => {
    if (now.state === 'ready') {
      wasReady = true;
      lastProblem = undefined;
      logger.log(`connected to ${url}`);
      return;
    }
    if (wasReady && now.state !== 'closed') logger.warn(`lost the connection to ${url}`);
    wasReady = false;
    if (now.state !== 'failed') return;
    const problem = now.error?.message ?? 'unreachable';
    if (problem !== lastProblem) logger.warn(`cannot connect to ${url}: ${problem}; trying again`);
    lastProblem = problem;
  });
}
