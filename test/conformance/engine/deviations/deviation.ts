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

/** Where grpc-js does something else since a version of Node. */
export interface NodeDeviation {
  /** Names of the scenarios that show it. */
  readonly scenarios: RegExp;
  /** The end at which it shows: grpc-js as the client, or as the server. */
  readonly of: 'client' | 'server';
  /** The first major version that shows it. */
  readonly sinceNode: number;
  /** What has changed in Node. */
  readonly why: string;
  /** What is observed on older versions, made from what is observed on this one. */
  formerly(observed: Observation): Observation;
}
