import { status } from '@grpc/grpc-js';
import type { Entry } from './journal.js';

/** Which end notices first that a deadline has passed is a race: text and metadata tell which it was. */
export function withoutRace(entries: readonly Entry[]): Entry[] {
  return entries.map((entry) => {
    const [name, outcome] = entry as [string, { code?: status; message?: string } | null];
    if (typeof entry === 'string' || outcome?.code !== status.DEADLINE_EXCEEDED) return entry;
    return [
      name,
      {
        ...outcome,
        ...(outcome.message !== undefined && { message: '4 DEADLINE_EXCEEDED: Deadline exceeded' }),
        details: 'Deadline exceeded',
        metadata: '<of either end>',
      },
    ];
  });
}
