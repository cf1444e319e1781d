import { callMultiplexed, callPlain } from './dialing-side.js';
import { listen } from './listening-side.js';

const { address, close } = await listen();
await callMultiplexed(address);
await callPlain(address);
close();
