import type { Metadata } from '@grpc/grpc-js';
import type { ExecutionContext } from '@nestjs/common';
import { Journal } from '../../engine/harness/journal.js';

/** The metadata that says which scenario a call belongs to: many run on the same applications at once. */
export const KEY = 'scenario-key';

const journals = new Map<string, Journal>();

/** What the serving application notes during one scenario. */
export function journalOf(key: string): Journal {
  const journal = journals.get(key) ?? new Journal();
  journals.set(key, journal);
  return journal;
}

/** The key of the scenario that a call belongs to. */
export function keyOf(metadata: Metadata): string {
  return String(metadata.get(KEY)[0]);
}

/** The journal of the scenario that a call belongs to. */
export function journalOfCall(metadata: Metadata): Journal {
  return journalOf(keyOf(metadata));
}

/** The same for enhancers. */
export function journalIn(context: ExecutionContext): Journal {
  return journalOfCall(metadataIn(context));
}

/** Handlers of `@GrpcStreamCall` are given the call only. */
export function metadataIn(context: ExecutionContext): Metadata {
  const [first, second] = context.getArgs<[{ metadata: Metadata }, Metadata | undefined]>();
  return second !== undefined && 'getMap' in second ? second : first.metadata;
}
