import type { Observation } from '../harness/scenario.js';

/** Where an engine of ours differs from grpc-js on purpose. */
export interface Deviation {
  /** Names of the scenarios that show it. */
  readonly scenarios: RegExp;
  /** The end at which it shows: an engine of ours as the client, as the server, or as either. */
  readonly of: 'client' | 'server' | 'either';
  /** What grpc-js does, and why ours does not. */
  readonly why: string;
  /** What is to be observed instead, made from what grpc-js does. */
  expected(reference: Observation): Observation;
}
