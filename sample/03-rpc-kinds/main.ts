import { AgentModule } from './agent.module.js';
import { startApplications } from './applications.js';
import { callAllKinds } from './call-all-kinds.js';
import { HubModule } from './hub.module.js';
import type { Numbers } from './numbers.js';
import { printCalls } from './print-calls.js';

const { client, peer, close } = await startApplications(HubModule, (url) =>
  AgentModule.dialing(url),
);
printCalls(
  await callAllKinds(client.getService<Numbers>('Numbers')),
  await callAllKinds(peer.getService<Numbers>('Numbers')),
);
await close();
