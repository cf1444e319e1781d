import 'reflect-metadata';
import { startGitaly } from './gitaly/gitaly.app.js';
import { callMultiplexed, callPlain } from './praefect/praefect.app.js';

const { app, address } = await startGitaly(0);

console.log('Invoke with a multiplexed client:\n');
await callMultiplexed(address);

console.log('\nInvoke with a non-multiplexed client:\n');
await callPlain(address);

await app.close();
