import { printCalls } from '../03-rpc-kinds/print-calls.js';
import { callAllKinds } from './call-all-kinds.js';
import { dial } from './dialing-side.js';
import { listen } from './listening-side.js';

const listening = await listen();
const dialing = dial(listening.address);
printCalls(await callAllKinds(dialing.hub), await callAllKinds(await listening.peer()));
await dialing.close();
listening.close();
