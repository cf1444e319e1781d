import { Client } from '@grpc/grpc-js';
import {
  serviceOf,
  type BackchannelClient,
  type ClientConn,
  type Peer,
  type Registry,
} from 'nestjs-backchannel';
import type { AgentClient, HubClient } from '../fixtures/ts-proto/generated/demo.js';

// What the programs of these folders have in common. They are compiled; only a controller of right/docs is run.

export type * from '../fixtures/ts-proto/generated/demo.js';

export const Agent = serviceOf<AgentClient>('demo.Agent');
export const Hub = serviceOf<HubClient>('demo.Hub');

/** A class of stubs, as generated for grpc-js. */
export class AgentGrpcClient extends Client {}

export declare const peer: Peer;
export declare const conn: ClientConn;
export declare const client: BackchannelClient;
export declare const registry: Registry;
