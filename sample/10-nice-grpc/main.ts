import type { Channel } from '@grpc/grpc-js';
import { createClient } from 'nice-grpc';
import { AgentModule } from '../03-rpc-kinds/agent.module.js';
import { startApplications } from '../03-rpc-kinds/applications.js';
import { callWithPromises } from '../03-rpc-kinds/call-with-promises.js';
import { HubModule } from '../03-rpc-kinds/hub.module.js';
import { printCalls } from '../03-rpc-kinds/print-calls.js';
import { NumbersDefinition } from './generated/numbers.js';

const { client, peer, close } = await startApplications(HubModule, (url) =>
  AgentModule.dialing(url),
);
printCalls(
  await callWithPromises(createClient(NumbersDefinition, client.unwrap<Channel>())),
  await callWithPromises(createClient(NumbersDefinition, peer.backchannel.channel as Channel)),
);
await close();
