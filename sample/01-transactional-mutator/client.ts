import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { callMultiplexed, callPlain } from './praefect/praefect.app.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { plain: { type: 'boolean', default: false } },
});
const [address] = positionals;
if (address === undefined) {
  console.error('Usage: npm run demo:client -- HOST:PORT [--plain]');
  process.exit(1);
}
await (values.plain ? callPlain(address) : callMultiplexed(address));
