import { startApplications } from '../03-rpc-kinds/applications.js';
import { callAllKinds } from '../03-rpc-kinds/call-all-kinds.js';
import { printCalls } from '../03-rpc-kinds/print-calls.js';
import { AgentModule } from './agent.module.js';
import { NUMBERS_SERVICE_NAME, type NumbersClient } from './generated/numbers.js';
import { HubModule } from './hub.module.js';

const { client, peer, close } = await startApplications(HubModule, (url) =>
  AgentModule.dialing(url),
);
printCalls(
  await callAllKinds(client.getService<NumbersClient>(NUMBERS_SERVICE_NAME)),
  await callAllKinds(peer.getService<NumbersClient>(NUMBERS_SERVICE_NAME)),
);
await close();
