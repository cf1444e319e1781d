import { createClient } from '@connectrpc/connect';
import { createHubTransport, createPeerTransport } from 'nestjs-backchannel/connect';
import { AgentModule } from '../03-rpc-kinds/agent.module.js';
import { startApplications } from '../03-rpc-kinds/applications.js';
import { callWithPromises } from '../03-rpc-kinds/call-with-promises.js';
import { HubModule } from '../03-rpc-kinds/hub.module.js';
import { printCalls } from '../03-rpc-kinds/print-calls.js';
import { Numbers } from './generated/numbers_pb.js';

const { client, peer, close } = await startApplications(HubModule, (url) =>
  AgentModule.dialing(url),
);
printCalls(
  await callWithPromises(createClient(Numbers, createHubTransport(client))),
  await callWithPromises(createClient(Numbers, createPeerTransport(peer))),
);
await close();
