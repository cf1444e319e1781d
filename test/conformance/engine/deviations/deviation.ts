import type { Observation } from '../harness/scenario.js';

/** Where an engine of ours differs from grpc-js on purpose, or grpc-js from itself on newer Nodes. */
export interface Deviation {
  /** Names of the scenarios that show it. */
  readonly scenarios: RegExp;
  /** The end at which it shows: an engine of ours as the client, as the server, or as either. */
  readonly of: 'client' | 'server' | 'either';
  /** What grpc-js does, and why ours does not. */
  readonly why: string;
  /**
   * The first version of Node on which grpc-js differs from what the scenario itself expects. Ours must
   * do there what it does on the others.
   */
  readonly sinceNode?: number;
  /** What is to be observed instead, made from what grpc-js does. */
  expected(reference: Observation): Observation;
}
